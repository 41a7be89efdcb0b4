//! Whose changes a publish ships: who changed the draft since it was what is in force. Events say enough, so that no
//! document is read; the cost grows with what happened since.

use serde_json::Value;
use uuid::Uuid;

use super::caller::Caller;
use super::reads::{FlowAnswer, Selector};
use super::{History, RegistryError};
use crate::flow::event::{Actor, DraftChange, EventType, Payload};
use crate::store::{HistoryFilter, HistoryPage, LogEntry};

/// Events read at once.
const CHUNK: i64 = 500;
/// Events looked at, at most, so that no history keeps a request busy.
const EVENTS_MAX: usize = 2000;

/// What people did to the draft since it was what is in force, or since the flow was begun.
#[derive(Debug, Default)]
pub struct UnpublishedChanges {
    /// How often the draft was changed.
    pub count: usize,
    /// Who did it, the latest first; nobody where the caller may not know.
    pub authors: Vec<DraftAuthor>,
    /// There are earlier ones that were not looked at.
    pub has_more: bool,
}

/// Somebody who changed the draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftAuthor {
    pub actor: Actor,
    /// The person it was done for.
    pub on_behalf_of: Option<String>,
    /// How often.
    pub count: usize,
}

impl History {
    /// Who changed the draft since it was what is in force; nobody where it is that now.
    pub async fn unpublished(
        &self,
        caller: &Caller,
        flow_id: Uuid,
    ) -> Result<UnpublishedChanges, RegistryError> {
        let draft = self.reads.get(caller, flow_id, Selector::Draft).await?;
        let mut found = UnpublishedChanges::default();
        let in_force = draft.record.published.as_ref().map_or(0, |published| published.version);
        let (mut looked_at, mut before) = (0, draft.record.version + 1);
        while before > in_force + 1 {
            let page = HistoryPage { limit: CHUNK.min(before - 1 - in_force), before: Some(before) };
            let entries =
                self.store.history(caller.org_id, flow_id, &HistoryFilter::default(), page).await?.entries;
            for entry in &entries {
                if is_in_force(&draft, entry) {
                    return Ok(found);
                }
                if looked_at == EVENTS_MAX {
                    return Ok(UnpublishedChanges { has_more: true, ..found });
                }
                looked_at += 1;
                if changes_draft(entry) {
                    found.add(entry, caller.sees_people());
                }
            }
            before = entries.last().map_or(0, |entry| entry.version);
        }
        Ok(found)
    }
}

/// Whether an event left the draft as what is in force now: earlier changes are in force, or were taken back.
fn is_in_force(draft: &FlowAnswer, entry: &LogEntry) -> bool {
    let published = draft.record.published.as_ref();
    published.is_some_and(|published| entry.document == Some(published.document))
}

fn changes_draft(entry: &LogEntry) -> bool {
    match EventType::parse(&entry.event_type).and_then(EventType::draft) {
        Some(DraftChange::Begins) => true,
        Some(DraftChange::Edits | DraftChange::TakesBack) => {
            let payload = entry.payload.clone().map(Value::Object).map(serde_json::from_value::<Payload>);
            // What was erased may have been anything.
            let Some(Ok(payload)) = payload else { return true };
            payload.changed.iter().any(|path| path != "enabled")
        }
        Some(DraftChange::Keeps) | None => false,
    }
}

impl UnpublishedChanges {
    fn add(&mut self, entry: &LogEntry, sees_people: bool) {
        self.count += 1;
        if !sees_people {
            return;
        }
        let actor = entry.actor();
        let on_behalf_of = entry.context.as_ref().and_then(|context| context.on_behalf_of.clone());
        let same = |author: &&mut DraftAuthor| {
            author.actor.opaque_id() == actor.opaque_id() && author.on_behalf_of == on_behalf_of
        };
        match self.authors.iter_mut().find(same) {
            Some(author) => author.count += 1,
            None => self.authors.push(DraftAuthor { actor, on_behalf_of, count: 1 }),
        }
    }
}
