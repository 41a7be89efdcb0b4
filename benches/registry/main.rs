//! `make bench`: what the service does beside bare Postgres on the same machine, in one run and in turns, as one table
//! of figures against their targets. `QUICK=1` is shorter, `ONLY=write,read` leaves out the other groups.

mod answer;
mod background;
mod bad_input;
mod connection;
mod document;
mod edits;
mod evidence;
mod figure;
mod ground;
mod load;
mod machine;
mod memory;
mod past;
mod peers;
mod reads;
mod requests;
mod runs;
mod seed;
mod service;
mod stage;
mod starts;
mod stats;
mod turns;
mod writes;

use std::fs;
use std::path::Path;

use anyhow::ensure;
use figure::Figure;
use machine::Machine;
use serde_json::json;
use stage::{Pace, Stage};

/// That of the service: runs in memory are measured in this process.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const GROUPS: [&str; 8] = ["write", "read", "past", "run", "start", "memory", "evidence", "bad-input"];

fn main() -> anyhow::Result<()> {
    let quick = std::env::var("QUICK").is_ok_and(|value| !["", "0"].contains(&value.as_str()));
    let groups = Groups::named()?;
    let stage = Stage::set(Pace::of(quick))?;
    let machine = Machine::look(stage.ground.scratch())?;
    match std::env::args().any(|argument| argument == "peers") {
        true => report("peers", &machine, &peers::figures(&stage)?),
        false => report("registry", &machine, &measure(&stage, &groups)?),
    }
}

/// What is measured: everything, or what `ONLY` names.
struct Groups(Vec<String>);

impl Groups {
    fn named() -> anyhow::Result<Self> {
        let only = std::env::var("ONLY").unwrap_or_default();
        let named = only.split(',').map(str::trim).filter(|name| !name.is_empty());
        let named: Vec<String> = named.map(str::to_owned).collect();
        for name in &named {
            ensure!(GROUPS.contains(&name.as_str()), "ONLY={name}: the groups are {}", GROUPS.join(", "));
        }
        Ok(Self(named))
    }

    fn has(&self, name: &str) -> bool {
        self.0.is_empty() || self.0.iter().any(|group| group == name)
    }
}

/// Loads in turns first, each kind by itself; then what is measured alone, the memory after all of it last.
fn measure(stage: &Stage, groups: &Groups) -> anyhow::Result<Vec<Figure>> {
    let mut figures = Vec::new();
    if groups.has("write") {
        figures.extend(writes::figures(stage));
    }
    if groups.has("read") {
        figures.extend(reads::figures(stage));
    }
    if groups.has("past") {
        figures.extend(past::figures(stage)?);
    }
    if groups.has("run") {
        figures.extend(runs::figures(stage)?);
    }
    if groups.has("start") {
        figures.extend(starts::figures(stage));
    }
    if groups.has("memory") {
        figures.extend(memory::figures(stage));
    }
    if groups.has("evidence") {
        figures.extend(evidence::figures(stage));
    }
    // Last: bodies of the largest size leave their mark in the memory.
    if groups.has("bad-input") {
        figures.extend(bad_input::figures(stage));
    }
    Ok(figures)
}

/// The table to stdout, and all of it as JSON beside the build.
fn report(name: &str, machine: &Machine, figures: &[Figure]) -> anyhow::Result<()> {
    let load_average = machine::load_average()?;
    println!(
        "{}, {} cores of {}; fdatasync {:.0} µs; load average {} before, {load_average} after\n",
        machine.date, machine.cores, machine.processor, machine.fdatasync_us, machine.load_average,
    );
    print!("{}", figure::table(figures));
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench");
    fs::create_dir_all(&directory)?;
    let json = json!({
        "machine": machine.to_json(), "loadAverageAfter": load_average,
        "met": figures.iter().filter(|figure| figure.is_met()).count(),
        "figures": figures.iter().map(Figure::to_json).collect::<Vec<_>>(),
    });
    fs::write(directory.join(format!("{name}.json")), format!("{json:#}\n"))?;
    let failed = figures.iter().filter(|figure| figure.outcome.is_err()).count();
    ensure!(failed == 0, "{failed} figures could not be measured");
    Ok(())
}
