//! One standby of the primary that answers reads: whether it can be used, and how far it is behind.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use sqlx::postgres::{PgConnection, PgPool};
use tokio::time::Instant;

use super::primary::Primary;
use super::server::{DatabaseServer, Lookout, Sighting, Timeline};

/// How much older a connection may be than its pool says, which counts from when it was admitted.
const ADMITTED_WITHIN: Duration = Duration::from_secs(1);

/// A standby that is further behind is not waited for.
const LAG_MAX: Duration = Duration::from_secs(2);

/// A standby; clones share what is known of it.
#[derive(Debug, Clone)]
pub struct Standby {
    pub(super) server: DatabaseServer,
    pub(super) pool: PgPool,
    /// The one whose standby it is.
    primary: Primary,
    identity: StandbyIdentity,
}

/// What is known of a standby, by which connections to it are told from those to others.
#[derive(Debug, Clone, Default)]
pub(super) struct StandbyIdentity(Arc<RwLock<Known>>);

/// What a look at a standby came to.
#[derive(Debug, Default)]
struct Known {
    /// The server that was seen last. One address may lead to others too, and those are not asked: they may be further
    /// behind.
    started_at: Option<String>,
    /// One more with each other server that was seen.
    generation: u64,
    /// When the server was seen for the first time, where another was seen before it.
    since: Option<Instant>,
    timeline: Option<Timeline>,
    /// Why it cannot be used for now, if so.
    trouble: Option<String>,
    /// What the primary had written at some moment, until the standby has it.
    mark: Option<(i64, Instant)>,
    /// Of the primary that wrote it: on another timeline the same number is another place.
    mark_of: Option<Timeline>,
    lag: Duration,
}

/// How a standby is, for whoever watches the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandbyCondition {
    /// Host and port.
    pub name: Arc<str>,
    /// Why it is not used for reads at the moment, if so.
    pub trouble: Option<String>,
    /// How far what it shows lies back, at least.
    pub lag: Duration,
}

impl StandbyIdentity {
    fn read(&self) -> RwLockReadGuard<'_, Known> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Known> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses a new connection that leads to another server than the standby that was seen.
    pub(super) async fn admit(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let seen = Sighting::through(connection).await?;
        match seen.is_standby && self.read().started_at.as_ref() == Some(&seen.started_at) {
            true => Ok(()),
            false => Err(sqlx::Error::Protocol("the server is not the standby that was seen".to_owned())),
        }
    }

    /// Whether a connection of that age may lead to a server that was seen before the present one.
    pub(super) fn is_older_than_server(&self, age: Duration) -> bool {
        self.read().since.is_some_and(|since| since.elapsed() <= age + ADMITTED_WITHIN)
    }
}

impl Standby {
    pub(super) fn new(
        server: DatabaseServer,
        pool: PgPool,
        primary: Primary,
        identity: StandbyIdentity,
    ) -> Self {
        Self { server, pool, primary, identity }
    }

    /// Whether it answers, and copies the server that is in use.
    pub fn is_usable(&self) -> bool {
        let known = self.identity.read();
        let in_use = self.primary.used().map(|used| used.timeline);
        known.trouble.is_none() && known.timeline.is_some() && known.timeline == in_use
    }

    /// Whether it can be used, and has what came until a moment ago.
    pub fn is_near(&self) -> bool {
        self.is_usable() && self.identity.read().lag <= LAG_MAX
    }

    /// Which of the servers behind its address is read. What is read before and after a change of this number may come
    /// from two servers.
    pub fn generation(&self) -> u64 {
        self.identity.read().generation
    }

    /// A connection to it broke: nobody asks it again before it is looked at.
    pub fn failed(&self) {
        let mut known = self.identity.write();
        known.trouble = Some("a connection to it broke".to_owned());
    }

    pub fn condition(&self) -> StandbyCondition {
        let is_usable = self.is_usable();
        let known = self.identity.read();
        let why = match known.timeline {
            None => "it was not looked at yet",
            Some(_) => "it is on another timeline than the primary",
        };
        let trouble = if is_usable { None } else { known.trouble.clone().or_else(|| Some(why.to_owned())) };
        StandbyCondition { name: Arc::clone(&self.server.name), trouble, lag: known.lag }
    }

