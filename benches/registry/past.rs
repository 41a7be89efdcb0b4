//! What a long history costs: a version, a difference, an instant of a flow with 10,000 versions beside one with 10.
//! Flows are edited meanwhile: what is remembered of the past is not answered without a question to the database.

use chrono::{DateTime, Duration, SecondsFormat, Utc};
use serde_json::Value;

use crate::edits::Edits;
use crate::figure::{Figure, Target};
use crate::requests::{Fixed, ask, flow_path, get};
use crate::seed::{DEEP, Flow, SHALLOW};
use crate::stage::Stage;
use crate::turns::Turns;

const CLIENTS: usize = 8;
/// Requests that a load draws from.
const DRAWN: usize = 10_000;
const EDITS_PER_SECOND: u32 = 50;
/// A reader of the past may pay twice for a history a thousand times as long.
const COST_MAX: f64 = 2.0;

pub fn figures(stage: &Stage) -> anyhow::Result<Vec<Figure>> {
    let mut turns = turns(stage)?;
    turns.run(stage.pace.rounds);
    Ok([
        ("version n: cost at 10,000 versions / at 10", "version of 10", "version of 10,000"),
        ("diff: cost at 10,000 versions / at 10", "diff of 10", "diff of 10,000"),
        ("asOf: cost at 10,000 versions / at 10", "asOf of 10", "asOf of 10,000"),
    ]
    .map(|(figure, few, many)| turns.ratio(figure, few, many, Target::AtMost(COST_MAX)))
    .into())
}

pub fn turns(stage: &Stage) -> anyhow::Result<Turns<'_>> {
    let mut turns = Turns::default();
    let (deep, shallow) = (stage.seeded.deep, stage.seeded.shallow);
    for (name, flow, versions) in [("version of 10", shallow, SHALLOW), ("version of 10,000", deep, DEEP)] {
        let requests = draw(stage, flow, |path| format!("{path}/versions/{}", random(versions)));
        add(&mut turns, stage, name, requests);
    }
    for (name, flow, versions) in [("diff of 10", shallow, SHALLOW), ("diff of 10,000", deep, DEEP)] {
        let requests = draw(stage, flow, |path| {
            format!("{path}/diff?from={}&to={}", random(versions), random(versions))
        });
        add(&mut turns, stage, name, requests);
    }
    for (name, flow) in [("asOf of 10", shallow), ("asOf of 10,000", deep)] {
        let (first, last) = lifetime(stage, flow)?;
        let span = (last - first).num_microseconds().unwrap_or_default().max(1000);
        let requests = draw(stage, flow, |path| {
            let at = first + Duration::microseconds(rand::random_range(0..span));
            format!("{path}?asOf={}", at.to_rfc3339_opts(SecondsFormat::Micros, true))
        });
        add(&mut turns, stage, name, requests);
    }
    Ok(turns)
}

fn add<'a>(turns: &mut Turns<'a>, stage: &'a Stage, name: &str, requests: Vec<Vec<u8>>) {
    let mut requests = Fixed { requests };
    let edits = Edits::of(&stage.seeded, &stage.seeded.flows, EDITS_PER_SECOND);
    turns.add(name, move || {
        let measure = || stage.load(CLIENTS, stage.pace.short_window(), &mut requests);
        Ok(edits.beside(stage.service.address, measure)?.0)
    });
}

fn draw(stage: &Stage, flow: Flow, path: impl Fn(&str) -> String) -> Vec<Vec<u8>> {
    let tenant = &stage.seeded.tenants[flow.tenant];
    let of_flow = flow_path(tenant, &flow);
    (0..DRAWN).map(|_| get(&path(&of_flow), &tenant.key)).collect()
}

fn random(versions: i64) -> i64 {
    rand::random_range(1..=versions)
}

/// When the flow was created and last changed.
fn lifetime(stage: &Stage, flow: Flow) -> anyhow::Result<(DateTime<Utc>, DateTime<Utc>)> {
    let tenant = &stage.seeded.tenants[flow.tenant];
    let found = ask(stage.service.address, "GET", &flow_path(tenant, &flow), &tenant.key, &Value::Null)?;
    let instant = |name: &str| found["data"][name].as_str().unwrap_or_default().parse::<DateTime<Utc>>();
    // They are shown to the millisecond; at the end of its first the flow exists.
    Ok((instant("createdAt")? + Duration::milliseconds(1), instant("updatedAt")?))
}
