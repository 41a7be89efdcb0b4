//! What happened to one flow, and what is different between two of its states, or those of two flows.

use std::sync::Arc;

use serde_json::Value;
use uuid::Uuid;

use super::answer::FlowAnswer;
use super::caller::Caller;
use super::command::current_version;
use super::{Registry, RegistryError};
use crate::flow::diff::{self, Diff};
use crate::store::{HistoryFilter, HistoryPage, LogEntry};

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

impl Comparison {
    /// The differences in the author's terms.
    pub fn diff(&self) -> Diff {
        diff::diff(&self.from.value, &self.to.value)
    }

    /// The same as an RFC 6902 patch.
    pub fn json_patch(&self) -> Value {
        serde_json::to_value(diff::json_patch(&self.from.value, &self.to.value))
            .expect("a patch is plain JSON")
    }
}

impl Registry {
    /// A part of a flow's history, newest first; deleted flows have theirs too.
    pub async fn history(
        &self,
        caller: &Caller,
        flow_id: Uuid,
        filter: &HistoryFilter,
        page: HistoryPage,
    ) -> Result<Vec<LogEntry>, RegistryError> {
        let bound_to = self.store.flow_number(caller.org_id, flow_id).await?;
        let number = bound_to.ok_or(RegistryError::FlowNotFound)?;
        if !caller.sees(number.as_deref()) {
            return Err(RegistryError::FlowNotFound);
        }
        Ok(self.store.history(caller.org_id, flow_id, filter, page).await?)
    }

    /// A state of a flow with its document, one side of a [`Comparison`].
    pub async fn compared(&self, caller: &Caller, point: Point) -> Result<Compared, RegistryError> {
        let answer = match point.side {
            Side::Draft => self.current(caller, point.flow_id, false).await?,
            Side::Published => self.current(caller, point.flow_id, true).await?,
            Side::Version(version) => self.version(caller, point.flow_id, version).await?,
        };
        let version = match (point.side, &answer.record.published) {
            (Side::Published, None) => {
                return Err(RegistryError::NotPublished(current_version(&answer.record)));
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
