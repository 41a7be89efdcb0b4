//! Numbers as people write them, with the marks of their language.

use super::currency::is_currency;
use crate::interpreter::locale::Locale;
use crate::interpreter::value::{self, Value};

/// Whole numbers of this many digits are exact as floats.
const EXACT_DIGITS: usize = 15;

/// One number, with space and at most one currency around it.
pub fn number(text: &str, locale: &Locale) -> Option<Value> {
    // Digits alone are what most people write; so many are exact in any form.
    if (1..=EXACT_DIGITS).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse::<i64>().ok().map(Value::from);
    }
    let (sign, digits) = without_currency(text)?;
    value::number(format!("{sign}{}", unmarked(digits, locale)?).parse().ok()?)
}

/// A whole number within ±(2^53−1).
pub fn integer(text: &str, locale: &Locale) -> Option<Value> {
    value::as_integer(&number(text, locale)?).map(Value::from)
}

/// The sign, and what stands from the first digit to the last.
fn without_currency(text: &str) -> Option<(&'static str, &str)> {
    let is_digit = |c: char| c.is_ascii_digit();
    let (start, end) = (text.find(is_digit)?, text.rfind(is_digit)? + 1);
    let (before, after) = (text[..start].trim(), text[end..].trim());
    let unsigned = before.strip_prefix('-').or_else(|| before.strip_suffix('-'));
    let (sign, before) = unsigned.map_or(("", before), |rest| ("-", rest.trim()));
    let fits = match (before, after) {
        ("", "") => true,
        (word, "") | ("", word) => is_currency(word),
        _ => false,
    };
    fits.then_some((sign, &text[start..end]))
}

/// Marks that only ever part groups of digits: space, the apostrophe, and the mark of Arabic.
const GROUP_MARKS: [char; 3] = [' ', '\'', '٬'];
/// The decimal mark of Arabic.
const ARABIC_DECIMAL_MARK: char = '٫';

/// Digits with at most one point, as Rust reads a number.
fn unmarked(digits: &str, locale: &Locale) -> Option<String> {
    let is_mark = |c: char| c == '.' || c == ',';
    if let Some((whole, fraction)) = digits.split_once(ARABIC_DECIMAL_MARK) {
        return with_fraction(whole_number(whole)?, fraction);
    }
    if let Some(mark) = GROUP_MARKS.into_iter().find(|mark| digits.contains(*mark)) {
        return match digits.split_once(is_mark) {
            Some((whole, fraction)) => with_fraction(grouped(whole, mark)?, fraction),
            None => grouped(digits, mark),
        };
    }
    let Some(last) = digits.rfind(is_mark) else { return with_fraction(digits.to_owned(), "0") };
    let mark = char::from(digits.as_bytes()[last]);
    let (whole, fraction) = (&digits[..last], &digits[last + 1..]);
    if whole.contains(|c| is_mark(c) && c != mark) {
        // The last mark is the decimal one; the other must group all digits before it.
        return with_fraction(grouped(whole, if mark == '.' { ',' } else { '.' })?, fraction);
    }
    if whole.contains(mark) {
        return grouped(digits, mark);
    }
    let may_group = mark == locale.thousands_mark() && fraction.len() == 3;
    match grouped(digits, mark).filter(|_| may_group) {
        Some(number) => Some(number),
        None => with_fraction(whole.to_owned(), fraction),
    }
}

/// Digits, perhaps in groups.
fn whole_number(digits: &str) -> Option<String> {
    match digits.chars().find(|c| !c.is_ascii_digit()) {
        Some(mark) => grouped(digits, mark),
        None => Some(digits.to_owned()),
    }
}

fn with_fraction(whole: String, fraction: &str) -> Option<String> {
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    (all_digits(&whole) && all_digits(fraction)).then(|| format!("{whole}.{fraction}"))
}

/// The digits alone, when `mark` parts them in groups of three after the first, which begins with no zero: nobody
/// writes five hundred as 0.500.
fn grouped(digits: &str, mark: char) -> Option<String> {
    let mut groups = digits.split(mark);
    let first = groups.next()?;
    let fits = (1..=3).contains(&first.len())
        && !first.starts_with('0')
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
                ("٣", "es", "3"),
                ("١٬٢٣٤٫٥", "ar", "1234.5"),
                ("१२,५", "hi", "12.5"),
                ("−5", "es", "-5"),
                ("10²", "es", "-"),
                ("5①", "es", "-"),
                ("½", "es", "-"),
                ("0.500", "es", "0.5"),
                ("0,500", "en", "0.5"),
                ("0.500.000", "es", "-"),
                ("0.500,00", "es", "-"),
                ("012.345", "es", "12.345"),
                ("12 000", "es", "12000"),
                ("1 234 567,50", "fr", "1234567.5"),
                ("12\u{202f}000", "fr", "12000"),
                ("1'234.50", "de-CH", "1234.5"),
                ("1’234", "de-CH", "1234"),
                ("12 00", "es", "-"),
                ("0 500", "es", "-"),
                ("12 000 000.000", "es", "12000000"),
                ("R$ 10", "pt-BR", "10"),
                ("R$1.234,50", "pt-BR", "1234.5"),
                ("US$ -3", "en", "-3"),
                ("MXN 1,500.00", "es-MX", "1500"),
                ("10 eur", "es", "10"),
                ("₹500", "en", "500"),
                ("12 mil", "es", "-"),
                ("$ 10 USD", "es", "-"),
                ("5.000-10.000", "es", "-"),
                ("*12*", "es", "12"),
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
