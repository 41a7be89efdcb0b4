//! Keywords as flows in force hear them: which two are heard in one message, and what an index is asked to find those
//! that may be.

use std::collections::BTreeSet;

use regex::{Regex, RegexBuilder};

use super::document::MatchMode;
use super::language::PATTERN_BYTES_MAX;
use super::reference::{Reference, ReferenceKind};
use super::text::{composed, fold, spaced};

/// A keyword and how it is heard, made ready to be compared with many others.
#[derive(Debug)]
pub struct HeardKeyword {
    keyword: String,
    folded: String,
    spaced: String,
    mode: MatchMode,
    regex: Option<Regex>,
}

impl HeardKeyword {
    pub fn new(keyword: &str, mode: MatchMode) -> Self {
        let source = composed(keyword);
        let regex =
            || RegexBuilder::new(&source).case_insensitive(true).size_limit(PATTERN_BYTES_MAX).build().ok();
        Self {
            keyword: keyword.trim().to_owned(),
            folded: fold(keyword),
            spaced: spaced(keyword),
            mode,
            regex: (mode == MatchMode::Regex).then(regex).flatten(),
        }
    }

    /// A keyword as an index holds it; `None` where it is a reference of another kind.
    pub fn of_reference(kind: i16, value: &str) -> Option<Self> {
        Some(Self::new(value, ReferenceKind::match_mode(kind)?))
    }

    /// Whether one of two is heard where the other is written.
    pub fn meets(&self, other: &Self) -> bool {
        let is_same = self.mode == other.mode && self.folded == other.folded && !self.folded.is_empty();
        is_same || self.hears(other) || other.hears(self)
    }

    fn hears(&self, other: &Self) -> bool {
        // What a pattern looks like nobody writes.
        if other.mode == MatchMode::Regex || (self.folded.is_empty() && self.mode != MatchMode::Regex) {
            return false;
        }
        match self.mode {
            MatchMode::Exact => self.folded == other.folded,
            MatchMode::StartsWith => other.folded.starts_with(&self.folded),
            MatchMode::Contains => other.folded.contains(&self.folded),
            MatchMode::Word => !self.spaced.trim().is_empty() && other.spaced.contains(&self.spaced),
            MatchMode::Regex => self.regex.as_ref().is_some_and(|regex| regex.is_match(&other.keyword)),
        }
    }
}

/// What to look up to find whatever in force starts by the same as some references: what is found may be more.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct ReferenceQuery {
    /// Kinds of which all references are wanted.
    pub kinds: BTreeSet<ReferenceKind>,
    /// References that are wanted as they are. Whoever has one of them starts by the same.
    pub equal: BTreeSet<Reference>,
    /// Texts that a keyword, other than a pattern, is to contain.
    pub within: BTreeSet<String>,
}

/// Parts of keywords that are looked up, each by a probe of the index. A document that has more is rare, as a folded keyword
/// of n characters has n(n+1)/2 of them; all keywords in force are read for it instead.
const PARTS_MAX: usize = 20_000;

impl ReferenceQuery {
    pub fn by(own: &[Reference]) -> Self {
        let mut query = Self::default();
        let (keywords, others): (Vec<_>, Vec<_>) =
            own.iter().partition(|own| ReferenceKind::match_mode(own.kind.number()).is_some());
        query.equal.extend(others.into_iter().cloned());
        let parts = |own: &&Reference| {
            let characters = own.value.chars().count();
            characters * (characters + 1) / 2
        };
        match keywords.iter().map(parts).sum::<usize>() <= PARTS_MAX {
            true => keywords.into_iter().for_each(|keyword| query.seek(keyword)),
            false => query.kinds.extend(ReferenceKind::KEYWORDS),
        }
        query
    }

    fn seek(&mut self, own: &Reference) {
        match own.kind {
            ReferenceKind::Keyword => {}
            ReferenceKind::KeywordStart | ReferenceKind::KeywordPart => {
                self.within.insert(own.value.clone());
            }
            ReferenceKind::KeywordWord => {
                let spaced = spaced(&own.value);
                let longest = spaced.split_whitespace().max_by_key(|word| word.len());
                self.within.extend(longest.map(str::to_owned));
            }
            // What a pattern is heard in no index says.
            ReferenceKind::KeywordPattern => {
                self.kinds.extend(ReferenceKind::KEYWORDS);
                return;
            }
            // Said by the keyword itself.
            _ => return,
        }
        self.seek_heard_in(&own.value);
    }

