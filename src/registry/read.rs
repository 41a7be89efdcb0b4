//! Reads: one flow as it is or was, and lists.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use uuid::Uuid;

use super::answer::FlowAnswer;
use super::caller::Caller;
use super::command::current_version;
use super::pages::{Page, PageKey};
use super::past::{Moment, Wanted};
use super::{Registry, RegistryError};
use crate::flow::digest::Digest;
use crate::store::{CurrentFlow, CurrentHead, FlowAtVersion, FlowRecord, FoundFlow, ListFilter, ListPage};

/// Which state of a flow is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selector {
    /// As it is now; a deleted flow is not found.
    Current,
    /// As it is now, deleted or not.
    Draft,
    /// As it is now, with the document in force. A deleted flow has none.
    Published,
    /// As it stood after one of its events, deleted or not.
    Version(i64),
    /// As it stood at a moment, deleted or not.
    AsOf(Moment),
}

/// The records of a whole list, whose documents are loaded a chunk at a time while it is sent.
#[derive(Debug)]
pub struct FlowList {
    registry: Registry,
    org_id: Uuid,
    in_force: bool,
    records: std::vec::IntoIter<FlowRecord>,
    /// What is asked of the documents, where that could not be asked of the records.
    wanted: Option<Wanted>,
}

/// Documents loaded at once for a list that is streamed.
const CHUNK: usize = 64;

impl FlowList {
    pub(super) fn new(registry: Registry, org_id: Uuid, in_force: bool, records: Vec<FlowRecord>) -> Self {
        Self { registry, org_id, in_force, records: records.into_iter(), wanted: None }
    }

    pub(super) fn keeping(self, wanted: Wanted) -> Self {
        Self { wanted: Some(wanted), ..self }
    }

    /// The next flows, at most [`CHUNK`]; `None` at the end.
    pub async fn next_chunk(&mut self) -> Result<Option<Vec<Arc<FlowAnswer>>>, RegistryError> {
        loop {
            let records: Vec<FlowRecord> = self.records.by_ref().take(CHUNK).collect();
            if records.is_empty() {
                return Ok(None);
            }
            let mut flows = self.registry.with_documents(self.org_id, self.in_force, records).await?;
            if let Some(wanted) = &self.wanted {
                wanted.keep(&mut flows)?;
            }
            if !flows.is_empty() {
                return Ok(Some(flows));
            }
        }
    }
}

impl Registry {
    /// One flow. Flows of other organizations, and of numbers the caller is not confined to, are not found.
    pub async fn get(
        &self,
        caller: &Caller,
        flow_id: Uuid,
        selector: Selector,
    ) -> Result<Arc<FlowAnswer>, RegistryError> {
        match selector {
            Selector::Current => {
                let answer = self.current(caller, flow_id, false).await?;
                if answer.record.deleted { Err(RegistryError::FlowNotFound) } else { Ok(answer) }
            }
            Selector::Draft => self.current(caller, flow_id, false).await,
            Selector::Published => {
                let answer = self.current(caller, flow_id, true).await?;
                match &answer.record.published {
                    None => Err(RegistryError::NotPublished(current_version(&answer.record))),
                    Some(_) => Ok(answer),
                }
            }
            Selector::Version(version) => self.version(caller, flow_id, version).await,
            Selector::AsOf(Moment::Position(position)) => {
                let version = self.store.version_at(caller.org_id, flow_id, position).await?;
                self.version(caller, flow_id, version.ok_or(RegistryError::FlowNotFound)?).await
            }
            Selector::AsOf(Moment::Before(before)) => {
                let found = self.store.flow_before(caller.org_id, flow_id, before).await?;
                let (record, bytes) = found.ok_or(RegistryError::FlowNotFound)?;
                let document = self.documents.resolve(caller.org_id, record.document, bytes);
                self.documents.keep(caller.org_id, &document);
                seen_by(caller, self.documents.answer(caller.org_id, record, document))
            }
        }
    }

