//! A person, by the texts that name one: a subject, a key's name, whom somebody acted for. Where these stand in an
//! organization, whatever was said around them, there the content goes.

use serde_json::Value;
use uuid::Uuid;

use super::plan::{ErasedKey, ErasurePlan};
use crate::evidence::ErasedContent;
use crate::flow::event::EventType;
use crate::registry::RegistryError;
use crate::store::{Store, TellingEvent};

/// Texts of one person.
const TEXTS_MAX: usize = 20;
/// In characters. Shorter texts stand everywhere.
const TEXT_CHARS: std::ops::RangeInclusive<usize> = 3..=500;

/// A person, by texts. One stands in another text as it is written, and not as a part of a longer word: of `Ana` nothing
/// goes with `Anabel`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    texts: Vec<String>,
}

impl Person {
    /// # Errors
    /// Says what is wrong with the texts.
    pub fn named(texts: Vec<String>) -> Result<Self, String> {
        if texts.is_empty() || texts.len() > TEXTS_MAX {
            return Err(format!("a person is named by 1 to {TEXTS_MAX} texts"));
        }
        for text in &texts {
            let is_sound =
                TEXT_CHARS.contains(&text.chars().count()) && text.chars().any(char::is_alphanumeric);
            if !is_sound || text.trim() != text {
                let (min, max) = TEXT_CHARS.into_inner();
                return Err(format!(
                    "a text that names a person has {min} to {max} characters, and no space around"
                ));
            }
        }
        Ok(Self { texts })
    }

    pub(super) fn texts(&self) -> &[String] {
        &self.texts
    }

    /// Whether one of the texts stands in another.
    pub(super) fn stands_in(&self, other: &str) -> bool {
        self.texts.iter().any(|text| stands_in(text, other))
    }

    /// True if the person stands in stored JSON: in its texts, or in names of its members.
    fn stands_in_json(&self, bytes: &[u8]) -> bool {
        match serde_json::from_slice(bytes) {
            Ok(value) => self.stands_in_value(&value),
            // It is not for us to say what altered bytes mean.
            Err(_) => self.stands_in(&String::from_utf8_lossy(bytes)),
        }
    }

    fn stands_in_value(&self, value: &Value) -> bool {
        match value {
            Value::String(text) => self.stands_in(text),
            Value::Array(values) => values.iter().any(|value| self.stands_in_value(value)),
            Value::Object(members) => {
                members.iter().any(|(name, value)| self.stands_in(name) || self.stands_in_value(value))
            }
            Value::Number(number) => self.stands_in(&number.to_string()),
            Value::Null | Value::Bool(_) => false,
        }
    }

    /// Whether a text holds one of theirs at all, in whatever case.
    pub(super) fn is_told_by(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        self.texts.iter().any(|told| text.contains(&told.to_lowercase()))
    }

    /// What of an organization's content goes with the person.
    pub(super) async fn plan(&self, store: &Store, org_id: Uuid) -> Result<ErasurePlan, RegistryError> {
        let mut plan = ErasurePlan::default();
        for event in store.events_telling(org_id, &self.texts).await? {
            let tells =
                |bytes: &Option<Vec<u8>>| bytes.as_deref().is_some_and(|bytes| self.stands_in_json(bytes));
            if tells(&event.context) {
                plan.contexts.push(event.position);
            }
            if tells(&event.payload) {
                plan.payloads.push(event.position);
                plan.take_over(&event)?;
            }
        }
        let documents = store.documents_telling(org_id, &self.texts).await?.into_iter();
        let documents: Vec<_> =
            documents.filter(|(_, bytes)| self.stands_in_json(bytes)).map(|(digest, _)| digest).collect();
        if !documents.is_empty() {
            plan.documents_of(&store.uses(org_id, &documents).await?);
        }
        self.plan_rows(store, org_id, &mut plan).await?;
        Ok(plan)
    }

