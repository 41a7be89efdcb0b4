//! What every run keeps to, whatever the flow and the script: budgets, determinism, and that time goes
//! forward only.

use flow_registry::interpreter::RunRequest;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::case::Case;

const STEPS: [&str; 6] = ["s0", "s1", "s2", "s3", "s4", "s5"];
const TRACE_BYTES_MAX: usize = 2 * 1024 * 1024;

fn target() -> impl Strategy<Value = &'static str> {
    select([&STEPS[..], &["$next", "$end", "$resume"]].concat())
}

/// A target that follows nothing: what handlers need.
fn fixed_target() -> impl Strategy<Value = &'static str> {
    select([&STEPS[..], &["$end"]].concat())
}

fn expression() -> impl Strategy<Value = &'static str> {
    select(vec![
        "n > 3",
        "t == 'x'",
        "l | length < 4",
        "steps.s0.visits > 2",
        "o.a.b == 1",
        "b",
        "n / (n - 2) > 1",
        "has_tag('x')",
        "n > t",
        "[now, t, '2025-01-01T13:00+01:00'] | select('defined') | max == now",
        "input.text | default('') == 'dos'",
        "find(run.transcript, 'integer') is defined",
        "run.stepCount % 3 == 0",
        "matches(t | default(''), '^[a-z]+$')",
    ])
}

fn template() -> impl Strategy<Value = &'static str> {
    select(vec![
        "Hola",
        "n={{ n }}",
        "{{ o.a.b }}{{ t }}!",
        "{% for i in l %}{{ i }},{% endfor %}.",
        "{{ t | upper }}",
        "{{ now }}",
        "{{ run.transcript }}",
        "",
    ])
}

fn value() -> impl Strategy<Value = Value> {
    select(vec![
        json!(1),
        json!("x"),
        json!("{{ n + 1 }}"),
        json!({"a": {"b": "{{ n }}"}}),
        json!(["{{ t }}", "{{ l }}"]),
        json!("{{ t ~ t ~ t }}"),
        json!(null),
        json!(true),
    ])
}

fn kind() -> impl Strategy<Value = Value> {
    let variable = || select(vec!["n", "t", "l", "o", "b", "x"]);
    prop_oneof![
        template().prop_map(|text| json!({"type": "message", "text": text})),
        (template(), select(vec!["text", "integer", "date", "any"]), variable(), target()).prop_map(
            |(text, input, save, exhausted)| json!({
                "type": "ask", "text": text, "input": input, "saveTo": save, "retry": {"max": 1, "next": exhausted},
            })
        ),
        (target(), target()).prop_map(|(next, late)| json!({
            "type": "choice", "text": "?", "saveTo": "t",
            "options": [{"id": "a", "title": "Uno", "next": next}, {"id": "b", "title": "Dos", "when": "n != 2"}],
            "timeout": {"after": "PT1H", "next": late, "reminders": [{"after": "PT5M", "text": "¿?"}]},
        })),
        (variable(), select(vec!["set", "append", "increment", "unset"]), value()).prop_map(
            |(variable, op, value)| {
                let value = if op == "unset" { Value::Null } else { value };
                json!({"type": "set", "assign": [{"variable": variable, "op": op, "value": value}]})
            }
        ),
        (expression(), target(), target())
            .prop_map(|(when, next, other)| json!({"type": "branch", "cases": [{"when": when, "next": next}], "else": other})),
        (target(), target()).prop_map(|(a, b)| json!({
            "type": "split", "paths": [{"id": "a", "weight": 1, "next": a}, {"id": "b", "weight": 2, "next": b}],
        })),
        (variable(), target()).prop_map(|(save, next)| json!({
            "type": "http", "url": "https://a.example/{{ t }}", "saveTo": save, "retries": 1,
            "on": [{"status": "5xx", "next": next}],
        })),
        select(vec![json!({"duration": "PT3H"}), json!({"event": "e", "timeout": {"after": "PT2H"}}), json!({"until": "{{ t }}"})])
            .prop_map(|mut wait| {
                wait["type"] = json!("wait");
                wait
            }),
        template().prop_map(|tag| json!({"type": "contact", "addTags": [tag, "x"]})),
        target().prop_map(|next| json!({"type": "goto", "next": next})),
        Just(json!({"type": "end", "outcome": "done"})),
        Just(json!({"type": "handoff", "queue": "{{ t }}", "note": "n"})),
    ]
}

fn flow() -> impl Strategy<Value = Value> {
    let step =
        (kind(), prop::option::weighted(0.2, expression()), prop::option::weighted(0.3, fixed_target()));
    let steps = prop::collection::vec(step, STEPS.len());
    let missing = select(vec!["error", "empty"]);
    (steps, prop::option::weighted(0.5, fixed_target()), prop::option::of(expression()), missing).prop_map(
        |(steps, on_error, interrupt, missing)| {
            let steps: Vec<Value> = steps
                .into_iter()
                .zip(STEPS)
                .map(|((mut step, when, on_error), id)| {
                    step["id"] = json!(id);
                    step["when"] = json!(when);
                    step["onError"] = json!(on_error);
                    step
                })
                .collect();
            let interrupts: Vec<Value> = interrupt
                .into_iter()
                .map(|when| json!({"keywords": ["stop"], "when": when, "next": "s5"}))
                .collect();
            json!({
                "steps": steps, "interrupts": interrupts, "settings": {"onError": on_error, "missing": missing},
                "variables": [
                    {"name": "n", "type": "integer", "default": 1}, {"name": "t", "type": "string"},
                    {"name": "l", "type": "list"}, {"name": "o", "type": "object"},
                    {"name": "b", "type": "boolean", "default": false}, {"name": "x", "type": "any"},
                ],
            })
        },
    )
}

