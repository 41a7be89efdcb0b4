//! Where logs ended when they were last written to.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use quick_cache::unsync::Cache;
use sqlx::{PgConnection, Row as _};
use uuid::Uuid;

use super::{Append, StoreError};
use crate::flow::digest::Digest;
use crate::store::documents::read_digest;

/// Organizations whose logs are remembered.
const KNOWN_MAX: usize = 10_000;
/// How long a log that others write to as well is left to the call, which asks nobody where it ends.
const SHARED_FOR: Duration = Duration::from_secs(10);

/// The end of a log.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    pub(super) position: i64,
    pub(super) chain_hash: Digest,
    pub(super) recorded_at: DateTime<Utc>,
}

#[derive(Debug, Clone, Copy)]
enum Known {
    At(Head),
    /// Others have written to the log since.
    Shared(Instant),
}

/// A log, and where it ends as far as is known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Log {
    pub(super) org_id: Uuid,
    pub(super) end: Head,
}

/// What a writer remembers of the logs it writes to.
#[derive(Debug)]
pub struct Heads(Cache<Uuid, Known>);

impl Default for Heads {
    fn default() -> Self {
        Self(Cache::new(KNOWN_MAX))
    }
}

impl Heads {
    /// The logs of these rows; `None` if one of them has no event yet, or is written to by others.
    pub(super) async fn of(
        &mut self,
        connection: &mut PgConnection,
        rows: &[Append],
    ) -> Result<Option<Vec<Log>>, StoreError> {
        let unknown: Vec<Uuid> = organizations(rows).filter(|org_id| self.0.peek(org_id).is_none()).collect();
        if !unknown.is_empty() {
            self.learn(connection, unknown).await?;
        }
        let log = |org_id| match self.0.get(&org_id).copied() {
            Some(Known::At(end)) => Some(Log { org_id, end }),
            Some(Known::Shared(since)) if since.elapsed() > SHARED_FOR => {
                self.0.remove(&org_id);
                None
            }
            Some(Known::Shared(_)) | None => None,
        };
        Ok(organizations(rows).map(log).collect())
    }

    async fn learn(&mut self, connection: &mut PgConnection, unknown: Vec<Uuid>) -> Result<(), StoreError> {
        let heads = sqlx::query(
            "SELECT org_id, position, chain_hash, recorded_at FROM log_head \
             WHERE org_id = ANY ($1) AND position > 0",
        );
        for row in heads.bind(unknown).fetch_all(connection).await? {
            let end = Head {
                position: row.try_get("position")?,
                chain_hash: read_digest(row.try_get("chain_hash")?)?,
                recorded_at: row.try_get("recorded_at")?,
            };
            self.remember(row.try_get("org_id")?, end);
        }
        Ok(())
    }

    pub(super) fn remember(&mut self, org_id: Uuid, end: Head) {
        self.0.insert(org_id, Known::At(end));
    }

    /// The log did not end where it was thought to.
    pub(super) fn share(&mut self, org_id: Uuid) {
        self.0.insert(org_id, Known::Shared(Instant::now()));
    }

    /// The logs of these rows may have moved.
    pub(super) fn forget(&mut self, rows: &[Append]) {
        for org_id in organizations(rows) {
            if let Some(Known::At(_)) = self.0.peek(&org_id) {
                self.0.remove(&org_id);
            }
        }
    }
}

/// Each organization once; rows are grouped by it.
fn organizations(rows: &[Append]) -> impl Iterator<Item = Uuid> {
    rows.chunk_by(|a, b| a.org_id == b.org_id).map(|own| own[0].org_id)
}
