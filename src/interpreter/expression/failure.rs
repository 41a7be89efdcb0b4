//! How an evaluation ends: with a value, or with a step error that has a code and a position.

use std::ops::Range;

use minijinja::{Error, ErrorKind};

use super::fuel::FUEL_MAX;
use super::text::NoText;
use crate::expression::NameReference;
use crate::flow::finding::Chars;
use crate::flow::text::sentence;
use crate::interpreter::error::{StepError, code};
use crate::interpreter::value::Value;

/// The code that an error of ours carries through the engine.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("{0}")]
struct Coded(&'static str);

/// An error of a filter, test or function of ours.
pub fn coded(code: &'static str, message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, message.into()).with_source(Coded(code))
}

pub fn no_text(reason: NoText) -> Error {
    coded(reason.code(), reason.to_string())
}

/// The engine's own error for this undefined value, which knows where the value came from.
pub fn undefined(value: &Value) -> Error {
    match value.get_attr("") {
        Err(error) => error,
        Ok(_) => Error::from(ErrorKind::UndefinedError),
    }
}

/// What an evaluation leaves behind.
#[derive(Debug, Default)]
pub struct Evaluated {
    pub value: Value,
    pub nulls_rendered: Vec<Box<str>>,
}

/// An error of the engine, and the span of bytes it points to.
#[derive(Debug)]
pub struct EvaluationFailure {
    pub error: StepError,
    pub span: Option<Range<usize>>,
}

impl EvaluationFailure {
    pub fn of(error: &Error) -> Self {
        Self { error: classify(error), span: error.range() }
    }

    /// The step error, with its position in the source. An undefined path is pointed at itself, not at the
    /// operation that could not take it.
    pub fn located(mut self, source: &str, references: &[NameReference]) -> StepError {
        let message = &self.error.message;
        let path = references.iter().find(|reference| {
            message.strip_prefix('`').and_then(|m| m.strip_prefix(&*reference.path.text)) == Some(UNDEFINED)
        });
        let path = path.filter(|_| self.error.code == code::EXPR_UNDEFINED);
        let span = path.map(|path| path.span.clone()).or(self.span);
        self.error.position = span.map(|span| Chars::of(source).position(&span));
        self.error
    }
}

impl From<StepError> for EvaluationFailure {
    fn from(error: StepError) -> Self {
        Self { error, span: None }
    }
}

/// How the engine ends the message about a path it knows.
const UNDEFINED: &str = "` is undefined.";

fn classify(error: &Error) -> StepError {
    if let Some(code) = code_of(error) {
        return StepError::new(code, sentence(error.detail().unwrap_or_default()));
    }
    match error.kind() {
        ErrorKind::OutOfFuel => StepError::new(
            code::EXPR_LIMIT,
            format!("The evaluation needs more than {FUEL_MAX} units of fuel."),
        ),
        ErrorKind::UndefinedError => StepError::new(
            code::EXPR_UNDEFINED,
            error.detail().map_or_else(|| "A value is undefined.".to_owned(), sentence),
        ),
        // The only writer that refuses is the one that keeps the limit of a rendered text.
        ErrorKind::WriteFailure => StepError::new(code::EXPR_LIMIT, sentence(&NoText::TooLong.to_string())),
        kind => StepError::new(code::EXPR_TYPE, sentence(error.detail().unwrap_or(&kind.to_string()))),
    }
}

/// The code an error of ours carries, however deep the engine has wrapped it.
fn code_of(error: &Error) -> Option<&'static str> {
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        if let Some(Coded(code)) = inner.downcast_ref() {
            return Some(code);
        }
        source = inner.source();
    }
    None
}
