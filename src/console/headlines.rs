//! A flow's history as people tell it. What changed for customers stands alone; edits between fold into a row for each
//! person and half hour.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::changed::{ChangedParts, counted};
use super::preference::PageLanguage;
use super::sentence::{Piece, Sentence, number};
use super::texts::history::HistoryTexts;
use crate::flow::event::{Actor, ActorKind, EventType, Payload, RestoreMode};
use crate::registry::LogEntry;

/// Edits of one person that are no further apart are one row.
const FOLD_MAX: TimeDelta = TimeDelta::minutes(30);

/// One event in words.
#[derive(Debug, Clone, PartialEq)]
pub struct ToldEvent {
    pub version: i64,
    pub position: i64,
    pub at: DateTime<Utc>,
    /// Empty for a reader who may not know.
    pub who: Sentence,
    /// The name by which a history is asked for what this person did.
    pub person: Option<String>,
    pub what: Sentence,
    pub reason: Option<String>,
}

/// A row of the history.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryRow {
    /// What kind of headline it is, by the stored name of its event; `None` for edits.
    pub headline: Option<Headline>,
    pub who: Sentence,
    pub what: Sentence,
    /// Newest first; one of a headline.
    pub events: Vec<ToldEvent>,
}

/// What changed for customers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Headline {
    Created,
    Published,
    Unpublished,
    Paused,
    Resumed,
    Restored,
    Deleted,
    /// An event that a newer service knows.
    Other,
}

impl Headline {
    /// The class that a page marks it with.
    pub const fn class(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Published => "published",
            Self::Unpublished => "unpublished",
            Self::Paused => "paused",
            Self::Resumed => "resumed",
            Self::Restored => "restored",
            Self::Deleted => "deleted",
            Self::Other => "other",
        }
    }
}

impl HistoryRow {
    pub fn newest(&self) -> &ToldEvent {
        self.events.first().expect("a row has an event")
    }

    pub fn oldest(&self) -> &ToldEvent {
        self.events.last().expect("a row has an event")
    }

    pub fn has(&self, version: i64) -> bool {
        self.events.iter().any(|event| event.version == version)
    }
}

/// How histories are told to a reader.
#[derive(Debug, Clone, Copy)]
pub struct Teller {
    pub texts: &'static HistoryTexts,
    pub language: PageLanguage,
    /// Whether the reader may know who did something, for whom and why.
    pub sees_people: bool,
}

impl Teller {
    /// Rows of events that are given newest first.
    pub fn rows(&self, entries: &[LogEntry]) -> Vec<HistoryRow> {
        let mut rows: Vec<HistoryRow> = Vec::new();
        // The rows that further edits may fold into, each with its person and what it touched.
        let mut open: Vec<(Person, usize, ChangedParts)> = Vec::new();
        for entry in entries {
            let payload = payload(entry);
            let event = self.event(entry, payload.as_ref());
            if let Some(headline) = headline(entry, payload.as_ref()) {
                open.clear();
                rows.push(HistoryRow {
                    headline: Some(headline),
                    who: event.who.clone(),
                    what: event.what.clone(),
                    events: vec![event],
                });
                continue;
            }
            let person = self.person(entry);
            let parts = payload.as_ref().map(parts).unwrap_or_default();
            let fits = |row: &HistoryRow| row.newest().at - event.at <= FOLD_MAX;
            let row = open.iter_mut().find(|(known, row, _)| *known == person && fits(&rows[*row]));
            match row {
                Some((_, row, touched)) => {
                    let mut earlier = parts;
                    earlier.and(touched);
                    *touched = earlier;
                    rows[*row].events.push(event);
                    rows[*row].what = self.edits(rows[*row].events.len(), touched);
                }
                None => {
                    open.retain(|(known, _, _)| *known != person);
                    open.push((person, rows.len(), parts));
                    let (who, what) = (event.who.clone(), event.what.clone());
                    rows.push(HistoryRow { headline: None, who, what, events: vec![event] });
                }
            }
        }
        rows
    }

    /// One event in words.
    pub fn told(&self, entry: &LogEntry) -> ToldEvent {
        self.event(entry, payload(entry).as_ref())
    }

    fn event(&self, entry: &LogEntry, payload: Option<&Payload>) -> ToldEvent {
        let context = entry.context.as_ref().filter(|_| self.sees_people);
        ToldEvent {
            version: entry.version,
            position: entry.position,
            at: entry.recorded_at,
            who: self.who(entry),
            person: context
                .and_then(|context| context.on_behalf_of.clone().or_else(|| context.actor.name.clone())),
            what: self.what(entry, payload),
            reason: context.and_then(|context| context.reason.clone()),
        }
    }

    /// Who did it, and for whom; empty for a reader who may not know.
    pub fn who(&self, entry: &LogEntry) -> Sentence {
        let person = entry.context.as_ref().and_then(|context| context.on_behalf_of.as_deref());
        self.named(&entry.actor(), person)
    }