    async fn plan_rows(
        &self,
        store: &Store,
        org_id: Uuid,
        plan: &mut ErasurePlan,
    ) -> Result<(), RegistryError> {
        let tells = |texts: &[String]| {
            texts.iter().any(|text| match text.starts_with('{') {
                true => self.stands_in_json(text.as_bytes()),
                false => self.stands_in(text),
            })
        };
        let runs = store.runs_telling(org_id, &self.texts).await?.into_iter();
        plan.rows.runs = runs.filter(|row| tells(&row.texts)).map(|row| row.id).collect();
        let keys = store.idempotency_keys_telling(org_id, &self.texts).await?.into_iter();
        plan.rows.idempotency_keys = keys.filter(|row| tells(&row.texts)).map(|row| row.id).collect();
        let actors = store.actors_telling(org_id, &self.texts).await?.into_iter();
        plan.rows.actors = actors.filter(|row| tells(&row.texts)).map(|row| row.id).collect();
        let sessions = store.sessions_telling(org_id, &self.texts).await?.into_iter();
        plan.rows.sessions = sessions.filter(|row| tells(&row.texts)).map(|row| row.id).collect();
        let named = store.keys_telling(org_id, &self.texts).await?.into_iter();
        plan.named_keys = named.filter(|row| tells(&row.texts)).map(|row| row.id).collect();
        // The others lose their name with what their events said.
        let ErasurePlan { named_keys, keys, .. } = plan;
        named_keys.retain(|key_id| keys.iter().all(|(_, key)| key.id != *key_id));
        Ok(())
    }
}

fn stands_in(text: &str, other: &str) -> bool {
    let goes_on = |edge: Option<char>, beyond: Option<char>| {
        edge.is_some_and(char::is_alphanumeric) && beyond.is_some_and(char::is_alphanumeric)
    };
    other.match_indices(text).any(|(at, found)| {
        let (before, behind) = (&other[..at], &other[at + found.len()..]);
        !goes_on(found.chars().next(), before.chars().next_back())
            && !goes_on(found.chars().next_back(), behind.chars().next())
    })
}

impl ErasurePlan {
    /// A payload that goes and that others rely on: what an earlier erasure says is said again by the one that takes it.
    fn take_over(&mut self, event: &TellingEvent) -> Result<(), RegistryError> {
        let (position, event_type) = (event.position, &event.event_type);
        let payload: Value =
            serde_json::from_slice(event.payload.as_deref().unwrap_or_default()).unwrap_or_default();
        match EventType::parse(event_type) {
            Some(EventType::ContentErased) => {
                let told: ErasedContent = serde_json::from_value(payload).map_err(|error| {
                    RegistryError::corrupt(format!("position {position}"), error.to_string())
                })?;
                self.said_before.push((position, told));
                Ok(())
            }
            Some(
                EventType::LogAccepted
                | EventType::SigningKeyCreated
                | EventType::SigningKeyRotated
                | EventType::SigningKeyRetired,
            ) => Err(RegistryError::ErasureRefused(format!(
                "the text stands at position {position}, in {event_type}, which proof rests on"
            ))),
            Some(EventType::ApiKeyCreated | EventType::ApiKeyChanged | EventType::ApiKeyRevoked) => {
                let secret_digest = payload.get("secretDigest").cloned().unwrap_or_default();
                let secret_digest = serde_json::from_value(secret_digest).ok();
                self.keys.push((position, ErasedKey { id: event.stream_id, secret_digest }));
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_as_words() {
        let person = Person::named(vec!["Ana".to_owned(), "ana@example.com".to_owned()]).unwrap();
        for told in ["Ana", "de Ana.", "«Ana»", "Ana Pérez", "mailto:ana@example.com", "x Anabel y Ana"] {
            assert!(person.stands_in(told), "{told}");
        }
        for other in ["Anabel", "Mariana", "ANA", "ana", "Anaí", "juana@example.com", ""] {
            assert!(!person.stands_in(other), "{other}");
        }
        assert!(person.stands_in_json(br#"{"a":["x\nAna"]}"#) && person.stands_in_json(br#"{"Ana":1}"#));
        assert!(person.is_told_by("asked for by ANA@example.com") && !person.is_told_by("art. 17"));
    }

    #[test]
    fn what_names_nobody_is_refused() {
        for texts in [vec![], vec![""], vec!["An"], vec!["---"], vec![" Ana"], vec!["Ana", "x"]] {
            let texts: Vec<String> = texts.into_iter().map(str::to_owned).collect();
            assert!(Person::named(texts.clone()).is_err(), "{texts:?}");
        }
    }
}
