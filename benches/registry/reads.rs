//! Flows by id, by version, and in lists, against the yardstick's reads by primary key and index.

use crate::figure::{Figure, Target};
use crate::requests::{Fixed, flow_path, get};
use crate::seed::{DEEP, Flow, Seeded, Tenant};
use crate::stage::Stage;
use crate::turns::Turns;

const READ: &str = include_str!("yardstick/read.sql");
const LIST: &str = include_str!("yardstick/list.sql");
const CLIENTS: usize = 32;

pub fn figures(stage: &Stage) -> Vec<Figure> {
    let mut turns = Turns::default();
    turns.add("R", |stage| stage.yardstick(READ, CLIENTS));
    for (name, requests) in [("get", by_id(&stage.seeded)), ("get version", by_version(&stage.seeded))] {
        let mut requests = Fixed { requests };
        turns.add(name, move |stage| stage.load(CLIENTS, stage.pace.window(), &mut requests));
    }
    turns.add("L", |stage| stage.yardstick(LIST, CLIENTS));
    let mut requests = Fixed { requests: lists(&stage.seeded) };
    turns.add("list", move |stage| stage.load(CLIENTS, stage.pace.window(), &mut requests));
    turns.run(stage);
    let ratio = |figure: &str, name, base, least| turns.ratio(figure, name, base, Target::AtLeast(least));
    vec![
        ratio("GET by id / R, 32 connections", "get", "R", 0.8),
        ratio("list of 50 / L, 32 connections", "list", "L", 0.6),
        ratio("GET version n of 10,000 / GET by id", "get version", "get", 0.95),
    ]
}

pub fn by_id(seeded: &Seeded) -> Vec<Vec<u8>> {
    let request = |flow: &Flow| {
        let tenant = &seeded.tenants[flow.tenant];
        get(&flow_path(tenant, flow), &tenant.key)
    };
    seeded.flows.iter().map(request).collect()
}

fn by_version(seeded: &Seeded) -> Vec<Vec<u8>> {
    let tenant = &seeded.tenants[seeded.deep.tenant];
    let path = flow_path(tenant, &seeded.deep);
    (1..=DEEP).map(|version| get(&format!("{path}?version={version}"), &tenant.key)).collect()
}

fn lists(seeded: &Seeded) -> Vec<Vec<u8>> {
    let request = |tenant: &Tenant| {
        let path = format!("/organizations/{}/bot/flows?limit=50&view=summary", tenant.org_id);
        get(&path, &tenant.key)
    };
    seeded.tenants.iter().map(request).collect()
}
