//! Snapshots: which transactions a statement sees. While a later statement sees the same, all that was read before is
//! still so, and one small question to the database stands for any number of reads.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use super::reader::Question;
use super::{Store, StoreError};

/// The snapshot of a statement. Equal ones see the same; of two that differ nothing is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Snapshot(u64);

impl Snapshot {
    /// That of no statement.
    pub const NONE: Self = Self(0);
}

/// The last snapshot in which something that is kept was found to be so.
#[derive(Debug)]
pub struct SeenIn(AtomicU64);

impl SeenIn {
    pub fn new(snapshot: Snapshot) -> Self {
        Self(AtomicU64::new(snapshot.0))
    }

    pub fn get(&self) -> Snapshot {
        Snapshot(self.0.load(Ordering::Relaxed))
    }

    pub fn set(&self, snapshot: Snapshot) {
        self.0.store(snapshot.0, Ordering::Relaxed);
    }
}

/// The columns by which a statement tells its snapshot. No text: there are commits that would not show in it, because
/// they replay another server's, or are made by other nodes.
macro_rules! snapshot_columns {
    () => {
        "CASE WHEN NOT pg_is_in_recovery() AND current_setting('citus.version', true) IS NULL \
           THEN pg_current_snapshot()::text END AS snapshot, pg_postmaster_start_time() AS server_started"
    };
}
pub(super) use snapshot_columns;

/// The last snapshot that was seen, for all statements of a process.
#[derive(Debug, Clone, Default)]
pub struct Snapshots(Arc<Mutex<Seen>>);

#[derive(Debug, Default)]
struct Seen {
    number: u64,
    text: Option<String>,
    server_started: DateTime<Utc>,
}

impl Snapshots {
    /// The snapshot of a statement from its [`snapshot_columns`]. A number is never given twice: what differs from the
    /// last one is new, even if it came late and is older.
    pub(super) fn of_row(&self, row: &PgRow) -> Result<Snapshot, StoreError> {
        let text: Option<&str> = row.try_get("snapshot")?;
        let server_started = row.try_get("server_started")?;
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same = text.is_some() && seen.text.as_deref() == text && seen.server_started == server_started;
        if !is_same {
            *seen = Seen { number: seen.number + 1, text: text.map(str::to_owned), server_started };
        }
        Ok(Snapshot(seen.number))
    }

    /// What was told so far says nothing of what a new connection will tell: a server that has crashed gives numbers
    /// of transactions again that came to nothing.
    pub(super) fn renew(&self) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *seen = Seen { number: seen.number + 1, ..Seen::default() };
    }

    fn latest(&self) -> Snapshot {
        Snapshot(self.0.lock().unwrap_or_else(PoisonError::into_inner).number)
    }
}

/// The question for the snapshot of this moment.
#[derive(Debug, Clone, Copy)]
pub struct CurrentSnapshot;

const NOW: &str = concat!("SELECT ", snapshot_columns!());

impl Question for CurrentSnapshot {
    type Answer = Snapshot;

    async fn ask(
        connection: &mut PgConnection,
        snapshots: &Snapshots,
        questions: &[Self],
    ) -> Result<Vec<Snapshot>, StoreError> {
        let row = sqlx::query(NOW).fetch_one(&mut *connection).await?;
        Ok(vec![snapshots.of_row(&row)?; questions.len()])
    }
}

impl Store {
    /// The last snapshot that any statement told. What was seen in another one need not be asked for by it.
    pub fn latest_snapshot(&self) -> Snapshot {
        self.snapshots.latest()
    }
}
