//! Histories by data: which events stand alone, which fold, and what nobody is told who may not know.

use serde_json::json;

use super::*;
use crate::console::texts::history::{EN, ES};
use crate::flow::event::{Context, StreamKind};

const TELLER: Teller = Teller { texts: &EN, language: DisplayLanguage::En, sees_people: true };

/// An event of a minute, by a key for a person, with what it says.
fn entry(version: i64, minute: i64, person: &str, event_type: &str, payload: Value) -> LogEntry {
    let Value::Object(payload) = payload else { panic!("an object") };
    let actor = Actor { kind: ActorKind::ApiKey, id: "k".to_owned(), name: Some("desk".to_owned()) };
    LogEntry {
        position: 100 + version,
        stream_kind: StreamKind::Flow,
        stream_id: Uuid::nil(),
        version,
        event_id: Uuid::nil(),
        event_type: event_type.to_owned(),
        recorded_at: DateTime::from_timestamp(60 * minute, 0).unwrap(),
        actor: Uuid::nil(),
        payload: Some(payload),
        context: Some(Context {
            accessors: Vec::new(),
            actor,
            address: None,
            key_prefix: None,
            label: None,
            on_behalf_of: Some(person.to_owned()).filter(|person| !person.is_empty()),
            reason: Some(format!("why {version}")),
            request_id: None,
            salt: String::new(),
            token_id: None,
            user_agent: None,
        }),
        document: None,
        resource_name: None,
    }
}

fn edit(version: i64, minute: i64, person: &str, paths: &[&str]) -> LogEntry {
    entry(version, minute, person, "flow.updated", json!({ "changed": paths }))
}

/// A line for each row: its versions, who, what.
fn lines(teller: Teller, mut entries: Vec<LogEntry>) -> Vec<String> {
    entries.reverse();
    let line = |row: &HistoryRow| {
        let versions: Vec<String> = row.events.iter().map(|event| event.version.to_string()).collect();
        format!("{} {}: {}", versions.join("+"), row.who.plain(), row.what.plain())
    };
    teller.rows(&entries).iter().map(line).collect()
}

#[test]
fn headlines_stand_alone_and_edits_fold_by_person_and_half_hour() {
    let entries = vec![
        entry(1, 0, "Ana", "flow.created", json!({})),
        edit(2, 1, "Ana", &["name"]),
        edit(3, 2, "Luis", &["steps.a.text"]),
        edit(4, 31, "Ana", &["steps.a.text", "steps.b added"]),
        edit(5, 62, "Ana", &["steps.b.text"]),
        entry(6, 63, "Ana", "flow.published", json!({ "publishedVersion": 5 })),
        edit(7, 64, "Ana", &["steps.b.text"]),
        entry(8, 65, "", "flow.updated", json!({ "enabled": false, "changed": ["enabled"] })),
        entry(9, 66, "", "flow.restored", json!({ "fromVersion": 3, "mode": "live", "changed": ["name"] })),
        entry(10, 67, "", "flow.deleted", json!({})),
        entry(11, 68, "", "flow.renumbered", json!({})),
    ];
    assert_eq!(
        lines(TELLER, entries),
        [
            "11 desk: flow.renumbered",
            "10 desk: Deleted",
            "9 desk: Version 3 restored and put in force",
            "8 desk: Paused",
            "7 Ana (desk): Edit: changed b",
            "6 Ana (desk): Version 5 published",
            "5 Ana (desk): Edit: changed b",
            "4+2 Ana (desk): 2 edits, 2 steps: added b; changed a and the name",
            "3 Luis (desk): Edit: changed a",
            "1 Ana (desk): Created",
        ]
    );
}

#[test]
fn a_reader_who_may_not_know_people_learns_nothing_of_them() {
    let entries = || vec![edit(2, 1, "Ana", &["name"]), edit(3, 2, "Luis", &["steps.a.text"])];
    let teller = Teller { sees_people: false, texts: &ES, language: DisplayLanguage::Es };
    assert_eq!(lines(teller, entries()), ["3+2 : 2 ediciones, 1 paso: cambió a y el nombre"]);
    let rows = teller.rows(&entries());
    assert!(rows.iter().flat_map(|row| &row.events).all(|event| event.reason.is_none()));
}

#[test]
fn erased_events_are_told_as_erased() {
    let erased = LogEntry { payload: None, context: None, ..edit(2, 1, "Ana", &[]) };
    assert_eq!(
        lines(TELLER, vec![erased.clone()]),
        ["2 somebody whose data were erased: Edit: what changed was erased by law"]
    );
    let published = LogEntry { event_type: "flow.published".to_owned(), ..erased };
    assert_eq!(lines(TELLER, vec![published]), ["2 somebody whose data were erased: Version 2 published"]);
}

#[test]
fn a_user_acts_for_a_person_and_a_label_is_told() {
    let mut published = entry(3, 1, "Ana", "flow.published", json!({ "publishedVersion": 2 }));
    let context = published.context.as_mut().unwrap();
    context.label = Some("campaña".to_owned());
    context.actor = Actor { kind: ActorKind::User, id: "u".to_owned(), name: Some("Luis".to_owned()) };
    assert_eq!(lines(TELLER, vec![published.clone()]), ["3 Luis, for Ana: Version 2 published: “campaña”"]);
    let row = &TELLER.rows(&[published])[0];
    assert_eq!((row.headline.unwrap().class(), row.newest().reason.as_deref()), ("published", Some("why 3")));
}
