//! Why a use case did not happen. `http` turns each into a status in one table.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::caller::Scope;
use super::calling::CallingFlows;
use crate::flow::finding::Finding;
use crate::store::StoreError;

/// Where a flow stands, for somebody who came with another version in mind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CurrentVersion {
    pub version: i64,
    pub updated_at: DateTime<Utc>,
    /// Who made it: RFC 8785 JSON of an actor.
    pub updated_by: Arc<[u8]>,
    /// What else is known of it, where somebody looked.
    pub latest: Option<Box<LatestChange>>,
}

/// The change of a flow that made its current version, for somebody who would overwrite it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LatestChange {
    pub org_id: Uuid,
    pub flow_id: Uuid,
    /// The person the change was made for.
    pub on_behalf_of: Option<String>,
    pub reason: Option<String>,
    /// What is different from the version the caller has seen, where one is known.
    pub since: Option<ChangedSince>,
}

/// What is different between a version and the current one, in the words that events use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedSince {
    pub version: i64,
    pub changed: Vec<String>,
    /// How many changes are not listed.
    pub changed_more: u32,
}

/// The registry's one error type.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The body is not what the format asks for; each finding has its pointer.
    #[error("the request is not valid")]
    Invalid(Vec<Finding>),
    #[error("no such flow")]
    FlowNotFound,
    /// Unknown, or revoked: a revoked key is as good as gone.
    #[error("no such API key")]
    KeyNotFound,
    #[error("no such erasure")]
    ErasureNotFound,
    #[error("no such test run")]
    RunNotFound,
    #[error("the flow has no such version")]
    VersionNotFound,
    /// The draft has no step with this id.
    #[error("the flow has no step {0:?}")]
    StepNotFound(String),
    /// The draft is not what the operation with this index holds it to be.
    #[error("operation {0} of the patch tests for something else")]
    PatchTestFailed(usize),
    #[error("the flow is not published")]
    NotPublished(CurrentVersion),
    #[error("the document has errors")]
    NotPublishable(Vec<Finding>),
    /// Flows in force call it or hand over to it.
    #[error("flows in force call the flow")]
    Called(CallingFlows),
    /// Of a set, the flow at this place is why.
    #[error("flow {0} of the set: {1}")]
    OfSet(usize, Box<Self>),
    /// Its errors are such that no run of it could mean anything.
    #[error("the document has errors and cannot be run")]
    NotRunnable(Vec<Finding>),
    #[error("the flow is at another version")]
    PreconditionFailed(CurrentVersion),
    /// The values of the organization were changed last at another position.
    #[error("the values are at another position")]
    EnvPreconditionFailed(i64),
    #[error("the flow kept changing")]
    VersionConflict(CurrentVersion),
    #[error("the idempotency key was used for another request")]
    IdempotencyKeyReused,
    #[error("the credential lacks a scope")]
    InsufficientScope(Scope),
    /// What is stored is not what was recorded: it is neither shown nor used. Names what.
    #[error("what is stored is not what was recorded: {0}")]
    Altered(String),
    /// The content was erased on legal demand: it can be shown as erased, not copied or put in force.
    #[error("the content of this version was erased")]
    Erased,
    /// An export is to begin behind a position that the log has not reached.
    #[error("the log does not reach that far")]
    BeyondTheLog,
    #[error("the link is none of this organization")]
    LinkInvalid,
    /// Its time is over, or the key that made it is revoked or may no longer read the log.
    #[error("the link is no longer valid")]
    LinkExpired,
    /// The log contradicts itself: nobody vouches for it any more. Says how.
    #[error("the log contradicts itself: {0}")]
    NotSigned(String),
    /// The log does not extend what was signed of it earlier: nobody vouches for it until somebody accepts it. Says how.
    #[error("the log contradicts what was signed of it: {0}")]
    Contradicts(String),
    /// The log extends what was signed of it, or the order to accept it is not about this log. Says how.
    #[error("there is nothing to accept: {0}")]
    NothingToAccept(String),
    /// Says why.
    #[error("nothing is erased: {0}")]
    ErasureRefused(String),
    /// This flow, which is not deleted, shows a document of it; or the organization's values are one.
    #[error(
        "nothing is erased: content_in_use: {0} shows a document of it; delete that flow, let another version stand there, or \
         replace the values of the organization"
    )]
    ContentInUse(Uuid),
    /// What is signed cannot be kept outside the database, so nothing is signed.
    #[error("what was signed cannot be read or kept: {0}")]
    SignaturesNotKept(std::io::Error),
    /// More waits than can be done in time: nothing was done.
    #[error("too much is waiting")]
    Overloaded,
    /// It may have happened or not. The same idempotency key finds out.
    #[error("the outcome is not known: {0}")]
    OutcomeUnknown(String),
    /// What was read makes no sense.
    #[error("stored data is corrupt at {place}: {what}")]
    Corrupt { place: String, what: String },
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl RegistryError {
    pub(crate) fn corrupt(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self::Corrupt { place: place.into(), what: what.into() }
    }

    /// Where the flow stands, of an error that says that the caller came with another version in mind.
    pub(super) fn conflict(&mut self) -> Option<&mut CurrentVersion> {
        match self {
            Self::PreconditionFailed(current) | Self::VersionConflict(current) => Some(current),
            _ => None,
        }
    }

    /// Whether a log is not signed for what it holds. Says nothing of other logs.
    pub fn is_refused_signature(&self) -> bool {
        matches!(self, Self::NotSigned(_) | Self::Contradicts(_))
    }
}
