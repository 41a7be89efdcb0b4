//! Why a source cannot be compiled, and where in it.

use std::ops::Range;

use minijinja::machinery::Span;
use minijinja::machinery::ast::Expr;

/// Why an expression cannot be compiled. Validation refuses such a document before it is compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompileRefusal {
    pub message: String,
    /// In bytes of the source.
    pub span: Option<Range<usize>>,
}

pub type Lowered<'s> = Result<Expr<'s>, CompileRefusal>;

pub fn refuse<T>(span: Span, message: impl Into<String>) -> Result<T, CompileRefusal> {
    Err(CompileRefusal { message: message.into(), span: Some(bytes(span)) })
}

pub fn bytes(span: Span) -> Range<usize> {
    span.start_offset as usize..span.end_offset as usize
}

impl From<minijinja::Error> for CompileRefusal {
    fn from(error: minijinja::Error) -> Self {
        Self { message: error.detail().unwrap_or("syntax error").to_owned(), span: error.range() }
    }
}
