//! Pages of lists as they were last read: which flows, at which versions. While the organization's log has not moved a
//! page is what it was; so one look at where the log ends stands for the whole list.

use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use tokio::time::Instant;
use uuid::Uuid;

use super::documents::TRUSTED_FOR;
use crate::store::{ListFilter, ListPage};

/// What pages may take in memory.
const BYTES_MAX: u64 = 2 * 1024 * 1024;
/// Of a page without flows: what was asked, its place in the cache.
const PAGE_BYTES: usize = 256;

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct PageKey {
    pub(super) org_id: Uuid,
    pub(super) filter: ListFilter,
    pub(super) page: ListPage,
}

/// A page as it was read.
#[derive(Debug)]
pub(super) struct Page {
    /// Where the log ended just before.
    pub(super) head: i64,
    read_at: Instant,
    pub(super) flows: Box<[(Uuid, i64)]>,
}

impl Page {
    /// Flows with their versions, in the order of the list.
    pub(super) fn new(head: i64, flows: Vec<(Uuid, i64)>) -> Arc<Self> {
        Arc::new(Self { head, read_at: Instant::now(), flows: flows.into() })
    }
}

#[derive(Debug, Clone)]
pub(super) struct PageCache(Arc<Cache<PageKey, Arc<Page>, Bytewise>>);

#[derive(Debug, Clone)]
struct Bytewise;

impl Weighter<PageKey, Arc<Page>> for Bytewise {
    fn weight(&self, key: &PageKey, page: &Arc<Page>) -> u64 {
        let ListFilter { phone_number_id, search, confined_to, .. } = &key.filter;
        let asked = phone_number_id.iter().chain(search).chain(confined_to).map(String::len).sum::<usize>();
        (PAGE_BYTES + asked + size_of_val(&*page.flows)) as u64
    }
}

impl PageCache {
    pub(super) fn new() -> Self {
        Self(Arc::new(Cache::with_weighter(1000, BYTES_MAX, Bytewise)))
    }

    /// The page as it was last read.
    pub(super) fn get(&self, key: &PageKey) -> Option<Arc<Page>> {
        self.0.get(key).filter(|page| page.read_at.elapsed() < TRUSTED_FOR)
    }

    pub(super) fn keep(&self, key: PageKey, page: Arc<Page>) {
        self.0.insert(key, page);
    }
}
