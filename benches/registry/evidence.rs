//! What auditors wait for: a log exported, proven offline, and what is derived from it computed again.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::document::Body;
use crate::figure::{Figure, Measured, Target, Unit, grouped};
use crate::ground::finish;
use crate::machine::{forget_peak, peak_mib, resident_mib};
use crate::requests::{Patches, Pick};
use crate::seed::{append_histories, create};
use crate::service::{Binary, Service};
use crate::stage::Stage;
use crate::stats::Spread;

/// Whose log it is: one of the organizations that other loads write to as well.
const TENANT: usize = 5;
const VERSIONS: i64 = 100;
const WRITERS: usize = 8;
/// An export is a stream: it may fill buffers, but not grow with the log.
const GROWTH_MIB_MAX: f64 = 16.0;

pub fn figures(stage: &Stage) -> Vec<Figure> {
    let events = if stage.pace.quick { 20_000 } else { 100_000 };
    let share = f64::from(events) / 100_000.0;
    let exported = append(stage, events).and_then(|()| Exported::new(stage));
    let of_export = |pick: fn(&Exported) -> anyhow::Result<Measured>| match &exported {
        Ok(exported) => pick(exported),
        Err(error) => Err(anyhow::anyhow!("{error:#}")),
    };
    let events = grouped(f64::from(events));
    vec![
        Figure::new(
            "export, events per second",
            Unit::PerSecond,
            Target::AtLeast(20_000.0),
            of_export(|exported| Ok((Spread::once(exported.rate()), exported.describe()))),
        ),
        Figure::new(
            "memory an export adds",
            Unit::Mebibytes,
            Target::AtMost(GROWTH_MIB_MAX),
            of_export(|exported| Ok((Spread::once(exported.growth_mib), exported.describe()))),
        ),
        Figure::new(
            format!("verify {events} events offline"),
            Unit::Seconds,
            Target::AtMost(5.0 * share),
            of_export(Exported::verify),
        ),
        Figure::new(
            format!("rebuild {events} events beside writes"),
            Unit::Seconds,
            Target::AtMost(60.0 * share),
            rebuild(stage),
        ),
    ]
}

fn append(stage: &Stage, events: u32) -> anyhow::Result<()> {
    eprintln!("appending {events} events");
    let (address, tenants) = (stage.service.address, &stage.seeded.tenants);
    let owners = vec![TENANT; events as usize / VERSIONS as usize];
    let flows = create(address, tenants, &owners, Body::new())?;
    append_histories(address, tenants, &flows, VERSIONS)?;
    // What Postgres does about so many new rows is no part of reading them.
    stage.ground.psql(&stage.database, &[], "VACUUM ANALYZE; CHECKPOINT")
}

/// An export on the disk, and how it got there.
struct Exported {
    file: PathBuf,
    binary: Binary,
    public_key: String,
    events: f64,
    mebibytes: f64,
    seconds: f64,
    growth_mib: f64,
}

impl Exported {
    /// From a replica of its own, that signs.
    fn new(stage: &Stage) -> anyhow::Result<Self> {
        let scratch = stage.ground.scratch();
        let key_file = scratch.join("signing.key");
        let mut create = stage.binary.command();
        create.args(["signing-key", "create", "--name", "bench.example.com"]).arg(&key_file);
        let public_key = finish(&mut create)?.trim().to_owned();
        let key_file = key_file.to_str().context("the scratch directory's name is no text")?;
        let url = &stage.database_url;
        let service =
            Service::start(&stage.binary, scratch, &["--database-url", url, "--signing-key-file", key_file])?;

        download(stage, &service, 6, &scratch.join("small.ndjson"))?;
        let before = resident_mib(service.id())?;
        forget_peak(service.id())?;
        let file = scratch.join("export.ndjson");
        let took = download(stage, &service, TENANT, &file)?;
        let growth_mib = (peak_mib(service.id())? - before).max(0.0);
        let mebibytes = file.metadata()?.len() as f64 / 1024.0 / 1024.0;
        let events = last_position(&file)?;
        service.stop()?;
        let binary = stage.binary.clone();
        Ok(Self { file, binary, public_key, events, mebibytes, seconds: took.as_secs_f64(), growth_mib })
    }

    fn rate(&self) -> f64 {
        self.events / self.seconds
    }

    fn describe(&self) -> String {
        format!("{} events, {:.0} MiB in {:.2} s", grouped(self.events), self.mebibytes, self.seconds)
    }

    /// By the command, with nothing but the file and a public key.
    fn verify(&self) -> anyhow::Result<Measured> {
        let mut command = self.binary.command();
        command.args(["audit", "verify", "--key", &self.public_key]).arg(&self.file);
        let began = Instant::now();
        finish(&mut command)?;
        let seconds = began.elapsed().as_secs_f64();
        let beside = format!("{} events, {}/s", grouped(self.events), grouped(self.events / seconds));
        Ok((Spread::once(seconds), beside))
    }
}

fn download(stage: &Stage, service: &Service, tenant: usize, file: &Path) -> anyhow::Result<Duration> {
    let tenant = &stage.seeded.tenants[tenant];
    let path = format!("/organizations/{}/audit/export?format=ndjson", tenant.org_id);
    let began = Instant::now();
    let answer =
        ureq::get(format!("http://{}{path}", service.address)).header("X-Api-Key", &tenant.key).call()?;
    std::io::copy(&mut answer.into_body().into_reader(), &mut File::create(file)?)?;
    Ok(began.elapsed())
}

/// What the last line of a complete export names: as many events are in it.
fn last_position(file: &Path) -> anyhow::Result<f64> {
    let mut opened = File::open(file)?;
    let tail = opened.metadata()?.len().min(4096);
    opened.seek(SeekFrom::End(-i64::try_from(tail)?))?;
    let last = BufReader::new(opened).split(b'\n').last().context("the export is empty")??;
    let last: Value = serde_json::from_slice(&last).context("the export is cut")?;
    last["end"].as_f64().context("the export does not say where it ends")
}

/// While clients change flows of the same organization.
fn rebuild(stage: &Stage) -> anyhow::Result<Measured> {
    let org_id = stage.seeded.tenants[TENANT].org_id.to_string();
    let mut command = stage.binary.command();
    command.args(["projections", "rebuild", "--org", &org_id, "--database-url", &stage.database_url]);
    let log = stage.ground.scratch().join("rebuild.log");
    command.stdout(Stdio::null()).stderr(File::create(&log)?);
    let flows = stage.flows_of(TENANT);
    let mut patches = Patches::new(&stage.seeded, &flows, Pick::Any, Body::new(), &stage.revision);
    let alone = stage.load(WRITERS, stage.pace.short_window(), &mut patches)?.rate;
    let began = Instant::now();
    let mut rebuilding = command.spawn()?;
    let waiting = std::thread::spawn(move || rebuilding.wait().map(|status| (status, began.elapsed())));
    let mut rates = Vec::new();
    while !waiting.is_finished() {
        rates.push(stage.load(WRITERS, stage.pace.short_window(), &mut patches)?.rate);
    }
    let (status, took) = waiting.join().map_err(|_| anyhow::anyhow!("waiting failed"))??;
    ensure!(status.success(), "it ended with {status}: {}", fs::read_to_string(&log)?);
    let beside = Spread::of(rates).context("nothing was written meanwhile")?.median;
    let beside = format!("{} writes/s meanwhile, {} before", grouped(beside), grouped(alone));
    Ok((Spread::once(took.as_secs_f64()), beside))
}
