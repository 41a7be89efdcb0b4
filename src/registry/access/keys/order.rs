//! Reads what a request asks of API keys. Strict: an unknown member or a wrong type is a finding with its pointer.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::text::KeyMode;
use crate::flow::finding::Finding;
use crate::flow::{pointer, text};
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
        let mut reader = Reader::new(body, &["name", "scopes", "phoneNumberIds", "expiresAt"])?;
        let name = reader.required("name", read_name);
        let scopes = reader.optional("scopes", read_scopes).filter(|scopes| *scopes != Scopes::default());
        let phone_number_ids = reader.optional("phoneNumberIds", read_phone_number_ids);
        let expires_at = reader.optional("expiresAt", |node| read_expiry(node, now));
        reader.finish(|| Self {
            mode,
            name: name.unwrap_or_default(),
            scopes,
            phone_number_ids: phone_number_ids.unwrap_or_default(),
            expires_at,
        })
    }
}

impl KeyChange {
    /// Reads `{name?, scopes?, phoneNumberIds?}`. Null is allowed where there is a default to go back to.
    pub fn read(body: &Value) -> Result<Self, Vec<Finding>> {
        let mut reader = Reader::new(body, &["name", "scopes", "phoneNumberIds"])?;
        let name = reader.present("name", read_name);
        let scopes = reader.present("scopes", read_some_scopes);
        let phone_number_ids = reader.present("phoneNumberIds", |node| match node.value {
            Value::Null => Some(Vec::new()),
            _ => read_phone_number_ids(node),
        });
        reader.finish(|| Self { name, scopes, phone_number_ids })
    }
}

fn read_name(node: &mut Node<'_>) -> Option<String> {
    let name = node.text()?;
    let characters = name.chars().count();
    if !(NAME_CHARACTERS_MIN..=NAME_CHARACTERS_MAX).contains(&characters) {
        return node.invalid(format!("must have {NAME_CHARACTERS_MIN} to {NAME_CHARACTERS_MAX} characters"));
    }
    if let Some(fault) = text::name_fault(name) {
        return node.invalid(fault);
    }
    Some(name.to_owned())
}

fn read_scopes(node: &mut Node<'_>) -> Option<Scopes> {
    let scopes = node.list(|item| {
        let name = item.text()?;
        match Scopes::parse(name) {
            Ok(scopes) => Some(scopes),
            Err(message) => item.invalid(message),
        }
    })?;
    Some(scopes.into_iter().flat_map(Scopes::iter).collect())
}

fn read_some_scopes(node: &mut Node<'_>) -> Option<Scopes> {
    let scopes = read_scopes(node)?;
    match scopes == Scopes::default() {
        true => node.invalid("must name at least one scope"),
        false => Some(scopes),
    }
}

fn read_phone_number_ids(node: &mut Node<'_>) -> Option<Vec<String>> {
    let ids = node.list(|item| {
        let id = item.text()?;
        let characters = id.chars().count();
        match (1..=PHONE_NUMBER_ID_CHARACTERS_MAX).contains(&characters) {
            true => Some(id.to_owned()),
            false => item.invalid(format!("must have 1 to {PHONE_NUMBER_ID_CHARACTERS_MAX} characters")),
        }
    })?;
    if ids.len() > PHONE_NUMBER_IDS_MAX {
        return node.invalid(format!("must have at most {PHONE_NUMBER_IDS_MAX} numbers"));
    }
    // A set: neither order nor repetition makes another one.
    Some(BTreeSet::from_iter(ids).into_iter().collect())
}

fn read_expiry(node: &mut Node<'_>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let text = node.text()?;
    // Through the count of milliseconds, which has no leap seconds.
    let instant = DateTime::parse_from_rfc3339(text)
        .ok()
        .and_then(|instant| DateTime::from_timestamp_millis(instant.timestamp_millis()));
    match instant {
        None => node.invalid("must be an instant such as 2030-01-31T12:00:00Z"),
        Some(instant) if instant <= now => node.invalid("must be in the future"),
        Some(instant) => Some(instant),
    }
}

/// The members of a body, and what is wrong with them.
struct Reader<'a> {
    members: Option<&'a Map<String, Value>>,
    findings: Vec<Finding>,
}

impl<'a> Reader<'a> {
    fn new(body: &'a Value, known: &[&str]) -> Result<Self, Vec<Finding>> {
        let members = match body {
            Value::Object(members) => Some(members),
            // PHP writes an empty object as an empty list.
            Value::Array(items) if items.is_empty() => None,
            _ => return Err(vec![Finding::error("WRONG_TYPE", "", "must be an object")]),
        };
        let unknown = members.into_iter().flat_map(Map::keys).filter(|name| !known.contains(&name.as_str()));
        let findings = unknown.map(|name| {
            let mut place = String::new();
            pointer::push(&mut place, name);
            Finding::error("UNKNOWN_FIELD", place, "is not a member of this object")
        });
        Ok(Self { members, findings: findings.collect() })
    }

    /// Reads a member that is there, null or not.
    fn present<T>(&mut self, name: &str, read: impl FnOnce(&mut Node<'_>) -> Option<T>) -> Option<T> {
        let value = self.members?.get(name)?;
        read(&mut Node { value, pointer: format!("/{name}"), findings: &mut self.findings })
    }

    fn optional<T>(&mut self, name: &str, read: impl FnOnce(&mut Node<'_>) -> Option<T>) -> Option<T> {
        self.present(name, |node| match node.value {
            Value::Null => None,
            _ => read(node),
        })
    }

    fn required<T>(&mut self, name: &str, read: impl FnOnce(&mut Node<'_>) -> Option<T>) -> Option<T> {
        if self.members.is_none_or(|members| !members.contains_key(name)) {
            self.findings.push(Finding::error("MISSING_FIELD", format!("/{name}"), "is required"));
        }
        self.present(name, read)
    }

    fn finish<T>(self, make: impl FnOnce() -> T) -> Result<T, Vec<Finding>> {
        match self.findings.is_empty() {
            true => Ok(make()),
            false => Err(self.findings),
        }
    }
}

/// One value and its place. Readers answer `None` only after saying why.
struct Node<'a> {
    value: &'a Value,
    pointer: String,
    findings: &'a mut Vec<Finding>,
}

impl<'a> Node<'a> {
    fn report<T>(&mut self, code: &'static str, message: impl Into<String>) -> Option<T> {
        self.findings.push(Finding::error(code, self.pointer.clone(), message));
        None
    }

    fn invalid<T>(&mut self, message: impl Into<String>) -> Option<T> {
        self.report("INVALID_VALUE", message)
    }

    fn text(&mut self) -> Option<&'a str> {
        match self.value {
            Value::String(text) => Some(text),
            _ => self.report("WRONG_TYPE", "must be a string"),
        }
    }

    /// Every item is read, so that everything wrong with a list is said at once.
    fn list<T>(&mut self, read: impl Fn(&mut Node<'_>) -> Option<T>) -> Option<Vec<T>> {
        let Value::Array(items) = self.value else {
            return self.report("WRONG_TYPE", "must be an array of strings");
        };
        let mut read_items = Vec::with_capacity(items.len());
        for (index, value) in items.iter().enumerate() {
            let pointer = format!("{}/{index}", self.pointer);
            read_items.push(read(&mut Node { value, pointer, findings: self.findings }));
        }
        read_items.into_iter().collect()
    }
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
