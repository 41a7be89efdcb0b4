//! Lists of flows, whole or in pages, sent a chunk at a time; and which flows a list of now has.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use tokio::time::Instant;
use uuid::Uuid;

use super::answer::FlowAnswer;
use super::document::LoadedDocument;
use super::memory::{Page, PageKey, Which};
use super::past::{FlowPage, Wanted};
use super::written::WrittenPage;
use super::{FlowReads, Shown};
use crate::flow::digest::Digest;
use crate::registry::RegistryError;
use crate::registry::caller::Caller;
use crate::store::{CurrentHead, FlowRecord, FlowWalk, ListFilter, ListPage, Listed, ListedFlow, LogHead};

/// A list as it was when the log was at a position, or a page of one, loaded a part at a time while it is sent. However
/// long it is and whatever is changed meanwhile, it holds the ids of some flows and some documents.
#[derive(Debug)]
pub struct FlowList {
    reads: FlowReads,
    org_id: Uuid,
    shown: Shown,
    /// Flows, and the version that is shown of each, and how many of them come no more. A page shares them with memory.
    keys: Arc<[ListedFlow]>,
    begun: usize,
    /// The flows before those.
    loaded: VecDeque<Arc<FlowAnswer>>,
    /// How many flows are loaded at once.
    batch: usize,
    /// What the list goes on with behind the keys; `None` at its end, and for a page.
    rest: Option<Rest>,
    /// What is asked of the documents, where the flows were not chosen by it.
    wanted: Option<Wanted>,
    /// Where the page is remembered, if it is one of now.
    place: Option<(PageKey, Arc<Page>)>,
    /// When the first of what was loaded was read.
    read_at: Instant,
}

/// The part of a whole list whose flows are not known yet.
#[derive(Debug)]
enum Rest {
    /// Last change first, of a position.
    Changed { position: i64, filter: ListFilter, page: ListPage },
    /// In the order of a walk.
    Walked { walk: FlowWalk, filter: ListFilter },
}

/// Keys read at once for a list that is sent whole.
const KEYS: i64 = 256;
/// Flows loaded at once, at most, and while it is not known how large their documents are: a usual page needs one load.
const BATCH_MAX: usize = 64;
/// Bytes of documents loaded at once, if there are several.
const BATCH_BYTES: usize = 64 * 1024;
/// Bytes of documents in a chunk, but for the last one: what of a list is held for a reader who does not read.
const CHUNK_BYTES: usize = 8 * 1024;

impl FlowList {
    /// A whole list, last change first.
    pub(super) fn whole(reads: FlowReads, org_id: Uuid, filter: ListFilter, position: i64) -> Self {
        let (shown, wanted) = (Shown::by(&filter), Some(Wanted::of(&filter)));
        let rest = Rest::Changed { position, page: ListPage { limit: KEYS, before: None }, filter };
        Self { rest: Some(rest), wanted, ..Self::page(reads, org_id, shown, Arc::default()) }
    }

    /// A whole list, in the order of a walk.
    pub(super) fn walked(reads: FlowReads, org_id: Uuid, filter: ListFilter, walk: FlowWalk) -> Self {
        let shown = Shown::by(&filter);
        let rest = Rest::Walked { walk, filter };
        Self { rest: Some(rest), ..Self::page(reads, org_id, shown, Arc::default()) }
    }

    /// A page of a list.
    pub(super) fn page(reads: FlowReads, org_id: Uuid, shown: Shown, keys: Arc<[ListedFlow]>) -> Self {
        Self {
            reads,
            org_id,
            shown,
            keys,
            begun: 0,
            loaded: VecDeque::new(),
            batch: BATCH_MAX,
            rest: None,
            wanted: None,
            place: None,
            read_at: Instant::now(),
        }
    }

    /// The page as it was written before, if it is still so.
    pub fn written(&self) -> Option<WrittenPage> {
        self.place.as_ref()?.1.written.clone()
    }

    /// Whether [`Self::remember`] would keep what is written.
    pub fn is_remembered(&self) -> bool {
        self.place.is_some()
    }

    /// Remembers how the page was written, 47 KB of 50 flows in 6.5 KB. While it is the page of now it is not put together
    /// again, and the request costs 70 µs in place of 120.
    pub fn remember(self, written: &[u8]) {
        if let Some((key, page)) = self.place {
            let read_at = self.read_at.min(page.read_at);
            let written = Some(WrittenPage::of(written));
            self.reads.memory.keep_page(key, Page { listed: page.listed.clone(), written, read_at });
        }
    }

