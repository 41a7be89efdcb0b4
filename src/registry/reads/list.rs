//! Lists of flows as they are now: whole, sent a chunk at a time, or in pages.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use uuid::Uuid;

use super::answer::FlowAnswer;
use super::document::LoadedDocument;
use super::memory::{Page, PageKey, Which};
use super::past::{FlowPage, Wanted};
use super::{FlowReads, Shown};
use crate::flow::digest::Digest;
use crate::registry::RegistryError;
use crate::registry::caller::Caller;
use crate::store::{CurrentHead, FlowRecord, ListFilter, ListPage, PastPage};

/// A whole list as it was when the log was at a position, read a part at a time while it is sent. However long it is and
/// whatever is changed meanwhile, it holds some records and the documents of one chunk.
#[derive(Debug)]
pub struct FlowList {
    reads: FlowReads,
    org_id: Uuid,
    filter: ListFilter,
    position: i64,
    records: VecDeque<FlowRecord>,
    /// Where the list goes on behind the records; `None` at its end.
    next: Option<ListPage>,
}

/// Records read at once for a list that is streamed.
const RECORDS: i64 = 64;
/// Documents loaded at once for it: what a reader who does not read holds in memory.
const CHUNK: usize = 4;

impl FlowList {
    pub(super) fn new(reads: FlowReads, org_id: Uuid, filter: ListFilter, position: i64) -> Self {
        let next = Some(ListPage { limit: RECORDS, before: None });
        Self { reads, org_id, filter, position, records: VecDeque::new(), next }
    }

    /// The next flows, at most [`CHUNK`]; `None` at the end.
    pub async fn next_chunk(&mut self) -> Result<Option<Vec<Arc<FlowAnswer>>>, RegistryError> {
        let wanted = Wanted::of(&self.filter);
        loop {
            if self.records.is_empty() {
                let Some(page) = self.next else { return Ok(None) };
                let part = self.reads.list_part(self.org_id, self.position, &self.filter, page).await?;
                self.next = part.next.map(|before| ListPage { before: Some(before), ..page });
                self.records = part.flows.into();
                continue;
            }
            let chunk: Vec<FlowRecord> = self.records.drain(..CHUNK.min(self.records.len())).collect();
            let mut flows = self.reads.with_documents(self.org_id, Shown::by(&self.filter), chunk).await?;
            wanted.keep(&mut flows)?;
            if !flows.is_empty() {
                return Ok(Some(flows));
            }
        }
    }
}

impl FlowReads {
    /// All flows the filter lets through, as they are at one moment.
    pub async fn list(&self, caller: &Caller, filter: ListFilter) -> Result<FlowList, RegistryError> {
        let position = self.heads.ask(CurrentHead { org_id: caller.org_id }).await?;
        Ok(FlowList::new(self.clone(), caller.org_id, confined(caller, filter), position))
    }

    /// A part of the list of a position. While the log has not moved behind it the view has the list as it is.
    async fn list_part(
        &self,
        org_id: Uuid,
        position: i64,
        filter: &ListFilter,
        page: ListPage,
    ) -> Result<PastPage, RegistryError> {
        let flows = self.store.list(org_id, filter, page).await?;
        if self.heads.ask(CurrentHead { org_id }).await? == position {
            let is_full = i64::try_from(flows.len()).is_ok_and(|found| found == page.limit);
            let next = flows.last().filter(|_| is_full).map(|last| last.position);
            return Ok(PastPage { flows, next });
        }
        Ok(self.store.list_at(org_id, position, filter, page).await?)
    }

    /// One page of the list as it is now.
    pub async fn list_page(
        &self,
        caller: &Caller,
        filter: ListFilter,
        page: ListPage,
    ) -> Result<FlowPage, RegistryError> {
        // One more than is asked for tells whether there is a next page.
        let more = ListPage { limit: page.limit + 1, ..page };
        let (at, mut flows) = self.page_of_now(caller, filter, more).await?;
        let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
        let has_next = flows.len() > limit;
        flows.truncate(limit);
        let next = flows.last().filter(|_| has_next).map(|last| last.record.position);
        Ok(FlowPage { at, flows, next })
    }

    /// A further page of a list that was begun when the log ended at a position: all its pages are of then, so that each
    /// flow is in one of them, whatever is changed meanwhile. While nothing was, it is the list of now.
    pub async fn list_page_on(
        &self,
        caller: &Caller,
        begun_at: i64,
        filter: ListFilter,
        page: ListPage,
    ) -> Result<FlowPage, RegistryError> {
        if self.heads.ask(CurrentHead { org_id: caller.org_id }).await? == begun_at {
            let now = self.list_page(caller, filter.clone(), page).await?;
            if now.at == begun_at {
                return Ok(now);
            }
        }
        self.list_page_at(caller, begun_at, filter, page).await
    }

    /// The flows of a page, and where the log ends that they are the list of.
    async fn page_of_now(
        &self,
        caller: &Caller,
        filter: ListFilter,
        page: ListPage,
    ) -> Result<(i64, Vec<Arc<FlowAnswer>>), RegistryError> {
        let (org_id, which) = (caller.org_id, Which::Now(Shown::by(&filter)));
        let filter = confined(caller, filter);
        // Mostly every flow of a page is remembered at the version it has.
        let of_now = self.page(PageKey { org_id, filter: filter.clone(), page }).await?;
        let remembered = |(flow_id, version): &(Uuid, i64)| {
            self.memory.trusted(org_id, *flow_id, which).filter(|flow| flow.record.version == *version)
        };
        if let Some(flows) = of_now.flows.iter().map(remembered).collect() {
            return Ok((of_now.head, flows));
        }
        let (head, records) = self.store.list_with_head(org_id, &filter, page).await?;
        let flows = self.with_documents(org_id, Shown::by(&filter), records).await?;
        for flow in &flows {
            self.memory.keep(which, flow);
        }
        Ok((head.unwrap_or(of_now.head), flows))
    }

    /// Which flows a page has, and the version each is at.
    async fn page(&self, key: PageKey) -> Result<Arc<Page>, RegistryError> {
        let head = self.heads.ask(CurrentHead { org_id: key.org_id }).await?;
        if let Some(page) = self.memory.page(&key).filter(|page| page.head == head) {
            return Ok(page);
        }
        let (head, flows) = self.store.list_versions(key.org_id, &key.filter, key.page).await?;
        Ok(self.memory.keep_page(key, head, flows))
    }

    /// Joins records with the documents they show, loading those that are not in memory in one statement.
    pub(super) async fn with_documents(
        &self,
        org_id: Uuid,
        shown: Shown,
        records: Vec<FlowRecord>,
    ) -> Result<Vec<Arc<FlowAnswer>>, RegistryError> {
        let remembered = |record: &FlowRecord| self.memory.trusted(org_id, record.flow_id, Which::Now(shown));
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
