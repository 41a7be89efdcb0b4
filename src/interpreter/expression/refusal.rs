//! Why a source cannot be compiled, and where in it.

use minijinja::machinery::Span;
use minijinja::machinery::ast::Expr;

use crate::flow::finding::Position;

/// Why an expression cannot be compiled. Validation refuses such a document before it comes here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompileRefusal {
    pub message: String,
    pub span: Option<(usize, usize)>,
}

pub type Lowered<'s> = Result<Expr<'s>, CompileRefusal>;

pub fn refuse<T>(span: Span, message: impl Into<String>) -> Result<T, CompileRefusal> {
    Err(CompileRefusal {
        message: message.into(),
        span: Some((span.start_offset as usize, span.end_offset as usize)),
    })
}

/// A span of bytes as a position in characters.
pub fn position(source: &str, start: usize, end: usize) -> Position {
    let chars = |end: usize| source.get(..end).map_or(0, |text| text.chars().count());
    Position { offset: chars(start), length: chars(end).saturating_sub(chars(start)) }
}