    /// Keywords that are heard in a folded text: each that is the text, its beginning, a part of it, or words of it in a
    /// row.
    fn seek_heard_in(&mut self, text: &str) {
        let mut wanted = |kind, value: &str| self.equal.insert(Reference { kind, value: value.to_owned() });
        wanted(ReferenceKind::Keyword, text);
        wanted(ReferenceKind::KeywordWord, text);
        for (begin, _) in text.char_indices() {
            let rest = &text[begin..];
            for part in rest.char_indices().map(|(at, c)| &rest[..at + c.len_utf8()]) {
                wanted(ReferenceKind::KeywordPart, part);
                if begin == 0 {
                    wanted(ReferenceKind::KeywordStart, part);
                }
            }
        }
        let spaced = spaced(text);
        let words: Vec<&str> = spaced.split_whitespace().collect();
        for begin in 0..words.len() {
            for end in begin + 1..=words.len() {
                wanted(ReferenceKind::KeywordWords, &words[begin..end].join(" "));
            }
        }
        self.kinds.insert(ReferenceKind::KeywordPattern);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::flow::reference::of_keyword;

    const MODES: [MatchMode; 5] =
        [MatchMode::Exact, MatchMode::StartsWith, MatchMode::Contains, MatchMode::Word, MatchMode::Regex];

    fn meet(one: (&str, MatchMode), other: (&str, MatchMode)) -> bool {
        HeardKeyword::new(one.0, one.1).meets(&HeardKeyword::new(other.0, other.1))
    }

    /// Whether an index with the references of one keyword is led by those of another to a reference that meets it.
    fn finds(own: (&str, MatchMode), other: (&str, MatchMode)) -> bool {
        let own = of_keyword(own.0, own.1);
        let query = ReferenceQuery::by(&own);
        let heard = |it: &Reference| HeardKeyword::of_reference(it.kind.number(), &it.value);
        let is_found = |it: &Reference| {
            // As the statement that looks for texts within keywords has it.
            let is_plain = matches!(it.kind.number(), 1 | 4 | 5 | 6);
            query.kinds.contains(&it.kind)
                || query.equal.contains(it)
                || (is_plain && query.within.iter().any(|text| it.value.contains(text)))
        };
        let meets = |it: &Reference| {
            let other = heard(it);
            let mut own = own.iter().filter(|own| own.kind != ReferenceKind::KeywordWords).filter_map(heard);
            own.any(|own| other.as_ref().is_some_and(|other| own.meets(other)))
        };
        of_keyword(other.0, other.1).iter().any(|it| is_found(it) && meets(it))
    }

    #[test]
    fn keywords_meet_where_one_is_heard_in_the_other() {
        use MatchMode::{Contains, Exact, Regex, StartsWith, Word};
        assert!(meet(("¡Hola!", Exact), ("hola", Exact)));
        assert!(meet(("pedido", Word), ("mi pedido", Exact)));
        assert!(!meet(("pedido", Word), ("mis pedidos", Exact)));
        assert!(meet(("pedido", Contains), ("mis pedidos", Exact)));
        assert!(meet(("mi", StartsWith), ("mis pedidos", Contains)));
        assert!(meet(("ped.do", Regex), ("mi pedido", Exact)));
        assert!(!meet(("a", Regex), ("b|a", Regex)));
        assert!(!meet(("¡!", Word), ("hola", Exact)), "a keyword without words hears nothing");
        assert!(!meet(("", Contains), ("hola", Exact)));
    }

    /// A ligature folds to a sentence, so few characters may have many parts.
    #[test]
    fn what_has_very_many_parts_is_not_looked_up_by_them() {
        let long = of_keyword(&"\u{fdfa}".repeat(80), MatchMode::Exact);
        let query = ReferenceQuery::by(&long);
        assert_eq!(query.kinds, ReferenceKind::KEYWORDS.into());
        assert!(query.equal.is_empty() && query.within.is_empty());
        let usual = ReferenceQuery::by(&of_keyword(&"ab".repeat(40), MatchMode::Contains));
        assert!(usual.equal.len() < 400 && usual.kinds == [ReferenceKind::KeywordPattern].into());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn whatever_meets_is_found(
            own in "[aáB '!-]{1,5}", other in "[aáB '!-]{1,5}", own_mode in 0..5usize, other_mode in 0..4usize,
        ) {
            let (own, other) = ((own.as_str(), MODES[own_mode]), (other.as_str(), MODES[other_mode]));
            let of = |it: (&str, MatchMode)| -> Vec<HeardKeyword> {
                let kept = of_keyword(it.0, it.1).into_iter().filter(|it| it.kind != ReferenceKind::KeywordWords);
                kept.filter_map(|it| HeardKeyword::of_reference(it.kind.number(), &it.value)).collect()
            };
            let meets = of(own).iter().any(|own| of(other).iter().any(|other| own.meets(other)));
            prop_assert_eq!(finds(own, other), meets);
            prop_assert_eq!(finds(other, own), meets);
            // A pattern sees a keyword as it is written; the index has it folded.
            prop_assert!(own.1 == MatchMode::Regex || !meet(own, other) || meets);
        }
    }
}
