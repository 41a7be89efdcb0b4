//! Runs that would grow without end: they stop at their limits, and say which.

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
