//! Digits of all scripts. Only decimal digits are numbers that people count with; superscripts, circled digits and
//! fractions are signs, and are never taken for the digits they remind of.

use std::sync::LazyLock;

use regex_syntax::hir::{Class, HirKind};
use unicode_normalization::char::decompose_compatible;

/// The characters that are zero in some script; the nine after each are its other digits.
static ZEROS: LazyLock<Vec<char>> = LazyLock::new(|| {
    let hir = regex_syntax::parse(r"\p{Nd}").expect("the class exists");
    let HirKind::Class(Class::Unicode(class)) = hir.kind() else {
        unreachable!("it is a class of characters")
    };
    // Scripts that are neighbours make one range.
    let zeros = class.ranges().iter().flat_map(|range| (range.start()..=range.end()).step_by(10));
    zeros.collect()
});

/// The digit that a character is, in whatever script.
pub fn decimal_digit(c: char) -> Option<u32> {
    if c.is_ascii() {
        return c.to_digit(10);
    }
    let after = ZEROS.partition_point(|zero| *zero <= c);
    let value = u32::from(c) - u32::from(*ZEROS.get(after.checked_sub(1)?)?);
    (value < 10).then_some(value)
}

/// A decimal digit in the script that this product calculates in; anything else as it is.
pub fn plain_digit(c: char) -> char {
    decimal_digit(c).and_then(|digit| char::from_digit(digit, 10)).unwrap_or(c)
}

/// Whether a text has signs that only remind of digits: `²`, `①`, `½`.
pub fn has_other_digits(text: &str) -> bool {
    let is_other = |c: char| {
        let mut reminds = false;
        decompose_compatible(c, |part| reminds |= part.is_ascii_digit());
        reminds
    };
    !text.is_ascii() && text.chars().any(|c| !c.is_ascii() && decimal_digit(c).is_none() && is_other(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_script_counts_from_its_zero() {
        for (text, plain) in
            [("٠٩", "09"), ("۱۲", "12"), ("१२", "12"), ("๓", "3"), ("２", "2"), ("𝟗", "9"), ("߉", "9")]
        {
            assert_eq!(text.chars().map(plain_digit).collect::<String>(), plain, "{text}");
        }
        for sign in ['²', '①', '½', 'Ⅳ', '五', '፩', 'a'] {
            assert_eq!(decimal_digit(sign), None, "{sign}");
        }
    }

    #[test]
    fn signs_that_remind_of_digits_are_found() {
        assert!(["10²", "5①", "½", "⒈"].into_iter().all(has_other_digits));
        assert!(!["10", "٣", "２", "Ⅳ", "año"].into_iter().any(has_other_digits));
    }
}
