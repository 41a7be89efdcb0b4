//! Pictures of whole flows, pinned: those of `tests/flows` that people would draw, and one of the largest.

#[path = "../benches/registry/dense.rs"]
mod dense;

use std::fs;
use std::path::Path;

use dense::dense;

use flow_registry::flow::document::Canonical;
use flow_registry::flow::{json, validation};
use flow_registry::picture::{BlamedBox, Layer, PictureWords, Request, StepFaults, draw};
use serde_json::json;

fn read(name: &str) -> Canonical {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/flows").join(name).with_extension("json");
    Canonical::create(json::parse(&fs::read(path).unwrap()).unwrap()).unwrap()
}

/// The SVG with an element a line, so that a change of one is seen as one.
#[track_caller]
fn check(name: &str, flow: &Canonical, layer: Layer<'_>, words: &PictureWords) {
    let request = Request { flow, layer, words, link: &|id| format!("?step={id}") };
    let drawing = draw(&request).unwrap();
    let counts =
        format!("{:?} {} × {}\n{:?}\n", drawing.counts, drawing.width, drawing.height, drawing.legend);
    let svg = drawing.svg(None).replace("><", ">\n<");
    insta::with_settings!({
        snapshot_path => concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots/picture"),
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        insta::assert_snapshot!(name, counts + &svg);
    });
}

#[test]
fn flows_of_examples() {
    for name in ["onboarding", "appointment", "every-member", "empty-flow"] {
        check(name, &read(name), Layer::Plain, &PictureWords::ES);
    }
}

#[test]
fn findings_stand_on_their_steps() {
    let flow = read("exits");
    let faults = validation::findings(&flow).into_iter().map(|finding| StepFaults {
        errors: finding.is_error().into(),
        warnings: (!finding.is_error()).into(),
        step: finding.step_id,
    });
    check("findings", &flow, Layer::Findings(&faults.collect::<Vec<_>>()), &PictureWords::EN);
}

#[test]
fn who_changed_a_step_last_stands_on_it() {
    let blamed = |step: &str, initials: &str, age| BlamedBox {
        step: step.to_owned(),
        initials: initials.to_owned(),
        age,
        words: format!("{initials}, version {age}"),
        link: Some(format!("?event={age}")),
    };
    let blamed = [blamed("cita", "AL", 0), blamed("agente", "LU", 4)];
    check("blame", &read("appointment"), Layer::Blame(&blamed), &PictureWords::EN);
}

#[test]
fn two_versions_are_drawn_as_one() {
    let after = read("onboarding");
    let mut body = (*after.value).clone();
    let steps = body["steps"].as_array_mut().unwrap();
    steps.remove(1);
    steps[0]["text"] = json!("Hola.");
    steps.insert(2, json!({ "id": "vieja", "type": "message", "text": "Antes", "next": "agente" }));
    let before = Canonical::create(body).unwrap();
    check("diff", &after, Layer::Diff { before: &before }, &PictureWords::ES);
}

#[test]
fn a_flow_of_two_hundred_steps() {
    check("dense-200", &Canonical::create(dense(200)).unwrap(), Layer::Plain, &PictureWords::ES);
}
