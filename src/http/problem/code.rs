//! The one table of error codes: literal name, status, title, and what it means to a person.
//! Names are part of the API: once published they neither change nor disappear.

use axum::http::StatusCode;

macro_rules! codes {
    ($($variant:ident = $name:literal, $status:ident, $title:literal, $explanation:literal;)+) => {
        /// Why a request was not carried out.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code { $($variant),+ }

        impl Code {
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            pub fn parse(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)+ _ => None }
            }

            pub const fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status),+ }
            }

            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),+ }
            }

            /// What happened and what to do, for people.
            pub const fn explanation(self) -> &'static str {
                match self { $(Self::$variant => $explanation),+ }
            }
        }
    };
}

codes! {
    InvalidJson = "invalid_json", BAD_REQUEST, "Invalid JSON",
        "The body is not one JSON value in UTF-8: it is empty where one is needed, cut short, followed by something \
         else, has the same key twice in an object, or is nested deeper than 64 levels.";
    ValidationFailed = "validation_failed", BAD_REQUEST, "Validation failed",
        "The body is JSON, but not of the shape that is asked for: a member is unknown, missing, of another type or \
         beyond a limit. Each entry of `errors` points at its place.";
    InvalidText = "invalid_text", BAD_REQUEST, "Invalid text",
        "A string holds a NUL character or half of a surrogate pair, which cannot be kept as text.";
    InvalidParameter = "invalid_parameter", BAD_REQUEST, "Invalid parameter",
        "An id in the path, a query parameter or a header is unknown, given twice or not of the form it must have.";
    AmbiguousCredentials = "ambiguous_credentials", BAD_REQUEST, "Ambiguous credentials",
        "The request carries more than one credential. Send either `X-Api-Key` or `Authorization`, once.";
    InvalidIdempotencyKey = "invalid_idempotency_key", BAD_REQUEST, "Invalid idempotency key",
        "`Idempotency-Key` must be given once, as 1 to 255 printable ASCII characters. Creating an API key takes \
         none, as its secret cannot be shown twice.";
    MalformedHead = "malformed_head", BAD_REQUEST, "Malformed head",
        "The head of the request is not one that HTTP/1.1 allows: a line ends without a carriage return, or `Host` is \
         missing or there more than once. The connection is closed.";
    MissingCredentials = "missing_credentials", UNAUTHORIZED, "Missing credentials",
        "Send an API key as `X-Api-Key: <key>` or `Authorization: Bearer <key>`, or a token as \
         `Authorization: Bearer <token>`.";
    InvalidCredentials = "invalid_credentials", UNAUTHORIZED, "Invalid credentials",
        "The credential is unknown, revoked, expired, mistyped or of a kind that is not taken here.";
    WrongOrganization = "wrong_organization", FORBIDDEN, "Wrong organization",
        "The credential belongs to another organization than the one in the path.";
    InsufficientScope = "insufficient_scope", FORBIDDEN, "Insufficient scope",
        "The credential is valid but lacks the scope that is named.";
    NotFound = "not_found", NOT_FOUND, "Not found",
        "There is nothing under this path.";
    FlowNotFound = "flow_not_found", NOT_FOUND, "Flow not found",
        "The organization has no flow with this id that the credential may see, or it is deleted.";
    VersionNotFound = "version_not_found", NOT_FOUND, "Version not found",
        "The flow exists, but not at this version or time, or the content of that version was erased.";
    StepNotFound = "step_not_found", NOT_FOUND, "Step not found",
        "The draft of the flow has no step with this id.";
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "Method not allowed",
        "The path exists but does not take this method. `Allow` lists those it takes.";
    NotAcceptable = "not_acceptable", NOT_ACCEPTABLE, "Not acceptable",
        "`Accept` leaves out every media type this path can answer with.";
    VersionConflict = "version_conflict", CONFLICT, "Version conflict",
        "Others kept changing the flow while this change was tried. Nothing was changed; try again, or send \
         `If-Match`.";
    NotPublished = "not_published", CONFLICT, "Not published",
        "The published version was asked for, and the flow has none. The answer says at which version the flow is, who \
         made it and when.";
    FlowIsCalled = "flow_is_called", CONFLICT, "Flow is called",
        "Flows in force call this one or hand over to it, and would be left without it. `callers` names them. Take \
         them out of force or change them first, or force it with a reason: `\"force\": true` in the body, \
         `?force=true` on DELETE with `X-Reason`.";
    PatchTestFailed = "patch_test_failed", CONFLICT, "Patch test failed",
        "An operation `test` of the JSON Patch found another value in the draft. Nothing was changed. `errors` points at \
         the operation.";
    LogNotSigned = "log_not_signed", CONFLICT, "Log not signed",
        "The log of the organization contradicts itself: it was altered. No further checkpoint is made of it. Verify the \
         log, and hold it against checkpoints that were kept elsewhere.";
    LogContradictsCheckpoint = "log_contradicts_checkpoint", CONFLICT, "Log contradicts checkpoint",
        "The log of the organization does not extend a checkpoint that was signed earlier: it was altered, cut, or put \
         back from an older backup. No further checkpoint is made of it until whoever runs the service accepts the log \
         as it is, which is an event of the log. Verify it against checkpoints that were kept elsewhere.";
    ContentInUse = "content_in_use", CONFLICT, "Content in use",
        "A document that is to be erased is shown by a flow, as its draft or in force, or holds the values of the \
         organization. Delete the flow, let another version stand there, or replace the values.";
    PreconditionFailed = "precondition_failed", PRECONDITION_FAILED, "Precondition failed",
        "The flow is not at the version that `If-Match` or `If-None-Match` asks for. Nothing was changed. The answer \
         says which version is current, who made it and when.";
    BodyTooLarge = "body_too_large", PAYLOAD_TOO_LARGE, "Body too large",
        "The body is larger than this path takes.";
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "Unsupported media type",
        "A body must be sent as `Content-Type: application/json`, in UTF-8 and without content encoding. A change of a flow \
         may be `application/merge-patch+json` or `application/json-patch+json` as well.";
    NotPublishable = "not_publishable", UNPROCESSABLE_ENTITY, "Not publishable",
        "The document has findings of severity error and cannot be put in force, or not even be run. `findings` lists \
         them, and behind them what is only doubtful.";
    TestCasesFailed = "test_cases_failed", UNPROCESSABLE_ENTITY, "Test cases failed",
        "Reserved: saved test cases of the flow do not pass, and it is set to be published only when they do. This release \
         keeps no test cases, and never answers so.";
    ErasureRefused = "erasure_refused", UNPROCESSABLE_ENTITY, "Erasure refused",
        "What would stay on record names what is to be erased, or others would lose content that nobody named: see \
         `detail`. Nothing was erased.";
    IdempotencyKeyReused = "idempotency_key_reused", UNPROCESSABLE_ENTITY, "Idempotency key reused",
        "This `Idempotency-Key` was used for another request before. Use a new key for a new request.";
    RateLimited = "rate_limited", TOO_MANY_REQUESTS, "Rate limited",
        "The key or its organization makes more requests than it may, or too many credentials from this address were not \
         valid. Wait as long as `Retry-After` says.";
    HeadersTooLarge = "headers_too_large", REQUEST_HEADER_FIELDS_TOO_LARGE, "Headers too large",
        "The request has too many headers, or they are too long.";
    Internal = "internal", INTERNAL_SERVER_ERROR, "Internal error",
        "Something went wrong on this side. The cause is logged under the request id.";
    NotImplemented = "not_implemented", NOT_IMPLEMENTED, "Not implemented",
        "The body comes in a transfer coding other than `chunked`. The connection is closed.";
    ContentAltered = "content_altered", INTERNAL_SERVER_ERROR, "Content altered",
        "What the database holds is not what was recorded: somebody altered it there. It is not shown, run, published or \
         copied. What and where is logged under the request id; verify the log.";
    Overloaded = "overloaded", SERVICE_UNAVAILABLE, "Overloaded",
        "More requests are under way than this process takes. Nothing was changed; try again.";
    ShuttingDown = "shutting_down", SERVICE_UNAVAILABLE, "Shutting down",
        "Said of the health alone: this process is about to stop, so send requests to another one. Those that come are \
         still carried out.";
    StorageUnavailable = "storage_unavailable", SERVICE_UNAVAILABLE, "Storage unavailable",
        "The database does not answer at the moment. Nothing was changed; try again.";
    TokenKeysUnavailable = "token_keys_unavailable", SERVICE_UNAVAILABLE, "Token keys unavailable",
        "The keys that tokens are verified with cannot be fetched from their issuer at the moment. Nothing was changed; \
         try again, or send an API key.";
    NoCheckpoint = "no_checkpoint", SERVICE_UNAVAILABLE, "No checkpoint",
        "This replica holds no key to sign the log with, and no other has signed it yet. Ask a replica that signs, or \
         give this one a key with `SIGNING_KEY_FILE`.";
    CheckpointNotKept = "checkpoint_not_kept", SERVICE_UNAVAILABLE, "Checkpoint not kept",
        "What is signed is kept outside the database too, and that place cannot be read or written at the moment. \
         Nothing is signed until it can; everything else goes on.";
    OutcomeUnknown = "outcome_unknown", SERVICE_UNAVAILABLE, "Outcome unknown",
        "The connection to the database broke while the change was being written: it may or may not have happened. \
         Try again with the same `Idempotency-Key`, or read the flow first.";
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    #[test]
    fn table() {
        let mut table = String::new();
        for &code in Code::ALL {
            assert_eq!(Code::parse(code.as_str()), Some(code));
            assert!(code.status().canonical_reason().is_some());
            writeln!(table, "{} {} ({})", code.status().as_u16(), code.as_str(), code.title()).unwrap();
            writeln!(table, "    {}", code.explanation()).unwrap();
        }
        insta::with_settings!({
            snapshot_path => concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots/api"),
            prepend_module_to_snapshot => false,
        }, { insta::assert_snapshot!("problem_codes", table) });
    }
}
