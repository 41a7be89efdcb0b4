//! The words of events, in Spanish and in English: in the list of types, in a history, to whoever did it, and to others who
//! look meanwhile. An event without words is called by its stored name.

use crate::flow::event::{EventType, Payload, RestoreMode};
use crate::outline::words::Both;

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
    /// Any other event that is no edit.
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

/// How an event of a flow is told. `{n}` is the version that it put in force, or its own; `{from}` the one that it took a
/// document from.
#[derive(Debug, Clone, Copy)]
pub struct EventTexts {
    /// `None` for edits, which histories fold.
    pub headline: Option<Headline>,
    pub in_history: Both,
    /// To whoever did it.
    pub done: Both,
}

/// How an event of a flow is told, by what it says.
pub fn told(event: EventType, payload: &Payload) -> Option<EventTexts> {
    let (headline, in_history, done) = match event {
        EventType::FlowCreated => (
            Headline::Created,
            ["Creado", "Created"],
            ["Hecho: el flujo está creado, como borrador.", "Done: the flow is created, as a draft."],
        ),
        EventType::FlowDuplicated => (
            Headline::Created,
            match payload.source_version {
                Some(_) => [
                    "Creado como copia de la versión {from} de otro flujo",
                    "Created as a copy of version {from} of another flow",
                ],
                None => ["Creado como copia de otro flujo", "Created as a copy of another flow"],
            },
            ["Hecho: este flujo es la copia, como borrador.", "Done: this flow is the copy, as a draft."],
        ),
        EventType::FlowPublished => (
            Headline::Published,
            ["Publicada la versión {n}", "Version {n} published"],
            ["Hecho: la versión {n} está en vigor.", "Done: version {n} is in force."],
        ),
        EventType::FlowUnpublished => (
            Headline::Unpublished,
            ["Retirado: ya no está en vigor", "Unpublished: no longer in force"],
            ["Hecho: el flujo ya no está en vigor.", "Done: the flow is no longer in force."],
        ),
        EventType::FlowDeleted => (
            Headline::Deleted,
            ["Eliminado", "Deleted"],
            [
                "Hecho: el flujo está eliminado. Su historia sigue aquí.",
                "Done: the flow is deleted. Its history is still here.",
            ],
        ),
        EventType::FlowRestored => return Some(restored(payload)),
        EventType::FlowUpdated => return Some(updated(payload.enabled)),
        _ => return None,
    };
    Some(EventTexts { headline: Some(headline), in_history, done })
}

const DRAFT_IS: Both = ["Hecho: el borrador es la versión {n}.", "Done: the draft is version {n}."];

fn updated(enabled: Option<bool>) -> EventTexts {
    let (headline, in_history, done) = match enabled {
        None => (None, ["Edición", "Edit"], DRAFT_IS),
        Some(true) => (
            Some(Headline::Resumed),
            ["Reanudado", "Resumed"],
            ["Hecho: el flujo atiende otra vez.", "Done: the flow answers again."],
        ),
        Some(false) => (
            Some(Headline::Paused),
            ["Puesto en pausa", "Paused"],
            ["Hecho: el flujo está en pausa.", "Done: the flow is paused."],
        ),
    };
    EventTexts { headline, in_history, done }
}

fn restored(payload: &Payload) -> EventTexts {
    let (in_history, done) = match payload.mode {
        Some(RestoreMode::Live) => (
            ["Restaurada la versión {from} y puesta en vigor", "Version {from} restored and put in force"],
            [
                "Hecho: la versión {n}, igual que la {from}, es el borrador y la publicada.",
                "Done: version {n}, equal to version {from}, is both the draft and the published one.",
            ],
        ),
        _ => (
            ["Restaurada la versión {from} como borrador", "Version {from} restored as draft"],
            [
                "Hecho: la versión {n} es el borrador, igual que la {from}.",
                "Done: version {n} is the draft, equal to version {from}.",
            ],
        ),
    };
    // Which version came back may have been erased.
    let done = if payload.from_version.is_some() { done } else { DRAFT_IS };
    EventTexts { headline: Some(Headline::Restored), in_history, done }
}

/// What a type of event of flows is called where a history is asked for it.
pub fn listed(event: EventType) -> Option<Both> {
    Some(match event {
        EventType::FlowCreated => ["Creado", "Created"],
        EventType::FlowUpdated => ["Editado, en pausa o reanudado", "Edited, paused or resumed"],
        EventType::FlowUnpublished => ["Retirado", "Unpublished"],
        EventType::FlowDuplicated => ["Creado como copia", "Created as a copy"],
        EventType::FlowDeleted => ["Eliminado", "Deleted"],
        EventType::FlowRestored => ["Restaurado", "Restored"],
        _ => return None,
    })
}

/// How an event that has just happened is told to others: by `{who}`, to a flow or key of this `{name}`, as version `{n}`.
pub fn announced(event: EventType) -> Option<Both> {
    Some(match event {
        EventType::FlowCreated => ["{who} creó «{name}»", "{who} created “{name}”"],
        EventType::FlowUpdated => {
            ["{who} guardó la versión {n} de «{name}»", "{who} saved version {n} of “{name}”"]
        }
        EventType::FlowPublished => {
            ["{who} publicó la versión {n} de «{name}»", "{who} published version {n} of “{name}”"]
        }
        EventType::FlowUnpublished => ["{who} retiró «{name}»", "{who} unpublished “{name}”"],
        EventType::FlowDuplicated => ["{who} creó «{name}» como copia", "{who} created “{name}” as a copy"],
        EventType::FlowDeleted => ["{who} eliminó «{name}»", "{who} deleted “{name}”"],
        EventType::FlowRestored => {
            ["{who} restauró «{name}» como versión {n}", "{who} restored “{name}” as version {n}"]
        }
        EventType::ApiKeyCreated => ["{who} creó la clave «{name}»", "{who} created the key “{name}”"],
        EventType::ApiKeyChanged => ["{who} cambió la clave «{name}»", "{who} changed the key “{name}”"],
        EventType::ApiKeyRevoked => ["{who} revocó la clave «{name}»", "{who} revoked the key “{name}”"],
        _ => return None,
    })
}
