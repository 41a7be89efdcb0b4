//! What clients that are silent, slow or ten times too many cost the others.

use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow, ensure};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::background::Background;
use crate::figure::{Figure, Measured, Target, Unit};
use crate::load::Requests;
use crate::reads::by_id;
use crate::requests::{Fixed, get};
use crate::stage::Stage;
use crate::stats::{Spread, percentile};

const CLIENTS: usize = 32;
/// Sockets of each kind, from so many addresses.
const SOCKETS: usize = 2_000;
const ADDRESSES: usize = 20;
/// The first of the addresses 127.0.0.x that they come from.
const FIRST_ADDRESS: usize = 2;
const DRIP: Duration = Duration::from_secs(1);
/// As many clients as keep all processors busy, and ten times as many.
const BUSY: usize = 64;
const TOO_MANY: usize = 10 * BUSY;
/// Reads are back when their rate is this share of what it is alone.
const BACK_AT: f64 = 0.8;

pub fn figures(stage: &Stage) -> Vec<Figure> {
    let (answered, back) = match overloaded(stage) {
        Ok((p99, back, beside)) => (Ok((p99, beside.clone())), Ok((back, beside))),
        Err(error) => (Err(anyhow!("{error:#}")), Err(error)),
    };
    vec![
        Figure::new(
            "p99 of GET beside 2,000 silent and 2,000 slow sockets / alone",
            Unit::Ratio,
            Target::AtMost(3.0),
            beside_sockets(stage),
        ),
        Figure::new(
            "p99 of lists that are answered, ten times as many clients",
            Unit::Seconds,
            Target::AtMost(1.0),
            answered,
        ),
        Figure::new("until reads are as before, after that", Unit::Seconds, Target::AtMost(5.0), back),
    ]
}

fn beside_sockets(stage: &Stage) -> anyhow::Result<Measured> {
    allow_files()?;
    let (mut ratios, mut beside) = (Vec::new(), String::new());
    for _ in 0..stage.pace.rounds {
        let alone = p99(stage)?;
        let _crowd = Crowd::gather(stage.service.address)?;
        let crowded = p99(stage)?;
        ratios.push(f64::from(crowded) / f64::from(alone));
        beside = format!("{alone} µs alone, {crowded} beside them");
    }
    Ok((Spread::of(ratios).context("no rounds")?, beside))
}

fn p99(stage: &Stage) -> anyhow::Result<u32> {
    let mut reads = Fixed { requests: by_id(&stage.seeded) };
    Ok(stage.load(CLIENTS, stage.pace.window(), &mut reads)?.p99_us)
}

/// The p99 of what was answered, and after how many seconds reads were as before.
fn overloaded(stage: &Stage) -> anyhow::Result<(Spread, Spread, String)> {
    let mut reads = Fixed { requests: by_id(&stage.seeded) };
    let alone = stage.load(CLIENTS, stage.pace.window(), &mut reads)?.rate;
    let requests = stage.seeded.tenants.iter();
    let requests =
        requests.map(|tenant| get(&format!("/organizations/{}/bot/flows", tenant.org_id), &tenant.key));
    let mut lists = Shedding::of(requests.collect());
    stage.load(TOO_MANY, 2 * stage.pace.window(), &mut lists)?;
    let over = Instant::now();
    let back = loop {
        let rate = stage.load(CLIENTS, Duration::from_millis(250), &mut reads)?.rate;
        if rate >= BACK_AT * alone {
            break over.elapsed().as_secs_f64();
        }
        ensure!(over.elapsed() < Duration::from_secs(60), "reads are not back after a minute");
    };
    let Shedding { mut answered_us, shed, .. } = lists;
    answered_us.sort_unstable();
    let p99 = f64::from(percentile(&answered_us, 0.99)) / 1e6;
    let beside = format!("{} answered, {shed} refused", answered_us.len());
    Ok((Spread::once(p99), Spread::once(back), beside))
}

/// Requests that may be refused as too many.
struct Shedding {
    requests: Fixed,
    began: Vec<Instant>,
    answered_us: Vec<u32>,
    shed: usize,
}

impl Shedding {
    fn of(requests: Vec<Vec<u8>>) -> Self {
        let began = vec![Instant::now(); TOO_MANY];
        Self { requests: Fixed { requests }, began, answered_us: Vec::new(), shed: 0 }
    }
}

impl Requests for Shedding {
    fn write(&mut self, connection: usize, out: &mut Vec<u8>) -> bool {
        self.began[connection] = Instant::now();
        self.requests.write(connection, out)
    }

    fn expects(&self, _connection: usize, status: u16) -> bool {
        [200, 503].contains(&status)
    }

    fn answered(&mut self, connection: usize, answer: &[u8]) -> anyhow::Result<()> {
        match answer.starts_with(b"HTTP/1.1 200") {
            true => {
                let took = self.began[connection].elapsed().as_micros();
                self.answered_us.push(u32::try_from(took).unwrap_or(u32::MAX));
            }
            false => self.shed += 1,
        }
        Ok(())
    }
}

/// Sockets that never send anything, and others that send a byte of a head each second. Those that are closed come again.
struct Crowd {
    _silent: Background,
    _slow: Background,
}

impl Crowd {
    fn gather(address: SocketAddr) -> anyhow::Result<Self> {
        let mut silent = Vec::new();
        let mut slow = connected(address, FIRST_ADDRESS + ADDRESSES)?;
        let head = b"GET /health/live HTTP/1.1\r\nHost: bench\r\nX-Padding: ".iter();
        let mut head = head.chain(std::iter::repeat(&b'x'));
        let silent = Background::every(10 * DRIP, move || {
            silent.clear();
            silent.extend(connected(address, FIRST_ADDRESS)?);
            Ok(())
        });
        let slow = Background::every(DRIP, move || {
            let byte = *head.next().expect("it has no end");
            slow.retain_mut(|stream| stream.write_all(&[byte]).is_ok());
            Ok(())
        });
        Ok(Self { _silent: silent, _slow: slow })
    }
}

fn connected(address: SocketAddr, first: usize) -> anyhow::Result<Vec<TcpStream>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async {
        let mut streams = Vec::with_capacity(SOCKETS);
        for socket in 0..SOCKETS {
            let last = u8::try_from(first + socket % ADDRESSES)?;
            let socket = tokio::net::TcpSocket::new_v4()?;
            socket.bind(SocketAddr::from(([127, 0, 0, last], 0)))?;
            let stream = socket.connect(address).await.context("the service takes no connection")?;
            streams.push(stream.into_std()?);
        }
        Ok(streams)
    })
}

/// This process needs a file for each of them.
fn allow_files() -> anyhow::Result<()> {
    let limit = getrlimit(Resource::Nofile);
    Ok(setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit })?)
}