    pub(super) async fn current(
        &self,
        caller: &Caller,
        flow_id: Uuid,
        in_force: bool,
    ) -> Result<Arc<FlowAnswer>, RegistryError> {
        let last_seen = self.documents.last_seen(caller.org_id, flow_id);
        let known = last_seen.and_then(|flow| self.showing(flow, in_force));
        seen_by(caller, self.read_current(caller.org_id, flow_id, in_force, known).await?)
    }

    pub(super) async fn read_current(
        &self,
        org_id: Uuid,
        flow_id: Uuid,
        in_force: bool,
        known: Option<Arc<FlowAnswer>>,
    ) -> Result<Arc<FlowAnswer>, RegistryError> {
        let trusted = known.as_ref().filter(|flow| flow.is_trusted());
        let question = CurrentFlow {
            org_id,
            flow_id,
            in_force,
            version: trusted.map(|flow| flow.record.version),
            known: known.as_ref().map(|flow| flow.document.digest()),
        };
        match (self.flows.ask(question).await?, known) {
            (FoundFlow::Unchanged, Some(flow)) => Ok(flow),
            (FoundFlow::Unchanged, None) | (FoundFlow::Missing, _) => Err(RegistryError::FlowNotFound),
            (FoundFlow::Stored(record, content), known) => {
                let known = known.map(|flow| Arc::clone(&flow.document));
                let document = self.documents.found(org_id, shown(&record, in_force), content, known);
                let flow = self.documents.answer(org_id, *record, document);
                match in_force {
                    true => self.documents.keep(org_id, &flow.document),
                    false => self.documents.saw(&flow),
                }
                Ok(flow)
            }
        }
    }

    /// A remembered flow with the document that is asked for, if that is in memory too.
    fn showing(&self, flow: Arc<FlowAnswer>, in_force: bool) -> Option<Arc<FlowAnswer>> {
        let digest = shown(&flow.record, in_force);
        if digest == flow.document.digest() {
            return Some(flow);
        }
        let document = self.documents.get(flow.org_id, digest)?;
        Some(flow.showing(document))
    }

    /// A flow as it stood after its event `version`.
    pub(super) async fn version(
        &self,
        caller: &Caller,
        flow_id: Uuid,
        version: i64,
    ) -> Result<Arc<FlowAnswer>, RegistryError> {
        let org_id = caller.org_id;
        let remembered = self.documents.remembered_version(org_id, flow_id, version);
        let expected = match &remembered {
            Some(flow) => Some(Arc::clone(&flow.document)),
            None => self.documents.expected(org_id, flow_id),
        };
        let known = expected.as_ref().map(|document| document.digest());
        let trusted = remembered.filter(|flow| flow.is_trusted());
        let bound_to = trusted.as_ref().map(|flow| flow.record.phone_number_id.clone());
        let found = self.versions.ask(FlowAtVersion { org_id, flow_id, version, known, bound_to }).await?;
        match (found, trusted) {
            (FoundFlow::Unchanged, Some(flow)) => seen_by(caller, flow),
            (FoundFlow::Stored(record, content), _) => {
                let document = self.documents.found_version(org_id, &record, content, expected);
                let flow = self.documents.answer(org_id, *record, document);
                self.documents.saw_version(&flow);
                seen_by(caller, flow)
            }
            // Tells a flow without that version from no flow at all.
            (FoundFlow::Missing | FoundFlow::Unchanged, _) => {
                match self.current(caller, flow_id, false).await {
                    Ok(_) => Err(RegistryError::VersionNotFound),
                    Err(error) => Err(error),
                }
            }
        }
    }

    /// All flows the filter lets through, as they are at one moment.
    pub async fn list(&self, caller: &Caller, filter: ListFilter) -> Result<FlowList, RegistryError> {
        let in_force = filter.in_force;
        let page = ListPage { limit: i64::MAX, before: None };
        let records = self.store.list(caller.org_id, &confined(caller, filter), page).await?;
        Ok(FlowList::new(self.clone(), caller.org_id, in_force, records))
    }

