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

/// Flows with their versions, in the order of the list.
pub(super) type Stands = Arc<[(Uuid, i64)]>;

#[derive(Debug, Clone)]
struct Page {
    /// Where the log ended just before the page was read.
    head: i64,
    read_at: Instant,
    stands: Stands,
}

#[derive(Debug, Clone)]
pub(super) struct PageCache(Arc<Cache<PageKey, Page, Bytewise>>);

#[derive(Debug, Clone)]
struct Bytewise;

impl Weighter<PageKey, Page> for Bytewise {
    fn weight(&self, _: &PageKey, page: &Page) -> u64 {
        (PAGE_BYTES + size_of_val(&*page.stands)) as u64
    }
}

impl PageCache {
    pub(super) fn new() -> Self {
        Self(Arc::new(Cache::with_weighter(1000, BYTES_MAX, Bytewise)))
    }

    /// The page, if the log has not moved since it was read.
    pub(super) fn get(&self, key: &PageKey, head: i64) -> Option<Stands> {
        let page = self.0.get(key)?;
        (page.head == head && page.read_at.elapsed() < TRUSTED_FOR).then_some(page.stands)
    }

    /// Keeps a page that was read after the log was seen to end at `head`.
    pub(super) fn keep(&self, key: PageKey, head: i64, stands: Stands) {
        self.0.insert(key, Page { head, read_at: Instant::now(), stands });
    }
}
