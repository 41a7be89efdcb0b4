//! Numbers as people write them, with the marks of their language.

use crate::interpreter::locale::Locale;
use crate::interpreter::value::{self, Value};

const CURRENCIES: [char; 3] = ['$', '€', '£'];

/// Whole numbers of this many digits are exact as floats.
const EXACT_DIGITS: usize = 15;

/// One number, with space and at most one currency symbol around it.
pub fn number(text: &str, locale: &Locale) -> Option<Value> {
    // Digits alone are what most people write; so many are exact in any form.
    if (1..=EXACT_DIGITS).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse::<i64>().ok().map(Value::from);
    }
    value::number(plain(text, locale)?.parse().ok()?)
}

/// A whole number within ±(2^53−1).
pub fn integer(text: &str, locale: &Locale) -> Option<Value> {
    value::as_integer(&number(text, locale)?).map(Value::from)
}

/// The number in the form that Rust reads: digits with at most one point.
fn plain(text: &str, locale: &Locale) -> Option<String> {
    let bare = without_currency(text)?;
    let (sign, digits) = match bare.strip_prefix('-') {
        Some(rest) => ("-", rest.trim_start()),
        None => ("", bare.as_str()),
    };
    let is_mark = |c: char| c == '.' || c == ',';
    if !digits.starts_with(|c: char| c.is_ascii_digit())
        || !digits.ends_with(|c: char| c.is_ascii_digit())
        || !digits.chars().all(|c| c.is_ascii_digit() || is_mark(c))
    {
        return None;
    }
    let Some(last) = digits.rfind(is_mark) else { return Some(format!("{sign}{digits}")) };
    let mark = char::from(digits.as_bytes()[last]);
    let (whole, fraction) = (&digits[..last], &digits[last + 1..]);
    let mixed = whole.contains(|c| is_mark(c) && c != mark);
    let repeated = whole.contains(mark);
    if mixed {
        // The last mark is the decimal one; the other must group all digits before it.
        return grouped(whole, if mark == '.' { ',' } else { '.' })
            .map(|whole| format!("{sign}{whole}.{fraction}"));
    }
    let is_thousands = repeated
        || (mark == locale.thousands_mark() && fraction.len() == 3 && grouped(digits, mark).is_some());
    if is_thousands {
        return grouped(digits, mark).map(|digits| format!("{sign}{digits}"));
    }
    Some(format!("{sign}{whole}.{fraction}"))
}

fn without_currency(text: &str) -> Option<String> {
    let symbols = text.chars().filter(|c| CURRENCIES.contains(c)).count();
    if symbols > 1 {
        return None;
    }
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest.trim()),
        None => ("", text),
    };
    let rest = rest.strip_prefix(CURRENCIES).or_else(|| rest.strip_suffix(CURRENCIES)).unwrap_or(rest);
    Some(format!("{sign}{}", rest.trim()))
}

/// The digits alone, when `mark` parts them in groups of three after the first.
fn grouped(digits: &str, mark: char) -> Option<String> {
    let mut groups = digits.split(mark);
    let first = groups.next()?;
    let fits = (1..=3).contains(&first.len())
        && groups.all(|group| group.len() == 3 && group.bytes().all(|b| b.is_ascii_digit()))
        && first.bytes().all(|b| b.is_ascii_digit());
    fits.then(|| digits.replace(mark, ""))
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;
    use crate::flow::document::Input;

    #[test]
    fn marks_are_read_as_the_locale_writes_them() {
        check(
            Input::Number,
            &[
                ("25", "es", "25"),
                (" - 7 ", "es", "-7"),
                ("12,50", "es", "12.5"),
                ("12.50", "es", "12.5"),
                ("1.234", "es", "1234"),
                ("1.234", "en", "1.234"),
                ("1,234", "en", "1234"),
                ("1,234", "es", "1.234"),
                ("1,234", "es-MX", "1234"),
                ("1234,567", "en", "1234.567"),
                ("1.234,50", "en", "1234.5"),
                ("1,234.50", "es", "1234.5"),
                ("1.234.567", "en", "1234567"),
                ("1.23.4", "es", "-"),
                ("12.34,5", "es", "-"),
                ("$ 1,234.50", "es", "1234.5"),
                ("12 €", "es", "12"),
                ("-$5", "es", "-5"),
                ("$5 €", "es", "-"),
                ("１２", "es", "12"),
                ("doce", "es", "-"),
                ("25 años", "es", "-"),
                ("1 2", "es", "-"),
                ("1e5", "es", "-"),
                (".5", "es", "-"),
                ("5.", "es", "-"),
                ("", "es", "-"),
            ],
        );
    }

    #[test]
    fn integers_are_whole_and_exact() {
        check(
            Input::Integer,
            &[
                ("7", "es", "7"),
                ("7,0", "es", "7"),
                ("7,5", "es", "-"),
                ("9007199254740991", "es", "9007199254740991"),
                ("9007199254740992", "es", "-"),
                ("99999999999999999999999", "es", "-"),
            ],
        );
    }
}
