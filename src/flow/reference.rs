//! References: what a document says of other flows and shares with them, as rows of an index are made of it.

use super::document::{CallMode, Document, StepKind, TriggerType};
use super::text::fold;

/// What a reference is about. The number is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReferenceKind {
    /// A keyword the flow listens to, folded.
    Keyword = 1,
    /// The id of a flow that it calls and comes back from.
    Call = 2,
    /// The id of a flow that it hands the conversation over to.
    Transfer = 3,
}

impl ReferenceKind {
    pub const fn number(self) -> i16 {
        self as i16
    }
}

/// One thing a document refers to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    pub kind: ReferenceKind,
    pub value: String,
}

/// What a document refers to, each once, in order of kind and value.
pub fn references(document: &Document) -> Vec<Reference> {
    let mut found = Vec::new();
    if let TriggerType::Keyword { keywords, .. } = &document.trigger.kind {
        found.extend(
            keywords.iter().map(|keyword| Reference { kind: ReferenceKind::Keyword, value: fold(keyword) }),
        );
    }
    for step in &document.steps {
        if let StepKind::Flow(call) = &step.kind {
            let kind = match call.mode {
                CallMode::Call => ReferenceKind::Call,
                CallMode::Transfer => ReferenceKind::Transfer,
            };
            found.push(Reference { kind, value: call.flow_id.to_string() });
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}
