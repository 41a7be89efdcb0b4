//! Findings: what is wrong, or doubtful, in a flow document, each with a pointer to the place.

use std::cell::OnceCell;
use std::ops::Range;

use serde::Serialize;

/// How much a finding weighs: an error blocks publishing, a warning informs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, PartialOrd, Ord)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Error,
    Warning,
}

/// A place inside a template or expression string, counted in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub struct Position {
    pub offset: usize,
    pub length: usize,
}

/// Counts the characters of a source.
#[derive(Debug)]
pub struct Chars<'s> {
    source: &'s str,
    /// Where each character begins; not needed where each is one byte.
    starts: OnceCell<Vec<usize>>,
}

impl<'s> Chars<'s> {
    pub fn of(source: &'s str) -> Self {
        Self { source, starts: OnceCell::new() }
    }

    /// A span of bytes in characters.
    pub fn position(&self, span: &Range<usize>) -> Position {
        let offset = self.before(span.start);
        Position { offset, length: self.before(span.end).saturating_sub(offset) }
    }

    fn before(&self, byte: usize) -> usize {
        if self.source.is_ascii() {
            return byte.min(self.source.len());
        }
        let starts = self.starts.get_or_init(|| self.source.char_indices().map(|(start, _)| start).collect());
        starts.partition_point(|&start| start < byte)
    }
}

/// Findings told at once, at most.
pub const FINDINGS_MAX: usize = 200;

/// One statement about a document. `code` is stable, `message` and `hint` are for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    pub code: &'static str,
    pub severity: Severity,
    /// RFC 6901 pointer into the document (or into the request body it came in).
    pub pointer: String,
    pub step_id: Option<String>,
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
}

impl Finding {
    pub fn error(code: &'static str, pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, pointer.into(), message.into())
    }

    pub fn warning(code: &'static str, pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, pointer.into(), message.into())
    }

    fn new(severity: Severity, code: &'static str, pointer: String, message: String) -> Self {
        Self { code, severity, pointer, step_id: None, message, hint: None, position: None }
    }

    pub fn in_step(mut self, id: impl Into<String>) -> Self {
        self.step_id = Some(id.into());
        self
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Hints at the name that may have been meant.
    pub fn did_you_mean(self, name: Option<&str>) -> Self {
        match name {
            Some(name) => self.hint(format!("Did you mean \"{name}\"?")),
            None => self,
        }
    }

    pub fn at(mut self, offset: usize, length: usize) -> Self {
        self.position = Some(Position { offset, length });
        self
    }

    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}
