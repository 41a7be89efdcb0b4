//! The primary: the server that takes writes, to which the pool and all lanes lead. Of several servers the one in use is
//! watched, and left when another one was promoted; a server on an older timeline than was ever seen is never used.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use sqlx::PgPool;
use sqlx::postgres::PgConnection;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::StoreError;
use super::choice::{self, Looked};
use super::server::{DatabaseServer, Lookout, Sighting, Timeline};

/// How often all servers are asked who takes writes. Writers repeat what a lost primary left open as often.
const EVERY: Duration = Duration::from_millis(250);
/// A server that says nothing for so long is not there.
const LOOK_WITHIN: Duration = Duration::from_secs(1);
/// At the start nothing is known yet, and connections take longest.
const FIRST_LOOK_WITHIN: Duration = Duration::from_secs(3);
/// How much older a connection may be than its pool says, which counts from when it was admitted.
const ADMITTED_WITHIN: Duration = Duration::from_secs(1);

/// The server in use, as whoever watches the service is told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsedServer {
    /// Host and port.
    pub name: Arc<str>,
    pub timeline: Timeline,
}

#[derive(Debug, Clone)]
struct Used {
    index: usize,
    /// `None` where nobody looked: any server that takes writes will do.
    timeline: Option<Timeline>,
    /// One more with each change of server or timeline.
    generation: u64,
    since: Instant,
}

/// Which server is used; clones share it.
#[derive(Debug, Clone)]
pub(super) struct Primary {
    servers: Arc<[DatabaseServer]>,
    used: Arc<watch::Sender<Used>>,
}

impl Primary {
    /// Whatever a pool leads to, as long as it takes writes.
    pub(super) fn of_any_timeline() -> Self {
        Self::new(Arc::new([]), 0, None)
    }

    fn new(servers: Arc<[DatabaseServer]>, index: usize, timeline: Option<Timeline>) -> Self {
        let used = Used { index, timeline, generation: 0, since: Instant::now() };
        Self { servers, used: Arc::new(watch::Sender::new(used)) }
    }

    /// Looks at all servers. `seen` is the newest timeline that was ever used, as far as is remembered.
    pub(super) async fn find(
        servers: Vec<DatabaseServer>,
        seen: Option<Timeline>,
    ) -> Result<Self, StoreError> {
        let mut lookouts: Vec<Lookout> = servers.iter().map(Lookout::new).collect();
        let looked = look(&servers, &mut lookouts, FIRST_LOOK_WITHIN).await;
        choice::of_one_cluster(&looked)?;
        let mut answers = looked.iter().filter_map(|(_, answer)| answer.as_ref().ok());
        // A cluster that was made anew, by an upgrade say, has a history of its own.
        let seen = seen.filter(|seen| {
            answers.all(|sighting| sighting.timeline.system_identifier == seen.system_identifier)
        });
        let (index, sighting) = choice::primary(looked, None, seen)?;
        Ok(Self::new(servers.into(), index, Some(sighting.timeline)))
    }

    /// The server in use.
    pub(super) fn server(&self) -> &DatabaseServer {
        &self.servers[self.used.borrow().index]
    }

    /// Asks the server behind a new connection whether it is the one to use, and says as which generation it counts. What
    /// takes no writes lags behind what does, and what is on an older timeline was replaced.
    pub(super) async fn admit(&self, connection: &mut PgConnection) -> Result<u64, StoreError> {
        let sighting = Sighting::through(connection).await?;
        let refused = |why: &str| Err(StoreError::Unavailable(sqlx::Error::Protocol(why.to_owned())));
        if sighting.is_standby {
            return refused("the server is a standby");
        }
        let seen = sighting.timeline;
        let used = self.used.borrow().clone();
        let Some(timeline) = used.timeline else { return Ok(used.generation) };
        if seen.system_identifier != timeline.system_identifier && self.servers.len() > 1 {
            return refused("the server is of another cluster");
        }
        if seen.system_identifier == timeline.system_identifier && seen.number < timeline.number {
            return refused("the server is on an older timeline than is in use: it was replaced");
        }
        if seen != timeline && self.servers.len() == 1 {
            // One address can lead to another server from one moment to the next. Of several, the watch finds out.
            self.use_server(used.index, seen);
            let used = self.used.borrow();
            return match used.timeline == Some(seen) {
                true => Ok(used.generation),
                false => refused("the server was replaced meanwhile"),
            };
        }
        Ok(used.generation)
    }

