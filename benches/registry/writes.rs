//! Changes of flows, and the floor they are held against: the yardstick's append.

use crate::document::Body;
use crate::figure::{Figure, Target, Unit};
use crate::requests::{Patches, Pick};
use crate::stage::{APPEND, Stage};
use crate::turns::Turns;

pub fn figures(stage: &Stage) -> Vec<Figure> {
    let [mut edits, mut steps] = turns(stage);
    edits.run(stage.pace.rounds);
    steps.run(stage.pace.rounds);
    let ratio = |figure: &str, name, base, target| edits.ratio(figure, name, base, target);
    let least = Target::AtLeast;
    vec![
        ratio("PATCH / T, 64 connections, 100 organizations", "patch 64", "T 64", least(1.0)),
        steps.ratio("the same, of a step's text", "patch 64, a step", "T 64", Target::Shown),
        ratio(
            "PATCH / T, 64 connections, one organization",
            "patch 64, one organization",
            "T 64",
            least(1.2),
        ),
        ratio("PATCH / T, 8 connections", "patch 8", "T 8", Target::Shown),
        ratio("PATCH / T, 1 connection", "patch 1", "T 1", Target::Shown),
        tail(&edits),
    ]
}

/// Edits of steps come after the others: of a flow with another text in a step those would change both, as the first
/// of these does.
pub fn turns(stage: &Stage) -> [Turns<'_>; 2] {
    [edits(stage), edits_of_steps(stage)]
}

fn edits(stage: &Stage) -> Turns<'_> {
    let mut turns = Turns::default();
    let patches = |flows: &[_], pick| Patches::new(&stage.seeded, flows, pick, Body::new(), &stage.revision);
    for (name, base, clients) in [("patch 64", "T 64", 64), ("patch 8", "T 8", 8), ("patch 1", "T 1", 1)] {
        turns.add_yardstick(base, move || stage.yardstick(APPEND, clients));
        let mut requests = patches(&stage.seeded.flows, Pick::Any);
        turns.add(name, move || stage.load(clients, stage.pace.window(), &mut requests));
    }
    // A flow for each connection: the organization is what they share.
    let mut requests = patches(&stage.flows_of(1), Pick::Own);
    turns.add("patch 64, one organization", move || stage.load(64, stage.pace.window(), &mut requests));
    turns
}

fn edits_of_steps(stage: &Stage) -> Turns<'_> {
    let mut turns = Turns::default();
    turns.add_yardstick("T 64", || stage.yardstick(APPEND, 64));
    let mut requests =
        Patches::new(&stage.seeded, &stage.seeded.flows, Pick::Any, Body::of_step(), &stage.revision);
    turns.add("patch 64, a step", move || stage.load(64, stage.pace.window(), &mut requests));
    turns
}

fn tail(turns: &Turns<'_>) -> Figure {
    let measured = || {
        let spread =
            turns.spread("patch 64", |sample| f64::from(sample.p99_us) / f64::from(sample.p50_us.max(1)))?;
        let p50 = turns.spread("patch 64", |sample| f64::from(sample.p50_us))?.median;
        let p99 = turns.spread("patch 64", |sample| f64::from(sample.p99_us))?.median;
        Ok((spread, format!("p50 {:.2} ms, p99 {:.2} ms", p50 / 1e3, p99 / 1e3)))
    };
    Figure::new("p99 / p50 of PATCH, 64 connections", Unit::Ratio, Target::AtMost(4.0), measured())
}
