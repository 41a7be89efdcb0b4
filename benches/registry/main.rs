//! `make bench`: what the service does beside bare Postgres on the same machine, in one run and in turns, as one table
//! of figures against their targets. `QUICK=1` is shorter, `ONLY=write,read` leaves out the other groups, `SERVICE`
//! names another binary than the one built here, `BENCH_KEEP` a directory where what is seeded for `scale` stays.

mod answer;
mod background;
mod bad_input;
mod compare;
mod connection;
mod console;
mod dense;
mod document;
mod edits;
mod evidence;
mod figure;
mod front_door;
mod ground;
mod heavy_runs;
mod load;
mod machine;
mod memory;
mod past;
mod peers;
mod reads;
mod requests;
mod runs;
mod scale;
mod seed;
mod service;
mod stage;
mod starts;
mod stats;
mod turns;
mod writes;

use std::fs;
use std::path::Path;
use std::rc::Rc;
use std::time::Instant;

use anyhow::ensure;
use figure::Figure;
use ground::Ground;
use machine::Machine;
use scale::Scale;
use serde_json::json;
use service::Binary;
use stage::{PRODUCT, Pace, Stage};

/// That of the service: runs in memory are measured in this process.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const GROUPS: [&str; 11] = [
    "write",
    "read",
    "past",
    "run",
    "start",
    "memory",
    "evidence",
    "front-door",
    "console",
    "bad-input",
    SCALE,
];
/// Seeded for minutes, so only where it is asked for in a quick run.
const SCALE: &str = "scale";

fn main() -> anyhow::Result<()> {
    let quick = std::env::var("QUICK").is_ok_and(|value| !["", "0"].contains(&value.as_str()));
    let groups = Groups::named(quick)?;
    let ground = Rc::new(Ground::prepare()?);
    let machine = Machine::look(ground.scratch())?;
    let asked = |name: &str| std::env::args().any(|argument| argument == name);
    let pace = Pace::of(quick);
    if asked("compare") {
        return report("compare", &machine, &compare::figures(&ground, pace.of_comparison(), &groups)?);
    }
    if asked("peers") {
        let stage = Stage::set(&ground, pace, Binary::own(), PRODUCT)?;
        return report("peers", &machine, &peers::figures(&stage)?);
    }
    report("registry", &machine, &measure(&ground, pace, &groups)?)
}

/// What is measured: everything, or what `ONLY` names.
#[derive(Debug)]
pub struct Groups(Vec<String>);

impl Groups {
    fn named(quick: bool) -> anyhow::Result<Self> {
        let only = std::env::var("ONLY").unwrap_or_default();
        let named = only.split(',').map(str::trim).filter(|name| !name.is_empty());
        let named: Vec<String> = named.map(str::to_owned).collect();
        for name in &named {
            ensure!(GROUPS.contains(&name.as_str()), "ONLY={name}: the groups are {}", GROUPS.join(", "));
        }
        let all = GROUPS.iter().filter(|name| !quick || **name != SCALE).map(|name| (*name).to_owned());
        Ok(Self(if named.is_empty() { all.collect() } else { named }))
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|group| group == name)
    }
}

/// Group after group. Loads in turns come first, then what is measured alone; bodies of the largest size leave their
/// mark in the memory and come last of what is measured on one stage.
fn measure(ground: &Rc<Ground>, pace: Pace, groups: &Groups) -> anyhow::Result<Vec<Figure>> {
    let mut figures = Vec::new();
    if GROUPS.iter().any(|name| *name != SCALE && groups.has(name)) {
        let stage = timed("seeding", || {
            Stage::set_yardstick(ground)?;
            Stage::set(ground, pace, Binary::own(), PRODUCT)
        })?;
        for name in GROUPS.into_iter().filter(|name| groups.has(name)) {
            figures.extend(timed(name, || staged(name, &stage))?);
        }
    }
    if groups.has(SCALE) {
        let scale = timed("seeding", || Scale::set(ground, pace, &Binary::own(), PRODUCT))?;
        figures.extend(timed(SCALE, || scale.figures())?);
    }
    Ok(figures)
}

fn staged(group: &str, stage: &Stage) -> anyhow::Result<Vec<Figure>> {
    Ok(match group {
        "write" => writes::figures(stage),
        "read" => reads::figures(stage),
        "past" => past::figures(stage)?,
        "run" => runs::figures(stage)?.into_iter().chain(heavy_runs::figures(stage)?).collect(),
        "start" => starts::figures(stage),
        "memory" => memory::figures(stage),
        "evidence" => evidence::figures(stage),
        "front-door" => front_door::figures(stage),
        "console" => console::figures(stage)?,
        "bad-input" => bad_input::figures(stage),
        _ => Vec::new(),
    })
}

fn timed<T>(name: &str, act: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
    let began = Instant::now();
    let done = act();
    eprintln!("{name} took {:.0} s", began.elapsed().as_secs_f64());
    done
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
