//! What the service holds in memory: freshly started, and after minutes of load.

use std::time::Duration;

use crate::document::Body;
use crate::figure::{Figure, Measured, Target, Unit};
use crate::machine::resident_mib;
use crate::reads::by_id;
use crate::requests::{Fixed, Patches, Pick};
use crate::service::Service;
use crate::stage::{PRODUCT, Stage};
use crate::stats::Spread;

/// Load before the memory is looked at, in seconds; a quick run takes what there was.
const LOADED_S: f64 = 300.0;
/// What was needed to start only is given back by then.
const SETTLE: Duration = Duration::from_secs(2);
const CLIENTS: usize = 64;

pub fn figures(stage: &Stage) -> Vec<Figure> {
    vec![
        Figure::new("memory after load", Unit::Mebibytes, Target::AtMost(64.0), after_load(stage)),
        Figure::new("memory when idle", Unit::Mebibytes, Target::AtMost(20.0), idle(stage)),
    ]
}

fn after_load(stage: &Stage) -> anyhow::Result<Measured> {
    let flows = &stage.seeded.flows;
    let mut writes = Patches::new(&stage.seeded, flows, Pick::Any, Body::new(), &stage.revision);
    let mut reads = Fixed { requests: by_id(&stage.seeded) };
    let least = if stage.pace.quick { 2.0 } else { LOADED_S };
    while stage.loaded_s.get() < least {
        stage.load(CLIENTS, stage.pace.window(), &mut writes)?;
        stage.load(CLIENTS, stage.pace.window(), &mut reads)?;
        eprintln!("under load for {:.0} s of {least:.0}", stage.loaded_s.get());
    }
    let resident = resident_mib(stage.service.id())?;
    Ok((Spread::once(resident), format!("resident, after {:.0} s of load", stage.loaded_s.get())))
}

fn idle(stage: &Stage) -> anyhow::Result<Measured> {
    let service = Service::start(stage.ground.scratch(), &["--database-url", &stage.ground.url(PRODUCT)])?;
    std::thread::sleep(SETTLE);
    let resident = resident_mib(service.id())?;
    service.stop()?;
    Ok((Spread::once(resident), format!("resident, {} s after the start", SETTLE.as_secs())))
}
