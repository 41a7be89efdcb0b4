//! A flow's history as people tell it. What changed for customers stands alone; edits between fold into a row for each
//! person and half hour.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::changed::{ChangedParts, counted};
use super::texts::events::{Headline, told};
use super::texts::history::HistoryTexts;
use crate::flow::event::{Actor, ActorKind, DraftChange, EventType, Payload};
use crate::outline::DisplayLanguage;
use crate::outline::sentence::{Piece, Sentence, number};
use crate::outline::words::pick;
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
    /// What kind of headline it is; `None` for edits.
    pub headline: Option<Headline>,
    pub who: Sentence,
    pub what: Sentence,
    /// Newest first; one of a headline.
    pub events: Vec<ToldEvent>,
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
    pub language: DisplayLanguage,
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
        let known = payload.cloned().unwrap_or_default();
        let Some((event, told)) =
            EventType::parse(&entry.event_type).and_then(|event| Some((event, told(event, &known)?)))
        else {
            return Sentence::of(texts.other, &[("type", Piece::Written(entry.event_type.clone()))]);
        };
        let versions = versions(entry, &known, self.language);
        let mut said = Sentence::of(pick(told.in_history, self.language), &versions);
        if let Some(label) = entry.context.as_ref().and_then(|context| context.label.clone()) {
            said.append(Sentence::of(texts.label, &[("label", Piece::Written(label))]));
        }
        if event.draft() == Some(DraftChange::Edits) {
            let changes = match payload {
                Some(payload) => parts(payload).sentence(texts, self.language),
                None => Sentence::words(texts.nothing_told),
            };
            if !changes.is_empty() {
                said.say(": ");
                said.append(changes);
            }
        }
        said
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

fn parts(payload: &Payload) -> ChangedParts {
    ChangedParts::of(&payload.changed, payload.changed_more)
}

/// What an event says beyond its type; `None` once erased.
pub(super) fn payload(entry: &LogEntry) -> Option<Payload> {
    serde_json::from_value(Value::Object(entry.payload.clone()?)).ok()
}

/// The versions that the words of an event have places for.
pub(super) fn versions(
    entry: &LogEntry,
    payload: &Payload,
    language: DisplayLanguage,
) -> [(&'static str, Piece); 2] {
    let version = |said: Option<i64>| number(said.unwrap_or(entry.version), language);
    let from = payload.from_version.or(payload.source_version);
    [("n", version(payload.published_version)), ("from", version(from))]
}

fn headline(entry: &LogEntry, payload: Option<&Payload>) -> Option<Headline> {
    let event = EventType::parse(&entry.event_type);
    let payload = payload.cloned().unwrap_or_default();
    event.and_then(|event| told(event, &payload)).map_or(Some(Headline::Other), |told| told.headline)
}

#[cfg(test)]
mod tests;
