//! The registry: the use cases, and the one crossroads of flow, interpreter and store.
//! A command reads, decides and appends; a read finds a record and its document. No HTTP, no SQL.

pub mod access;
mod answer;
mod audit;
mod blame;
mod callees;
pub mod caller;
pub mod checkpoints;
mod command;
mod documents;
mod error;
mod export;
mod feed;
mod history;
mod orders;
mod pages;
mod past;
pub mod projections;
mod read;
mod restore;
mod row;
mod runs;
mod turns;
mod validate;
pub mod verification;

use tokio_util::task::TaskTracker;

pub use answer::{FlowAnswer, Status, Written};
pub use blame::{Blame, BlamedStep};
pub use documents::LoadedDocument;
pub use error::{CurrentVersion, RegistryError};
pub use export::{BundleExport, Coverage, EntryExport, ExportFormat, ExportOrder, Link, LinkUse};
pub use feed::FeedReader;
pub use history::{Compared, Comparison, Point, Side};
pub use orders::{DuplicateOrder, PublishOrder};
pub use past::Moment;
pub use read::{FlowList, Selector};
pub use restore::{Rehearsal, RestoreOrder, RestoreSource};
pub use runs::{RunAnswer, StoredRunAnswer, StoredRunEntry};

pub use crate::store::{
    AuditFilter, AuditPage, Deleted, FeedEntry, HistoryFilter, HistoryPage, ListFilter, ListPage, LogEntry,
    StoreError,
};

use crate::store::{Append, CurrentFlow, CurrentHead, FlowAtVersion, NewRun, Reader, Store, Writer};
use checkpoints::Signer;

/// The use cases over one database; clones share everything.
#[derive(Debug, Clone)]
pub struct Registry {
    store: Store,
    writer: Writer<Append>,
    run_writer: Writer<NewRun>,
    flows: Reader<CurrentFlow>,
    heads: Reader<CurrentHead>,
    versions: Reader<FlowAtVersion>,
    hub: feed::Hub,
    documents: documents::DocumentCache,
    pages: pages::PageCache,
    turns: turns::Turns,
    programs: runs::ProgramCache,
    commands: TaskTracker,
    signer: Signer,
}

impl Registry {
    pub fn new(store: Store) -> Self {
        Self {
            writer: Writer::start(&store),
            run_writer: Writer::start(&store),
            flows: Reader::start(&store),
            heads: Reader::start(&store),
            versions: Reader::start(&store),
            hub: feed::Hub::new(store.clone()),
            store,
            documents: documents::DocumentCache::new(),
            pages: pages::PageCache::new(),
            turns: turns::Turns::new(),
            programs: runs::ProgramCache::new(),
            commands: TaskTracker::new(),
            signer: Signer::default(),
        }
    }

    /// The same, signing checkpoints.
    pub fn with_signer(self, signer: Signer) -> Self {
        Self { signer, ..self }
    }

    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Waits until every command that was begun has ended. No new one may be begun after this is called.
    pub async fn finish(&self) {
        self.commands.close();
        self.commands.wait().await;
    }
}
