//! A stored document taken apart into the canonical text of its members: what a change leaves as it was is neither
//! read nor written anew.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;

use super::canonical::{Corrupt, DEFAULTS, Labels};
use super::trigger::TriggerTypes;

/// The members of a document by name, each as canonical JSON.
#[derive(Debug, Clone)]
pub struct Texts<'b> {
    members: BTreeMap<&'b str, &'b str>,
}

impl<'b> Texts<'b> {
    /// Takes stored bytes apart. They were read strictly before they were stored.
    pub fn of(stored: &'b [u8]) -> Result<Self, Corrupt> {
        let members: BTreeMap<&str, &RawValue> =
            serde_json::from_slice(stored).map_err(|error| Corrupt::new(&error))?;
        let mut members: BTreeMap<_, _> =
            members.into_iter().map(|(name, text)| (name, text.get())).collect();
        for &(name, default) in DEFAULTS {
            members.entry(name).or_insert(default);
        }
        Ok(Self { members })
    }

    pub(super) fn text(&self, name: &str) -> &'b str {
        self.members.get(name).copied().unwrap_or("null")
    }

    /// Puts another text in the place of a member's.
    pub(super) fn set(&mut self, name: &'b str, text: &'b str) {
        self.members.insert(name, text);
    }

    pub(super) fn value(&self, name: &str) -> Value {
        serde_json::from_str(self.text(name)).expect("it was taken apart as JSON")
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&'b str, &'b str)> {
        self.members.iter().map(|(&name, &text)| (name, text))
    }

    /// Some members of the document as one text.
    pub fn part(mut self, names: &[&str]) -> Vec<u8> {
        self.members.retain(|name, _| names.contains(name));
        self.join()
    }

    /// The document as one text. Names are those of the format, which need no escapes.
    pub(super) fn join(&self) -> Vec<u8> {
        let length = self.members.iter().map(|(name, text)| name.len() + text.len() + 4).sum::<usize>() + 1;
        let mut bytes = Vec::with_capacity(length);
        for (name, text) in &self.members {
            bytes.extend_from_slice(if bytes.is_empty() { b"{\"" } else { b",\"" });
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(b"\":");
            bytes.extend_from_slice(text.as_bytes());
        }
        bytes.push(b'}');
        bytes
    }

    /// What the document is found by.
    pub(super) fn labels(&self) -> Labels {
        let text = |name| serde_json::from_str::<Option<String>>(self.text(name)).unwrap_or_default();
        Labels {
            name: text("name").unwrap_or_default(),
            description: text("description"),
            phone_number_id: text("phoneNumberId"),
            trigger_types: TriggerTypes::of_members(
                Some(&self.value("triggerType")),
                Some(&self.value("triggerConfig")),
            ),
        }
    }
}
