//! What is to be erased, and what was.

use uuid::Uuid;

use super::person::Person;

/// Whose content is to be erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// All that these versions of a flow hold: documents, what changed, who did it and for whom.
    Versions { flow_id: Uuid, from: i64, to: i64 },
    /// All that names a person.
    Person(Person),
    /// What is absent and not on record as erased: by hand, before there was such a record.
    Absent,
}

/// What is to be erased, and why.
#[derive(Debug, Clone)]
pub struct ErasureOrder {
    /// All events of the erasure have this id.
    pub id: Uuid,
    pub selection: Selection,
    pub reason: String,
    /// Also where other versions lose a document with it.
    pub also_shared: bool,
}

impl ErasureOrder {
    /// Where nobody else's content goes with it.
    pub fn new(selection: Selection, reason: &str) -> Self {
        Self { id: Uuid::now_v7(), selection, reason: reason.to_owned(), also_shared: false }
    }
}

/// What was erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Erased {
    pub erasure: Uuid,
    /// The events that say so.
    pub batches: usize,
    /// Events and rows that lost content.
    pub erased: usize,
}
