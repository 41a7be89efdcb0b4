//! Decide: what an order does to a flow in a given state. One event, nothing, or a refusal.
//! The state after is always computed by `fold`, so the two cannot disagree.

use uuid::Uuid;

use super::digest::Digest;
use super::event::{EventType, Payload, RestoreMode, State};
use super::fold::{Fact, fold};

/// A flow as a command finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Current {
    pub version: i64,
    pub state: State,
    /// Digest of the document in force, if one is published.
    pub published_document: Option<Digest>,
}

/// A document somebody wants in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// A version of this flow to pin; `None` publishes the draft.
    pub version: Option<i64>,
    pub document: Digest,
    /// Whether validation found errors in it.
    pub has_errors: bool,
}

/// A document of the past that somebody wants back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restoration {
    pub from_version: i64,
    pub document: Digest,
    pub mode: RestoreMode,
    /// Without errors, or in force at some time before.
    pub is_publishable: bool,
    pub changed: Vec<String>,
}

/// What somebody wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    Create { document: Digest },
    Duplicate { document: Digest, source_flow_id: Uuid, source_version: i64 },
    Update { document: Digest, enabled: Option<bool>, changed: Vec<String> },
    Publish(Candidate),
    Unpublish,
    Delete,
    Restore(Restoration),
}

/// Why an order is not carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("no such flow, or it is deleted")]
    NotFound,
    #[error("the document has errors and cannot be put in force")]
    NotPublishable,
}

/// The event an order leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecidedChange {
    pub version: i64,
    pub event_type: EventType,
    pub payload: Payload,
    pub after: State,
    /// Digest of the document in force after the event.
    pub published_document: Option<Digest>,
}

/// What an accepted order does.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "short-lived, never stored in bulk")]
pub enum Decision {
    /// Everything is already as ordered: no event.
    Nothing,
    Event(DecidedChange),
}

/// Decides `order` on a flow (`None`: there is none yet).
pub fn decide(current: Option<&Current>, order: Order) -> Result<Decision, Refusal> {
    let (event_type, document, payload) = match order {
        Order::Create { document } => (EventType::FlowCreated, document, Payload::default()),
        Order::Duplicate { document, source_flow_id, source_version } => {
            let payload = Payload {
                source_flow_id: Some(source_flow_id),
                source_version: Some(source_version),
                ..Payload::default()
            };
            (EventType::FlowDuplicated, document, payload)
        }
        order => {
            let current = current.ok_or(Refusal::NotFound)?;
            match change(current, order)? {
                Some(change) => change,
                None => return Ok(Decision::Nothing),
            }
        }
    };
    let version = current.map_or(0, |current| current.version) + 1;
    let fact = Fact { version, event_type, payload: &payload, document };
    let after = fold(current.map(|current| current.state), fact);
    Ok(Decision::Event(DecidedChange {
        version,
        event_type,
        published_document: published_document(current, document, &after, version),
        payload,
        after,
    }))
}

type Event = (EventType, Digest, Payload);

/// What an order on an existing flow changes; `None` when it is so already.
fn change(current: &Current, order: Order) -> Result<Option<Event>, Refusal> {
    let state = &current.state;
    if state.deleted && !matches!(order, Order::Restore(_)) {
        return Err(Refusal::NotFound);
    }
    let draft = state.document.expect("a flow has a draft");
    Ok(match order {
        Order::Create { .. } | Order::Duplicate { .. } => unreachable!("they start a flow of their own"),
        Order::Update { document, enabled, mut changed } => {
            let enabled = enabled.filter(|enabled| *enabled != state.enabled);
            if Some(document) == state.document && enabled.is_none() {
                return Ok(None);
            }
            if enabled.is_some() {
                changed.push("enabled".to_owned());
            }
            let payload = Payload { enabled, ..Payload::default() }.with_changed(changed);
            Some((EventType::FlowUpdated, document, payload))
        }
        Order::Publish(candidate) => {
            let in_force = current.published_document == Some(candidate.document) && state.enabled;
            if in_force {
                return Ok(None);
            }
            if candidate.has_errors {
                return Err(Refusal::NotPublishable);
            }
            let published_version = candidate.version.unwrap_or(current.version + 1);
            let payload = Payload { published_version: Some(published_version), ..Payload::default() };
            // The draft stays as it is; the pinned version alone says what is in force.
            Some((EventType::FlowPublished, candidate.document, payload))
        }
        Order::Unpublish => {
            state.published_version.map(|_| (EventType::FlowUnpublished, draft, Payload::default()))
        }
        Order::Delete => Some((EventType::FlowDeleted, draft, Payload::default())),
        Order::Restore(Restoration { from_version, document, mode, is_publishable, changed }) => {
            let same_draft = !state.deleted && Some(document) == state.document;
            let same_live = mode == RestoreMode::Draft || current.published_document == Some(document);
            if same_draft && same_live {
                return Ok(None);
            }
            if mode == RestoreMode::Live && !is_publishable {
                return Err(Refusal::NotPublishable);
            }
            let payload =
                Payload { from_version: Some(from_version), mode: Some(mode), ..Payload::default() }
                    .with_changed(changed);
            Some((EventType::FlowRestored, document, payload))
        }
    })
}

/// The document in force after an event: the one it puts there, or the one before.
fn published_document(
    current: Option<&Current>,
    document: Digest,
    after: &State,
    version: i64,
) -> Option<Digest> {
    after.published_version?;
    match after.published_by_version == Some(version) {
        true => Some(document),
        false => current.and_then(|current| current.published_document),
    }
}

#[cfg(test)]
mod tests;
