//! Reads what a request asks of API keys. Strict: an unknown member or a wrong type is a finding with its pointer.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::text::KeyMode;
use crate::flow::finding::Finding;
use crate::flow::report::ShapeReport;
use crate::flow::request::{Fields, RequestNode};
use crate::flow::text::name_fault;
use crate::registry::caller::Scopes;

const NAME_CHARACTERS_MIN: usize = 2;
const NAME_CHARACTERS_MAX: usize = 80;
const PHONE_NUMBER_ID_CHARACTERS_MAX: usize = 64;
const PHONE_NUMBER_IDS_MAX: usize = 100;

/// A key that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewKey {
    pub mode: KeyMode,
    pub name: String,
    /// `None`: all that the creator has.
    pub scopes: Option<Scopes>,
    /// Ascending, without repetitions. Empty: the numbers of the creator.
    pub phone_number_ids: Vec<String>,
    /// In whole milliseconds.
    pub expires_at: Option<DateTime<Utc>>,
}

/// What is to become of a key; `None` leaves a member as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyChange {
    pub name: Option<String>,
    pub scopes: Option<Scopes>,
    /// Empty: the numbers of whoever changes it.
    pub phone_number_ids: Option<Vec<String>>,
}

impl NewKey {
    /// Reads `{name, scopes?, phoneNumberIds?, expiresAt?}`; an absent member, null and an empty list are one.
    pub fn read(mode: KeyMode, body: &Value, now: DateTime<Utc>) -> Result<Self, Vec<Finding>> {
        let report = ShapeReport::default();
        let fields = known(body, &["name", "scopes", "phoneNumberIds", "expiresAt"], &report)?;
        if fields.present("name").is_none() {
            report.add(Finding::error("MISSING_FIELD", "/name", "is required"));
        }
        let key = Self {
            mode,
            name: fields.present("name").map(|node| read_name(&node)).unwrap_or_default(),
            scopes: fields
                .get("scopes")
                .map(|node| read_scopes(&node))
                .filter(|scopes| *scopes != Scopes::default()),
            phone_number_ids: fields.get("phoneNumberIds").map(|node| read_ids(&node)).unwrap_or_default(),
            expires_at: fields.get("expiresAt").and_then(|node| read_expiry(&node, now)),
        };
        report.unless_found(key)
    }
}

impl KeyChange {
    /// Reads `{name?, scopes?, phoneNumberIds?}`. Null is allowed where there is a default to go back to.
    pub fn read(body: &Value) -> Result<Self, Vec<Finding>> {
        let report = ShapeReport::default();
        let fields = known(body, &["name", "scopes", "phoneNumberIds"], &report)?;
        let change = Self {
            name: fields.present("name").map(|node| read_name(&node)),
            scopes: fields.present("scopes").map(|node| read_some_scopes(&node)),
            phone_number_ids: fields.present("phoneNumberIds").map(|node| match node.value {
                Value::Null => Vec::new(),
                _ => read_ids(&node),
            }),
        };
        report.unless_found(change)
    }
}

/// The members of a body that has no others.
fn known<'a>(body: &'a Value, names: &[&str], report: &'a ShapeReport) -> Result<Fields<'a>, Vec<Finding>> {
    let fields = report.unless_found(RequestNode::root(body, report).open())?;
    for (_, member) in fields.iter().filter(|(name, _)| !names.contains(name)) {
        member.report("UNKNOWN_FIELD", "is not a member of this object");
    }
    Ok(fields)
}

fn text<'a>(node: &RequestNode<'a>) -> Option<&'a str> {
    let text = node.value.as_str();
    if text.is_none() {
        node.wrong_type("a string");
    }
    text
}

/// Every item is read, so that everything wrong with a list is said at once.
fn texts<'a>(node: &RequestNode<'a>) -> impl Iterator<Item = (RequestNode<'a>, &'a str)> {
    if !node.value.is_array() {
        node.wrong_type("an array of strings");
    }
    node.children().filter_map(|item| text(&item).map(|text| (item, text)))
}