fn inputs() -> impl Strategy<Value = Vec<Value>> {
    let after = select(vec!["PT0S", "PT10M", "PT90M", "P2D"]);
    let input = (
        select(vec![
            json!({"type": "text", "text": "1"}),
            json!({"type": "text", "text": "dos"}),
            json!({"type": "text", "text": "mañana"}),
            json!({"type": "text", "text": "stop"}),
            json!({"type": "option", "id": "b"}),
            json!({"type": "event", "event": "e", "payload": {"k": 1}}),
            json!({"type": "timeout"}),
            json!({"type": "image", "url": "https://a.example/x"}),
        ]),
        after,
    );
    let input = input.prop_map(|(mut input, after)| {
        input["after"] = json!(after);
        input
    });
    prop::collection::vec(input, 0..8)
}

fn mocks() -> Value {
    json!({"http": [
        {"times": 1, "respond": {"status": 503}},
        {"times": 2, "respond": {"status": 200, "body": {"a": [1, 2]}, "delay": "PT1S"}},
        {"respond": {"status": 404, "body": "x"}},
    ]})
}

fn trace(case: &Case) -> (Vec<u8>, Value) {
    let (bytes, _) = case.run().expect("the request is sound");
    let trace = serde_json::from_slice(&bytes).unwrap();
    (bytes, trace)
}

fn case(flow: &Value, inputs: &[Value], steps_max: u32) -> Case {
    Case::new(&json!({"flow": flow, "request": {"inputs": inputs, "mocks": mocks(), "maxSteps": steps_max}}))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn runs_end_within_their_budgets_and_repeat_to_the_byte(flow in flow(), inputs in inputs(), steps_max in 1u32..300) {
        let case = case(&flow, &inputs, steps_max);
        let (bytes, told) = trace(&case);
        prop_assert!(bytes.len() <= TRACE_BYTES_MAX);
        prop_assert!(told["stats"]["steps"].as_u64().unwrap() <= u64::from(steps_max));
        prop_assert_eq!(&bytes, &trace(&case).0);
        prop_assert_eq!(bytes, serde_json_canonicalizer::to_vec(&told).unwrap());
        let used = told["stats"]["inputsUsed"].as_u64().unwrap() + told["stats"]["inputsUnused"].as_u64().unwrap();
        prop_assert_eq!(used, inputs.len() as u64);
    }

    #[test]
    fn time_goes_forward_and_entries_are_numbered(flow in flow(), inputs in inputs()) {
        let (_, told) = trace(&case(&flow, &inputs, 200));
        let mut now = told["clock"]["start"].as_str().unwrap().to_owned();
        for line in told["transcript"].as_array().unwrap() {
            let at = line["at"].as_str().unwrap();
            prop_assert!(*at >= *now, "{} after {}", at, now);
            now = at.to_owned();
        }
        for (index, entry) in told["steps"].as_array().unwrap().iter().enumerate() {
            prop_assert_eq!(entry["n"].as_u64(), Some(index as u64 + 1));
        }
    }

    #[test]
    fn a_run_that_is_cut_short_has_the_same_entries_before_it_waits(flow in flow(), inputs in inputs(), cut in 0usize..8) {
        // A wait for time passes by itself: what came during it belongs to it, so a cut may change it.
        let passes = |step: &Value| step["type"] == "wait" && step["event"].is_null();
        prop_assume!(!flow["steps"].as_array().unwrap().iter().any(passes));
        let cut = cut.min(inputs.len());
        let (_, whole) = trace(&case(&flow, &inputs, 200));
        let (_, short) = trace(&case(&flow, &inputs[..cut], 200));
        let (whole, short) = (whole["steps"].as_array().unwrap(), short["steps"].as_array().unwrap());
        for (long, short) in whole.iter().zip(short) {
            if short["status"] == "waiting" {
                break;
            }
            prop_assert_eq!(long, short);
        }
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let words = select(vec![
        "text",
        "timeout",
        "message",
        "PT1H",
        "2025-01-01T00:00:00Z",
        "draft",
        "value > 1",
        "*",
        "",
        "x",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-5i64..3000).prop_map(Value::from),
        words.prop_map(Value::from),
        ".{0,6}".prop_map(Value::from),
    ];
    let names = select(vec![
        "name",
        "version",
        "definition",
        "trigger",
        "messages",
        "inputs",
        "variables",
        "contact",
        "mocks",
        "clock",
        "seed",
        "locale",
        "maxSteps",
        "breakpoints",
        "trace",
        "expect",
        "type",
        "text",
        "after",
        "http",
        "respond",
        "status",
        "delay",
        "start",
        "path",
        "visits",
        "calls",
        "stepId",
        "n",
        "expr",
        "steps",
        "event",
        "data",
    ]);
    leaf.prop_recursive(5, 48, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(names.clone().prop_map(str::to_owned), inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn arbitrary_requests_are_refused_or_run(request in any_json()) {
        let _ = RunRequest::read(&request);
        let flow = json!({"steps": [{"type": "ask", "text": "?", "saveTo": "n"}], "variables": [{"name": "n", "type": "any"}]});
        let case = Case::new(&json!({"flow": flow, "request": request}));
        let _ = case.run();
    }
}
