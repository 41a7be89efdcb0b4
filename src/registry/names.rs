//! How the things that events are about were called when they happened, so that a person can read a log.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;
use uuid::Uuid;

use crate::flow::digest::Digest;
use crate::flow::event::{DraftChange, EventType, StreamKind};
use crate::store::{LogEntry, Store, StoreError};

/// Fills in the names. A key's stands in its event. A flow's stands in its document, which is looked into only where an
/// event may have renamed the flow, or where the event before it is not among these.
pub(super) async fn fill<'e>(
    store: &Store,
    org_id: Uuid,
    entries: impl IntoIterator<Item = &'e mut LogEntry>,
) -> Result<(), StoreError> {
    let mut flows: Vec<&mut LogEntry> = Vec::new();
    for entry in entries {
        match entry.stream_kind {
            StreamKind::Flow => flows.push(entry),
            StreamKind::ApiKey => entry.resource_name = member(entry, "name").map(str::to_owned),
            StreamKind::Organization => {}
        }
    }
    flows.sort_unstable_by_key(|entry| (entry.stream_id, entry.version));
    let begins: Vec<bool> = (0..flows.len())
        .map(|index| {
            let before = index.checked_sub(1).map(|index| &*flows[index]);
            let before = before.filter(|before| follows(before, flows[index]));
            before.is_none_or(|before| may_rename(before, flows[index]))
        })
        .collect();
    let wanted = flows.iter().zip(&begins).filter(|(_, begins)| **begins);
    let wanted: BTreeSet<Digest> = wanted.filter_map(|(entry, _)| entry.document).collect();
    let wanted: Vec<Digest> = wanted.into_iter().collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let names: HashMap<Digest, String> = store.document_names(org_id, &wanted).await?;
    let mut name = None;
    for (entry, begins) in flows.into_iter().zip(begins) {
        if begins {
            name = entry.document.and_then(|digest| names.get(&digest).cloned());
        }
        entry.resource_name.clone_from(&name);
    }
    Ok(())
}

fn follows(before: &LogEntry, entry: &LogEntry) -> bool {
    before.stream_id == entry.stream_id && before.version + 1 == entry.version
}

/// Whether a flow may have another name after an event than before it.
fn may_rename(before: &LogEntry, entry: &LogEntry) -> bool {
    if before.document == entry.document {
        return false;
    }
    let lists_its_changes =
        EventType::parse(&entry.event_type).and_then(EventType::draft) == Some(DraftChange::Edits);
    match entry.payload.as_ref().filter(|_| lists_its_changes) {
        Some(payload) => {
            let paths = payload.get("changed").and_then(Value::as_array).into_iter().flatten();
            paths.into_iter().any(|path| path == "name")
                || payload.get("changedMore").is_some_and(|more| more != 0)
        }
        None => true,
    }
}

fn member<'e>(entry: &'e LogEntry, name: &str) -> Option<&'e str> {
    entry.payload.as_ref()?.get(name)?.as_str()
}
