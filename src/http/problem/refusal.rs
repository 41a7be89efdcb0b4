//! The one match that turns what the registry answers into a problem. Causes are logged here and go no further.

use std::fmt::Display;

use super::super::wire;
use super::{Code, ErrorLocation, Extra, Problem};
use crate::flow::finding::Finding;
use crate::registry::{CallingFlows, CurrentVersion, RegistryError, StoreError};

impl From<RegistryError> for Problem {
    fn from(error: RegistryError) -> Self {
        match error {
            RegistryError::Invalid(findings) => Self::validation(findings),
            RegistryError::FlowNotFound => Self::new(Code::FlowNotFound, "There is no flow with this id."),
            RegistryError::KeyNotFound => Self::new(Code::NotFound, "There is no API key with this id."),
            RegistryError::RunNotFound => Self::new(Code::NotFound, "There is no test run with this id."),
            RegistryError::VersionNotFound => {
                Self::new(Code::VersionNotFound, "The flow has no such version.")
            }
            RegistryError::StepNotFound(id) => {
                Self::new(Code::StepNotFound, format!("The draft has no step {id:?}."))
            }
            RegistryError::PatchTestFailed(index) => {
                Self::new(Code::PatchTestFailed, format!("Operation {index} tests for another value."))
                    .at(ErrorLocation::Pointer(format!("/{index}")))
            }
            RegistryError::Erased => {
                Self::new(Code::VersionNotFound, "The content of this version was erased.")
            }
            RegistryError::NotPublished(current) => Self {
                extra: Extra::Current(current),
                ..Self::new(Code::NotPublished, "The flow is not published.")
            },
            RegistryError::NotPublishable(findings) => Self::kept_from("published", findings),
            RegistryError::Called(callers) => Self::called(&callers),
            RegistryError::OfSet(index, error) => Self::from(*error).in_set(index),
            RegistryError::NotRunnable(findings) => Self::kept_from("run", findings),
            RegistryError::PreconditionFailed(current) => Self::precondition_failed(current),
            RegistryError::EnvPreconditionFailed(position) => Self::env_precondition_failed(position),
            RegistryError::VersionConflict(current) => Self::version_conflict(current),
            RegistryError::IdempotencyKeyReused => {
                Self::new(Code::IdempotencyKeyReused, "The key was used for another request before.")
            }
            RegistryError::InsufficientScope(scope) => Self::insufficient_scope(scope.as_str()),
            RegistryError::BeyondTheLog => Self::parameter("after", "is beyond the end of the log"),
            RegistryError::LinkInvalid => Self::new(Code::InvalidCredentials, "The link is not valid."),
            RegistryError::LinkExpired => {
                let detail = "The link is no longer valid. Links are good for 10 minutes; ask for another.";
                Self::new(Code::InvalidCredentials, detail)
            }
            RegistryError::NotSigned(_)
            | RegistryError::Contradicts(_)
            | RegistryError::SignaturesNotKept(_) => Self::not_signed(&error),
            RegistryError::ErasureRefused(why) => {
                Self::new(Code::ErasureRefused, format!("Nothing is erased: {why}."))
            }
            RegistryError::ContentInUse(flow) => Self::new(
                Code::ContentInUse,
                format!("A document of it is shown by {flow}. Nothing is erased."),
            ),
            RegistryError::ErasureNotFound => Self::new(Code::NotFound, "There is no erasure with this id."),
            RegistryError::NothingToAccept(_) => internal(&error),
            RegistryError::Altered(what) => Self::altered(&what),
            RegistryError::Overloaded => overloaded(),
            RegistryError::OutcomeUnknown(_) => outcome_unknown(&error),
            RegistryError::Corrupt { .. } => internal(&error),
            RegistryError::Store(error) => Self::from(error),
        }
    }
}

impl Problem {
    /// What became of an order that may name a version as `version` in its body: where the flow has no such version,
    /// or none in force, the answer points there.
    pub fn of_version(error: RegistryError) -> Self {
        Self::of_version_in(error, "/version")
    }

    /// What became of an order that names a version in a member of its body: where the flow has no such version, the
    /// answer points there.
    pub fn of_version_in(error: RegistryError, pointer: &str) -> Self {
        let problem = Self::from(error);
        match problem.code {
            Code::VersionNotFound | Code::NotPublished => {
                problem.at(ErrorLocation::Pointer(pointer.to_owned()))
            }
            _ => problem,
        }
    }

    /// This problem as one of a flow of a set, which the answer points at.
    fn in_set(self, index: usize) -> Self {
        let member = match self.code {
            Code::FlowNotFound => "/id",
            Code::VersionNotFound => "/version",
            _ => return self,
        };
        self.at(ErrorLocation::Pointer(format!("/flows/{index}{member}")))
    }

    /// What a parameter names is not there.
    pub fn in_parameter(self, name: &str) -> Self {
        match self.code {
            Code::FlowNotFound | Code::VersionNotFound | Code::NotPublished => {
                self.at(ErrorLocation::Parameter(name.to_owned()))
            }
            _ => self,
        }
    }

