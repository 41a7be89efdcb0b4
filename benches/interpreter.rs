//! How fast compiled flows run: from request to trace in memory, and on to bytes and digest.
//! Throughput is in steps; one thread, with the allocator of the service.

#![allow(clippy::unwrap_used)]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use flow_registry::flow::digest::Digest;
use flow_registry::flow::document::Canonical;
use flow_registry::interpreter::{AtOnce, CalledFlows, Identity, Program, RanVersion, RunRequest, run};
use serde_json::{Value, json};
use uuid::Uuid;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Ten steps as authors write them: texts with values in them, a question, a branch, a menu, a write.
fn ten_steps() -> (Value, Value) {
    let mut parts: Value = serde_json::from_str(include_str!("ten_steps.json")).unwrap();
    (parts["flow"].take(), parts["request"].take())
}

/// Two hundred steps in a row, every fourth a branch.
fn two_hundred_steps() -> (Value, Value) {
    let steps: Vec<Value> = (0..200)
        .map(|index| match index % 4 {
            0 => json!({"type": "message", "text": "Paso {{ n }} de {{ contact.name }}."}),
            1 => json!({"type": "set", "assign": [{"variable": "n", "op": "increment"}]}),
            2 => json!({"type": "message", "text": "Seguimos."}),
            _ => json!({"type": "branch", "cases": [{"when": "n > 1000 and contact.name == 'x'", "next": "$end"}]}),
        })
        .collect();
    let flow = json!({"name": "Two hundred", "variables": [{"name": "n", "type": "integer", "default": 0}], "steps": steps});
    (flow, json!({"contact": {"name": "Ana"}}))
}

fn runs(c: &mut Criterion) {
    let identity = Identity::new(Uuid::nil(), RanVersion::Number(1));
    let called = CalledFlows::default();
    for (name, (flow, request)) in [("10", ten_steps()), ("200", two_hundred_steps())] {
        let canonical = Canonical::create(flow).unwrap();
        let program = Program::compile(&canonical).unwrap();
        let request = RunRequest::read(&request).unwrap();
        let steps = run(&program, &identity, &called, &request, &AtOnce).unwrap().steps.len();
        assert!(steps.to_string() == name, "{steps} steps instead of {name}");

        let mut group = c.benchmark_group("steps");
        group.throughput(Throughput::Elements(steps as u64));
        group.bench_function(BenchmarkId::new("trace", name), |b| {
            b.iter(|| run(black_box(&program), &identity, &called, black_box(&request), &AtOnce).unwrap());
        });
        group.bench_function(BenchmarkId::new("bytes and digest", name), |b| {
            b.iter(|| {
                let bytes =
                    run(black_box(&program), &identity, &called, &request, &AtOnce).unwrap().to_bytes();
                (Digest::of(&bytes), bytes)
            });
        });
        group.finish();
        c.bench_function(&format!("compile/{name}"), |b| {
            b.iter(|| Program::compile(black_box(&canonical)).unwrap());
        });
    }
}

criterion_group!(benches, runs);
criterion_main!(benches);
