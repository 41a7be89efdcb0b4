//! What is remembered of flows and of pages of lists, bounded by the bytes it takes. How long it counts for anything is
//! told by [`FlowReads`](super::FlowReads).

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use tokio::time::Instant;
use uuid::Uuid;

use super::answer::FlowAnswer;
use super::document::Delta;
use super::written::WrittenPage;
use crate::registry::RegistryError;
use crate::store::{FlowRecord, ListFilter, ListPage, Listed};

/// What flows may take in memory, by estimate: 11,000 of 2 KB.
const FLOWS_BYTES_MAX: u64 = 25 * 1024 * 1024;
/// What versions may take beside flows: 11,000 that differ little. One that is read from here costs 60 µs where it costs
/// 140 to read it from the database and validate it.
const VERSIONS_BYTES_MAX: u64 = 11 * 512 * 1024;
/// What a version takes beside what is its own: state, its place in the cache.
const VERSION_BYTES: usize = 448;
/// What a flow takes beside document and authors: state, findings, its place in the cache.
const FLOW_BYTES: usize = 896;
/// What a flow of the usual size takes.
const FLOW_BYTES_EXPECTED: usize = 5 * 512;
/// What pages may take in memory: 230 of 50 flows each.
const PAGES_BYTES_MAX: u64 = 3 * 1024 * 1024;
/// Of a page without flows: what was asked, its place in the cache.
const PAGE_BYTES: usize = 256;
/// How long what was read is trusted.
const TRUSTED_FOR: Duration = Duration::from_secs(60);

/// Which document of a flow goes with its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::registry) enum Shown {
    Draft,
    /// The document in force; the draft where there is none.
    InForce,
}

/// Which state of a flow is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Which {
    Now(Shown),
    /// As it stood after the version that others are kept beside.
    First,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct FlowKey {
    org_id: Uuid,
    flow_id: Uuid,
    which: Which,
}

/// A flow as it was read or written.
#[derive(Debug, Clone)]
pub(super) struct RememberedFlow {
    pub(super) flow: Arc<FlowAnswer>,
    pub(super) read_at: Instant,
}

impl RememberedFlow {
    pub(super) fn is_trusted(&self) -> bool {
        self.read_at.elapsed() < TRUSTED_FOR
    }
}

/// Organization, flow and version.
type VersionKey = (Uuid, Uuid, i64);

/// A version as it was read.
#[derive(Debug)]
struct RememberedVersion {
    record: FlowRecord,
    document: Delta,
    /// Bytes that are its own.
    bytes: usize,
    read_at: Instant,
}

/// Which page of which list.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct PageKey {
    pub(super) org_id: Uuid,
    pub(super) filter: ListFilter,
    pub(super) page: ListPage,
}

/// A page as it was read.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) listed: Listed,
    /// The page as a JSON array of flows in short, once it was written.
    pub(super) written: Option<WrittenPage>,
    /// When the first of what is in it was read.
    pub(super) read_at: Instant,
}

#[derive(Debug, Clone)]
pub(super) struct Memory {
    flows: Arc<Cache<FlowKey, RememberedFlow, Bytewise>>,
    versions: Arc<Cache<VersionKey, Arc<RememberedVersion>, Bytewise>>,
    pages: Arc<Cache<PageKey, Arc<Page>, Bytewise>>,
    /// How often the rows of an organization were repaired, of those where they ever were.
    repairs: Arc<RwLock<HashMap<Uuid, i64>>>,
}

/// Weighs what is kept by the bytes it takes.
#[derive(Debug, Clone)]
struct Bytewise;

impl Weighter<FlowKey, RememberedFlow> for Bytewise {
    fn weight(&self, _: &FlowKey, RememberedFlow { flow, .. }: &RememberedFlow) -> u64 {
        let authors = flow.record.created_by.len() + flow.record.updated_by.len();
        (flow.document.packed_len() + authors + FLOW_BYTES) as u64
    }
}

impl Weighter<VersionKey, Arc<RememberedVersion>> for Bytewise {
    fn weight(&self, _: &VersionKey, version: &Arc<RememberedVersion>) -> u64 {
        (version.bytes + VERSION_BYTES) as u64
    }
}

impl Weighter<PageKey, Arc<Page>> for Bytewise {
    fn weight(&self, key: &PageKey, page: &Arc<Page>) -> u64 {
        let ListFilter { phone_number_id, search, confined_to, .. } = &key.filter;
        let asked = phone_number_id.iter().chain(search).chain(confined_to).map(String::len).sum::<usize>();
        let ids = key.filter.ids.as_ref().map_or(0, |ids| size_of_val(&ids[..]));
        let written = page.written.as_ref().map_or(0, WrittenPage::bytes);
        (PAGE_BYTES + asked + ids + size_of_val(&*page.listed.flows) + written) as u64
    }
}

impl Memory {
    pub(super) fn new() -> Self {
        let items = |bytes: u64, each: usize| usize::try_from(bytes).unwrap_or(usize::MAX) / each;
        let (flows, pages) = (items(FLOWS_BYTES_MAX, FLOW_BYTES_EXPECTED), items(PAGES_BYTES_MAX, 8 * 1024));
        let versions = items(VERSIONS_BYTES_MAX, VERSION_BYTES);
        Self {
            versions: Arc::new(Cache::with_weighter(versions, VERSIONS_BYTES_MAX, Bytewise)),
            flows: Arc::new(Cache::with_weighter(flows, FLOWS_BYTES_MAX, Bytewise)),
            pages: Arc::new(Cache::with_weighter(pages, PAGES_BYTES_MAX, Bytewise)),
            repairs: Arc::default(),
        }
    }