    pub fn without_current(self) -> Self {
        match self.extra {
            Extra::Current(_) => Self { extra: Extra::None, ..self },
            _ => self,
        }
    }

    fn version_conflict(current: CurrentVersion) -> Self {
        let version = current.version;
        let detail = format!("The flow kept changing and is at version {version} now. Nothing was changed.");
        Self { extra: Extra::Current(current), ..Self::new(Code::VersionConflict, detail) }
    }

    fn altered(what: &str) -> Self {
        Self::new(Code::ContentAltered, format!("What is stored is not what was recorded: {what}."))
    }

    fn called(CallingFlows { named, has_more }: &CallingFlows) -> Self {
        let names: Vec<String> = named.iter().map(|calling| format!("\"{}\"", calling.name)).collect();
        let names = match (names.is_empty(), has_more) {
            (true, _) => "flows that this credential does not see".to_owned(),
            (false, true) => format!("{} and others", names.join(", ")),
            (false, false) => names.join(", "),
        };
        let detail = format!("The flow is called by flows in force: {names}.");
        let callers = named.iter().map(wire::calling_flow).collect();
        Self { extra: Extra::Callers(callers, *has_more), ..Self::new(Code::FlowIsCalled, detail) }
    }

    /// For requests without a body, whose reason is a header.
    pub fn reason_in_header(self) -> Self {
        let is_reason = |error: &super::FieldError| matches!(&error.location, ErrorLocation::Pointer(it) if it == "/reason");
        match self.errors.iter().find(|error| is_reason(error)) {
            Some(error) => Self::header("x-reason", error.message.clone()),
            None => self,
        }
    }

    /// Nobody vouches for the log, for what it holds or because nothing is signed at the moment.
    fn not_signed(error: &RegistryError) -> Self {
        match error {
            RegistryError::Contradicts(why) => {
                tracing::error!(%why, "a log is not signed: verify it");
                let detail =
                    format!("The log is not what was signed of it earlier: {why}. It is not vouched for.");
                Self::new(Code::LogContradictsCheckpoint, detail)
            }
            RegistryError::SignaturesNotKept(_) => {
                tracing::error!(%error, "a checkpoint is not signed: it cannot be kept");
                let detail = "What is signed cannot be kept outside the database at the moment.";
                Self::retry(Code::CheckpointNotKept, 10, detail)
            }
            error => {
                tracing::error!(%error, "a log is not signed: verify it");
                let detail = "The log contradicts itself, so this service does not vouch for it. Verify it with \
                              `flow-registry audit verify`.";
                Self::new(Code::LogNotSigned, detail)
            }
        }
    }

    /// Errors are why, and come first; what is only doubtful comes along.
    fn kept_from(what: &str, mut findings: Vec<Finding>) -> Self {
        findings.sort_by_key(|finding| !finding.is_error());
        let detail = match findings.iter().filter(|finding| finding.is_error()).count() {
            1 => format!("1 error keeps the flow from being {what}."),
            count => format!("{count} errors keep the flow from being {what}."),
        };
        Self { extra: Extra::Findings(findings), ..Self::new(Code::NotPublishable, detail) }
    }

    /// This problem, said of a place in the request.
    fn at(self, location: ErrorLocation) -> Self {
        Self { extra: self.extra, ..Self::invalid(self.code, location, self.detail) }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => {
                tracing::warn!(%error, "storage unavailable");
                Self::retry(Code::StorageUnavailable, 1, "The database does not answer at the moment.")
            }
            StoreError::OutcomeUnknown(_) => outcome_unknown(&error),
            StoreError::Overloaded => overloaded(),
            StoreError::Corrupt { .. }
            | StoreError::Statement(_)
            | StoreError::Address(_)
            | StoreError::OnlyStandbys
            | StoreError::NoPrimary { .. }
            | StoreError::StalePrimary { .. }
            | StoreError::TwoPrimaries { .. }
            | StoreError::OtherCluster { .. }
            | StoreError::StandbyOfOther { .. }
            | StoreError::TooOld { .. }
            | StoreError::Unreleased
            | StoreError::NotMigrated
            | StoreError::NotDistributable(_)
            | StoreError::PartlyDistributed { .. }
            | StoreError::Pooler(_)
            | StoreError::Migrate(_) => internal(&error),
        }
    }
}

fn overloaded() -> Problem {
    Problem::retry(Code::Overloaded, 1, "More changes are waiting to be written than this process takes.")
}

fn outcome_unknown(error: &dyn Display) -> Problem {
    tracing::warn!(%error, "outcome unknown");
    let detail = "It is not known whether the change happened. Try again with the same Idempotency-Key.";
    Problem::retry(Code::OutcomeUnknown, 1, detail)
}

fn internal(error: &dyn Display) -> Problem {
    tracing::error!(%error, "internal error");
    Problem::new(Code::Internal, "Something went wrong. The cause is logged under the request id.")
}
