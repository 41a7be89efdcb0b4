//! The facts about other flows of the organization that whoever asks brings along.

use std::sync::Arc;

use uuid::Uuid;

use crate::flow::document::{Document, FlowVersion};

/// What another flow's id and version lead to.
#[derive(Debug, Clone)]
pub enum CalledDocument {
    /// No such flow, or it is deleted.
    NoFlow,
    NoVersion,
    NotPublished,
    Found(Arc<Document>),
}

/// Facts about the other flows of the organization.
pub struct Neighbours<'a> {
    /// Answers for every flow of [`called_flows`], and for theirs in turn.
    pub resolve: &'a dyn Fn(Uuid, FlowVersion) -> CalledDocument,
    /// Other flows in force that may start by the same, with the documents in force.
    pub published: &'a [(Uuid, Arc<Document>)],
}

impl std::fmt::Debug for Neighbours<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Neighbours").field("published", &self.published.len()).finish_non_exhaustive()
    }
}
