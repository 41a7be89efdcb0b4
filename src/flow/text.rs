//! Text as people type it: folding for comparison, and the nearest known name for a hint.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The number of the rules of [`fold`]. Folded text that is stored under another number is computed again.
pub const FOLDING: i16 = 1;

/// What is dropped at both ends of a folded text.
const EDGE_PUNCTUATION: &[char] = &['¡', '!', '¿', '?', '.', ',', ';', ':'];

/// Names further away than this are not worth a hint.
const HINT_DISTANCE_MAX: usize = 2;

/// The form in which texts are compared: NFKC, lower case, no combining marks, single spaces,
/// no punctuation around it. `"¡Mañana  sí!"` and `"manana si"` fold to the same.
pub fn fold(text: &str) -> String {
    let plain = if text.is_ascii() { text.to_ascii_lowercase() } else { without_marks(text) };
    let mut folded = String::with_capacity(plain.len());
    for word in plain.split_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.push_str(word);
    }
    folded.trim_matches(|c: char| EDGE_PUNCTUATION.contains(&c) || c.is_whitespace()).to_owned()
}

/// NFKC, lower case, no combining marks. Of ASCII only the case changes.
fn without_marks(text: &str) -> String {
    text.nfkc().flat_map(char::to_lowercase).nfd().filter(|&c| !is_combining_mark(c)).nfc().collect()
}

/// What a search for a part of a name or description looks into: both, folded, one per line.
pub fn search_text(name: &str, description: Option<&str>) -> String {
    match description {
        Some(description) => format!("{}\n{}", fold(name), fold(description)),
        None => fold(name),
    }
}

/// The candidate nearest to `name`, if one is near enough to be meant.
pub fn nearest<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let length = name.chars().count();
    candidates
        .into_iter()
        .filter(|candidate| candidate.chars().count().abs_diff(length) <= HINT_DISTANCE_MAX)
        .map(|candidate| (strsim::osa_distance(name, candidate), candidate))
        .filter(|&(distance, candidate)| {
            distance <= HINT_DISTANCE_MAX && distance < candidate.chars().count()
        })
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn folds_what_people_mean_the_same() {
        for (text, folded) in [
            ("¡Hola!", "hola"),
            ("  Mañana\t a  las\n3 ", "manana a las 3"),
            ("¿SÍ?...", "si"),
            ("ﬁn", "fin"),
            ("Ａｂｃ", "abc"),
            ("a.b, c", "a.b, c"),
            ("¡ hola !", "hola"),
            ("ÇA VA", "ca va"),
            ("İ", "i"),
            ("?!", ""),
            ("한국", "한국"),
        ] {
            assert_eq!(fold(text), folded, "{text}");
        }
    }

    #[test]
    fn search_looks_into_both_texts() {
        assert_eq!(search_text("Reserva", Some("¿Qué día?")), "reserva\nque dia");
        assert_eq!(search_text("Reserva", None), "reserva");
    }

    #[test]
    fn hints_stay_near() {
        assert_eq!(nearest("plna", ["plan", "plane"]), Some("plan"));
        assert_eq!(nearest("pide_empreza", ["pide_empresa", "empresa"]), Some("pide_empresa"));
        assert_eq!(nearest("x", ["y", "ab"]), None);
        assert_eq!(nearest("total", ["precio"]), None);
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(text in any::<String>()) {
            let folded = fold(&text);
            prop_assert_eq!(fold(&folded), folded);
        }

        #[test]
        fn of_ascii_only_the_case_changes(text in "[ -~\t\n]{0,20}") {
            prop_assert_eq!(without_marks(&text), text.to_ascii_lowercase());
        }
    }
}
