//! Why a key or a note is of no use. What a verifier finds wrong with a log is no error but a verdict.

/// A key file or a signed note that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("line {line} of the keys: {reason}")]
    Keys { line: usize, reason: &'static str },
    #[error("not a key: {0}")]
    Key(&'static str),
    #[error("not a checkpoint: {0}")]
    Malformed(&'static str),
    #[error("signed by none of the known keys, but by {0}")]
    UnknownSigner(String),
    #[error("the signature of {0} is wrong")]
    BadSignature(String),
}