    /// Finds out whether it can be used, and how far it is behind what the primary has `written`.
    pub(super) async fn look(
        &self,
        lookout: &mut Lookout,
        within: Duration,
        written: Option<i64>,
    ) -> Option<Sighting> {
        let looked = lookout.look(within).await;
        let before = self.condition().trouble;
        {
            let mut known = self.identity.write();
            known.trouble = self.trouble_with(&looked);
            let seen = looked.as_ref().ok();
            if let Some(seen) = seen {
                known.meet(&seen.started_at, Instant::now());
            }
            known.timeline = seen.map(|seen| seen.timeline);
            known.measure_by(self.primary.used().map(|used| used.timeline));
            known.measure(seen.map(|seen| seen.written), written, Instant::now());
        }
        let now = self.condition().trouble;
        let standby = &*self.server.name;
        match &now {
            Some(trouble) if before != now => {
                tracing::warn!(standby, trouble, "a standby cannot be used for reads");
            }
            None if before.is_some() => tracing::info!(standby, "a standby answers reads"),
            _ => {}
        }
        looked.ok()
    }

    fn trouble_with(&self, looked: &Result<Sighting, sqlx::Error>) -> Option<String> {
        let cluster = self.primary.used().map(|used| used.timeline.system_identifier);
        match looked {
            Err(error) => Some(format!("it does not answer ({error})")),
            Ok(seen) if Some(seen.timeline.system_identifier) != cluster => {
                Some("it is of another cluster than the primary".to_owned())
            }
            Ok(seen) if !seen.is_standby => Some("it is no standby: it takes writes".to_owned()),
            Ok(_) => None,
        }
    }

    pub(super) fn count(&self) {
        let name = || self.server.name.to_string();
        let condition = self.condition();
        let is_used = if condition.trouble.is_none() { 1.0 } else { 0.0 };
        metrics::gauge!("database_standby", "server" => name()).set(is_used);
        metrics::gauge!("database_standby_lag_seconds", "server" => name()).set(condition.lag.as_secs_f64());
    }
}

impl Known {
    /// Takes note of the server that was seen.
    fn meet(&mut self, started_at: &str, now: Instant) {
        if self.started_at.as_deref() != Some(started_at) {
            self.since = self.started_at.is_some().then_some(now);
            self.started_at = Some(started_at.to_owned());
            self.generation += 1;
        }
    }

    /// Begins anew where what is written is of another timeline than before.
    fn measure_by(&mut self, timeline: Option<Timeline>) {
        if self.mark_of != timeline {
            (self.mark_of, self.mark) = (timeline, None);
        }
    }

    /// The lag is how long ago the primary had written what the standby has not replayed yet: it grows also where the
    /// standby is cut off, and is 0 where nothing is written.
    fn measure(&mut self, replayed: Option<i64>, written: Option<i64>, now: Instant) {
        if let (Some((mark, _)), Some(replayed)) = (self.mark, replayed)
            && mark <= replayed
        {
            self.mark = None;
        }
        self.lag = self.mark.map_or(Duration::ZERO, |(_, at)| now.duration_since(at));
        if self.mark.is_none()
            && let Some(written) = written
            && replayed.is_none_or(|replayed| replayed < written)
        {
            self.mark = Some((written, now));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_to_the_server_before_are_told_by_their_age() {
        let identity = StandbyIdentity::default();
        let ages = [Duration::ZERO, Duration::from_secs(60)];
        let old = || ages.map(|age| identity.is_older_than_server(age));
        let long_ago = Instant::now() - Duration::from_secs(30);
        identity.write().meet("first", long_ago);
        assert_eq!((old(), identity.read().generation), ([false, false], 1));
        identity.write().meet("second", long_ago);
        assert_eq!((old(), identity.read().generation), ([false, true], 2));
        identity.write().meet("second", Instant::now());
        assert_eq!((old(), identity.read().generation), ([false, true], 2), "the same one");
    }

    #[test]
    fn the_lag_is_how_long_what_was_written_is_not_replayed() {
        let began = Instant::now();
        let mut known = Known::default();
        let mut at = |second: u64, replayed: Option<i64>, written: Option<i64>| {
            known.measure(replayed, written, began + Duration::from_secs(second));
            known.lag.as_secs()
        };
        assert_eq!(at(0, Some(10), Some(10)), 0, "nothing was written");
        assert_eq!(at(1, Some(10), Some(20)), 0, "it may come at any moment");
        assert_eq!(at(2, Some(19), Some(30)), 1);
        assert_eq!(at(3, Some(20), Some(30)), 0, "it came, and a moment ago there was more");
        assert_eq!(at(5, None, Some(40)), 2, "cut off");
        assert_eq!(at(9, None, None), 6, "the primary too");
        assert_eq!(at(10, Some(30), Some(40)), 0);
        assert_eq!(at(11, Some(40), Some(40)), 0);
        assert_eq!(at(12, Some(40), Some(90)), 0);
        assert_eq!(at(15, Some(60), Some(90)), 3);
        known.measure_by(Some(Timeline { system_identifier: 1, number: 2 }));
        known.measure(Some(60), Some(60), began + Duration::from_secs(16));
        assert_eq!(known.lag, Duration::ZERO, "a primary on the next timeline has written less");
    }
}
