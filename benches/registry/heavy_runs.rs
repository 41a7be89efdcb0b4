//! What fifty heavy test-runs of one organization, asked for at once and again and again, cost another one.

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use crate::document::Body;
use crate::figure::{Figure, Measured, Target, Unit};
use crate::load::Requests;
use crate::requests::{Fixed, Patches, Pick, ask, flow_path, flows_path, get, send};
use crate::runs::ten_steps;
use crate::seed::{Flow, Tenant};
use crate::stage::Stage;
use crate::stats::Spread;

const HEAVY: usize = 50;
/// Clients of the other organization.
const OTHERS: usize = 8;
/// How much longer what the other organization asks may take.
const LONGER: f64 = 3.0;
/// Steps of the heavy flow, and values that each of them works out: as much as a run may burn.
const STEPS: usize = 10;
const VALUES: usize = 30;

/// Runs of the first connections, beside what the others ask.
struct Beside<'a> {
    heavy: &'a [u8],
    own: &'a mut dyn Requests,
}

impl Requests for Beside<'_> {
    fn write(&mut self, connection: usize, out: &mut Vec<u8>) -> bool {
        match connection.checked_sub(HEAVY) {
            None => out.extend_from_slice(self.heavy),
            Some(own) => return self.own.write(own, out),
        }
        true
    }

    /// A heavy run that does not get its turn in time is refused.
    fn expects(&self, connection: usize, status: u16) -> bool {
        (200..300).contains(&status) || (connection < HEAVY && status == 503)
    }

    fn counts(&self, connection: usize) -> bool {
        connection >= HEAVY
    }
}

pub fn figures(stage: &Stage) -> anyhow::Result<Vec<Figure>> {
    let [heavy_tenant, tenant] = [0, 1].map(|index| &stage.seeded.tenants[index]);
    let create = |tenant: &Tenant, flow: &Value| -> anyhow::Result<String> {
        let created = ask(stage.service.address, "POST", &flows_path(tenant), &tenant.key, flow)?;
        let id = created["data"]["id"].as_str().context("a created flow has an id")?;
        Ok(format!("{}/{id}", flows_path(tenant)))
    };
    let heavy = format!("{}/test-run", create(heavy_tenant, &heavy_flow())?);
    let ran = ask(stage.service.address, "POST", &heavy, &heavy_tenant.key, &json!({}))?;
    let took_ms = ran["data"]["durationMs"].as_i64().unwrap_or_default();
    ensure!(took_ms > 10, "a heavy run takes only {took_ms} ms: {}", ran["data"]["status"]);
    let heavy = send("POST", &heavy, &heavy_tenant.key, b"{}");

    let (flow, request) = ten_steps()?;
    let light = format!("{}/test-run", create(tenant, &flow)?);
    let mut light =
        Fixed { requests: vec![send("POST", &light, &tenant.key, request.to_string().as_bytes())] };
    let flows: Vec<Flow> = stage.seeded.flows.iter().filter(|flow| flow.tenant == 1).copied().collect();
    let reads = flows.iter().map(|flow| get(&flow_path(tenant, flow), &tenant.key));
    let mut reads = Fixed { requests: reads.collect() };
    let mut patches = Patches::new(&stage.seeded, &flows, Pick::Any, Body::new(), &stage.revision);
    let asked: [(&str, &mut dyn Requests); 3] =
        [("GET", &mut reads), ("PATCH", &mut patches), ("test-run of ten steps", &mut light)];
    let figure = |(name, own): (&str, &mut dyn Requests)| {
        let name = format!("p99 of {name} beside {HEAVY} heavy runs of another organization / alone");
        Figure::new(name, Unit::Ratio, Target::AtMost(LONGER), beside(stage, &heavy, took_ms, own))
    };
    Ok(asked.into_iter().map(figure).collect())
}

fn beside(stage: &Stage, heavy: &[u8], took_ms: i64, own: &mut dyn Requests) -> anyhow::Result<Measured> {
    let (mut ratios, mut said) = (Vec::new(), String::new());
    for _ in 0..stage.pace.rounds {
        let alone = stage.load(OTHERS, stage.pace.window(), own)?.p99_us;
        let window = stage.pace.window();
        let crowded = stage.load(HEAVY + OTHERS, window, &mut Beside { heavy, own: &mut *own })?.p99_us;
        ratios.push(f64::from(crowded) / f64::from(alone));
        said = format!("{alone} µs alone, {crowded} beside runs of {took_ms} ms each");
    }
    Ok((Spread::of(ratios).context("no rounds")?, said))
}

fn heavy_flow() -> Value {
    let squares =
        "{% for i in range(60) %}{% for j in range(30) %}{% if i == j %}x{% endif %}{% endfor %}{% endfor %}";
    let values = vec![json!({ "variable": "text", "value": squares }); VALUES];
    let step = |index: usize| json!({ "id": format!("s{index}"), "type": "set", "assign": values });
    json!({
        "name": "heavy",
        "variables": [{ "name": "text", "type": "string" }],
        "steps": (0..STEPS).map(step).chain([json!({ "id": "end", "type": "end" })]).collect::<Vec<_>>(),
    })
}
