//! Operators of other languages that people write out of habit, found where parsing failed.

use std::ops::Range;

use crate::flow::document::Language;

/// What people write, and what to write instead. Longer ones first.
const FOREIGN: &[(&str, &str)] =
    &[("===", "=="), ("!==", "!="), ("&&", "and"), ("||", "or"), ("!", "not"), ("=", "==")];
/// Operators that look like one of those and are none.
const OWN: &[&str] = &["==", "!=", "<=", ">="];

/// The first foreign operator of a source that does not parse: a hint, and where it stands in bytes.
pub fn foreign_operator(source: &str, language: Language) -> Option<(String, Range<usize>)> {
    if language == Language::Expression && source.trim_start().starts_with("{{") {
        return Some(("An expression stands without \"{{ }}\".".to_owned(), 0..source.len()));
    }
    let mut inside = language == Language::Expression;
    let mut quote = None;
    let mut at = 0;
    while let Some(c) = source[at..].chars().next() {
        let rest = &source[at..];
        let length = match quote {
            Some(_) if c == '\\' => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
            Some(open) => {
                quote = (c != open).then_some(open);
                c.len_utf8()
            }
            None if language != Language::Expression
                && (rest.starts_with("{{") || rest.starts_with("{%")) =>
            {
                inside = true;
                2
            }
            None if language != Language::Expression
                && (rest.starts_with("}}") || rest.starts_with("%}")) =>
            {
                inside = false;
                2
            }
            None if inside && matches!(c, '"' | '\'') => {
                quote = Some(c);
                1
            }
            None if inside => {
                if let Some((foreign, own)) = FOREIGN.iter().find(|(foreign, _)| rest.starts_with(foreign))
                    && (foreign.len() > 2 || !OWN.iter().any(|own| rest.starts_with(own)))
                {
                    let hint = format!("Write \"{own}\" instead of \"{foreign}\".");
                    return Some((hint, at..at + foreign.len()));
                }
                if OWN.iter().any(|own| rest.starts_with(own)) { 2 } else { c.len_utf8() }
            }
            None => c.len_utf8(),
        };
        at += length;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &str, language: Language, expected: Option<(&str, Range<usize>)>) {
        let found = foreign_operator(source, language);
        assert_eq!(found.as_ref().map(|(hint, span)| (hint.as_str(), span.clone())), expected, "{source}");
    }

    #[test]
    fn finds_habits_of_other_languages() {
        use Language::{Expression, Template};
        check("a && b", Expression, Some(("Write \"and\" instead of \"&&\".", 2..4)));
        check("\"&&\" ~ a || b", Expression, Some(("Write \"or\" instead of \"||\".", 9..11)));
        check("!a", Expression, Some(("Write \"not\" instead of \"!\".", 0..1)));
        check("a != b and c = 1", Expression, Some(("Write \"==\" instead of \"=\".", 13..14)));
        check("a === 1", Expression, Some(("Write \"==\" instead of \"===\".", 2..5)));
        check("a !== 1", Expression, Some(("Write \"!=\" instead of \"!==\".", 2..5)));
        check("a <= b >= c == d !", Expression, Some(("Write \"not\" instead of \"!\".", 17..18)));
        check("{{ a }}", Expression, Some(("An expression stands without \"{{ }}\".", 0..7)));
        check("¡Sí & co = {{ a", Template, None);
        check("¡Hola! {{ '\\'!' ~ ñ = 1 }}", Template, Some(("Write \"==\" instead of \"=\".", 22..23)));
        check("a b", Expression, None);
        check("\"a\\", Expression, None);
    }
}
