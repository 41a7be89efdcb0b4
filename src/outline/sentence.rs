//! Sentences with places: texts in which names, numbers and moments stand. What people wrote stays apart from the words
//! around it, so that whoever shows it can mark it.

use chrono::{DateTime, Utc};

use super::language::DisplayLanguage;

/// A part of a sentence.
#[derive(Debug, Clone, PartialEq)]
pub enum Piece {
    /// Words of ours.
    Words(String),
    /// What somebody wrote: a name, a reason, an id.
    Written(String),
    /// The id of a step, which a page may link.
    Step(String),
    Moment(DateTime<Utc>),
}

/// A text whose places are filled.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sentence(pub Vec<Piece>);

impl Sentence {
    /// Fills the places of a text, which are names in braces: `{who}`. A place that nothing is given for stays as it is.
    pub fn of(text: &str, places: &[(&str, Piece)]) -> Self {
        let mut sentence = Self::default();
        let mut rest = text;
        while let Some((before, (name, after))) =
            rest.split_once('{').and_then(|(before, behind)| Some((before, behind.split_once('}')?)))
        {
            sentence.say(before);
            match places.iter().find(|(place, _)| *place == name) {
                Some((_, Piece::Words(words))) => sentence.say(words),
                Some((_, piece)) => sentence.0.push(piece.clone()),
                None => sentence.say(&format!("{{{name}}}")),
            }
            rest = after;
        }
        sentence.say(rest);
        sentence
    }

    /// Words of ours alone.
    pub fn words(text: &str) -> Self {
        Self::of(text, &[])
    }

    /// Goes on with words of ours.
    pub fn say(&mut self, words: &str) {
        match self.0.last_mut() {
            _ if words.is_empty() => {}
            Some(Piece::Words(before)) => before.push_str(words),
            _ => self.0.push(Piece::Words(words.to_owned())),
        }
    }

    /// Goes on with another sentence.
    pub fn append(&mut self, other: Self) {
        for piece in other.0 {
            match piece {
                Piece::Words(words) => self.say(&words),
                piece => self.0.push(piece),
            }
        }
    }

    /// `a, b and c`, with the word before the last one.
    pub fn listed(sentences: Vec<Self>, last: &str) -> Self {
        let count = sentences.len();
        let mut list = Self::default();
        for (index, sentence) in sentences.into_iter().enumerate() {
            match index {
                0 => {}
                _ if index + 1 == count => list.say(last),
                _ => list.say(", "),
            }
            list.append(sentence);
        }
        list
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As plain text, moments in UTC: for titles and terminals.
    pub fn plain(&self) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Words(text) | Piece::Written(text) | Piece::Step(text) => text.clone(),
            Piece::Moment(moment) => moment.format("%Y-%m-%d %H:%M UTC").to_string(),
        };
        self.0.iter().map(piece).collect()
    }
}

/// A number as a part of a sentence, with points or commas between thousands.
pub fn number(number: i64, language: DisplayLanguage) -> Piece {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        // Spanish groups only numbers of five digits and more, with a space that does not break.
        let groups = match language {
            DisplayLanguage::Es => digits.len() > 4,
            DisplayLanguage::En => true,
        };
        if index > 0 && (digits.len() - index).is_multiple_of(3) && groups {
            text.push(match language {
                DisplayLanguage::Es => '\u{a0}',
                DisplayLanguage::En => ',',
            });
        }
        text.push(digit);
    }
    Piece::Words(if number < 0 { format!("-{text}") } else { text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_filled_and_what_was_written_stays_apart() {
        let written = |text: &str| Piece::Written(text.to_owned());
        let sentence = Sentence::of(
            "By {who}, {n} times{x",
            &[("who", written("{n} <b>")), ("n", Piece::Words("3".to_owned()))],
        );
        assert_eq!(
            sentence.0,
            [Piece::Words("By ".to_owned()), written("{n} <b>"), Piece::Words(", 3 times{x".to_owned()),]
        );
        assert_eq!(Sentence::of("{a}{b}", &[("a", written("1"))]).plain(), "1{b}");
        assert!(Sentence::words("").is_empty());
    }

    #[test]
    fn lists_and_numbers() {
        let list = |count: usize| {
            let sentences = (1..=count).map(|n| Sentence::words(&n.to_string())).collect();
            Sentence::listed(sentences, " y ").plain()
        };
        assert_eq!([list(0), list(1), list(2), list(3)], ["", "1", "1 y 2", "1, 2 y 3"]);
        let check = |n: i64, es: &str, en: &str| {
            let found = [DisplayLanguage::Es, DisplayLanguage::En].map(|language| number(n, language));
            assert_eq!(found, [es, en].map(|text| Piece::Words(text.to_owned())));
        };
        check(7, "7", "7");
        check(4812, "4812", "4,812");
        check(-1_234_567, "-1\u{a0}234\u{a0}567", "-1,234,567");
    }
}
