//! Reads that a standby of the database may answer, for those who say how far it must have come. What is remembered is of
//! the primary: a standby is asked each time. Whatever goes wrong there is asked of the primary.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout_at};
use uuid::Uuid;

use super::RegistryError;
use super::history::History;
use super::reads::FlowReads;
use crate::store::{Standby, StandbyCondition, Store};

/// How long a standby is waited for that has not come as far as is asked.
const WAIT: Duration = Duration::from_millis(200);
/// Between two looks how far it has come.
const PAUSE: Duration = Duration::from_millis(20);
/// How many may wait for standbys at once: each asks again and again, over connections that others need.
const WAITING_MAX: usize = 8;
/// How long a standby may take for an answer, until the primary is asked.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// The reads that one database server answers.
#[derive(Debug, Clone)]
pub struct ServerReads {
    pub flows: FlowReads,
    pub history: History,
}

/// The reads of the primary, and of its standbys. Clones share everything.
#[derive(Debug, Clone)]
pub struct StandbyReads {
    primary: Arc<ServerReads>,
    standbys: Arc<[(Standby, Arc<ServerReads>)]>,
    /// Whose turn it is to be asked first.
    turn: Arc<AtomicUsize>,
    /// Places of those who wait.
    waiting: Arc<Semaphore>,
}

/// A standby that has come as far as was asked.
#[derive(Debug, Clone, Copy)]
pub struct Arrived<'a> {
    standby: &'a Standby,
    /// Of the standby when it had come so far.
    generation: u64,
    pub reads: &'a Arc<ServerReads>,
}

impl StandbyReads {
    pub(super) fn new(store: &Store, flows: &FlowReads, history: &History) -> Self {
        let of_standby = |standby: &Standby| {
            let flows = FlowReads::of_standby(store.on(standby), flows);
            let history = History::new(store.on(standby), flows.clone());
            (standby.clone(), Arc::new(ServerReads { flows, history }))
        };
        Self {
            primary: Arc::new(ServerReads { flows: flows.clone(), history: history.clone() }),
            standbys: store.standbys().iter().map(of_standby).collect(),
            turn: Arc::default(),
            waiting: Arc::new(Semaphore::new(WAITING_MAX)),
        }
    }

    /// The reads of the primary, which has everything.
    pub fn primary(&self) -> Arc<ServerReads> {
        Arc::clone(&self.primary)
    }

    /// How each standby is.
    pub fn conditions(&self) -> impl Iterator<Item = StandbyCondition> {
        self.standbys.iter().map(|(standby, _)| standby.condition())
    }

    /// A standby that has an organization's log up to a position, if there is one or comes to be in a moment. What was
    /// there once stays there: a read that comes after this finds it. One that is known to be far behind is not asked, however
    /// low the position: it shows what was erased or revoked since.
    pub async fn arrived(&self, org_id: Uuid, position: i64) -> Option<Arrived<'_>> {
        if self.standbys.is_empty() {
            return None;
        }
        let give_up = Instant::now() + WAIT;
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % self.standbys.len();
        let (later, first) = self.standbys.split_at(turn);
        let mut place = None;
        loop {
            let mut is_near = false;
            for (standby, reads) in first.iter().chain(later).filter(|(standby, _)| standby.is_near()) {
                let generation = standby.generation();
                match timeout_at(give_up, reads.flows.position(org_id)).await {
                    Ok(Ok(head)) if head >= position => return Some(Arrived { standby, generation, reads }),
                    Ok(Ok(_)) => is_near = true,
                    Ok(Err(RegistryError::Store(error))) if error.lost_server() => standby.failed(),
                    // Its connections may all be taken, which no other reader is to pay for.
                    Ok(Err(_)) | Err(_) => {}
                }
            }
            if !is_near || Instant::now() + PAUSE >= give_up {
                return None;
            }
            if place.is_none() {
                place = Some(self.waiting.try_acquire().ok()?);
            }
            sleep(PAUSE).await;
        }
    }
}

impl Arrived<'_> {
    /// What the standby answers, if it does so in time. What another server behind its address may have answered does not
    /// count: that one may not have come so far.
    pub async fn in_time<T>(&self, asked: impl Future<Output = T>) -> Option<T> {
        let answer = tokio::time::timeout(ANSWER_WITHIN, asked).await.ok();
        answer.filter(|_| self.standby.generation() == self.generation)
    }
}
