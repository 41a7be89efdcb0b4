//! An event as histories and the audit log answer it.

use std::collections::BTreeMap;

use clap::builder::PossibleValuesParser;
use serde::Deserialize;

use crate::cli::member::ShownActor;
use crate::flow::event::{EventType, StreamKind};

/// The types of events on things of these kinds, for the command line.
pub fn event_types(kinds: &[StreamKind]) -> PossibleValuesParser {
    let of_kinds = EventType::ALL.iter().filter(|event_type| kinds.contains(&event_type.stream_kind()));
    of_kinds.map(|event_type| event_type.as_str()).collect::<Vec<_>>().into()
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    pub version: i64,
    #[serde(rename = "type")]
    pub event_type: String,
    pub position: i64,
    pub at: String,
    /// Absent for those who may not know.
    actor: Option<ShownActor>,
    on_behalf_of: Option<String>,
    pub reason: Option<String>,
    label: Option<String>,
    #[serde(default)]
    changed: Vec<String>,
    #[serde(default)]
    changed_more: u64,
    published_version: Option<i64>,
    from_version: Option<i64>,
    mode: Option<String>,
    enabled: Option<bool>,
    source_version: Option<i64>,
    /// What a key is called, and what it may do.
    name: Option<String>,
    #[serde(default)]
    scopes: Vec<String>,
    /// How the log was exported, from where, and which part of it.
    format: Option<String>,
    after: Option<u64>,
    #[serde(default)]
    by_link: bool,
    #[serde(default)]
    filter: BTreeMap<String, String>,
}

fn listed(parts: impl IntoIterator<Item = Option<String>>) -> String {
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

impl Entry {
    /// `backend, for Ana`.
    pub fn who(&self) -> String {
        let actor = self.actor.as_ref().map_or("", ShownActor::as_str);
        match &self.on_behalf_of {
            Some(person) => format!("{actor}, for {person}"),
            None => actor.to_owned(),
        }
    }

    /// What happened, and what changed by it in the author's words.
    pub fn what(&self) -> String {
        match self.changes() {
            changes if changes.is_empty() => self.happened(),
            changes => format!("{}: {changes}", self.happened()),
        }
    }

    /// What an event says beyond its type: `version 4, campaña`, `backend: flows:read`, `csv, action=flow.created`.
    pub fn details(&self) -> String {
        let version = |version: Option<i64>| version.map(|version| format!("version {version}"));
        if let Some(name) = &self.name {
            return format!("{name}: {}", self.scopes.join(" "));
        }
        let made_from = self.from_version.or(self.source_version);
        let switched = self.enabled.map(|on| format!("turned {}", if on { "on" } else { "off" }));
        let filter = self.filter.iter().map(|(name, value)| Some(format!("{name}={value}")));
        let after = self.after.filter(|after| *after > 0).map(|after| format!("after={after}"));
        let link = self.by_link.then(|| "by link".to_owned());
        let of_flow = [
            version(self.published_version),
            version(made_from),
            self.mode.clone(),
            self.label.clone(),
            switched,
        ];
        listed(of_flow.into_iter().chain([self.format.clone(), link]).chain(filter).chain([after]))
    }

    /// `updated`, `published 4`, `restored 2, live`, `turned on`.
    pub fn happened(&self) -> String {
        if let Some(on) = self.enabled {
            return format!("turned {}", if on { "on" } else { "off" });
        }
        let verb = self.event_type.strip_prefix("flow.").unwrap_or(&self.event_type);
        let version = self.published_version.or(self.from_version).or(self.source_version);
        let number = version.map(|version| format!(" {version}")).unwrap_or_default();
        let live = self.mode.clone().filter(|mode| mode == "live");
        listed([Some(format!("{verb}{number}")), live, self.label.clone()])
    }

    pub fn changes(&self) -> String {
        let mut changes = self.changed.join(", ");
        if self.changed_more > 0 {
            changes.push_str(&format!(" and {} more", self.changed_more));
        }
        changes
    }
}
