//! The standbys of the primary that reads may go to. What is read on one is as old as it is behind, so whoever reads there
//! says how far it must have come.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use sqlx::Connection as _;
use sqlx::postgres::{PgPool, PgPoolOptions};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::connect::{PING_AFTER_IDLE, PoolSettings};
use super::primary::Primary;
use super::server::{Address, DatabaseServer, Lookout, Sighting};
use super::standby::{Standby, StandbyIdentity};
use super::{Store, StoreError};

/// How often standbys are looked at.
const EVERY: Duration = Duration::from_secs(1);
/// A standby that says nothing for so long is not there.
const LOOK_WITHIN: Duration = Duration::from_secs(1);
/// At the start nothing is known yet, and connections take longest.
const FIRST_LOOK_WITHIN: Duration = Duration::from_secs(3);
/// Between two looks how far a standby has come.
const PAUSE: Duration = Duration::from_millis(20);
/// Connections to one standby: most of what is asked is answered by the primary.
const CONNECTIONS_MAX: u32 = 4;
const ACQUIRE_WITHIN: Duration = Duration::from_secs(1);

impl Store {
    /// Looks at the standbys of an address, which reads may go to from now on. One that does not answer is looked for
    /// again; one of another cluster is refused.
    pub async fn with_standbys(self, address: &Address, settings: &PoolSettings) -> Result<Self, StoreError> {
        let servers = settings.servers(address)?.into_iter();
        let standbys: Vec<Standby> = servers.map(|server| standby(server, &self.primary, settings)).collect();
        let store = Self { standbys: standbys.into(), ..self };
        let written = written_by(&store.pool).await?;
        let mut lookouts = store.lookouts();
        let looks = store.standbys.iter().zip(&mut lookouts);
        let looks = looks.map(|(standby, lookout)| standby.look(lookout, FIRST_LOOK_WITHIN, Some(written)));
        for (standby, sighting) in store.standbys.iter().zip(join_all(looks).await) {
            if let (Some(used), Some(seen)) = (store.primary.used(), sighting)
                && seen.timeline.system_identifier != used.timeline.system_identifier
            {
                let (standby, primary) = (standby.server.name.to_string(), used.name.to_string());
                return Err(StoreError::StandbyOfOther { standby, primary });
            }
        }
        Ok(store)
    }

    fn lookouts(&self) -> Vec<Lookout> {
        self.standbys.iter().map(|standby| Lookout::new(&standby.server)).collect()
    }

    /// All standbys that reads may go to.
    pub fn standbys(&self) -> &[Standby] {
        &self.standbys
    }

    /// The database as a standby has it. What fails there is to be asked of the primary.
    pub fn on(&self, standby: &Standby) -> Self {
        let (pool, primary) = (standby.pool.clone(), Primary::of_any_timeline());
        Self { pool, primary, standbys: Arc::default(), ..self.clone() }
    }

    /// A standby that is as good as up to date, for what may be a moment old.
    pub fn near_standby(&self) -> Option<&Standby> {
        self.standbys.iter().find(|standby| standby.is_near())
    }

    /// A standby that has everything which was committed when this is called, if one comes that far in time, and the
    /// generation of which that is true.
    pub async fn caught_up_standby(&self, within: Duration) -> Option<(&Standby, u64)> {
        if self.standbys.is_empty() {
            return None;
        }
        let give_up = Instant::now() + within;
        let written = written_by(&self.pool).await.ok()?;
        while Instant::now() < give_up && self.standbys.iter().any(Standby::is_usable) {
            for standby in &*self.standbys {
                if !standby.is_usable() {
                    continue;
                }
                let generation = standby.generation();
                match timeout_at(give_up, written_by(&standby.pool)).await {
                    Ok(Ok(replayed)) if replayed >= written => return Some((standby, generation)),
                    Ok(Err(error)) if error.lost_server() => standby.failed(),
                    Ok(Ok(_) | Err(_)) | Err(_) => {}
                }
            }
            sleep(PAUSE).await;
        }
        None
    }

    /// Looks at all standbys again and again, for as long as it is polled.
    pub async fn follow_standbys(&self) {
        if self.standbys.is_empty() {
            return std::future::pending().await;
        }
        let mut lookouts = self.lookouts();
        loop {
            // Without the primary nothing can be said of how far behind they are.
            let written = timeout(LOOK_WITHIN, written_by(&self.pool)).await.ok().and_then(Result::ok);
            let looks = self.standbys.iter().zip(&mut lookouts);
            join_all(looks.map(|(standby, lookout)| standby.look(lookout, LOOK_WITHIN, written))).await;
            self.standbys.iter().for_each(Standby::count);
            let near = self.standbys.iter().filter(|standby| standby.is_near()).count();
            metrics::gauge!("database_standbys").set(self.standbys.len() as f64);
            metrics::gauge!("database_standbys_near").set(near as f64);
            sleep(EVERY).await;
        }
    }
}

/// How far the log of a server goes: what a primary has written, or a standby replayed.
async fn written_by(pool: &PgPool) -> Result<i64, StoreError> {
    Ok(Sighting::through(&mut *pool.acquire().await?).await?.written)
}

/// With a pool of connections to it, and to no other server behind its address.
fn standby(server: DatabaseServer, primary: &Primary, settings: &PoolSettings) -> Standby {
    let identity = StandbyIdentity::default();
    let (admitting, kept) = (identity.clone(), identity.clone());
    let pool = PgPoolOptions::new()
        .max_connections(settings.connections_max.min(CONNECTIONS_MAX))
        .acquire_timeout(settings.acquire_timeout.min(ACQUIRE_WITHIN))
        .test_before_acquire(false)
        .after_connect(move |connection, _| {
            let identity = admitting.clone();
            Box::pin(async move { identity.admit(connection).await })
        })
        .before_acquire(move |connection, meta| {
            let is_left = kept.is_older_than_server(meta.age);
            Box::pin(async move {
                if !is_left && meta.idle_for > PING_AFTER_IDLE {
                    connection.ping().await?;
                }
                Ok(!is_left)
            })
        })
        .connect_lazy_with(server.options.clone());
    Standby::new(server, pool, primary.clone(), identity)
}
