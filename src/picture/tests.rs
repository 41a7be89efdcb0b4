//! Laws of the picture, over generated flows.

use std::collections::HashSet;

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use super::face::{Faces, WIDTH, faces};
use super::groups::{Becomes, ExitGroup, groups};
use super::layout::{Places, layout};
use super::union::chart;
use super::*;
use crate::flow::document::Canonical;

fn flow(steps: Vec<Value>) -> Canonical {
    let body = json!({ "name": "x", "steps": steps, "settings": { "onError": "s0" },
        "interrupts": [{ "keywords": ["agente"], "next": "s0" }, { "when": "true", "next": "$end" }] });
    Canonical::create(body).unwrap()
}

fn request<'r>(flow: &'r Canonical, layer: Layer<'r>) -> Request<'r> {
    Request { flow, layer, words: &PictureWords::EN, link: &|id| format!("?step={id}") }
}

/// Lays a flow out, and hands over what the picture is made of.
fn laid_out(request: &Request<'_>, check: impl FnOnce(&[ExitGroup<'_>], &Faces, &Places)) {
    let chart = chart(request);
    let groups = groups(&chart);
    let faces = faces(&chart, &groups, request);
    let places = layout(&chart, &groups, &faces).expect("the crate finds a layout");
    check(&groups, &faces, &places);
}

/// A target of a flow of so many steps: mostly one near by, sometimes any, none, or one that is not there.
fn target(steps: usize, own: usize, pick: (u8, Index)) -> String {
    match pick.0 {
        0 => "$end".to_owned(),
        1 => "gone".to_owned(),
        2..=5 => "$next".to_owned(),
        6..=12 => format!("s{}", (own + 1 + pick.1.index(8)) % steps),
        _ => format!("s{}", pick.1.index(steps)),
    }
}

fn step(steps: usize, own: usize, picks: &[(u8, Index)]) -> Value {
    let id = format!("s{own}");
    let to = |index: usize| target(steps, own, picks[index % picks.len()]);
    match picks.len() {
        1 => json!({ "id": id, "type": "message", "text": "hola", "next": to(0) }),
        2 => {
            json!({ "id": id, "type": "branch", "cases": [{ "when": "true", "next": to(0) }], "else": to(1) })
        }
        _ => {
            let options = (0..picks.len())
                .map(|index| json!({ "id": index.to_string(), "title": "O", "next": to(index) }));
            json!({ "id": id, "type": "choice", "text": "¿?", "options": options.collect::<Vec<_>>() })
        }
    }
}

fn flows(steps_max: usize, options_max: usize) -> impl Strategy<Value = Canonical> {
    let picks = prop::collection::vec((0..16_u8, any::<Index>()), 1..=options_max);
    prop::collection::vec(picks, 1..=steps_max).prop_map(|steps| {
        let count = steps.len();
        flow(steps.iter().enumerate().map(|(own, picks)| step(count, own, picks)).collect())
    })
}

/// Exits as the SVG says them: one for each line, stub and mark, or as many as it says.
fn exits_in(svg: &str) -> usize {
    let drawn = ["class=\"line", "class=\"stub", "class=\"mark"]
        .into_iter()
        .flat_map(|class| svg.split(class).skip(1));
    let drawn = drawn.filter(|rest| !rest.starts_with("s\""));
    drawn
        .map(|rest| {
            let tag = rest.split('>').next().unwrap();
            let count = tag.split("data-exits=\"").nth(1);
            count.map_or(1, |rest| rest.split('"').next().unwrap().parse::<usize>().unwrap())
        })
        .sum()
}

fn overlap(one: (f64, f64, f64), other: (f64, f64, f64)) -> bool {
    one.0 < other.0 + WIDTH && other.0 < one.0 + WIDTH && one.1 < other.1 + other.2 && other.1 < one.1 + one.2
}

fn assert_sound(request: &Request<'_>, exits: usize) {
    let drawing = draw(request).expect("the crate finds a layout");
    let svg = drawing.svg(None);
    assert_eq!(svg, draw(request).unwrap().svg(None), "the same bytes twice");
    assert_eq!(exits_in(&svg), exits, "each exit is there once");
    assert_eq!(drawing.counts.exits, exits);
    laid_out(request, |groups, faces, places| {
        for (group, route) in groups.iter().zip(&places.routes) {
            assert_eq!(group.becomes == Becomes::Line, route.is_some());
        }
        let boxes = places.boxes.iter().zip(&faces.steps);
        let mut boxes: Vec<_> = boxes.map(|(place, face)| (place.x, place.y, face.height)).collect();
        boxes.extend(
            places
                .everywhere
                .iter()
                .zip(&faces.everywhere)
                .map(|(place, face)| (place.x, place.y, face.height)),
        );
        for (index, one) in boxes.iter().enumerate() {
            assert!(
                one.0 >= 0.0 && one.0 + WIDTH <= places.width && one.1 + one.2 <= places.height,
                "in the picture"
            );
            assert!(!boxes[..index].iter().any(|other| overlap(*one, *other)), "no box lies on another");
        }
    });
}

