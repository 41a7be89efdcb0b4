//! Edits that go on beside what is measured, so many in a second: reads are measured as they are done, while others
//! write. The same through the API and, for the yardstick, by its append.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};

use crate::background::Background;
use crate::connection::Connection;
use crate::document::Body;
use crate::requests::edit_head;
use crate::seed::{Flow, Seeded};

/// Of all connections together.
pub const PER_SECOND: u32 = 200;
/// Connections for so many edits; for fewer as many fewer.
pub const CONNECTIONS: u32 = 16;
/// They have begun by then.
pub const LEAD: Duration = Duration::from_millis(300);
/// The share of them that must have been answered.
const SHARE_MIN: f64 = 0.8;
const REVISIONS: u64 = 1_000_000_000_000;

type WriteRequest = dyn Fn(&mut Vec<u8>) + Send + Sync;

/// Edits of flows drawn at random, each to a revision that hardly ever was.
#[derive(Clone)]
pub struct Edits {
    write: Arc<WriteRequest>,
    per_second: u32,
}

impl Edits {
    pub fn of(seeded: &Seeded, flows: &[Flow], per_second: u32) -> Self {
        let body = Body::new();
        let head = |flow: &Flow| edit_head(&seeded.tenants[flow.tenant], flow, &body);
        let heads: Vec<_> = flows.iter().map(head).collect();
        Self::written_by(per_second, move |out| {
            out.extend_from_slice(&heads[rand::random_range(0..heads.len())]);
            body.write(rand::random_range(0..REVISIONS), out);
        })
    }

    pub fn written_by(per_second: u32, write: impl Fn(&mut Vec<u8>) + Send + Sync + 'static) -> Self {
        Self { write: Arc::new(write), per_second }
    }

    /// Measures while they go on, and says how many in a second did.
    pub fn beside<T>(
        &self,
        address: SocketAddr,
        measure: impl FnOnce() -> anyhow::Result<T>,
    ) -> anyhow::Result<(T, f64)> {
        let answered = Arc::new(AtomicU32::new(0));
        let began = Instant::now();
        let connections = (CONNECTIONS * self.per_second / PER_SECOND).clamp(1, CONNECTIONS);
        let each = Duration::from_secs(1) / self.per_second;
        // One after the other they take their turns.
        let writer =
            |turn| self.writer(address, began + each * turn, each * connections, Arc::clone(&answered));
        let writers = (0..connections).map(writer);
        let writers = writers.collect::<anyhow::Result<Vec<_>>>()?;
        std::thread::sleep(LEAD);
        let measured = measure();
        let rate = f64::from(answered.load(Ordering::Relaxed)) / began.elapsed().as_secs_f64();
        let measured = measured?;
        for writer in writers {
            writer.end().context("an edit beside what is measured")?;
        }
        Ok((measured, rate))
    }

    fn writer(
        &self,
        address: SocketAddr,
        first: Instant,
        period: Duration,
        answered: Arc<AtomicU32>,
    ) -> anyhow::Result<Background> {
        let mut connection = Connection::open(address)?;
        let (write, mut request) = (Arc::clone(&self.write), Vec::new());
        Ok(Background::every_from(first, period, move || {
            request.clear();
            write(&mut request);
            connection.exchange(&request)?;
            answered.fetch_add(1, Ordering::Relaxed);
            Ok(())
        }))
    }
}

/// What was measured beside fewer was measured beside something else.
pub fn check(rate: f64, per_second: u32) -> anyhow::Result<()> {
    let least = SHARE_MIN * f64::from(per_second);
    ensure!(rate >= least, "only {rate:.0} of {per_second} edits a second went on beside it");
    Ok(())
}
