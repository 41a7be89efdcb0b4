//! Operators of other languages that people write out of habit, found where parsing failed.

use std::ops::Range;

/// What people write, and what to write instead. Longer ones first.
const FOREIGN: &[(&str, &str)] =
    &[("===", "=="), ("!==", "!="), ("&&", "and"), ("||", "or"), ("!", "not"), ("=", "==")];
/// Operators that begin like one of those and are none.
const OWN: &[&str] = &["==", "!="];

/// The foreign operator at the byte where parsing failed, which may be any byte of it: what to write instead,
/// and where it stands.
pub fn foreign_operator(source: &str, failed_at: usize) -> Option<(String, Range<usize>)> {
    FOREIGN.iter().find_map(|(foreign, own)| {
        let start = (0..foreign.len()).filter_map(|before| failed_at.checked_sub(before)).find(|&start| {
            let rest = source.get(start..).unwrap_or_default();
            rest.starts_with(foreign) && (foreign.len() > 1 || !OWN.iter().any(|own| rest.starts_with(own)))
        })?;
        Some((format!("Write \"{own}\" instead of \"{foreign}\"."), start..start + foreign.len()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &str, failed_at: usize, expected: Option<(&str, Range<usize>)>) {
        let found = foreign_operator(source, failed_at);
        assert_eq!(found.as_ref().map(|(hint, span)| (hint.as_str(), span.clone())), expected, "{source}");
    }

    #[test]
    fn finds_habits_of_other_languages() {
        check("a && b", 2, Some(("Write \"and\" instead of \"&&\".", 2..4)));
        check("\"&&\" ~ a || b", 10, Some(("Write \"or\" instead of \"||\".", 9..11)));
        check("!a", 0, Some(("Write \"not\" instead of \"!\".", 0..1)));
        check("a = 1", 2, Some(("Write \"==\" instead of \"=\".", 2..3)));
        check("a === 1", 4, Some(("Write \"==\" instead of \"===\".", 2..5)));
        check("a !== 1", 4, Some(("Write \"!=\" instead of \"!==\".", 2..5)));
        check("ñ", 1, None);
        check("a == == b", 5, None);
        check("a = b c", 6, None);
        check("", 0, None);
    }
}
