//! Why a page is not shown, or a change not made. A failure is made where the trouble is met, and becomes a page in
//! `around`, which knows language and request id.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

use super::gate::HeldBack;
use crate::flow::finding::Finding;
use crate::registry::caller::Scope;
use crate::registry::{CallingFlows, RegistryError, StoreError};

/// What became of a request that did not become what was asked for.
#[derive(Debug, Clone)]
pub enum PageFailure {
    /// Nobody is signed in here.
    SignedOut {
        had_session: bool,
    },
    /// Somebody is signed in, but not to this organization. Whether there is such a one is not said.
    OtherOrganization(Uuid),
    /// The session may not do it.
    Scope(Scope),
    /// The request was not sent by a page of ours.
    Forged,
    /// The request came by a name that is not ours.
    OtherHost,
    NotFound(Sought),
    MethodNotAllowed,
    /// What the address or the form says cannot be; names the parameter or field.
    BadRequest(&'static str),
    TooLarge,
    /// The flow is at another version than the page showed.
    Changed,
    /// The form was sent before with something else in it.
    SentOtherwise,
    /// Flows in force call this one.
    Called(Box<CallingFlows>),
    NotPublished,
    Erased,
    /// What is asked for has errors, or the form has.
    Findings(Vec<Finding>),
    HeldBack(HeldBack),
    /// The database does not answer.
    Unavailable,
    /// It may have been done.
    OutcomeUnknown,
    Internal,
}

/// What was not found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sought {
    Page,
    Flow,
    Version,
    Step,
    Key,
    Run,
}

pub type PageResult = Result<Response, PageFailure>;

impl PageFailure {
    pub fn status(&self) -> StatusCode {
        match self {
            Self::SignedOut { .. } => StatusCode::UNAUTHORIZED,
            Self::OtherOrganization(_) | Self::Scope(_) | Self::Forged => StatusCode::FORBIDDEN,
            Self::OtherHost => StatusCode::MISDIRECTED_REQUEST,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Changed => StatusCode::PRECONDITION_FAILED,
            Self::SentOtherwise | Self::Called(_) | Self::NotPublished | Self::Erased => StatusCode::CONFLICT,
            Self::Findings(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::HeldBack(held) if held.is_of_caller => StatusCode::TOO_MANY_REQUESTS,
            Self::HeldBack(_) | Self::Unavailable | Self::OutcomeUnknown => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// After how many seconds trying again makes sense.
    pub fn wait_s(&self) -> Option<u32> {
        match self {
            Self::HeldBack(held) => Some(held.wait_s.max(1)),
            Self::Unavailable => Some(2),
            _ => None,
        }
    }

    fn internal(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "internal error");
        Self::Internal
    }
}

impl IntoResponse for PageFailure {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<RegistryError> for PageFailure {
    fn from(error: RegistryError) -> Self {
        const OVERLOADED: HeldBack = HeldBack { wait_s: 1, is_of_caller: false };
        match error {
            RegistryError::FlowNotFound => Self::NotFound(Sought::Flow),
            RegistryError::VersionNotFound => Self::NotFound(Sought::Version),
            RegistryError::StepNotFound(_) => Self::NotFound(Sought::Step),
            RegistryError::KeyNotFound => Self::NotFound(Sought::Key),
            RegistryError::RunNotFound => Self::NotFound(Sought::Run),
            RegistryError::ErasureNotFound | RegistryError::LinkInvalid | RegistryError::LinkExpired => {
                Self::NotFound(Sought::Page)
            }
            RegistryError::Invalid(findings)
            | RegistryError::NotPublishable(findings)
            | RegistryError::NotRunnable(findings) => Self::Findings(findings),
            RegistryError::PreconditionFailed(_) | RegistryError::VersionConflict(_) => Self::Changed,
            RegistryError::IdempotencyKeyReused => Self::SentOtherwise,
            RegistryError::NotPublished(_) => Self::NotPublished,
            RegistryError::Called(calling) => Self::Called(Box::new(calling)),
            RegistryError::Erased => Self::Erased,
            RegistryError::InsufficientScope(scope) => Self::Scope(scope),
            RegistryError::BeyondTheLog => Self::BadRequest("position"),
            RegistryError::Overloaded => Self::HeldBack(OVERLOADED),
            RegistryError::OutcomeUnknown(why) => {
                tracing::warn!(%why, "outcome unknown");
                Self::OutcomeUnknown
            }
            RegistryError::Store(error) => error.into(),
            RegistryError::OfSet(_, error) => (*error).into(),
            RegistryError::PatchTestFailed(_)
            | RegistryError::EnvPreconditionFailed(_)
            | RegistryError::Altered(_)
            | RegistryError::NotSigned(_)
            | RegistryError::Contradicts(_)
            | RegistryError::NothingToAccept(_)
            | RegistryError::ErasureRefused(_)
            | RegistryError::ContentInUse(_)
            | RegistryError::SignaturesNotKept(_)
            | RegistryError::Corrupt { .. } => Self::internal(&error),
        }
    }
}

impl From<StoreError> for PageFailure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => {
                tracing::warn!(%error, "storage unavailable");
                Self::Unavailable
            }
            StoreError::OutcomeUnknown(_) => {
                tracing::warn!(%error, "outcome unknown");
                Self::OutcomeUnknown
            }
            StoreError::Overloaded => Self::HeldBack(HeldBack { wait_s: 1, is_of_caller: false }),
            error => Self::internal(&error),
        }
    }
}

impl From<HeldBack> for PageFailure {
    fn from(held: HeldBack) -> Self {
        Self::HeldBack(held)
    }
}
