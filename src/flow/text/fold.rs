//! The folded form of a text, in which texts are compared, and its words.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::digits::plain_digit;
use super::signs::{bare, is_invisible, plain_quote};

/// Punctuation that is dropped at both ends of a folded text.
fn is_edge_punctuation(c: char) -> bool {
    matches!(
        c,
        '¡' | '!'
            | '¿'
            | '?'
            | '.'
            | ','
            | ';'
            | ':'
            | '؟'
            | '،'
            | '؛'
            | '۔'
            | '।'
            | '॥'
            | '。'
            | '、'
            | '։'
            | '՜'
            | '՞'
            | '።'
    )
}

/// The form in which texts are compared: NFKC, lower case, without accents and invisible signs, with plain quotes and
/// digits, single spaces, and without punctuation, quotes and markup around it. `"¡Mañana  sí!"` and `"*manana si*"`
/// fold to the same. Of a text that is nothing but punctuation this stays, so that only what is blank folds to nothing.
pub fn fold(text: &str) -> String {
    let words = words(text);
    match bare(&words, is_edge_punctuation) {
        "" => bare(&words, |_| false).to_owned(),
        folded => folded.to_owned(),
    }
}

/// Lower-case words without accents, with what stands around the text.
fn words(text: &str) -> String {
    let plain = if text.is_ascii() { text.to_ascii_lowercase() } else { without_accents(text) };
    let mut words = String::with_capacity(plain.len());
    for word in plain.split_whitespace() {
        if !words.is_empty() {
            words.push(' ');
        }
        match word.contains('`') {
            true => words.extend(with_apostrophes(word)),
            false => words.push_str(word),
        }
    }
    words
}

/// A word in which a backtick between letters is the apostrophe that it stands for.
fn with_apostrophes(word: &str) -> impl Iterator<Item = char> {
    let mut before = ' ';
    let mut chars = word.chars().peekable();
    std::iter::from_fn(move || {
        let c = chars.next()?;
        let is_inside = before.is_alphanumeric() && chars.peek().is_some_and(|after| after.is_alphanumeric());
        before = c;
        Some(if c == '`' && is_inside { '\'' } else { c })
    })
}

/// NFKC, lower case, no accents, plain signs. Of ASCII only the case changes.
fn without_accents(text: &str) -> String {
    let compatible = text.chars().map(plain_quote).nfkc().filter(|&c| !is_invisible(c) && c != TATWEEL);
    let lower = compatible.map(plain_quote).map(plain_digit).flat_map(char::to_lowercase);
    // Two forms of one letter, of which the second ends words.
    let lower = lower.map(|c| if c == 'ς' { 'σ' } else { c });
    let mut letter = ' ';
    let kept = lower.nfd().filter(move |&c| {
        if !is_combining_mark(c) {
            letter = c;
            return true;
        }
        !is_accent(c, letter)
    });
    kept.nfc().collect()
}

/// Lengthens words of Arabic, as letters typed many times do.
const TATWEEL: char = '\u{640}';

/// Whether a mark may be left out of a word. Accents may on letters of scripts that have them, and where there is no
/// letter; the signs for short vowels of Arabic and Hebrew may, which most people do not write. Marks of other scripts
/// are letters, or make other letters.
fn is_accent(mark: char, letter: char) -> bool {
    match mark {
        // Й, ў and ї are letters with keys of their own.
        '\u{306}' if matches!(letter, 'и' | 'у') => false,
        '\u{308}' if letter == 'і' => false,
        '\u{591}'..='\u{5c7}'
        | '\u{610}'..='\u{61a}'
        | '\u{64b}'..='\u{652}'
        | '\u{670}'
        | '\u{6d6}'..='\u{6ed}' => true,
        '\u{300}'..='\u{36f}'
        | '\u{483}'..='\u{489}'
        | '\u{1ab0}'..='\u{1aff}'
        | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}'
        | '\u{fe20}'..='\u{fe2f}' => has_accents(letter) || !letter.is_alphabetic(),
        _ => false,
    }
}

/// Latin, Greek and Cyrillic letters.
fn has_accents(letter: char) -> bool {
    letter.is_ascii_alphabetic()
        || matches!(letter,
            '\u{aa}' | '\u{ba}' | '\u{c0}'..='\u{2af}' | '\u{370}'..='\u{52f}' | '\u{1c80}'..='\u{1c8f}'
            | '\u{1d00}'..='\u{1d7f}' | '\u{1e00}'..='\u{1fff}' | '\u{2c60}'..='\u{2c7f}'
            | '\u{a640}'..='\u{a69f}' | '\u{a720}'..='\u{a7ff}' | '\u{ab30}'..='\u{ab6f}')
}

