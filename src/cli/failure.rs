//! Why a command for people did not do what was asked, and the exit status that tells scripts.

use std::io;

use super::problem::ProblemDetails;

/// What `--help` says of the exit status.
pub const EXIT_STATUS: &str = "\
Exit status:
  0  done
  1  the answer is no: refused, an expectation failed, a run failed
  2  the command line, a setting or the key cannot be used
  4  not found
  5  the service cannot be reached or failed";

#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Understood, and refused.
    #[error("{0}")]
    Refused(String),
    /// The command line or a setting has to change.
    #[error("{0}")]
    Unusable(String),
    #[error("{0}")]
    NotFound(String),
    /// No answer, or none that can be understood.
    #[error("{0}")]
    NoAnswer(String),
    #[error(transparent)]
    Problem(#[from] Box<ProblemDetails>),
    #[error("{0}: {1}")]
    File(String, io::Error),
    /// The reader of standard output closed it early, as `head` does. The command ends without a message.
    #[error("the reader of the output is gone")]
    ReaderGone,
}

impl Failure {
    /// Whether the same may succeed later.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::NoAnswer(_) => true,
            Self::Problem(problem) => matches!(problem.status, 429 | 500..),
            _ => false,
        }
    }

    /// Replaces the names of API parameters in this failure by those of the options that were typed.
    pub fn naming(self, options: &[(&str, &str)]) -> Self {
        match self {
            Self::Problem(problem) => Self::Problem(Box::new(problem.naming(options))),
            failure => failure,
        }
    }

    pub fn exit_status(&self) -> u8 {
        match self {
            Self::ReaderGone => 0,
            Self::Refused(_) => 1,
            Self::Unusable(_) | Self::File(..) => 2,
            Self::NotFound(_) => 4,
            Self::NoAnswer(_) => 5,
            Self::Problem(problem) => match problem.status {
                409 | 412 | 422 => 1,
                404 => 4,
                429 | 500.. => 5,
                _ => 2,
            },
        }
    }
}

/// What writing to standard output can come to.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::ReaderGone,
            _ => Self::File("cannot write to standard output".to_owned(), error),
        }
    }
}
