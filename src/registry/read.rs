//! Reads: one flow as it is or was, and lists.

use std::collections::BTreeSet;
use std::sync::Arc;

use uuid::Uuid;

use super::answer::FlowAnswer;
use super::caller::Caller;
use super::documents::LoadedDocument;
use super::past::{Moment, Wanted};
use super::{Registry, RegistryError};
use crate::flow::digest::Digest;
use crate::store::{CurrentFlow, FlowRecord, ListFilter, ListPage};

/// Which state of a flow is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selector {
    /// As it is now; a deleted flow is not found.
    Draft,
    /// As it is now, with the document in force.
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
    pub async fn next_chunk(&mut self) -> Result<Option<Vec<FlowAnswer>>, RegistryError> {
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
    ) -> Result<FlowAnswer, RegistryError> {
        match selector {
            Selector::Draft => {
                let answer = self.current(caller, flow_id, false).await?;
                if answer.record.deleted { Err(RegistryError::FlowNotFound) } else { Ok(answer) }
            }
            Selector::Published => {
                let answer = self.current(caller, flow_id, true).await?;
                match &answer.record.published {
                    _ if answer.record.deleted => Err(RegistryError::FlowNotFound),
                    None => Err(RegistryError::NotPublished),
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
    ) -> Result<FlowAnswer, RegistryError> {
        let expected = self.documents.expected(caller.org_id, flow_id);
        let known = expected.as_ref().map(|document| document.digest());
        let wanted = CurrentFlow { org_id: caller.org_id, flow_id, in_force, known };
        let found = self.reader.flow(wanted).await?;
        let (record, bytes) = found.ok_or(RegistryError::FlowNotFound)?;
        if !caller.sees(record.phone_number_id.as_deref()) {
            return Err(RegistryError::FlowNotFound);
        }
        let digest = shown(&record, in_force);
        let document = self.documents.resolve(digest, bytes, expected);
        match in_force {
            true => self.documents.keep(&document),
            false => self.documents.saw(caller.org_id, &record, &document),
        }
        Ok(FlowAnswer { org_id: caller.org_id, record, document })
    }

    /// A flow as it stood after its event `version`.
    pub(super) async fn version(
        &self,
        caller: &Caller,
        flow_id: Uuid,
        version: i64,
    ) -> Result<FlowAnswer, RegistryError> {
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
    ) -> Result<FlowAnswer, RegistryError> {
        if !caller.sees(record.phone_number_id.as_deref()) {
            return Err(RegistryError::FlowNotFound);
        }
        let document = self.documents.resolve(record.document, bytes, expected);
        self.documents.keep(&document);
        Ok(FlowAnswer { org_id: caller.org_id, record, document })
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
    ) -> Result<Vec<FlowAnswer>, RegistryError> {
        let in_force = filter.in_force;
        let records = self.store.list(caller.org_id, &confined(caller, filter), page).await?;
        self.with_documents(caller.org_id, in_force, records).await
    }

    /// Joins records with the documents they show, loading those that are not in memory in one statement.
    pub(super) async fn with_documents(
        &self,
        org_id: Uuid,
        in_force: bool,
        records: Vec<FlowRecord>,
    ) -> Result<Vec<FlowAnswer>, RegistryError> {
        let mut found = std::collections::HashMap::new();
        let mut missing = BTreeSet::new();
        for record in &records {
            let digest = shown(record, in_force);
            match self.documents.get(digest) {
                Some(document) => drop(found.insert(digest, document)),
                None => drop(missing.insert(digest)),
            }
        }
        if !missing.is_empty() {
            let wanted: Vec<Digest> = missing.into_iter().collect();
            for stored in self.store.documents(org_id, &wanted).await? {
                let document = Arc::new(LoadedDocument::stored(stored.digest, stored.bytes));
                self.documents.keep(&document);
                found.insert(stored.digest, document);
            }
        }
        let join = |record: FlowRecord| {
            let digest = shown(&record, in_force);
            let document = found.get(&digest).cloned();
            let document = document.unwrap_or_else(|| Arc::new(LoadedDocument::stored(digest, None)));
            FlowAnswer { org_id, record, document }
        };
        Ok(records.into_iter().map(join).collect())
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