    /// Somebody who acted, and the person it was done for; empty for a reader who may not know.
    pub fn named(&self, actor: &Actor, on_behalf_of: Option<&str>) -> Sentence {
        if !self.sees_people {
            return Sentence::default();
        }
        let name = self.actor(actor);
        let person = on_behalf_of.map(|person| Piece::Written(person.to_owned()));
        match (person, actor.kind) {
            (None, _) => Sentence(vec![name]),
            // A key is shared: the person who holds it says more.
            (Some(person), ActorKind::ApiKey) => {
                Sentence::of("{person} ({who})", &[("person", person), ("who", name)])
            }
            (Some(person), _) => Sentence::of(self.texts.for_whom, &[("who", name), ("person", person)]),
        }
    }

    fn actor(&self, actor: &Actor) -> Piece {
        match (actor.kind, &actor.name) {
            (ActorKind::Erased, _) => Piece::Words(self.texts.erased_person.to_owned()),
            (_, Some(name)) => Piece::Written(name.clone()),
            (ActorKind::Operator, None) => Piece::Words(self.texts.operator.to_owned()),
            (_, None) => Piece::Written(actor.id.clone()),
        }
    }

    /// Whose row an edit is in. Whoever may not know people must not see them by the rows either.
    fn person(&self, entry: &LogEntry) -> Person {
        let person = entry.context.as_ref().and_then(|context| context.on_behalf_of.clone());
        self.sees_people.then_some((entry.actor, person))
    }

    fn what(&self, entry: &LogEntry, payload: Option<&Payload>) -> Sentence {
        let texts = self.texts;
        let version = |version: Option<i64>| ("n", number(version.unwrap_or(entry.version), self.language));
        let label = entry.context.as_ref().and_then(|context| context.label.clone());
        let published = payload.and_then(|payload| payload.published_version);
        let from = payload.and_then(|payload| payload.from_version);
        match EventType::parse(&entry.event_type) {
            Some(EventType::FlowCreated) => Sentence::words(texts.created),
            Some(EventType::FlowDuplicated) => match payload.and_then(|payload| payload.source_version) {
                Some(source) => Sentence::of(texts.duplicated_from, &[version(Some(source))]),
                None => Sentence::words(texts.duplicated),
            },
            Some(EventType::FlowPublished) => match label {
                Some(label) => {
                    let label = ("label", Piece::Written(label));
                    Sentence::of(texts.published_label, &[version(published), label])
                }
                None => Sentence::of(texts.published, &[version(published)]),
            },
            Some(EventType::FlowUnpublished) => Sentence::words(texts.unpublished),
            Some(EventType::FlowDeleted) => Sentence::words(texts.deleted),
            Some(EventType::FlowRestored) => {
                let is_live = payload.is_some_and(|payload| payload.mode == Some(RestoreMode::Live));
                let text = if is_live { texts.restored_live } else { texts.restored };
                Sentence::of(text, &[version(from)])
            }
            Some(EventType::FlowUpdated) => self.update(payload),
            _ => Sentence::of(texts.other, &[("type", Piece::Written(entry.event_type.clone()))]),
        }
    }

    fn update(&self, payload: Option<&Payload>) -> Sentence {
        let texts = self.texts;
        let Some(payload) = payload else {
            return told_of(texts.edit, Sentence::words(texts.nothing_told));
        };
        let changes = parts(payload).sentence(texts, self.language);
        match (payload.enabled, changes.is_empty()) {
            (None, true) => Sentence::words(texts.edit),
            (None, false) => told_of(texts.edit, changes),
            (Some(is_on), no_more) => {
                let done = if is_on { texts.resumed } else { texts.paused };
                if no_more { Sentence::words(done) } else { told_of(done, changes) }
            }
        }
    }

    /// `4 edits, 3 steps: changed a, b and c`.
    fn edits(&self, count: usize, touched: &ChangedParts) -> Sentence {
        let texts = self.texts;
        let mut said = counted(count, (texts.edit, texts.edits), self.language);
        if touched.step_count() > 0 {
            said.say(", ");
            said.append(counted(touched.step_count(), (texts.one_step, texts.steps), self.language));
        }
        let changes = touched.sentence(texts, self.language);
        if !changes.is_empty() {
            said.say(": ");
            said.append(changes);
        }
        said
    }
}

/// Who acted and for whom; `None` where the reader may not know.
type Person = Option<(Uuid, Option<String>)>;

fn told_of(what: &str, more: Sentence) -> Sentence {
    let mut said = Sentence::words(what);
    said.say(": ");
    said.append(more);
    said
}

fn parts(payload: &Payload) -> ChangedParts {
    ChangedParts::of(&payload.changed, payload.changed_more)
}

/// What an event says beyond its type; `None` once erased.
fn payload(entry: &LogEntry) -> Option<Payload> {
    serde_json::from_value(Value::Object(entry.payload.clone()?)).ok()
}

fn headline(entry: &LogEntry, payload: Option<&Payload>) -> Option<Headline> {
    Some(match EventType::parse(&entry.event_type) {
        Some(EventType::FlowCreated | EventType::FlowDuplicated) => Headline::Created,
        Some(EventType::FlowPublished) => Headline::Published,
        Some(EventType::FlowUnpublished) => Headline::Unpublished,
        Some(EventType::FlowDeleted) => Headline::Deleted,
        Some(EventType::FlowRestored) => Headline::Restored,
        Some(EventType::FlowUpdated) => match payload.and_then(|payload| payload.enabled) {
            Some(true) => Headline::Resumed,
            Some(false) => Headline::Paused,
            None => return None,
        },
        _ => Headline::Other,
    })
}

#[cfg(test)]
mod tests;
