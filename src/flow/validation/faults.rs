//! What is wrong in a source whatever the document declares: it is no source of the language, or asks for what does not
//! exist.

use std::ops::Range;

use super::arguments;
use super::collect::Fault;
use super::operators::foreign_operator;
use super::pattern::Patterns;
use crate::expression::{Callable, CompileRefusal, Remark, RemarkKind, SourceLanguage};
use crate::flow::language::{FILTERS, FUNCTIONS, LOOP_FIELDS, TESTS};
use crate::flow::text::{nearest, sentence};

/// A source that is no template or expression.
pub fn unreadable(source: &str, language: SourceLanguage, refusal: CompileRefusal) -> Fault {
    let failed = refusal.span.unwrap_or(0..source.len());
    let (hint, span) = match foreign_operator(source, failed.start) {
        _ if language == SourceLanguage::Expression && source.trim_start().starts_with("{{") => {
            (Some("An expression stands without \"{{ }}\".".to_owned()), 0..source.len())
        }
        Some((hint, span)) => (Some(hint), span),
        None => (None, failed),
    };
    Fault::new("EXPR_SYNTAX", span, sentence(&refusal.message)).hint(hint)
}

/// What is wrong with a part of a source, if anything is.
pub fn faults(remark: &Remark<'_>, patterns: &mut Patterns) -> Vec<Fault> {
    let Remark { kind, span } = remark;
    let fault = match kind {
        RemarkKind::Refused(message) => Fault::new("EXPR_SYNTAX", span.clone(), message),
        RemarkKind::Named { callable, name, name_span, arguments } => {
            let unknown = unknown(*callable, name, name_span.clone());
            let argument = arguments::fault(*callable, name, arguments, span.clone(), patterns);
            return unknown.into_iter().chain(argument).collect();
        }
        RemarkKind::Method(name) => {
            let message = format!("There is no function \"{name}\": values have none.");
            let hint = FILTERS.contains(name).then(|| format!("Write \"| {name}\" instead."));
            Fault::new("UNKNOWN_FUNCTION", span.clone(), message).hint(hint)
        }
        RemarkKind::Nameless => Fault::new("UNKNOWN_FUNCTION", span.clone(), "Only functions can be called."),
        RemarkKind::LoopMember(field) if LOOP_FIELDS.contains(&field.as_str()) => return Vec::new(),
        RemarkKind::LoopMember(field) => {
            let message = format!("\"loop\" has no \"{field}\".");
            Fault::new("UNKNOWN_NAMESPACE_FIELD", span.clone(), message)
        }
    };
    vec![fault]
}

/// A name that its table does not have.
fn unknown(callable: Callable, name: &str, span: Range<usize>) -> Option<Fault> {
    let (code, kind, table) = match callable {
        Callable::Filter => ("UNKNOWN_FILTER", "filter", FILTERS),
        Callable::Test => ("UNKNOWN_FUNCTION", "test", TESTS),
        Callable::Function => ("UNKNOWN_FUNCTION", "function", FUNCTIONS),
    };
    if table.contains(&name) {
        return None;
    }
    let meant = nearest(name, table.iter().copied()).map(|meant| format!("Did you mean \"{meant}\"?"));
    let filter = || nearest(name, FILTERS.iter().copied()).filter(|_| callable == Callable::Function);
    let hint = meant.or_else(|| filter().map(|filter| format!("Write \"| {filter}\" instead.")));
    Some(Fault::new(code, span, format!("There is no {kind} \"{name}\".")).hint(hint))
}