    fn use_server(&self, index: usize, timeline: Timeline) {
        self.used.send_if_modified(|used| {
            let is_newer = used.timeline.is_none_or(|known| {
                known.system_identifier != timeline.system_identifier || known.number < timeline.number
            });
            let is_other = index != used.index && used.timeline == Some(timeline);
            if is_newer || is_other {
                let generation = used.generation + 1;
                *used = Used { index, timeline: Some(timeline), generation, since: Instant::now() };
            }
            is_newer || is_other
        });
    }

    pub(super) fn generation(&self) -> u64 {
        self.used.borrow().generation
    }

    /// Whether a connection of that age may lead to a server that is not in use any more.
    pub(super) fn is_older_than_move(&self, age: Duration) -> bool {
        let used = self.used.borrow();
        used.generation > 0 && used.since.elapsed() <= age + ADMITTED_WITHIN
    }

    /// Waits until connections of a generation lead to a server that is not in use any more.
    pub(super) async fn left(&self, generation: u64) {
        // The sender lives as long as `self`.
        let _ = self.used.subscribe().wait_for(|used| used.generation != generation).await;
    }

    /// The server in use; `None` where nobody looked which it is.
    pub(super) fn used(&self) -> Option<UsedServer> {
        let used = self.used.borrow();
        let name = Arc::clone(&self.servers.get(used.index)?.name);
        Some(UsedServer { name, timeline: used.timeline? })
    }

    /// Waits until another server is in use, or the same one on another timeline.
    pub(super) async fn changed(&self, from: &UsedServer) -> UsedServer {
        let mut changes = self.used.subscribe();
        loop {
            match self.used() {
                Some(used) if used != *from => return used,
                // The sender lives as long as `self`.
                _ => drop(changes.changed().await),
            }
        }
    }

    /// Watches the servers and leads the pool to the one that takes writes, for as long as it is polled. Nothing is to be
    /// done where there is one address only: each connection is looked at when it is made.
    pub(super) async fn follow(&self, pool: &PgPool) {
        if self.servers.len() < 2 {
            return std::future::pending().await;
        }
        let mut lookouts: Vec<Lookout> = self.servers.iter().map(Lookout::new).collect();
        let mut trouble = None;
        loop {
            let looked = look(&self.servers, &mut lookouts, LOOK_WITHIN).await;
            let (index, newest) = {
                let used = self.used.borrow();
                (used.index, used.timeline)
            };
            match choice::primary(looked, Some(index), newest) {
                Ok((chosen, sighting)) => {
                    trouble = None;
                    if chosen != index || Some(sighting.timeline) != newest {
                        pool.set_connect_options(self.servers[chosen].options.clone());
                        self.use_server(chosen, sighting.timeline);
                    }
                }
                Err(error) => {
                    let told = error.to_string();
                    if trouble.as_ref() != Some(&told) {
                        tracing::warn!(%error, "no database server can be used for now");
                    }
                    trouble = Some(told);
                }
            }
            sleep(EVERY).await;
        }
    }
}

async fn look(servers: &[DatabaseServer], lookouts: &mut [Lookout], within: Duration) -> Vec<Looked> {
    let answers = join_all(lookouts.iter_mut().map(|lookout| lookout.look(within))).await;
    servers.iter().map(|server| Arc::clone(&server.name)).zip(answers).collect()
}