    /// The next flows; `None` at the end.
    pub async fn next_chunk(&mut self) -> Result<Option<Vec<Arc<FlowAnswer>>>, RegistryError> {
        while self.loaded.is_empty() {
            if self.begun == self.keys.len() && !self.go_on().await? {
                return Ok(None);
            }
            self.load().await?;
        }
        let mut bytes = 0;
        let mut chunk = Vec::new();
        while bytes < CHUNK_BYTES
            && let Some(flow) = self.loaded.pop_front()
        {
            bytes += flow.document.length();
            chunk.push(flow);
        }
        Ok(Some(chunk))
    }

    /// Reads which flows come next. Returns whether the list goes on.
    async fn go_on(&mut self) -> Result<bool, RegistryError> {
        let rest = self.rest.take();
        self.begun = 0;
        self.keys = Arc::default();
        match rest {
            None => return Ok(false),
            Some(Rest::Changed { position, filter, page }) => {
                let (keys, next) = self.reads.list_part(self.org_id, position, &filter, page).await?;
                self.keys = keys;
                let next = next.map(|before| ListPage { before: Some(before), ..page });
                self.rest = next.map(|page| Rest::Changed { position, filter, page });
            }
            Some(Rest::Walked { walk, filter }) => {
                let (found, next) = self.reads.walk(self.org_id, &filter, walk, KEYS).await?;
                self.keys = found.into_iter().map(|(key, _)| key).collect();
                self.rest = next.map(|walk| Rest::Walked { walk, filter });
            }
        }
        Ok(true)
    }

    async fn load(&mut self) -> Result<(), RegistryError> {
        let end = self.keys.len().min(self.begun + self.batch);
        let keys = self.keys[self.begun..end].to_vec();
        self.begun = end;
        let (mut flows, read_at) = match self.reads.load(self.org_id, self.shown, keys.clone()).await {
            Ok(loaded) if loaded.0.len() == keys.len() => loaded,
            // What was begun on a standby goes on where nothing is missing.
            loaded => match self.reads.primary.take() {
                Some(primary) => {
                    self.reads = *primary;
                    self.reads.load(self.org_id, self.shown, keys).await?
                }
                None => loaded?,
            },
        };
        self.read_at = self.read_at.min(read_at);
        let bytes: usize = flows.iter().map(|flow| flow.document.length()).sum();
        if let Some(batch) = (flows.len() * BATCH_BYTES).checked_div(bytes) {
            self.batch = batch.clamp(1, BATCH_MAX);
        }
        if let Some(wanted) = &self.wanted {
            wanted.keep(&mut flows)?;
        }
        self.loaded.extend(flows);
        Ok(())
    }
}

impl FlowReads {
    /// Where the log of the caller's organization ends now.
    pub async fn head(&self, caller: &Caller) -> Result<LogHead, RegistryError> {
        let head = self.heads.ask(CurrentHead { org_id: caller.org_id }).await?;
        self.memory.heed_repairs(caller.org_id, head.repairs);
        Ok(head)
    }

    /// A part of the list of a position, and where the list goes on. While the log has not moved behind it the view has the
    /// list as it is.
    async fn list_part(
        &self,
        org_id: Uuid,
        position: i64,
        filter: &ListFilter,
        page: ListPage,
    ) -> Result<(Arc<[ListedFlow]>, Option<i64>), RegistryError> {
        let listed = self.store.list_keys(org_id, filter, page).await?;
        if listed.head == position {
            return Ok((listed.flows, listed.next));
        }
        let part = self.store.list_at(org_id, position, filter, page).await?;
        Ok((part.flows.iter().map(ListedFlow::of).collect(), part.next))
    }

    /// One page of the list as it is now, at the end of the log.
    pub async fn list_page(
        &self,
        caller: &Caller,
        head: LogHead,
        filter: ListFilter,
        page: ListPage,
    ) -> Result<FlowPage, RegistryError> {
        let (org_id, shown) = (caller.org_id, Shown::by(&filter));
        let key = PageKey { org_id, filter: confined(caller, filter), page };
        let page = match self.memory.page(&key).filter(|page| page.listed.head == head.position) {
            Some(page) => page,
            None => {
                let read_at = Instant::now();
                let listed = self.store.list_keys(org_id, &key.filter, key.page).await?;
                self.memory.keep_page(key.clone(), Page { listed, written: None, read_at })
            }
        };
        let Listed { head, flows, next } = page.listed.clone();
        let list = FlowList::page(self.clone(), org_id, shown, flows);
        // What is read on a standby is not to be remembered as what the primary has.
        let place = (!self.is_of_standby()).then_some((key, page));
        Ok(FlowPage { at: head, list: FlowList { place, ..list }, next })
    }

