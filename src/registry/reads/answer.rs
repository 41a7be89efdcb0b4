//! What reads and commands answer with: the state of a flow and the document that goes with it.

use std::sync::Arc;

use uuid::Uuid;

use super::document::LoadedDocument;
use crate::registry::error::CurrentVersion;
use crate::store::FlowRecord;

/// A flow at one of its versions: its state, and the draft or, where that was asked for, the document in force.
#[derive(Debug)]
pub struct FlowAnswer {
    pub org_id: Uuid,
    pub record: FlowRecord,
    pub document: Arc<LoadedDocument>,
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
    pub(in crate::registry) fn new(
        org_id: Uuid,
        record: FlowRecord,
        document: Arc<LoadedDocument>,
    ) -> Arc<Self> {
        Arc::new(Self { org_id, record, document })
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

    /// Where the flow stands, for somebody who came with another version in mind.
    pub fn current_version(&self) -> CurrentVersion {
        CurrentVersion {
            version: self.record.version,
            updated_at: self.record.updated_at,
            updated_by: self.record.updated_by.clone(),
            latest: None,
        }
    }
}
