//! Word marks: which words of a text are gone and which are new.

use similar::utils::diff_unicode_words;
use similar::{Algorithm, ChangeTag};

/// What became of a part of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WordMark {
    Kept,
    Gone,
    New,
}

/// A part of a text with its mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarkedPart {
    pub mark: WordMark,
    pub text: String,
}

/// A text before and after; what is gone stands on the old side only, what is new on the new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarkedTexts {
    pub old: Vec<MarkedPart>,
    pub new: Vec<MarkedPart>,
}

/// Work for one page, in pairs of words that may have to be held against each other.
const PAIRS_MAX: usize = 20_000_000;
/// A word with the space behind it, in bytes, as far as costs are concerned.
const WORD_BYTES: usize = 4;
/// Below this share of kept letters, in percent, two texts are told apart as wholes: single words that both happen to
/// have would only break them into pieces.
const KEPT_PERCENT_MIN: usize = 25;

/// Marks words, and stops looking for them when a page has cost enough.
#[derive(Debug)]
pub struct WordMarker {
    pairs_left: usize,
}

impl Default for WordMarker {
    fn default() -> Self {
        Self { pairs_left: PAIRS_MAX }
    }
}

impl WordMarker {
    /// Marks what differs between two texts. Texts that have little in common, or would cost too much, are marked whole.
    pub fn mark(&mut self, old: &str, new: &str) -> MarkedTexts {
        let cost = (old.len() / WORD_BYTES + 1).saturating_mul(new.len() / WORD_BYTES + 1);
        let Some(pairs_left) = self.pairs_left.checked_sub(cost) else { return whole(old, new) };
        self.pairs_left = pairs_left;
        let hunks = hunks(old, new);
        let kept: usize = hunks.iter().filter(|hunk| hunk.is_kept).map(|hunk| letters(&hunk.old)).sum();
        if kept * 100 < letters(old).max(letters(new)) * KEPT_PERCENT_MIN {
            return whole(old, new);
        }
        let side = |mark, text: fn(&Hunk) -> &String| {
            let parts = hunks.iter().filter(|hunk| !text(hunk).is_empty());
            parts
                .map(|hunk| MarkedPart {
                    mark: if hunk.is_kept { WordMark::Kept } else { mark },
                    text: text(hunk).clone(),
                })
                .collect()
        };
        MarkedTexts {
            old: side(WordMark::Gone, |hunk| &hunk.old),
            new: side(WordMark::New, |hunk| &hunk.new),
        }
    }
}

/// Both texts marked from end to end.
pub fn whole(old: &str, new: &str) -> MarkedTexts {
    MarkedTexts { old: vec![part(WordMark::Gone, old)], new: vec![part(WordMark::New, new)] }
}

pub fn part(mark: WordMark, text: &str) -> MarkedPart {
    MarkedPart { mark, text: text.to_owned() }
}

fn letters(text: &str) -> usize {
    text.chars().filter(|letter| !letter.is_whitespace()).count()
}

/// A stretch of both texts: the same in both, or what stands there on each side.
struct Hunk {
    is_kept: bool,
    old: String,
    new: String,
}

/// The stretches of two texts in order. A space between two changes belongs to them.
fn hunks(old: &str, new: &str) -> Vec<Hunk> {
    let mut hunks: Vec<Hunk> = Vec::new();
    for (tag, text) in diff_unicode_words(Algorithm::Myers, old, new) {
        let is_kept = tag == ChangeTag::Equal;
        if hunks.last().is_none_or(|last| last.is_kept != is_kept) {
            if !is_kept {
                join_across_space(&mut hunks);
            }
            if is_kept || hunks.last().is_none_or(|last| last.is_kept) {
                hunks.push(Hunk { is_kept, old: String::new(), new: String::new() });
            }
        }
        let last = hunks.last_mut().expect("a hunk was just begun");
        if tag != ChangeTag::Insert {
            last.old.push_str(text);
        }
        if tag != ChangeTag::Delete {
            last.new.push_str(text);
        }
    }
    hunks
}

/// Adds a space at the end to the change before it, because another change follows.
fn join_across_space(hunks: &mut Vec<Hunk>) {
    let [.., _, space] = &hunks[..] else { return };
    if space.is_kept && letters(&space.old) == 0 {
        let space = hunks.pop().expect("there are two");
        let change = hunks.last_mut().expect("there are two");
        change.old.push_str(&space.old);
        change.new.push_str(&space.new);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `[gone]` and `{new}` in the text, which is otherwise kept.
    #[track_caller]
    fn check(old: &str, new: &str, expected_old: &str, expected_new: &str) {
        let shown = |parts: &[MarkedPart]| -> String {
            let part = |part: &MarkedPart| match part.mark {
                WordMark::Kept => part.text.clone(),
                WordMark::Gone => format!("[{}]", part.text),
                WordMark::New => format!("{{{}}}", part.text),
            };
            parts.iter().map(part).collect()
        };
        let marked = WordMarker::default().mark(old, new);
        assert_eq!((&*shown(&marked.old), &*shown(&marked.new)), (expected_old, expected_new));
    }

    #[test]
    fn words_that_changed_are_marked() {
        check("Hola, ¿cómo estás?", "Hola, ¿cómo está?", "Hola, ¿cómo [estás]?", "Hola, ¿cómo {está}?");
        check(
            "El plan cuesta 10 al mes",
            "El plan cuesta 10",
            "El plan cuesta 10[ al mes]",
            "El plan cuesta 10",
        );
        check("uno tres", "uno dos tres", "uno tres", "uno {dos }tres");
    }

    #[test]
    fn neighbouring_changes_are_one() {
        check(
            "Tu pedido llega hoy mismo a tu casa",
            "Tu pedido llega en dos días a tu casa",
            "Tu pedido llega [hoy mismo] a tu casa",
            "Tu pedido llega {en dos días} a tu casa",
        );
    }

    #[test]
    fn texts_with_little_in_common_are_told_apart_as_wholes() {
        check("Gracias por tu visita", "Escribe a soporte", "[Gracias por tu visita]", "{Escribe a soporte}");
    }

    #[test]
    fn a_page_that_has_cost_enough_marks_wholes() {
        let mut marker = WordMarker { pairs_left: 10 };
        assert_eq!(
            marker.mark("uno dos tres cuatro", "uno dos tres cinco"),
            whole("uno dos tres cuatro", "uno dos tres cinco")
        );
        assert_eq!(marker.mark("uno dos", "uno dos").old, vec![part(WordMark::Kept, "uno dos")]);
    }
}