fn exits_of(flow: &Canonical) -> usize {
    let steps = flow.document.steps.iter().map(|step| step.exits().len()).sum::<usize>();
    steps + flow.document.interrupts.len() + flow.document.settings.targets().count()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_exit_is_drawn_once_and_no_box_lies_on_another(flow in flows(24, 6)) {
        assert_sound(&request(&flow, Layer::Plain), exits_of(&flow));
    }

    /// Of two versions everything is drawn that either has; what both have is drawn once.
    #[test]
    fn two_versions_are_one_picture(before in flows(12, 4), after in flows(12, 4)) {
        let keys = |flow: &Canonical| -> HashSet<String> {
            let steps = flow.document.steps.iter().enumerate();
            let all = steps.flat_map(|(index, step)| {
                let next = flow.document.steps.get(index + 1).map_or("$end", |step| &step.id).to_owned();
                step.exits().iter().map(move |exit| {
                    let to = exit.target.to_string().replace("$next", &next);
                    format!("{} {} {to}", step.id, exit.edge)
                })
            });
            all.collect()
        };
        let both: HashSet<String> = keys(&before).union(&keys(&after)).cloned().collect();
        let everywhere = after.document.interrupts.len() + after.document.settings.targets().count();
        assert_sound(&request(&after, Layer::Diff { before: &before }), both.len() + everywhere);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3))]

    /// The work is bounded by what is drawn as lines, however many exits there are.
    #[test]
    fn the_largest_flows_are_drawn(
        picks in prop::collection::vec(prop::collection::vec((0..16_u8, any::<Index>()), 30), 200)
    ) {
        let flow = flow(picks.iter().enumerate().map(|(own, picks)| step(200, own, picks)).collect());
        let drawing = draw(&request(&flow, Layer::Plain)).unwrap();
        prop_assert_eq!(drawing.counts.exits, exits_of(&flow));
        laid_out(&request(&flow, Layer::Plain), |groups, _, _| {
            let lines = groups.iter().filter(|group| group.becomes == Becomes::Line);
            let spans: usize = lines.map(|line| line.from.unwrap().abs_diff(line.to.step().unwrap())).sum();
            assert!(spans <= 1000, "{spans}");
        });
    }
}

/// A menu whose options lead to chapters of their own.
fn menu(chapters: usize, long: usize) -> Vec<Value> {
    let option = |index: usize| json!({ "id": format!("o{index}"), "title": format!("Opción {index}"), "next": format!("c{index}_0") });
    let mut steps = vec![
        json!({ "id": "menu", "type": "choice", "text": "¿?", "options": (0..chapters).map(option).collect::<Vec<_>>() }),
    ];
    for chapter in 0..chapters {
        for place in 0..long {
            let next =
                if place + 1 == long { "$end".to_owned() } else { format!("c{chapter}_{}", place + 1) };
            steps.push(json!({ "id": format!("c{chapter}_{place}"), "type": "message", "text": "hola", "next": next }));
        }
    }
    steps
}

#[test]
fn options_stand_from_left_to_right() {
    for (chapters, long) in [(2, 1), (6, 3), (11, 2), (30, 1)] {
        let flow = Canonical::create(json!({ "name": "x", "steps": menu(chapters, long) })).unwrap();
        laid_out(&request(&flow, Layer::Plain), |_, _, places| {
            let firsts = (0..chapters).map(|chapter| places.boxes[1 + chapter * long].x);
            let firsts: Vec<f64> = firsts.collect();
            assert!(firsts.is_sorted(), "{chapters} × {long}: {firsts:?}");
        });
    }
}

#[test]
fn the_step_that_is_looked_at_is_marked() {
    let flow = flow(vec![json!({ "id": "s0", "type": "end" }), json!({ "id": "s1", "type": "end" })]);
    let drawing = draw(&request(&flow, Layer::Plain)).unwrap();
    assert_eq!(drawing.svg(Some("gone")), drawing.svg(None));
    let marked = drawing.svg(Some("s1"));
    assert_eq!(marked.matches(" selected\"").count(), 1);
    let before = marked.find("selected").unwrap();
    assert!(marked[before..].starts_with("selected\" data-step=\"s1\""), "{marked}");
}

#[test]
fn a_flow_without_steps_says_so() {
    let flow = Canonical::create(json!({ "name": "x" })).unwrap();
    assert!(draw(&request(&flow, Layer::Plain)).unwrap().svg(None).contains(">No steps yet</text>"));
}

/// What authors write stays text, wherever it stands.
#[test]
fn hostile_texts_are_texts() {
    let bad = "</title></text><script>window.pwned=1</script>\"><img src=x onerror=alert(1)>\u{202e}\u{0}";
    let long = format!("{bad}{}", "M̷̡̛".repeat(400));
    let options: Vec<Value> = (0..30)
        .map(|index| json!({ "id": index.to_string(), "title": format!("{bad}{index}"), "next": "$end" }))
        .collect();
    let body = json!({ "name": "x", "interrupts": [{ "keywords": [bad], "next": bad }], "steps": [
        { "id": "a", "type": "message", "name": bad, "text": "x", "next": bad },
        { "id": "b", "type": "choice", "text": long, "options": options },
        { "id": "c", "type": "branch", "cases": [{ "when": bad, "next": "$resume" }], "else": "a" } ] });
    let flow = match Canonical::create(body.clone()) {
        Ok(flow) => flow,
        // What cannot be a name is refused before there is anything to draw.
        Err(findings) => panic!("{findings:?}"),
    };
    let blamed = [BlamedBox {
        step: "a".into(),
        initials: "<b>".into(),
        age: 9,
        words: bad.into(),
        link: Some(format!("/x?{bad}")),
    }];
    let findings = [StepFaults { step: Some("a".into()), errors: 1, warnings: 2 }];
    for layer in
        [Layer::Plain, Layer::Blame(&blamed), Layer::Findings(&findings), Layer::Diff { before: &flow }]
    {
        let svg = draw(&request(&flow, layer)).unwrap().svg(None);
        for wrong in ["<script", "<img", "\u{202e}", "\u{0}", "<b>", "style=", "foreignObject"] {
            assert!(!svg.contains(wrong), "{wrong}");
        }
        assert!(svg.contains("[U+202E][U+0000]"), "hidden signs are shown");
    }
}