fn read_name(node: &RequestNode<'_>) -> String {
    let Some(name) = text(node) else { return String::new() };
    let characters = name.chars().count();
    if !(NAME_CHARACTERS_MIN..=NAME_CHARACTERS_MAX).contains(&characters) {
        node.invalid(format!("must have {NAME_CHARACTERS_MIN} to {NAME_CHARACTERS_MAX} characters"));
    } else if let Some(fault) = name_fault(name) {
        node.invalid(fault);
    }
    name.to_owned()
}

fn read_scopes(node: &RequestNode<'_>) -> Scopes {
    let read = |(item, name): (RequestNode<'_>, &str)| {
        Scopes::parse(name).map_err(|message| item.invalid(message)).ok()
    };
    texts(node).filter_map(read).flat_map(Scopes::iter).collect()
}

fn read_some_scopes(node: &RequestNode<'_>) -> Scopes {
    let scopes = read_scopes(node);
    if node.value.as_array().is_some_and(Vec::is_empty) {
        node.invalid("must name at least one scope");
    }
    scopes
}

fn read_ids(node: &RequestNode<'_>) -> Vec<String> {
    let mut ids = Vec::new();
    for (item, id) in texts(node) {
        if !(1..=PHONE_NUMBER_ID_CHARACTERS_MAX).contains(&id.chars().count()) {
            item.invalid(format!("must have 1 to {PHONE_NUMBER_ID_CHARACTERS_MAX} characters"));
        }
        ids.push(id.to_owned());
    }
    if ids.len() > PHONE_NUMBER_IDS_MAX {
        node.invalid(format!("must have at most {PHONE_NUMBER_IDS_MAX} numbers"));
    }
    // A set: neither order nor repetition makes another one.
    BTreeSet::from_iter(ids).into_iter().collect()
}

