//! What the service holds in memory: freshly started, after minutes of load, and for readers who take their time.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::ensure;

use crate::connection::Connection;
use crate::document::Body;
use crate::figure::{Figure, Measured, Target, Unit};
use crate::machine::{forget_peak, peak_mib, resident_mib};
use crate::reads::by_id;
use crate::requests::{Fixed, Patches, Pick, flows_path, get};
use crate::seed::{self, Tenant};
use crate::service::Service;
use crate::stage::Stage;
use crate::stats::Spread;

/// Load before the memory is looked at, in seconds; a quick run takes what there was.
const LOADED_S: f64 = 300.0;
/// What was needed to start only is given back by then.
pub const SETTLE: Duration = Duration::from_secs(2);
const CLIENTS: usize = 64;
/// Flows that are 5 KB each in an answer.
const LISTED: usize = 1_000;
const READERS: usize = 50;
/// What a slow reader takes, and how often.
const SIP_BYTES: usize = 4 * 1024;
const SIP_EVERY: Duration = Duration::from_millis(100);
/// How long they are watched.
const WATCHED: Duration = Duration::from_secs(4);

pub fn figures(stage: &Stage) -> Vec<Figure> {
    let alone = [
        Figure::new("memory after load", Unit::Mebibytes, Target::AtMost(64.0), after_load(stage)),
        Figure::new("memory when idle", Unit::Mebibytes, Target::AtMost(20.0), idle(stage)),
    ];
    let lists = [("a list", ""), ("a page of 1,000 flows", "?limit=1000")];
    let slow = lists.map(|(name, query)| {
        let name = format!("memory of each slow reader of {name}, 5 MB, beyond what is shared");
        Figure::new(name, Unit::Kibibytes, Target::AtMost(64.0), slow_readers(stage, query))
    });
    alone.into_iter().chain(slow).collect()
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
    let service = stage.start_service()?;
    std::thread::sleep(SETTLE);
    let resident = resident_mib(service.id())?;
    service.stop()?;
    Ok((Spread::once(resident), format!("resident, {} s after the start", SETTLE.as_secs())))
}

/// What fifty readers more than one cost, at their most. The kernel's buffers, which take megabytes of each list, are
/// not the service's memory; lists are longer than that.
fn slow_readers(stage: &Stage, query: &str) -> anyhow::Result<Measured> {
    let tenants = [Tenant::new(&stage.binary, &stage.database_url)?];
    seed::create(stage.service.address, &tenants, &[0; LISTED], Body::long())?;
    let list = get(&format!("{}{query}", flows_path(&tenants[0])), &tenants[0].key);
    let service = stage.start_service()?;
    // What it remembers after the first is shared by all.
    let megabytes = Connection::open(service.address)?.exchange(&list)?.len() as f64 / 1e6;
    let one = watched(&service, &list, 1)?;
    let many = watched(&service, &list, 1 + READERS)?;
    service.stop()?;
    let each = (many - one) * 1024.0 / READERS as f64;
    let beside =
        format!("{one:.0} MiB with one, {many:.0} with {}; an answer of {megabytes:.1} MB", 1 + READERS);
    Ok((Spread::once(each), beside))
}

/// The most memory, in MiB, while so many read a list as slowly as a bad line would.
fn watched(service: &Service, list: &[u8], readers: usize) -> anyhow::Result<f64> {
    let open = |_| {
        let mut stream = TcpStream::connect(service.address)?;
        stream.write_all(list)?;
        stream.set_nonblocking(true)?;
        anyhow::Ok(stream)
    };
    let mut streams = (0..readers).map(open).collect::<anyhow::Result<Vec<_>>>()?;
    forget_peak(service.id())?;
    let (began, mut sip) = (Instant::now(), vec![0; SIP_BYTES]);
    while began.elapsed() < WATCHED {
        for stream in &mut streams {
            match stream.read(&mut sip) {
                Ok(read) => ensure!(read > 0, "the service closed the connection of a slow reader"),
                Err(error) => ensure!(error.kind() == ErrorKind::WouldBlock, "a slow reader: {error}"),
            }
        }
        std::thread::sleep(SIP_EVERY);
    }
    peak_mib(service.id())
}