/// Folded, with one space before, between and after the words, punctuation counting as space. A word is made of letters
/// with their marks and of digits; an apostrophe between them belongs to it.
pub fn spaced(text: &str) -> String {
    let folded = fold(text);
    let mut spaced = String::with_capacity(folded.len() + 2);
    spaced.push(' ');
    let in_word = |c: char| c.is_alphanumeric() || is_combining_mark(c);
    let mut chars = folded.chars().peekable();
    while let Some(c) = chars.next() {
        let is_inside =
            c == '\'' && !spaced.ends_with(' ') && chars.peek().is_some_and(|&next| in_word(next));
        if in_word(c) || is_inside {
            spaced.push(c);
        } else if !spaced.ends_with(' ') {
            spaced.push(' ');
        }
    }
    if !spaced.ends_with(' ') {
        spaced.push(' ');
    }
    spaced
}

/// What a search for a part of a name or description looks into: both, folded, one per line.
pub fn search_text(name: &str, description: Option<&str>) -> String {
    match description {
        Some(description) => format!("{}\n{}", words(name), words(description)),
        None => words(name),
    }
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
            ("?!", "?!"),
            ("“?”", "?"),
            ("\u{200b} \u{feff}", ""),
            ("한국", "한국"),
            ("ΑΘΉΝΑΣ", "αθηνασ"),
            ("Ёлка, за́мок", "елка, замок"),
            ("Don’t", "don't"),
            ("l´eau", "l'eau"),
            ("a\u{a78b}a\u{a78c}a", "a'a'a"),
            ("can`t", "can't"),
            ("```can`t```", "can't"),
            ("`si`", "si"),
            ("“Sí”", "si"),
            ("«¡Sí!»", "si"),
            ("*Hola*", "hola"),
            ("~_hola_~", "hola"),
            ("\u{feff}s\u{200b}í\u{200f}\u{fe0f}", "si"),
            ("٢", "2"),
            ("2\u{fe0f}\u{20e3}", "2"),
            ("؟نعم؟", "نعم"),
            ("مَرْحَبًا", "مرحبا"),
            ("مـــرحبا", "مرحبا"),
            ("नहीं।", "नहीं"),
        ] {
            assert_eq!(fold(text), folded, "{text}");
        }
    }

    #[test]
    fn signs_that_are_letters_of_their_script_stay() {
        for (one, other) in [
            ("दिन", "दान"),
            ("ดี", "ดู"),
            ("বাতিল", "বাতুল"),
            ("ハハ", "パパ"),
            ("か", "が"),
            ("கி", "கு"),
            ("ကို", "ကူ"),
            ("ខ្ញុំ", "ខ្ញំ"),
            ("سأل", "سال"),
            ("мой", "мои"),
            ("їх", "іх"),
            ("མི", "མུ"),
            ("각", "갂"),
        ] {
            assert_ne!(fold(one), fold(other), "{one} {other}");
        }
    }

    #[test]
    fn an_apostrophe_inside_a_word_belongs_to_it() {
        for (text, words) in [
            ("I can't go", " i can't go "),
            ("I can’t", " i can't "),
            ("l'eau, s'il", " l'eau s'il "),
            ("'hola' dijo", " hola dijo "),
            ("dogs' tails", " dogs tails "),
            ("rock 'n' roll", " rock n roll "),
            ("नमस्ते दुनिया", " नमस्ते दुनिया "),
            ("#hola😊sí", " hola si "),
            ("...", " "),
        ] {
            assert_eq!(spaced(text), words, "{text}");
        }
    }

    #[test]
    fn search_looks_into_both_texts() {
        assert_eq!(search_text("Reserva", Some("¿Qué día?")), "reserva\n¿que dia?");
        assert_eq!(search_text("_Reserva_", None), "_reserva_");
        assert_eq!((fold("¡Día!"), fold("!"), fold("_")), ("dia".into(), "!".into(), "_".into()));
    }

    /// Of all letters and digits, because a drawn text meets the one letter in question once in thousands of runs.
    #[test]
    fn folding_a_letter_twice_changes_nothing() {
        for letter in ('\0'..=char::MAX).filter(|c| c.is_alphanumeric()) {
            let folded = fold(&format!("a{letter}"));
            assert_eq!(fold(&folded), folded, "{letter:?}");
        }
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(text in any::<String>()) {
            let folded = fold(&text);
            prop_assert_eq!(fold(&folded), folded);
        }

        #[test]
        fn of_ascii_only_the_case_changes(text in "[ -~\t\n]{0,20}") {
            prop_assert_eq!(without_accents(&text), text.to_ascii_lowercase());
        }
    }
}