    /// A further page of a list that was begun when the log ended at a position: all its pages are of then, so that each
    /// flow is in one of them, whatever is changed meanwhile. While nothing was, it is the list of now.
    pub async fn list_page_on(
        &self,
        caller: &Caller,
        head: LogHead,
        begun_at: i64,
        filter: ListFilter,
        page: ListPage,
    ) -> Result<FlowPage, RegistryError> {
        if head.position == begun_at {
            let now = self.list_page(caller, head, filter.clone(), page).await?;
            if now.at == begun_at {
                return Ok(now);
            }
        }
        self.list_page_at(caller, begun_at, filter, page).await
    }

    /// Flows at the given versions, in their order, and when the first of them was read. Those that are at them now are
    /// remembered.
    async fn load(
        &self,
        org_id: Uuid,
        shown: Shown,
        keys: Vec<ListedFlow>,
    ) -> Result<(Vec<Arc<FlowAnswer>>, Instant), RegistryError> {
        let mut read_at = Instant::now();
        let remembered = |key: &ListedFlow| {
            let remembered = self.memory.trusted(org_id, key.flow_id, Which::Now(shown))?;
            let flow = Some(remembered.flow).filter(|flow| flow.record.version == key.version)?;
            read_at = read_at.min(remembered.read_at);
            Some(flow)
        };
        let mut flows: Vec<Option<Arc<FlowAnswer>>> = keys.iter().map(remembered).collect();
        let missing = |flows: &[Option<_>]| -> Vec<ListedFlow> {
            keys.iter().zip(flows).filter(|(_, flow)| flow.is_none()).map(|(key, _)| *key).collect()
        };
        for is_now in [true, false] {
            let missing = missing(&flows);
            if missing.is_empty() {
                break;
            }
            let records = match is_now {
                true => self.store.flows_still_at(org_id, &missing).await?,
                false => self.store.flows_at(org_id, &missing).await?,
            };
            let found = self.with_documents(org_id, shown, records).await?;
            let mut found: HashMap<Uuid, _> =
                found.into_iter().map(|flow| (flow.record.flow_id, flow)).collect();
            for (key, place) in keys.iter().zip(&mut flows).filter(|(_, place)| place.is_none()) {
                *place = found.remove(&key.flow_id);
                if let Some(flow) = place.as_ref().filter(|_| is_now) {
                    self.memory.keep(Which::Now(shown), flow);
                }
            }
        }
        Ok((flows.into_iter().flatten().collect(), read_at))
    }

    /// Joins records with the documents they show, loading those that are not in memory in one statement.
    pub(super) async fn with_documents(
        &self,
        org_id: Uuid,
        shown: Shown,
        records: Vec<FlowRecord>,
    ) -> Result<Vec<Arc<FlowAnswer>>, RegistryError> {
        let remembered = |record: &FlowRecord| {
            let trusted = self.memory.trusted(org_id, record.flow_id, Which::Now(shown));
            trusted.map(|remembered| remembered.flow)
        };
        let remembered: Vec<_> = records.iter().map(remembered).collect();
        let mut documents: HashMap<Digest, Arc<LoadedDocument>> = HashMap::new();
        for flow in remembered.iter().flatten() {
            documents.insert(flow.document.digest(), Arc::clone(&flow.document));
        }
        let mut stored: HashMap<Digest, Option<Bytes>> = HashMap::new();
        let digests: BTreeSet<Digest> = records.iter().map(|record| shown.digest(record)).collect();
        let missing: Vec<Digest> =
            digests.into_iter().filter(|digest| !documents.contains_key(digest)).collect();
        if !missing.is_empty() {
            let found = self.store.documents(org_id, &missing).await?;
            stored.extend(found.into_iter().map(|stored| (stored.digest, stored.bytes)));
        }
        let join = |(record, remembered): (FlowRecord, Option<Arc<FlowAnswer>>)| {
            if let Some(flow) = remembered.filter(|flow| flow.record.version == record.version) {
                return Ok(flow);
            }
            let digest = shown.digest(&record);
            let document = match documents.get(&digest) {
                Some(document) => Arc::clone(document),
                None => {
                    let bytes = stored.remove(&digest).flatten();
                    let document = LoadedDocument::stored(&record, digest, bytes)?;
                    documents.insert(digest, Arc::clone(&document));
                    document
                }
            };
            Ok(FlowAnswer::new(org_id, record, document))
        };
        records.into_iter().zip(remembered).map(join).collect()
    }
}

impl Shown {
    pub(super) fn by(filter: &ListFilter) -> Self {
        if filter.in_force { Self::InForce } else { Self::Draft }
    }
}

/// The filter, with the numbers a caller is confined to.
pub(super) fn confined(caller: &Caller, filter: ListFilter) -> ListFilter {
    ListFilter { confined_to: caller.phone_number_ids.to_vec(), ..filter }
}
