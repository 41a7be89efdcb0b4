//! Fold: the state of a flow, computed from its events alone. Must equal the state stored with each event.
//! Cannot fail: bad stored bytes are caught where rows are decoded.

use super::digest::Digest;
use super::event::{EventType, Payload, RestoreMode, State};

/// What fold reads of one event.
#[derive(Debug, Clone, Copy)]
pub struct Fact<'a> {
    pub version: i64,
    pub event_type: EventType,
    pub payload: &'a Payload,
    /// The document the event brings with it or, for the types that bring none, refers to.
    pub document: Digest,
}

/// The state after `fact`, given the state before it (`None` at version 1).
pub fn fold(before: Option<State>, fact: Fact<'_>) -> State {
    let Fact { version, event_type, payload, document } = fact;
    let document = Some(document);
    let before = before.unwrap_or(State {
        document,
        enabled: true,
        deleted: false,
        published_version: None,
        published_by_version: None,
    });
    match event_type {
        EventType::FlowCreated | EventType::FlowDuplicated => before,
        EventType::FlowUpdated => {
            State { document, enabled: payload.enabled.unwrap_or(before.enabled), ..before }
        }
        EventType::FlowPublished => State {
            enabled: true,
            published_version: payload.published_version,
            published_by_version: Some(version),
            ..before
        },
        EventType::FlowUnpublished => State { published_version: None, published_by_version: None, ..before },
        EventType::FlowDeleted => {
            State { deleted: true, published_version: None, published_by_version: None, ..before }
        }
        EventType::FlowRestored => {
            let restored = State { document, deleted: false, ..before };
            match payload.mode {
                Some(RestoreMode::Live) => State {
                    published_version: Some(version),
                    published_by_version: Some(version),
                    ..restored
                },
                _ => restored,
            }
        }
        EventType::ApiKeyCreated
        | EventType::ApiKeyChanged
        | EventType::ApiKeyRevoked
        | EventType::AuditExported
        | EventType::ContentErased
        | EventType::LogAccepted
        | EventType::SigningKeyCreated
        | EventType::SigningKeyRotated
        | EventType::SigningKeyRetired
        | EventType::EnvChanged
        | EventType::AccessRefused
        | EventType::AccessRead
        | EventType::SessionOpened
        | EventType::SessionClosed => before,
    }
}
