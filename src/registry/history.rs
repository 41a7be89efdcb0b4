//! What happened: to one flow, and in an organization; and what is different between two states of flows.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;
use uuid::Uuid;

use super::RegistryError;
use super::caller::Caller;
use super::lead::{self, DraftLead};
use super::names;
use super::reads::{FlowAnswer, FlowReads, Shown};
use crate::flow::diff::{self, Diff};
use crate::flow::document::Canonical;
use crate::store::{AuditFilter, AuditPage, HistoryFilter, HistoryPage, HistoryPart, LogEntry, Store};

/// A state of a flow to compare. Those of deleted flows count too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    pub flow_id: Uuid,
    pub side: Side,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Draft,
    Published,
    Version(i64),
}

/// Two documents, ready to be compared.
#[derive(Debug)]
pub struct Comparison {
    pub from: Compared,
    pub to: Compared,
}

/// A document with where it comes from.
#[derive(Debug)]
pub struct Compared {
    pub answer: Arc<FlowAnswer>,
    /// The version whose document it is.
    pub version: i64,
    value: Value,
}

impl Compared {
    /// The document, typed and as a value.
    pub fn canonical(&self) -> Result<Canonical, RegistryError> {
        self.answer.document.canonical()
    }
}

impl Comparison {
    /// The differences in the author's terms.
    pub fn diff(&self) -> Diff {
        diff::diff(&self.from.value, &self.to.value)
    }

    /// The difference as an RFC 6902 patch.
    pub fn json_patch(&self) -> Value {
        serde_json::to_value(diff::json_patch(&self.from.value, &self.to.value))
            .expect("a patch is plain JSON")
    }
}

/// What happened, as people read it.
#[derive(Debug, Clone)]
pub struct History {
    pub(super) store: Store,
    pub(super) reads: FlowReads,
}

impl History {
    pub(super) fn new(store: Store, reads: FlowReads) -> Self {
        Self { store, reads }
    }

    /// A part of an organization's log. A caller confined to numbers sees what happened to their flows only.
    pub async fn audit(
        &self,
        caller: &Caller,
        filter: AuditFilter,
        page: AuditPage,
    ) -> Result<Vec<LogEntry>, RegistryError> {
        let filter = AuditFilter { confined_to: caller.phone_number_ids.to_vec(), ..filter };
        let mut entries = self.store.audit(caller.org_id, &filter, page).await?;
        names::fill(&self.store, caller.org_id, &mut entries).await?;
        Ok(entries)
    }

    /// A part of a flow's history, newest first; deleted flows have theirs too. With a filter it may be shorter than asked
    /// for and yet go on: one part looks at a bounded number of events.
    pub async fn of_flow(
        &self,
        caller: &Caller,
        flow_id: Uuid,
        filter: &HistoryFilter,
        page: HistoryPage,
    ) -> Result<HistoryPart, RegistryError> {
        let bound_to = self.store.flow_number(caller.org_id, flow_id).await?;
        let number = bound_to.ok_or(RegistryError::FlowNotFound)?;
        if !caller.sees(number.as_deref()) {
            return Err(RegistryError::FlowNotFound);
        }
        Ok(self.store.history(caller.org_id, flow_id, filter, page).await?)
    }

    /// The events that made the versions of flows that a caller was shown, by the ids of the flows.
    pub async fn events_of(
        &self,
        caller: &Caller,
        flows: &[Arc<FlowAnswer>],
    ) -> Result<HashMap<Uuid, LogEntry>, RegistryError> {
        let positions: Vec<i64> = flows.iter().map(|flow| flow.record.position).collect();
        let entries = self.store.entries_at(caller.org_id, &positions).await?;
        Ok(entries.into_iter().map(|entry| (entry.stream_id, entry)).collect())
    }

    /// Whether anything was published in a flow, up to the version that the caller was shown.
    pub async fn was_published(&self, flow: &FlowAnswer) -> Result<bool, RegistryError> {
        let record = &flow.record;
        Ok(self.store.was_published(flow.org_id, record.flow_id, record.version).await?)
    }

    /// How far a draft that the caller was shown is ahead of what is published; `None` where it is not.
    pub async fn draft_lead(
        &self,
        caller: &Caller,
        draft: &Arc<FlowAnswer>,
    ) -> Result<Option<DraftLead>, RegistryError> {
        lead::draft_lead(&self.reads, caller, draft).await
    }

    /// A state of a flow with its document, one side of a [`Comparison`].
    pub async fn compared(&self, caller: &Caller, point: Point) -> Result<Compared, RegistryError> {
        let answer = match point.side {
            Side::Draft => self.reads.current(caller, point.flow_id, Shown::Draft).await?,
            Side::Published => self.reads.current(caller, point.flow_id, Shown::InForce).await?,
            Side::Version(version) => self.reads.version(caller, point.flow_id, version).await?,
        };
        let version = match (point.side, &answer.record.published) {
            (Side::Published, None) => {
                return Err(RegistryError::NotPublished(answer.current_version()));
            }
            (Side::Published, Some(published)) => published.version,
            _ => answer.record.version,
        };
        if answer.document.is_erased() {
            return Err(RegistryError::Erased);
        }
        let value = answer.document.value()?;
        Ok(Compared { answer, version, value })
    }
}
