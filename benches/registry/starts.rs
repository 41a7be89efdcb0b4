//! From the start of the process to its first answer that it is ready.

use anyhow::Context as _;

use crate::figure::{Figure, Measured, Target, Unit};
use crate::service::Service;
use crate::stage::Stage;
use crate::stats::Spread;

const STARTS: usize = 5;

pub fn figures(stage: &Stage) -> Vec<Figure> {
    let data_dir = stage.ground.scratch().join(format!("private-{}", stage.database));
    let external = starts(stage, &["--database-url", &stage.database_url]);
    let embedded = data_dir
        .to_str()
        .context("the scratch directory's name is no text")
        .and_then(|data_dir| starts(stage, &["--data-dir", data_dir]));
    vec![
        Figure::new("start to ready, DATABASE_URL", Unit::Seconds, Target::AtMost(0.3), external),
        Figure::new("start to ready, private Postgres", Unit::Seconds, Target::AtMost(0.6), embedded),
    ]
}

/// The first, which may have to make or migrate the database, does not count.
fn starts(stage: &Stage, arguments: &[&str]) -> anyhow::Result<Measured> {
    let mut times = Vec::with_capacity(STARTS);
    for start in 0..=STARTS {
        let service = Service::start(&stage.binary, stage.ground.scratch(), arguments)?;
        if start > 0 {
            times.push(service.ready_after.as_secs_f64());
        }
        service.stop()?;
    }
    let spread = Spread::of(times).context("there was no start")?;
    eprintln!("start to ready: {:.3} s", spread.median);
    Ok((spread, format!("{STARTS} starts")))
}