    /// One page of the same list; the position of its last flow is where the next page begins.
    pub async fn list_page(
        &self,
        caller: &Caller,
        filter: ListFilter,
        page: ListPage,
    ) -> Result<Vec<Arc<FlowAnswer>>, RegistryError> {
        let org_id = caller.org_id;
        let in_force = filter.in_force;
        let filter = confined(caller, filter);
        if !in_force {
            // Mostly every flow of a page is remembered at the version it has.
            let page_now = self.page(PageKey { org_id, filter: filter.clone(), page }).await?;
            let remembered = |(flow_id, version): &(Uuid, i64)| {
                self.documents.remembered(org_id, *flow_id).filter(|flow| flow.record.version == *version)
            };
            if let Some(flows) = page_now.flows.iter().map(remembered).collect() {
                return Ok(flows);
            }
        }
        let records = self.store.list(org_id, &filter, page).await?;
        let flows = self.with_documents(org_id, in_force, records).await?;
        for flow in flows.iter().filter(|_| !in_force) {
            self.documents.saw(flow);
        }
        Ok(flows)
    }

    /// Which flows a page has, and the version each is at.
    async fn page(&self, key: PageKey) -> Result<Arc<Page>, RegistryError> {
        let head = self.heads.ask(CurrentHead { org_id: key.org_id }).await?;
        if let Some(page) = self.pages.get(&key).filter(|page| page.head == head) {
            return Ok(page);
        }
        let flows = self.store.list_versions(key.org_id, &key.filter, key.page).await?;
        let page = Page::new(head, flows);
        self.pages.keep(key, Arc::clone(&page));
        Ok(page)
    }

    /// Joins records with the documents they show, loading those that are not in memory in one statement.
    pub(super) async fn with_documents(
        &self,
        org_id: Uuid,
        in_force: bool,
        records: Vec<FlowRecord>,
    ) -> Result<Vec<Arc<FlowAnswer>>, RegistryError> {
        let remembered = |record: &FlowRecord| {
            let flow = self.documents.remembered(org_id, record.flow_id)?;
            (flow.record.version == record.version && !in_force).then_some(flow)
        };
        let seen: Vec<_> = records.iter().map(remembered).collect();
        let mut found = HashMap::new();
        let mut missing = BTreeSet::new();
        for (record, _) in records.iter().zip(&seen).filter(|(_, seen)| seen.is_none()) {
            let digest = shown(record, in_force);
            match self.documents.get(org_id, digest) {
                Some(document) => drop(found.insert(digest, document)),
                None => drop(missing.insert(digest)),
            }
        }
        if !missing.is_empty() {
            let wanted: Vec<Digest> = missing.into_iter().collect();
            for stored in self.store.documents(org_id, &wanted).await? {
                found.insert(stored.digest, self.documents.resolve(org_id, stored.digest, stored.bytes));
            }
        }
        let join = |record: FlowRecord| {
            let digest = shown(&record, in_force);
            let document = found.get(&digest).cloned();
            let document = document.unwrap_or_else(|| self.documents.resolve(org_id, digest, None));
            self.documents.answer(org_id, record, document)
        };
        Ok(records.into_iter().zip(seen).map(|(record, seen)| seen.unwrap_or_else(|| join(record))).collect())
    }
}

/// A flow that is bound to a number the caller does not see is not found.
fn seen_by(caller: &Caller, flow: Arc<FlowAnswer>) -> Result<Arc<FlowAnswer>, RegistryError> {
    match caller.sees(flow.record.phone_number_id.as_deref()) {
        true => Ok(flow),
        false => Err(RegistryError::FlowNotFound),
    }
}

/// The digest of the document an answer shows.
fn shown(record: &FlowRecord, in_force: bool) -> Digest {
    match (&record.published, in_force) {
        (Some(published), true) => published.document,
        _ => record.document,
    }
}

pub(super) fn confined(caller: &Caller, filter: ListFilter) -> ListFilter {
    ListFilter { confined_to: caller.phone_number_ids.to_vec(), ..filter }
}
