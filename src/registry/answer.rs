//! What reads and commands answer with: the state of a flow and the document that goes with it.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use tokio::time::Instant;
use uuid::Uuid;

use super::documents::{LoadedDocument, TRUSTED_FOR};
use crate::store::{FlowRecord, StoreError};

/// A flow at one of its versions: its state, and the draft or, where that was asked for, the document in force.
#[derive(Debug)]
pub struct FlowAnswer {
    pub org_id: Uuid,
    pub record: FlowRecord,
    pub document: Arc<LoadedDocument>,
    summary: OnceLock<Bytes>,
    read_at: Instant,
}

/// The three statuses a flow can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Draft,
    Published,
    Deleted,
}

impl Status {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Published => "published",
            Self::Deleted => "deleted",
        }
    }
}

impl FlowAnswer {
    pub(super) fn new(org_id: Uuid, record: FlowRecord, document: Arc<LoadedDocument>) -> Arc<Self> {
        Arc::new(Self { org_id, record, document, summary: OnceLock::new(), read_at: Instant::now() })
    }

    /// Whether it was read or written so lately that it counts as the row of its version.
    pub(super) fn is_trusted(&self) -> bool {
        self.read_at.elapsed() < TRUSTED_FOR
    }

    /// The same, as old as it is, with another of the flow's documents.
    pub(super) fn showing(&self, document: Arc<LoadedDocument>) -> Arc<Self> {
        let (org_id, record, read_at) = (self.org_id, self.record.clone(), self.read_at);
        Arc::new(Self { org_id, record, document, summary: OnceLock::new(), read_at })
    }

    /// How a list shows the flow, in the form whoever renders it gives it; rendered once.
    pub fn summary(
        &self,
        render: impl FnOnce(&Self) -> Result<Bytes, StoreError>,
    ) -> Result<&Bytes, StoreError> {
        if let Some(summary) = self.summary.get() {
            return Ok(summary);
        }
        let rendered = render(self)?;
        Ok(self.summary.get_or_init(|| rendered))
    }

    pub fn status(&self) -> Status {
        match (self.record.deleted, &self.record.published) {
            (true, _) => Status::Deleted,
            (false, Some(_)) => Status::Published,
            (false, None) => Status::Draft,
        }
    }

    /// Published, enabled and not deleted: what a bot engine runs.
    pub fn in_force(&self) -> bool {
        self.status() == Status::Published && self.record.enabled
    }

    /// Whether the draft differs from what is published.
    pub fn has_unpublished_changes(&self) -> bool {
        self.record.published.as_ref().is_some_and(|published| published.document != self.record.document)
    }
}

/// The answer to a command.
#[derive(Debug, Clone)]
pub struct Written {
    pub flow: Arc<FlowAnswer>,
    /// The answer repeats an earlier one, given under the same idempotency key.
    pub replayed: bool,
}
