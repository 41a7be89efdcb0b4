//! Arguments that must be written down, so that they can be held against what exists: patterns with their groups, codes of
//! dates, kinds of values.

use std::ops::Range;

use super::collect::Fault;
use super::pattern::Patterns;
use crate::expression::{Argument, Callable};
use crate::flow::language::{DATE_CODES, FIND_KINDS, PATTERN_FUNCTIONS};
use crate::flow::text::{composed, nearest};

/// What is wrong with the arguments of a filter or function, if anything is.
pub fn fault(
    callable: Callable,
    name: &str,
    arguments: &[Argument],
    span: Range<usize>,
    patterns: &mut Patterns,
) -> Option<Fault> {
    match (callable, name, arguments) {
        (Callable::Filter, "date", format) => date_format(format, span),
        (Callable::Filter, "map", [Argument::Literal(filter, _), format @ ..])
            if filter.as_str() == Some("date") =>
        {
            date_format(format, span)
        }
        (Callable::Function, "find", arguments) => find_kind(arguments, span),
        (Callable::Function, name, arguments) if PATTERN_FUNCTIONS.contains(&name) => {
            pattern(name, arguments, span, patterns)
        }
        _ => None,
    }
}

/// A literal format of `date` must consist of codes that exist.
fn date_format(arguments: &[Argument], span: Range<usize>) -> Option<Fault> {
    let (format, literal) = match arguments.first() {
        Some(Argument::Literal(format, span)) => (format.as_str().unwrap_or_default(), span),
        Some(Argument::Computed(_)) => return None,
        _ => {
            let message = "\"date\" takes a format such as \"%d/%m/%Y\".";
            return Some(Fault::new("BAD_DATE_FORMAT", span, message));
        }
    };
    let mut codes = format.split('%').skip(1);
    while let Some(code) = codes.next() {
        match code.chars().next() {
            // Two signs in a row are one.
            None if codes.next().is_some() => {}
            Some(code) if DATE_CODES.contains(&code) => {}
            code => {
                let code = code.map(String::from).unwrap_or_default();
                let message = format!("There is no date code \"%{code}\".");
                let known: String = DATE_CODES.iter().map(|code| format!(" %{code}")).collect();
                let hint = Some(format!("There are{known}."));
                return Some(Fault::new("BAD_DATE_FORMAT", literal.clone(), message).hint(hint));
            }
        }
    }
    None
}

/// A literal kind of `find` must be one.
fn find_kind(arguments: &[Argument], span: Range<usize>) -> Option<Fault> {
    let (name, span) = match arguments {
        [_, Argument::Literal(kind, span)] => (kind.as_str().unwrap_or_default(), span),
        [_, Argument::Computed(_)] => return None,
        _ => {
            let message = "\"find\" takes a text and a kind such as \"email\".";
            return Some(Fault::new("UNKNOWN_FUNCTION", span, message));
        }
    };
    if FIND_KINDS.contains(&name) {
        return None;
    }
    let message = format!("\"find\" looks for {}.", FIND_KINDS.join(", "));
    let hint = nearest(name, FIND_KINDS.iter().copied()).map(|meant| format!("Did you mean \"{meant}\"?"));
    Some(Fault::new("UNKNOWN_FUNCTION", span.clone(), message).hint(hint))
}

/// The pattern of `matches` and `capture` is compiled with the flow, so it must be there; of the latter also the
/// group, when it is written down.
fn pattern(name: &str, arguments: &[Argument], span: Range<usize>, patterns: &mut Patterns) -> Option<Fault> {
    let most = if name == "capture" { 3 } else { 2 };
    let bad = |span: &Range<usize>, message: &str| Some(Fault::new("BAD_REGEX", span.clone(), message));
    let (pattern, rest) = match arguments {
        [_, pattern @ (Argument::Literal(..) | Argument::Computed(_)), rest @ ..] => (pattern, rest),
        _ => return bad(&span, &format!("\"{name}\" takes a text and a literal pattern.")),
    };
    if arguments.len() > most {
        return bad(&span, &format!("\"{name}\" takes at most {most} arguments."));
    }
    match pattern {
        Argument::Literal(source, span) => match source.as_str().map(|text| (text, patterns.fault(text))) {
            None => bad(span, "The pattern must be a text."),
            Some((_, Some(message))) => bad(span, &message),
            Some((text, None)) if name == "capture" && !has_group(text, rest.first()) => {
                bad(span, "The pattern has no such group.")
            }
            Some((_, None)) => None,
        },
        Argument::Computed(span) => bad(span, "The pattern must be a literal text."),
        Argument::Other => None,
    }
}

/// Whether a pattern has the group that is asked for, as far as that is written down.
fn has_group(pattern: &str, group: Option<&Argument>) -> bool {
    let Ok(regex) = regex::Regex::new(&composed(pattern)) else { return true };
    match group {
        None => regex.captures_len() > 1,
        Some(Argument::Literal(group, _)) => match group.as_str() {
            Some(name) => regex.capture_names().flatten().any(|known| known == name),
            None => group.as_usize().is_some_and(|number| number < regex.captures_len()),
        },
        Some(_) => true,
    }
}
