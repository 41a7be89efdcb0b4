//! Events: the facts the log keeps. What is defined here is hashed, so it never changes once written.
//! A stored name is written out once, in `EventType::as_str` and `StreamKind::as_str`.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::canonical_json::Sorted;
use super::digest::Digest;

/// Raised when the meaning of a payload changes; readers keep understanding every earlier one.
pub const SCHEMA_VERSION: i16 = 1;

/// The most paths an event lists in `changed`; `changed_more` counts the rest.
pub const CHANGED_MAX: usize = 50;

/// What a stream is the history of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StreamKind {
    Flow = 1,
    ApiKey = 2,
    Organization = 3,
}

impl StreamKind {
    pub const ALL: &[Self] = &[Self::Flow, Self::ApiKey, Self::Organization];

    /// The number that is stored and hashed.
    pub const fn number(self) -> u8 {
        self as u8
    }

    pub const fn from_number(number: i16) -> Option<Self> {
        match number {
            1 => Some(Self::Flow),
            2 => Some(Self::ApiKey),
            3 => Some(Self::Organization),
            _ => None,
        }
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Flow => "flow",
            Self::ApiKey => "api_key",
            Self::Organization => "organization",
        }
    }

    /// The kind whose stored name this is.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == name)
    }
}

/// What an event makes of the draft of its flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DraftChange {
    /// The flow begins with the document that the event writes.
    Begins,
    /// The event writes a document, or changes `enabled` alone; `changed` says where it differs from the one before.
    Edits,
    /// A document that the log holds already is the draft again; `changed` says where it differs from the one before.
    TakesBack,
    Keeps,
}

/// What an event makes of the document in force, whatever its payload says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InForce {
    Puts,
    Ends,
    /// It stays as it is, or the payload says more.
    Stays,
}

macro_rules! event_types {
    ($($variant:ident = $name:literal of $kind:ident $(($draft:ident, $in_force:ident))?: $docs:literal),+ $(,)?) => {
        /// Everything that can happen.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum EventType { $($variant),+ }

        impl EventType {
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The stored and hashed name.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// The kind of stream this type belongs to.
            pub const fn stream_kind(self) -> StreamKind {
                match self { $(Self::$variant => StreamKind::$kind),+ }
            }

            /// When it happens, for people.
            pub const fn docs(self) -> &'static str {
                match self { $(Self::$variant => $docs),+ }
            }

            /// What it makes of a flow; `None` of events on other things.
            fn of_flow(self) -> Option<(DraftChange, InForce)> {
                match self {
                    $(Self::$variant => None$(.or(Some((DraftChange::$draft, InForce::$in_force))))?),+
                }
            }

            pub fn parse(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

// Of a flow's event: what it makes of the draft, and of the document in force.
event_types! {
    FlowCreated = "flow.created" of Flow(Begins, Stays): "a flow was made",
    FlowUpdated = "flow.updated" of Flow(Edits, Stays): "the draft of a flow was changed, or a flow was paused or resumed",
    FlowPublished = "flow.published" of Flow(Keeps, Puts): "a flow was put in force",
    FlowUnpublished = "flow.unpublished" of Flow(Keeps, Ends): "a flow was taken out of force",
    FlowDuplicated = "flow.duplicated" of Flow(Begins, Stays): "a flow was copied: this is the copy",
    FlowDeleted = "flow.deleted" of Flow(Keeps, Ends): "a flow was deleted",
    FlowRestored = "flow.restored" of Flow(TakesBack, Stays): "an earlier version of a flow was put back",
    ApiKeyCreated = "api_key.created" of ApiKey: "a key was made",
    ApiKeyChanged = "api_key.changed" of ApiKey: "a key was changed",
    ApiKeyRevoked = "api_key.revoked" of ApiKey: "a key was revoked",
    AuditExported = "audit.exported" of Organization: "somebody exported the log",
    ContentErased = "content.erased" of Organization: "content was erased on legal demand",
    LogAccepted = "log.accepted" of Organization:
        "whoever runs the service accepted a log that contradicts what was signed",
    SigningKeyCreated = "signing_key.created" of Organization: "a key that signs the log was made",
    SigningKeyRotated = "signing_key.rotated" of Organization: "another key signs the log from here on",
    SigningKeyRetired = "signing_key.retired" of Organization: "a key that signed the log is no longer trusted",
    EnvChanged = "env.changed" of Organization: "the values that flows read as `env.<NAME>` were changed",
    AccessRefused = "access.refused" of Organization: "how often access was refused, in ten minutes",
    AccessRead = "access.read" of Organization: "how often the log, keys and values were read, in ten minutes",
    SessionOpened = "session.opened" of Organization:
        "somebody signed in to the console; `onBehalfOf` is who they said they are",
    SessionClosed = "session.closed" of Organization:
        "somebody signed out of the console; `onBehalfOf` is who they said they are",
}

impl EventType {
    /// What it makes of the draft; `None` of events on other things than flows.
    pub fn draft(self) -> Option<DraftChange> {
        self.of_flow().map(|(draft, _)| draft)
    }

    /// What it makes of the document in force; `None` of events on other things than flows.
    pub fn in_force(self) -> Option<InForce> {
        self.of_flow().map(|(_, in_force)| in_force)
    }

    /// True of events that write the document they name, if they name one; others name one that is in the log already.
    pub fn writes_document(self) -> bool {
        matches!(self.draft(), Some(DraftChange::Begins | DraftChange::Edits)) || self == Self::EnvChanged
    }
}

/// The state after an event: exactly the part that is stored with the event and hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct State {
    /// Digest of the draft's document; none on streams that are not flows.
    pub document: Option<Digest>,
    pub enabled: bool,
    pub deleted: bool,
    /// The version whose document is in force, if any.
    pub published_version: Option<i64>,
    /// The event that put it there; its time is the flow's `publishedAt`.
    pub published_by_version: Option<i64>,
}

impl State {
    /// The state after an event of a stream that is not a flow: it ends by being deleted, if it ends.
    pub const fn without_document(deleted: bool) -> Self {
        Self { document: None, enabled: false, deleted, published_version: None, published_by_version: None }
    }
}

/// Whether a restore touches the draft only or what is in force as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RestoreMode {
    Draft,
    Live,
}

/// What a flow event says beyond its type. Stored as RFC 8785 JSON; absent members are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Payload {
    /// At most [`CHANGED_MAX`] paths in the author's terms (`steps.pago.text`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<String>,
    /// How many further paths changed.
    #[serde(skip_serializing_if = "is_zero")]
    pub changed_more: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_version: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<RestoreMode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published_version: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_flow_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_version: Option<i64>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

impl Payload {
    /// Cuts a list of changed paths to what an event may carry.
    pub fn with_changed(mut self, mut paths: Vec<String>) -> Self {
        self.changed_more = u32::try_from(paths.len().saturating_sub(CHANGED_MAX)).unwrap_or(u32::MAX);
        paths.truncate(CHANGED_MAX);
        self.changed = paths;
        self
    }
}

/// Who acted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// An API key's id, or the subject of a token.
    pub id: String,
    pub name: Option<String>,
    #[serde(rename = "type")]
    pub kind: ActorKind,
}

