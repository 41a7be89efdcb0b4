//! Test runs of a flow of ten steps: in memory, where only the interpreter works, and over HTTP, where each is stored.

use std::hint::black_box;
use std::time::Instant;

use anyhow::{Context as _, anyhow, ensure};
use flow_registry::flow::digest::Digest;
use flow_registry::flow::document::Canonical;
use flow_registry::flow::finding::Finding;
use flow_registry::interpreter::{AtOnce, CalledFlows, Identity, Program, RanVersion, RunRequest, run};
use serde_json::Value;
use uuid::Uuid;

use crate::figure::{Figure, Target, Unit, grouped};
use crate::requests::{Fixed, ask, flows_path, send};
use crate::stage::{Pace, Stage};
use crate::stats::Spread;
use crate::turns::Turns;

const TEXT: &str = include_str!("../ten_steps.json");
const STEPS: usize = 10;
const CLIENTS: usize = 32;
/// Runs between two looks at the clock.
const AT_ONCE: usize = 100;

pub fn ten_steps() -> anyhow::Result<(Value, Value)> {
    let mut parts: Value = serde_json::from_str(TEXT)?;
    Ok((parts["flow"].take(), parts["request"].take()))
}

pub fn figures(stage: &Stage) -> anyhow::Result<Vec<Figure>> {
    let mut turns = turns(stage)?;
    turns.run(stage.pace.rounds);
    Ok(vec![
        steps("test-run steps, to the trace", 1.5e6, stage.pace, |trace| {
            black_box(trace);
        }),
        steps("test-run steps, to bytes and digest", 0.8e6, stage.pace, |trace| {
            let bytes = trace.to_bytes();
            black_box(Digest::of(&bytes));
        }),
        turns.rate("test-run over HTTP, 32 connections", "test-run", Target::AtLeast(5_000.0)),
    ])
}

pub fn turns(stage: &Stage) -> anyhow::Result<Turns<'_>> {
    let mut turns = Turns::default();
    let (flow, request) = ten_steps()?;
    let tenant = &stage.seeded.tenants[2];
    let flows = flows_path(tenant);
    let created = ask(stage.service.address, "POST", &flows, &tenant.key, &flow)?;
    let id = created["data"]["id"].as_str().context("a created flow has an id")?;
    let body = request.to_string();
    let request = send("POST", &format!("{flows}/{id}/test-run"), &tenant.key, body.as_bytes());
    let mut requests = Fixed { requests: vec![request] };
    turns.add("test-run", move || stage.load(CLIENTS, stage.pace.window(), &mut requests));
    Ok(turns)
}

/// Steps per second on one core.
fn steps(name: &str, least: f64, pace: Pace, finish: impl Fn(flow_registry::interpreter::Trace)) -> Figure {
    let measured = || {
        let (flow, request) = ten_steps()?;
        let canonical = Canonical::create(flow).map_err(refused)?;
        let program = Program::compile(&canonical)?;
        let request = RunRequest::read(&request).map_err(refused)?;
        let identity = Identity::new(Uuid::nil(), RanVersion::Number(1));
        let called = CalledFlows::default();
        let run =
            || run(black_box(&program), &identity, &called, black_box(&request), &AtOnce).map_err(refused);
        let taken = run()?.steps.len();
        ensure!(taken == STEPS, "{taken} steps instead of {STEPS}");
        let rates = (0..pace.rounds).map(|_| -> anyhow::Result<f64> {
            let (began, mut runs) = (Instant::now(), 0);
            while began.elapsed() < pace.short_window() {
                for _ in 0..AT_ONCE {
                    finish(run()?);
                }
                runs += AT_ONCE;
            }
            Ok((runs * STEPS) as f64 / began.elapsed().as_secs_f64())
        });
        let spread = Spread::of(rates.collect::<anyhow::Result<Vec<f64>>>()?).context("no round")?;
        eprintln!("{name}: {}/s", grouped(spread.median));
        Ok((spread, "one core, in this process".to_owned()))
    };
    Figure::new(name, Unit::PerSecond, Target::AtLeast(least), measured())
}

fn refused(findings: Vec<Finding>) -> anyhow::Error {
    anyhow!("the flow or its run is refused: {findings:?}")
}
