//! Marks: what the first or the last event of a flow says of it beyond the state that is hashed. Views keep them.

use uuid::Uuid;

use super::event::Payload;

/// The marks of a flow. What most flows do not have is boxed: thousands are kept in memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marks {
    /// The flow and the version that it began as a copy of.
    pub duplicated_from: Option<Box<(Uuid, i64)>>,
    /// The version the last event restored, if it was a restore.
    pub restored_from: Option<i64>,
}

impl Marks {
    /// The marks after an event, given those before it (`None` at version 1). An erased payload says nothing.
    pub fn after(before: Option<&Self>, payload: &Payload) -> Self {
        Self {
            duplicated_from: match before {
                Some(before) => before.duplicated_from.clone(),
                None => payload.source_flow_id.zip(payload.source_version).map(Box::new),
            },
            restored_from: payload.from_version,
        }
    }
}
