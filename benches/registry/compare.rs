//! `make bench-compare`: this build against another one on the same machine, window by window in turns. Each has
//! databases of its own, which it seeded itself, so their schemas may differ.

use std::rc::Rc;

use anyhow::Context as _;

use crate::Groups;
use crate::figure::Figure;
use crate::ground::Ground;
use crate::scale::Scale;
use crate::service::Binary;
use crate::stage::{PRODUCT, Pace, Stage};
use crate::turns::Turns;
use crate::{memory, past, reads, runs, starts, writes};

const BASE: &str = "base";
/// The groups whose windows are compared; of the last two each build has its own figures.
const STAGED: [&str; 6] = ["write", "read", "past", "run", "start", "memory"];

pub fn figures(ground: &Rc<Ground>, pace: Pace, groups: &Groups) -> anyhow::Result<Vec<Figure>> {
    let base = std::env::var_os(BASE.to_uppercase()).filter(|path| !path.is_empty());
    let builds = [(Binary::own(), PRODUCT), (Binary::at(base.context("BASE names the other binary")?), BASE)];
    let mut figures = Vec::new();
    if STAGED.iter().any(|name| groups.has(name)) {
        let [(own, name), (base, base_name)] = builds.clone();
        let stage = Stage::set(ground, pace, own, name)?;
        let base = Stage::set(ground, pace, base, base_name)?;
        let mut against = |turns: Turns<'_>, base: Turns<'_>| {
            figures.extend(turns.against(base, pace.rounds));
        };
        if groups.has("write") {
            let [edits, steps] = writes::turns(&stage);
            let [base_edits, base_steps] = writes::turns(&base);
            against(edits, base_edits);
            against(steps, base_steps);
        }
        if groups.has("read") {
            against(reads::turns(&stage), reads::turns(&base));
        }
        if groups.has("past") {
            against(past::turns(&stage)?, past::turns(&base)?);
        }
        if groups.has("run") {
            against(runs::turns(&stage)?, runs::turns(&base)?);
        }
        for (stage, name) in [(&stage, "this"), (&base, BASE)] {
            let started = if groups.has("start") { starts::figures(stage) } else { Vec::new() };
            let held = if groups.has("memory") { memory::figures(stage) } else { Vec::new() };
            figures.extend(started.into_iter().chain(held).map(|figure| figure.named(name)));
        }
    }
    if groups.has("scale") {
        let [(own, name), (base, base_name)] = builds;
        let own = Scale::set(ground, pace, &own, name)?;
        let base = Scale::set(ground, pace, &base, base_name)?;
        for (turns, base) in own.turns().into_iter().zip(base.turns()) {
            figures.extend(turns.against(base, pace.rounds));
        }
    }
    Ok(figures)
}
