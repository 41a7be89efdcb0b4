//! Flows by id, by version, and in lists, against the yardstick's reads by primary key and index; on either side
//! while flows are edited.

use crate::edits::{self, Edits};
use crate::figure::{Figure, Target};
use crate::requests::{Fixed, flow_path, get};
use crate::seed::{DEEP, Flow, Seeded, Tenant};
use crate::stage::Stage;
use crate::turns::Turns;

const READ: &str = include_str!("yardstick/read.sql");
const LIST: &str = include_str!("yardstick/list.sql");
const CLIENTS: usize = 32;

pub fn figures(stage: &Stage) -> Vec<Figure> {
    let mut turns = turns(stage);
    turns.run(stage.pace.rounds);
    let ratio = |figure: &str, name, base, least| turns.ratio(figure, name, base, Target::AtLeast(least));
    vec![
        ratio("GET by id / R, 32 connections, beside 200 edits/s", "get", "R", 0.8),
        ratio("list of 50 / L, 32 connections, beside 200 edits/s", "list", "L", 0.6),
        ratio("GET version n of 10,000 / GET by id", "get version", "get", 0.95),
    ]
}

pub fn turns(stage: &Stage) -> Turns<'_> {
    let mut turns = Turns::default();
    turns.add_yardstick("R", || stage.yardstick_beside_edits(READ, CLIENTS));
    add(&mut turns, stage, "get", by_id(&stage.seeded));
    add(&mut turns, stage, "get version", by_version(&stage.seeded));
    turns.add_yardstick("L", || stage.yardstick_beside_edits(LIST, CLIENTS));
    add(&mut turns, stage, "list", lists(&stage.seeded));
    turns
}

fn add<'a>(turns: &mut Turns<'a>, stage: &'a Stage, name: &str, requests: Vec<Vec<u8>>) {
    let mut requests = Fixed { requests };
    let edits = Edits::of(&stage.seeded, &stage.seeded.flows, edits::PER_SECOND);
    turns.add(name, move || {
        let measure = || stage.load(CLIENTS, stage.pace.window(), &mut requests);
        let (sample, rate) = edits.beside(stage.service.address, measure)?;
        edits::check(rate, edits::PER_SECOND)?;
        Ok(sample)
    });
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
