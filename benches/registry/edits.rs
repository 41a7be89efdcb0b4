//! Edits that go on beside what is measured, so many in a second: reads are measured as they are done, while others
//! write. The same through the API and, for the yardstick, by its append.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::ensure;

use crate::background::Background;
use crate::connection::Connection;
use crate::document::Body;
use crate::requests::edit_head;
use crate::seed::{Flow, Seeded};

/// Of all connections together.
pub const PER_SECOND: u32 = 200;
pub const CONNECTIONS: usize = 16;
/// They have begun by then.
pub const LEAD: Duration = Duration::from_millis(300);
/// The share of them that must have been answered.
const SHARE_MIN: f64 = 0.9;
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

    /// Measures while they go on.
    pub fn beside<T>(
        &self,
        address: SocketAddr,
        measure: impl FnOnce() -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let answered = Arc::new(AtomicU32::new(0));
        let began = Instant::now();
        let writers = (0..CONNECTIONS).map(|_| self.writer(address, Arc::clone(&answered)));
        let writers = writers.collect::<anyhow::Result<Vec<_>>>()?;
        std::thread::sleep(LEAD);
        let measured = measure();
        let rate = f64::from(answered.load(Ordering::Relaxed)) / began.elapsed().as_secs_f64();
        for writer in writers {
            writer.end()?;
        }
        let measured = measured?;
        check(rate, self.per_second)?;
        Ok(measured)
    }

    fn writer(&self, address: SocketAddr, answered: Arc<AtomicU32>) -> anyhow::Result<Background> {
        let mut connection = Connection::open(address)?;
        let (write, mut request) = (Arc::clone(&self.write), Vec::new());
        let every = Duration::from_secs(1) * CONNECTIONS as u32 / self.per_second;
        Ok(Background::every(every, move || {
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
