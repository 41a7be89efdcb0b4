//! The store: the only room that knows sqlx. It appends to the log and reads what the log has led to.
//! It holds no rule of flows: what may happen is decided above, before an append.

mod actors;
mod append;
mod audit;
mod changes;
mod checkpoints;
mod choice;
mod columns;
mod connect;
mod console_sessions;
mod distribute;
mod distribution;
mod documents;
mod entry;
mod env;
mod erasure;
mod erasure_orders;
mod error;
mod evidence;
mod export;
mod export_secret;
mod feed;
mod flows;
mod form;
mod history;
mod idempotency;
mod keys;
mod lane;
mod list;
mod migrate;
mod now;
mod past;
mod person;
mod plans;
mod pooler;
mod primary;
mod query;
mod reader;
mod reading;
mod rebuild;
mod references;
mod server;
mod service_role;
mod standby;
mod standbys;
mod still;
mod test_runs;
mod tree_heads;
mod version;
mod walk;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use sqlx::PgPool;

pub use append::{
    Append, Appended, DecidedOn, FlowChange, Idempotency, InForceChange, KeyAnswer, MarkColumns, NewEvent,
    Outcome, SaidBy, ViewChange, WriterMemory,
};
pub use audit::{AuditFilter, AuditPage};
pub use changes::{Changed, Changes};
pub use checkpoints::{Head, SignedPlace, StoredCheckpoint};
pub use columns::Difference;
pub use connect::PoolSettings;
pub use console_sessions::{ConsoleSession, NewConsoleSession};
pub use distribute::{Distributed, Placement, distribute};
pub use distribution::{COPIED, DISTRIBUTED};
pub use documents::StoredDocument;
pub use entry::LogEntry;
pub use env::StoredEnv;
pub use erasure::{DocumentUse, Erasable};
pub use erasure_orders::{ErasureRow, UnfinishedErasure};
pub use error::{StoreError, count_errors_from_zero};
pub use feed::FeedEntry;
pub use flows::{Answered, CommandRead, Content, FlowRecord, Published};
pub use form::Form;
pub use history::{HISTORY_WALK_MAX, HistoryFilter, HistoryPage, HistoryPart};
pub use keys::{KeyCommandRead, KeyRecord, SealedKey};
pub use list::{Deleted, ListFilter, ListPage, Listed, ListedFlow};
pub use migrate::{DurabilitySettings, analyze, durability, migrate, prepare, verify_schema};
pub use now::{CurrentFlow, CurrentHead, FoundFlow, LogHead};
pub use past::{PastPage, WALK_MAX};
pub use person::{PersonRows, REACH, Reach, TellingEvent, TellingRow};
pub use pooler::{Pooling, set_account_settings, try_pooler};
pub use primary::UsedServer;
pub use reader::Reader;
pub use reading::Reading;
pub use rebuild::{Held, KeyRow, Raw, ViewRow};
pub use references::{Calling, Listener, Listening};
pub use server::{Address, Timeline};
pub use service_role::{Ownership, account, grant_service, make_accounts, other_accounts};
pub use standby::{Standby, StandbyCondition};
pub use still::{Still, StreamEvent};
pub use test_runs::{NewRun, StoredRun, TestRun};
pub use tree_heads::EventLeaf;
pub use version::FlowAtVersion;
pub use walk::{FlowWalk, WalkedFlow};
pub use writer::{LOCKED_FOR, Row, Writer};

/// A handle on the database; clones share one pool.
#[derive(Debug, Clone)]
pub struct Store {
    pool: PgPool,
    /// How long to wait for one statement where nobody else looks at the clock.
    patience: Duration,
    /// The server that the pool leads to.
    primary: primary::Primary,
    pooling: Pooling,
    /// Servers that copy the primary, for reads that say how far one must have come.
    standbys: Arc<[Standby]>,
    /// How statements are put that can be about several organizations.
    form: Form,
}

impl Store {
    pub fn new(pool: PgPool) -> Self {
        let primary = primary::Primary::of_any_timeline();
        Self {
            pool,
            patience: connect::PATIENCE,
            primary,
            pooling: Pooling::None,
            standbys: Arc::default(),
            form: Form::Together,
        }
    }

    /// The pool, for the start of the service and for tests.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// As a store of a database that is distributed by organization.
    pub fn by_organization(self) -> Self {
        Self { form: Form::OfOne, ..self }
    }

    pub fn form(&self) -> Form {
        self.form
    }

    /// One round trip that proves the database answers, and still takes writes.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.primary.admit(&mut *self.pool.acquire().await?).await.map(drop)
    }
}
