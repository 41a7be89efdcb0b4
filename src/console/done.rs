//! What came of a change, told from its event in the log, so that it is true however often a page is loaded.

use super::headlines::{payload, versions};
use super::texts::events::told;
use crate::flow::event::EventType;
use crate::outline::DisplayLanguage;
use crate::outline::sentence::Sentence;
use crate::outline::words::pick;
use crate::registry::LogEntry;

/// What the event did to its flow; `None` for an event that a newer service knows.
pub fn done(entry: &LogEntry, language: DisplayLanguage) -> Option<Sentence> {
    let payload = payload(entry).unwrap_or_default();
    let told = told(EventType::parse(&entry.event_type)?, &payload)?;
    Some(Sentence::of(pick(told.done, language), &versions(entry, &payload, language)))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::*;
    use crate::flow::event::StreamKind;

    #[track_caller]
    fn check(event_type: &str, payload: Option<Value>, expected: Option<&str>) {
        let entry = LogEntry {
            position: 40,
            stream_kind: StreamKind::Flow,
            stream_id: Uuid::nil(),
            version: 8,
            event_id: Uuid::nil(),
            event_type: event_type.to_owned(),
            recorded_at: "2026-05-03T10:12:00Z".parse().unwrap(),
            actor: Uuid::nil(),
            payload: payload.and_then(|payload| payload.as_object().cloned()),
            context: None,
            document: None,
            resource_name: None,
        };
        let told = done(&entry, DisplayLanguage::En).map(|said| said.plain());
        assert_eq!(told.as_deref(), expected);
    }

    #[test]
    fn events_say_what_was_done() {
        check("flow.created", None, Some("Done: the flow is created, as a draft."));
        check("flow.published", Some(json!({ "publishedVersion": 5 })), Some("Done: version 5 is in force."));
        check("flow.published", None, Some("Done: version 8 is in force."));
        check("flow.updated", Some(json!({ "enabled": false })), Some("Done: the flow is paused."));
        check("flow.updated", Some(json!({ "enabled": true })), Some("Done: the flow answers again."));
        check("flow.updated", Some(json!({ "changed": ["name"] })), Some("Done: the draft is version 8."));
        check(
            "flow.restored",
            Some(json!({ "fromVersion": 3, "mode": "draft" })),
            Some("Done: version 8 is the draft, equal to version 3."),
        );
        check(
            "flow.restored",
            Some(json!({ "fromVersion": 3, "mode": "live" })),
            Some("Done: version 8, equal to version 3, is both the draft and the published one."),
        );
        check("flow.restored", None, Some("Done: the draft is version 8."));
        check("flow.renamed", None, None);
    }
}