    /// Remembers nothing.
    pub(super) fn none() -> Self {
        Self {
            versions: Arc::new(Cache::with_weighter(0, 0, Bytewise)),
            flows: Arc::new(Cache::with_weighter(0, 0, Bytewise)),
            pages: Arc::new(Cache::with_weighter(0, 0, Bytewise)),
            repairs: Arc::default(),
        }
    }

    /// A flow as it was last seen, however long ago.
    pub(super) fn flow(&self, org_id: Uuid, flow_id: Uuid, which: Which) -> Option<RememberedFlow> {
        self.flows.get(&FlowKey { org_id, flow_id, which })
    }

    /// A flow as it was last seen, if that is trusted.
    pub(super) fn trusted(&self, org_id: Uuid, flow_id: Uuid, which: Which) -> Option<RememberedFlow> {
        self.flow(org_id, flow_id, which).filter(RememberedFlow::is_trusted)
    }

    /// Remembers a flow, unless it is seen as younger already. Erased content is not kept, nor what it was before.
    pub(super) fn keep(&self, which: Which, flow: &Arc<FlowAnswer>) {
        let (org_id, flow_id) = (flow.org_id, flow.record.flow_id);
        if flow.document.is_erased() {
            self.flows.remove(&FlowKey { org_id, flow_id, which });
            return;
        }
        let known = self.trusted(org_id, flow_id, which);
        if known.is_none_or(|known| known.flow.record.version < flow.record.version) {
            let remembered = RememberedFlow { flow: Arc::clone(flow), read_at: Instant::now() };
            self.flows.insert(FlowKey { org_id, flow_id, which }, remembered);
        }
    }

    /// A flow as it stood after a version, as that was last read.
    pub(super) fn version(&self, org_id: Uuid, flow_id: Uuid, version: i64) -> Option<RememberedFlow> {
        let found = self.versions.get(&(org_id, flow_id, version))?;
        let first = self.flow(org_id, flow_id, Which::First)?.flow;
        let document = first.document.with(&found.document)?;
        let flow = FlowAnswer::new(org_id, found.record.clone(), document);
        Some(RememberedFlow { flow, read_at: found.read_at })
    }

    /// Remembers a flow as it stood after a version, by how that differs from the one that was read first.
    pub(super) fn keep_version(&self, flow: &Arc<FlowAnswer>) -> Result<(), RegistryError> {
        let (org_id, flow_id) = (flow.org_id, flow.record.flow_id);
        let key = (org_id, flow_id, flow.record.version);
        let first = FlowKey { org_id, flow_id, which: Which::First };
        if flow.document.is_erased() {
            self.versions.remove(&key);
            // It may be the one whose content is gone.
            self.flows.remove(&first);
            return Ok(());
        }
        let first = self.flows.get(&first).unwrap_or_else(|| {
            let remembered = RememberedFlow { flow: Arc::clone(flow), read_at: Instant::now() };
            self.flows.insert(first, remembered.clone());
            remembered
        });
        let document = flow.document.delta(&first.flow.document)?;
        let (mut record, mut bytes) = (flow.record.clone(), document.size);
        for author in [&mut record.created_by, &mut record.updated_by] {
            match &first.flow.record.created_by {
                shared if author == shared => *author = Arc::clone(shared),
                _ => bytes += author.len(),
            }
        }
        let version = RememberedVersion { record, document, bytes, read_at: Instant::now() };
        self.versions.insert(key, Arc::new(version));
        Ok(())
    }

    /// Lets go of a flow as it was last seen.
    pub(super) fn forget(&self, org_id: Uuid, flow_id: Uuid) {
        for shown in [Shown::Draft, Shown::InForce] {
            self.flows.remove(&FlowKey { org_id, flow_id, which: Which::Now(shown) });
        }
    }

    /// Lets go of everything of an organization whose rows were repaired since: tags of lists count the repairs, so what
    /// goes out under a new one is read anew.
    pub(super) fn heed_repairs(&self, org_id: Uuid, repairs: i64) {
        let known = self.repairs.read().unwrap_or_else(PoisonError::into_inner).get(&org_id).copied();
        if known.unwrap_or(0) != repairs {
            self.forget_organization(org_id);
            self.repairs.write().unwrap_or_else(PoisonError::into_inner).insert(org_id, repairs);
        }
    }

    /// Lets go of everything of an organization.
    pub(super) fn forget_organization(&self, org_id: Uuid) {
        self.flows.retain(|key, _| key.org_id != org_id);
        self.versions.retain(|(of, ..), _| *of != org_id);
        self.pages.retain(|key, _| key.org_id != org_id);
    }

    pub(super) fn forget_all(&self) {
        self.flows.clear();
        self.versions.clear();
        self.pages.clear();
    }

    /// A page as it was last read, if that is trusted.
    pub(super) fn page(&self, key: &PageKey) -> Option<Arc<Page>> {
        self.pages.get(key).filter(|page| page.read_at.elapsed() < TRUSTED_FOR)
    }

    pub(super) fn keep_page(&self, key: PageKey, page: Page) -> Arc<Page> {
        let page = Arc::new(page);
        self.pages.insert(key, Arc::clone(&page));
        page
    }
}
