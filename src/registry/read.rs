//! Reads: one flow as it is or was, and lists.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use uuid::Uuid;

use super::answer::FlowAnswer;
use super::caller::Caller;
use super::command::current_version;
use super::documents::LoadedDocument;
use super::pages::{PageKey, Stands};
use super::past::{Moment, Wanted};
use super::{Registry, RegistryError};
use crate::flow::digest::Digest;
use crate::store::{CurrentFlow, CurrentHead, FlowRecord, FoundFlow, ListFilter, ListPage};

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
                self.seen_by(caller, record, bytes, None)
            }
        }
    }

    pub(super) async fn current(
        &self,
        caller: &Caller,
        flow_id: Uuid,
        in_force: bool,
    ) -> Result<Arc<FlowAnswer>, RegistryError> {
        let org_id = caller.org_id;
        let remembered = self.documents.remembered(org_id, flow_id);
        let remembered = remembered.and_then(|flow| self.showing(flow, in_force));
        let known = remembered.as_ref().map(|flow| flow.record.version);
        let found = self.flows.ask(CurrentFlow { org_id, flow_id, in_force, known }).await?;
        let flow = match (found, remembered) {
            (FoundFlow::Unchanged, Some(flow)) => flow,
            (FoundFlow::Unchanged, None) | (FoundFlow::Missing, _) => {
                return Err(RegistryError::FlowNotFound);
            }
            (FoundFlow::Stored(record, bytes), _) => {
                let document = self.documents.resolve(shown(&record, in_force), bytes, None);
                let flow = FlowAnswer::new(org_id, *record, document);
                match in_force {
                    true => self.documents.keep(&flow.document),
                    false => self.documents.saw(&flow),
                }
                flow
            }
        };
        if !caller.sees(flow.record.phone_number_id.as_deref()) {
            return Err(RegistryError::FlowNotFound);
        }
        Ok(flow)
    }

    /// A remembered flow with the document that is asked for, if that is in memory too.
    fn showing(&self, flow: Arc<FlowAnswer>, in_force: bool) -> Option<Arc<FlowAnswer>> {
        let digest = shown(&flow.record, in_force);
        if digest == flow.document.digest() {
            return Some(flow);
        }
        Some(FlowAnswer::new(flow.org_id, flow.record.clone(), self.documents.get(digest)?))
    }

    /// A flow as it stood after its event `version`.
    pub(super) async fn version(
        &self,
        caller: &Caller,
        flow_id: Uuid,
        version: i64,
    ) -> Result<Arc<FlowAnswer>, RegistryError> {
        let expected = self.documents.expected(caller.org_id, flow_id);
        let known = expected.as_ref().map(|document| document.digest());
        match self.store.flow_at_version(caller.org_id, flow_id, version, known).await? {
            Some((record, bytes)) => self.seen_by(caller, record, bytes, expected),
            // Tells a flow without that version from no flow at all.
            None => match self.current(caller, flow_id, false).await {
                Ok(_) => Err(RegistryError::VersionNotFound),
                Err(error) => Err(error),
            },
        }
    }

    fn seen_by(
        &self,
        caller: &Caller,
        record: FlowRecord,
        bytes: Option<bytes::Bytes>,
        expected: Option<Arc<LoadedDocument>>,
    ) -> Result<Arc<FlowAnswer>, RegistryError> {
        if !caller.sees(record.phone_number_id.as_deref()) {
            return Err(RegistryError::FlowNotFound);
        }
        let document = self.documents.resolve(record.document, bytes, expected);
        self.documents.keep(&document);
        Ok(FlowAnswer::new(caller.org_id, record, document))
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
            let stands = self.stands(PageKey { org_id, filter: filter.clone(), page }).await?;
            let remembered = |(flow_id, version): &(Uuid, i64)| {
                self.documents.remembered(org_id, *flow_id).filter(|flow| flow.record.version == *version)
            };
            if let Some(flows) = stands.iter().map(remembered).collect() {
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
    async fn stands(&self, key: PageKey) -> Result<Stands, RegistryError> {
        let head = self.heads.ask(CurrentHead { org_id: key.org_id }).await?;
        if let Some(stands) = self.pages.get(&key, head) {
            return Ok(stands);
        }
        let stands: Stands = self.store.list_versions(key.org_id, &key.filter, key.page).await?.into();
        self.pages.keep(key, head, Arc::clone(&stands));
        Ok(stands)
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
            match self.documents.get(digest) {
                Some(document) => drop(found.insert(digest, document)),
                None => drop(missing.insert(digest)),
            }
        }
        if !missing.is_empty() {
            let wanted: Vec<Digest> = missing.into_iter().collect();
            for stored in self.store.documents(org_id, &wanted).await? {
                found.insert(stored.digest, Arc::new(LoadedDocument::stored(stored.digest, stored.bytes)));
            }
        }
        let join = |record: FlowRecord| {
            let digest = shown(&record, in_force);
            let document = found.get(&digest).cloned();
            let document = document.unwrap_or_else(|| Arc::new(LoadedDocument::stored(digest, None)));
            FlowAnswer::new(org_id, record, document)
        };
        Ok(records.into_iter().zip(seen).map(|(record, seen)| seen.unwrap_or_else(|| join(record))).collect())
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