fn read_expiry(node: &RequestNode<'_>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    // Through the count of milliseconds, which has no leap seconds.
    let instant = DateTime::parse_from_rfc3339(text(node)?)
        .ok()
        .and_then(|instant| DateTime::from_timestamp_millis(instant.timestamp_millis()));
    match instant {
        None => node.invalid("must be an instant such as 2030-01-31T12:00:00Z"),
        Some(instant) if instant <= now => node.invalid("must be in the future"),
        Some(_) => {}
    }
    instant
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::registry::caller::Scope;

    const NOW: &str = "2026-05-01T03:42:18.123Z";

    fn found(findings: Vec<Finding>) -> Vec<String> {
        findings.iter().map(|finding| format!("{} {}", finding.code, finding.pointer)).collect()
    }

    fn new_key(body: Value) -> Result<NewKey, Vec<String>> {
        NewKey::read(KeyMode::Live, &body, NOW.parse().unwrap()).map_err(found)
    }

    fn change(body: Value) -> Result<KeyChange, Vec<String>> {
        KeyChange::read(&body).map_err(found)
    }

    #[test]
    fn a_new_key_is_read_with_its_defaults() {
        let least = new_key(json!({"name": "CI"})).unwrap();
        let (mode, name) = (KeyMode::Live, "CI".to_owned());
        let expected = NewKey { mode, name, scopes: None, phone_number_ids: vec![], expires_at: None };
        assert_eq!(least, expected);
        for empty in [json!(null), json!([])] {
            let body = json!({"name": "CI", "scopes": empty, "phoneNumberIds": empty, "expiresAt": null});
            assert_eq!(new_key(body).unwrap(), expected);
        }
        let most = new_key(json!({
            "name": "é".repeat(80), "scopes": ["flows:read", "audit:read", "flows:read"],
            "phoneNumberIds": ["2", "1", "2"], "expiresAt": "2026-12-31T23:59:59.9999+01:00",
        }));
        let most = most.unwrap();
        assert_eq!(most.scopes, Some([Scope::FlowsRead, Scope::AuditRead].into_iter().collect()));
        assert_eq!(most.phone_number_ids, ["1", "2"]);
        let named = new_key(json!({"name": "CI", "scopes": ["auditor", "flows:test"]})).unwrap();
        let expected = [Scope::FlowsRead, Scope::FlowsTest, Scope::AuditRead];
        assert_eq!(named.scopes, Some(expected.into_iter().collect()));
        assert_eq!(most.expires_at, Some("2026-12-31T22:59:59.999Z".parse().unwrap()));
    }

    #[test]
    fn a_leap_second_is_the_second_after() {
        let key = new_key(json!({"name": "CI", "expiresAt": "2026-12-31T23:59:60Z"})).unwrap();
        assert_eq!(key.expires_at, Some("2027-01-01T00:00:00Z".parse().unwrap()));
    }

    #[test]
    fn bodies_of_new_keys_are_refused_with_pointers() {
        let check = |body: Value, expected: &[&str]| {
            assert_eq!(new_key(body.clone()).unwrap_err(), expected, "{body}");
        };
        check(json!(7), &["WRONG_TYPE "]);
        check(json!([{"name": "CI"}]), &["WRONG_TYPE "]);
        check(json!({}), &["MISSING_FIELD /name"]);
        check(json!([]), &["MISSING_FIELD /name"]);
        check(json!({"name": null}), &["WRONG_TYPE /name"]);
        for name in [
            "C".to_owned(),
            "é".repeat(81),
            "   ".to_owned(),
            "two\nlines".to_owned(),
            "\u{200b}\u{feff}".to_owned(),
        ] {
            check(json!({"name": name}), &["INVALID_VALUE /name"]);
        }
        check(
            json!({"name": "CI", "mode": "test", "a/b~": 1}),
            &["UNKNOWN_FIELD /a~1b~0", "UNKNOWN_FIELD /mode"],
        );
        check(json!({"name": "CI", "scopes": "flows:read"}), &["WRONG_TYPE /scopes"]);
        check(
            json!({"name": "CI", "scopes": ["owner", "flows:read", 7, "Flows:Read"]}),
            &["INVALID_VALUE /scopes/0", "WRONG_TYPE /scopes/2", "INVALID_VALUE /scopes/3"],
        );
        check(
            json!({"name": "CI", "phoneNumberIds": ["", 5, "1".repeat(65)]}),
            &[
                "INVALID_VALUE /phoneNumberIds/0",
                "WRONG_TYPE /phoneNumberIds/1",
                "INVALID_VALUE /phoneNumberIds/2",
            ],
        );
        let many: Vec<_> = (0..101).map(|number| number.to_string()).collect();
        check(json!({"name": "CI", "phoneNumberIds": many}), &["INVALID_VALUE /phoneNumberIds"]);
        for instant in ["", "tomorrow", "2030-01-01", "2030-02-30T00:00:00Z", "2030-01-01T00:00:00", NOW] {
            check(json!({"name": "CI", "expiresAt": instant}), &["INVALID_VALUE /expiresAt"]);
        }
        check(json!({"name": "CI", "expiresAt": 1_900_000_000}), &["WRONG_TYPE /expiresAt"]);
        check(
            json!({"scopes": 1, "expiresAt": 1}),
            &["MISSING_FIELD /name", "WRONG_TYPE /scopes", "WRONG_TYPE /expiresAt"],
        );
    }

    #[test]
    fn a_change_leaves_what_it_does_not_name() {
        assert_eq!(change(json!({})).unwrap(), KeyChange::default());
        assert_eq!(change(json!([])).unwrap(), KeyChange::default());
        let expected = KeyChange { name: Some("CI".to_owned()), ..KeyChange::default() };
        assert_eq!(change(json!({"name": "CI"})).unwrap(), expected);
        for none in [json!(null), json!([])] {
            let expected = KeyChange { phone_number_ids: Some(vec![]), ..KeyChange::default() };
            assert_eq!(change(json!({"phoneNumberIds": none})).unwrap(), expected);
        }
    }

    #[test]
    fn bodies_of_changes_are_refused_with_pointers() {
        let check = |body: Value, expected: &[&str]| {
            assert_eq!(change(body.clone()).unwrap_err(), expected, "{body}");
        };
        check(json!("CI"), &["WRONG_TYPE "]);
        check(json!({"name": null, "scopes": null}), &["WRONG_TYPE /name", "WRONG_TYPE /scopes"]);
        check(json!({"scopes": []}), &["INVALID_VALUE /scopes"]);
        check(json!({"expiresAt": null}), &["UNKNOWN_FIELD /expiresAt"]);
    }
}
