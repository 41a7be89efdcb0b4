//! The registry: the use cases, and the one crossroads of flow, interpreter and store.
//! A command reads, decides and appends; a read finds a record and its document. No HTTP, no SQL.

pub mod access;
mod accesses;
mod blame;
mod callees;
pub mod caller;
mod calling;
pub mod checkpoints;
pub mod clock;
mod command;
mod env;
pub mod erasure;
mod error;
mod export;
mod feed;
mod history;
pub mod integrity;
mod lead;
mod log;
mod merge;
mod names;
pub mod projections;
mod reads;
mod row;
mod runs;
mod service_memory;
pub mod sessions;
mod source;
mod standbys;
mod turns;
mod unpublished;
mod validate;
pub mod verification;

pub use accesses::{AccessKind, Accesses, ObservedAccess, WINDOW};
pub use blame::{Blame, BlamedStep};
pub use calling::{CallingFlow, CallingFlows, CallingStep};
pub use command::{
    Commands, DuplicateOrder, Echo, Outlook, PublishOrder, PublishedSet, Rehearsal, RehearsedOrder,
    RestoreOrder, RestoreSource, SET_MAX, SetEntry, SetOrder, Written,
};
pub use env::{EnvAnswer, OrganizationEnv};
pub use error::{ChangedSince, CurrentVersion, LatestChange, RegistryError};
pub use export::{BundleExport, Coverage, EntryExport, ExportFormat, ExportOrder, Exports, Link, LinkUse};
pub use feed::{Feed, FeedReader};
pub use history::{Compared, Comparison, History, Point, Side};
pub use lead::DraftLead;
pub use merge::MergedDraft;
pub use reads::{
    ChangedFlows, FlowAnswer, FlowList, FlowPage, FlowReads, LoadedDocument, LogMoment, Selector, Status,
    WalkedPage, WrittenPage,
};
pub use runs::{RunAnswer, Runs, StoredRunAnswer, StoredRunEntry};
pub use standbys::{Arrived, ServerReads, StandbyReads};
pub use unpublished::{DraftAuthor, UnpublishedChanges};
pub use validate::Validation;

pub use crate::store::{
    AuditFilter, AuditPage, Deleted, FeedEntry, FlowWalk, HistoryFilter, HistoryPage, HistoryPart,
    ListFilter, ListPage, LogEntry, LogHead, StandbyCondition, StoreError,
};

use crate::store::Store;
use access::{ApiKeyVerifier, ApiKeys};
use checkpoints::{Checkpoints, Signer};
use clock::Clock;
use erasure::Erasures;
use integrity::Integrity;
use log::Log;
use projections::Projections;
use service_memory::ServiceMemory;
use sessions::Sessions;

/// The use cases over one database, each with what it needs and no more; clones share everything.
#[derive(Debug, Clone)]
pub struct Registry {
    pub reads: FlowReads,
    pub history: History,
    pub standbys: StandbyReads,
    pub validation: Validation,
    pub commands: Commands,
    pub runs: Runs,
    pub env: OrganizationEnv,
    pub keys: ApiKeys,
    pub sessions: Sessions,
    pub accesses: Accesses,
    pub feed: Feed,
    pub checkpoints: Checkpoints,
    pub exports: Exports,
    pub projections: Projections,
    pub integrity: Integrity,
    pub clock: Clock,
    pub erasures: Erasures,
    log: Log,
    store: Store,
}

impl Registry {
    /// Signs nothing.
    pub fn new(store: Store) -> Self {
        Self::signing(store, Signer::default())
    }

    /// Signs checkpoints.
    pub fn signing(store: Store, signer: Signer) -> Self {
        let feed = Feed::new(store.clone());
        let log = Log::new(&store, feed.hub());
        let reads = FlowReads::new(store.clone());
        let validation = Validation::new(store.clone(), reads.clone());
        let checkpoints = Checkpoints::new(store.clone(), signer, log.clone());
        let runs = Runs::new(store.clone(), reads.clone());
        let keys = ApiKeys::new(store.clone(), log.clone(), ApiKeyVerifier::new(store.clone()));
        let remembered = ServiceMemory::new(&reads, &runs, keys.verifier(), feed.hub());
        let history = History::new(store.clone(), reads.clone());
        Self {
            standbys: StandbyReads::new(&store, &reads, &history),
            history,
            commands: Commands::new(store.clone(), reads.clone(), validation.clone(), log.clone()),
            runs,
            env: OrganizationEnv::new(store.clone(), log.clone()),
            keys,
            sessions: Sessions::new(store.clone(), log.clone()),
            accesses: Accesses::new(store.clone(), log.clone()),
            exports: Exports::new(store.clone(), log.clone(), checkpoints.clone()),
            projections: Projections::new(store.clone()),
            integrity: Integrity::new(store.clone()),
            clock: Clock::new(store.clone()),
            erasures: Erasures::serving(store.clone(), remembered),
            reads,
            validation,
            feed,
            checkpoints,
            log,
            store,
        }
    }

    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Lets go of all that was read: another database server may not have it.
    pub fn forget_reads(&self) {
        self.reads.forget_all();
    }

    /// Waits until every command that was begun has ended. No new one may be begun after this is called.
    pub async fn finish(&self) {
        self.log.finish().await;
    }
}
