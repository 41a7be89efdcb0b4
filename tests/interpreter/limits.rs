//! Runs that would grow without end: they stop at their limits, and say which.

use std::cell::Cell;

use flow_registry::interpreter::RunPace;
use serde_json::{Value, json};

use super::case::Case;

fn trace(case: Value) -> (usize, Value) {
    let (bytes, _) = Case::new(&case).run().expect("the request is sound");
    (bytes.len(), serde_json::from_slice(&bytes).unwrap())
}

/// A flow that asks for ever, with something to do after each answer.
fn asking(step: Value) -> Value {
    json!({
        "steps": [{"id": "q", "type": "ask", "text": "?", "saveTo": "v"}, step, {"id": "g", "type": "goto", "next": "q"}],
        "variables": [{"name": "v", "type": "any"}, {"name": "w", "type": "any", "default": "x".repeat(3000)}],
    })
}

const TRACE_BYTES_MAX: usize = 2 * 1024 * 1024;

fn check_trace_limit(case: Value) {
    let (bytes, trace) = trace(case);
    assert!((TRACE_BYTES_MAX / 2..=TRACE_BYTES_MAX).contains(&bytes), "{bytes}");
    assert_eq!(trace["status"], "budget_exhausted");
    assert_eq!(trace["error"]["code"], "TRACE_LIMIT");
}

#[test]
fn entries_stop_at_the_size_of_a_trace() {
    let values: Vec<Value> = (0..50).map(|_| json!({"variable": "v", "value": "{{ w }}!"})).collect();
    let step = json!({"id": "s", "type": "set", "assign": values});
    let inputs: Vec<Value> = (0..200).map(|n| json!(format!("{n}"))).collect();
    check_trace_limit(json!({"flow": asking(step), "request": {"inputs": inputs, "maxSteps": 2000}}));
}

#[test]
fn lines_stop_at_the_size_of_a_trace() {
    let flow = json!({"steps": [{"id": "q", "type": "ask", "text": "?", "input": "number", "retry": {"max": 10}, "onError": "q"}]});
    let inputs: Vec<Value> = (0..200).map(|_| json!("\u{1}".repeat(60_000))).collect();
    check_trace_limit(json!({"flow": flow, "request": {"inputs": inputs}}));
}

#[test]
fn two_hundred_steps_of_maximal_size_run_within_the_limits() {
    let text = "ñ".repeat(500);
    let steps: Vec<Value> = (0..200)
        .map(|n| json!({"id": format!("s{n}"), "type": "message", "text": format!("{text}{{{{ v }}}}")}))
        .collect();
    let flow =
        json!({"steps": steps, "variables": [{"name": "v", "type": "string", "default": "y".repeat(3000)}]});
    let (bytes, trace) = trace(json!({"flow": flow}));
    assert!(bytes <= TRACE_BYTES_MAX);
    assert!(trace["steps"].as_array().unwrap().len() > 100);
}

#[test]
fn a_list_that_doubles_stops_at_the_size_of_the_state() {
    let step =
        json!({"id": "s", "type": "set", "assign": [{"variable": "v", "value": ["{{ v }}", "{{ v }}"]}]});
    let flow = json!({
        "steps": [step, {"id": "q", "type": "ask"}, {"id": "g", "type": "goto", "next": "s"}],
        "variables": [{"name": "v", "type": "any", "default": 1}],
    });
    let inputs: Vec<Value> = (0..100).map(|n| json!(format!("{n}"))).collect();
    let (_, trace) = trace(json!({"flow": flow, "request": {"inputs": inputs}}));
    assert_eq!(trace["error"]["code"], "STATE_LIMIT");
}

#[test]
fn a_value_that_nests_stops_at_the_depth_of_json() {
    let step = json!({"id": "s", "type": "set", "assign": [{"variable": "v", "value": ["{{ v }}"]}]});
    let flow = json!({
        "steps": [step, {"id": "q", "type": "ask"}, {"id": "g", "type": "goto", "next": "s"}],
        "variables": [{"name": "v", "type": "any", "default": 1}],
    });
    let inputs: Vec<Value> = (0..200).map(|n| json!(format!("{n}"))).collect();
    let (_, trace) = trace(json!({"flow": flow, "request": {"inputs": inputs, "maxSteps": 2000}}));
    assert_eq!(trace["error"]["code"], "STATE_LIMIT");
}

/// Counts how often a run may let others work.
#[derive(Debug, Default)]
struct Counted(Cell<usize>);

impl RunPace for Counted {
    fn rest(&self) {
        self.0.set(self.0.get() + 1);
    }
}

#[test]
fn a_run_rests_before_each_step_and_value_and_its_trace_does_not_tell() {
    let value = |value: &str| json!({"variable": "v", "value": value});
    let values = [value("{% for i in range(9) %}{{ i }}{% endfor %}"), value("{{ v }}"), value("plain")];
    let case = Case::new(&json!({
        "flow": {
            "steps": [
                {"id": "s", "type": "set", "assign": values},
                {"id": "m", "type": "message", "text": "{{ v }}!"},
                {"id": "e", "type": "end"},
            ],
            "variables": [{"name": "v", "type": "string"}],
        },
        "request": {"expect": {"variables": {"v": {"expr": "value == 'plain'"}}}},
    }));
    let pace = Counted::default();
    let paced = case.run_at(&pace).unwrap();
    assert_eq!(paced.1[0]["passed"], true);
    assert_eq!(paced, case.run().unwrap());
    assert_eq!(pace.0.get(), 3 + 3 + 1, "steps, what is worked out in them, and what is expected");
}
