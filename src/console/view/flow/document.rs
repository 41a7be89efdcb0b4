//! A document of a flow, read for its views.

use super::address::ShownDocument;
use crate::console::failure::PageFailure;
use crate::console::found::{FoundFault, found_faults};
use crate::console::session::Session;
use crate::flow::document::Canonical;

/// A document with what is wrong with it.
pub struct ReadDocument {
    pub canonical: Canonical,
    pub faults: Vec<FoundFault>,
}

impl ReadDocument {
    /// `None` where the content was erased.
    pub fn of(session: &Session, document: &ShownDocument) -> Result<Option<Self>, PageFailure> {
        let corrupt = |error: &dyn std::fmt::Display| {
            tracing::error!(%error, flow = %document.answer.record.flow_id, "a document cannot be read");
            PageFailure::Internal
        };
        let loaded = &document.answer.document;
        if loaded.is_erased() {
            return Ok(None);
        }
        let canonical = Canonical::read(loaded.bytes()).map_err(|error| corrupt(&error))?;
        let faults =
            found_faults(&loaded.findings()?, session.language()).map_err(|error| corrupt(&error))?;
        Ok(Some(Self { canonical, faults }))
    }
}