impl Actor {
    /// What events are filtered by: the kind and the id. It stays when the circumstances are erased.
    pub fn opaque_id(&self) -> String {
        match self.kind {
            ActorKind::Erased => self.id.clone(),
            kind => format!("{}:{}", kind.as_str(), self.id),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActorKind {
    ApiKey,
    User,
    /// Somebody at the machine itself, by a command.
    Operator,
    /// Known by the opaque id alone, since the circumstances of the event were erased.
    Erased,
}

impl ActorKind {
    pub const ALL: &[Self] = &[Self::ApiKey, Self::User, Self::Operator, Self::Erased];

    /// The stored name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ApiKey => "api_key",
            Self::User => "user",
            Self::Operator => "operator",
            Self::Erased => "erased",
        }
    }
}

/// Who accessed something, and from where.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Accessor {
    /// The kind and the id of whoever it was, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
}

/// The circumstances of an event. Stored as RFC 8785 JSON beside the payload; erasable on legal demand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Context {
    /// Of accesses that were counted: who it was in each row of the payload.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accessors: Vec<Accessor>,
    pub actor: Actor,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_prefix: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// 16 random bytes in hexadecimal, so that the digest of an erased context tells nothing.
    pub salt: String,
    /// Which of a user's tokens: its `jti`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
}

// Their members are declared in the order they are written in.
impl Sorted for Payload {}
impl Sorted for Actor {}
impl Sorted for Context {}

/// The RFC 8785 bytes that are stored and hashed for a payload, a context or an author.
pub fn canonical_bytes(value: &impl Serialize) -> Vec<u8> {
    serde_json_canonicalizer::to_vec(value).expect("our own event types always serialize")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_names_read_back() {
        for &kind in EventType::ALL {
            assert_eq!(EventType::parse(kind.as_str()), Some(kind));
            let is_of_an_organization = kind.stream_kind() == StreamKind::Organization;
            assert!(is_of_an_organization || kind.as_str().starts_with(kind.stream_kind().as_str()));
            assert_eq!(kind.of_flow().is_some(), kind.stream_kind() == StreamKind::Flow, "{kind:?}");
        }
        assert_eq!(EventType::parse("flow.renamed"), None);
    }

    #[test]
    fn payload_lists_fifty_paths_and_counts_the_rest() {
        let payload = Payload::default().with_changed((0..57).map(|n| format!("steps.s{n}.text")).collect());
        assert_eq!((payload.changed.len(), payload.changed_more), (50, 7));
        assert_eq!(canonical_bytes(&Payload::default()), b"{}");
    }
}
