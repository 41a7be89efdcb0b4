//! How a flow stands, in one sentence that is true of the moment shown, and how far its draft is ahead.

use chrono::{DateTime, Utc};

use super::texts::standing::StandingTexts;
use crate::outline::DisplayLanguage;
use crate::outline::sentence::{Piece, Sentence, number};

/// How a flow stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    InForce,
    /// Published and turned off.
    Paused,
    /// Never published.
    DraftOnly,
    /// Published once, and no longer.
    Withdrawn,
    Deleted,
}

impl Standing {
    /// The class that a page marks it with.
    pub const fn class(self) -> &'static str {
        match self {
            Self::InForce => "in-force",
            Self::Paused => "paused",
            Self::DraftOnly => "draft-only",
            Self::Withdrawn => "withdrawn",
            Self::Deleted => "deleted",
        }
    }
}

/// What the sentences are made of.
#[derive(Debug, Clone, PartialEq)]
pub struct FlowStanding {
    pub standing: Standing,
    /// Of the flow.
    pub version: i64,
    pub published_version: Option<i64>,
    /// Who put it in force or deleted it; empty for a reader who may not know.
    pub who: Sentence,
    /// When that was.
    pub at: DateTime<Utc>,
    /// How far the draft is ahead of what is published, where it is.
    pub ahead: Option<Ahead>,
}

/// What a draft has that is not published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ahead {
    Changes(usize),
    /// Data of editors alone.
    Layout,
    /// Content was erased that would tell how many.
    Uncounted,
}

impl FlowStanding {
    /// The sentence on the state.
    pub fn sentence(&self, language: DisplayLanguage) -> Sentence {
        let texts = StandingTexts::of(language);
        let text = match (self.standing, self.who.is_empty()) {
            (Standing::InForce, false) => texts.in_force,
            (Standing::InForce, true) => texts.in_force_by_nobody,
            (Standing::Paused, _) => texts.paused,
            (Standing::DraftOnly, _) => texts.draft_only,
            (Standing::Withdrawn, _) => texts.withdrawn,
            (Standing::Deleted, false) => texts.deleted,
            (Standing::Deleted, true) => texts.deleted_by_nobody,
        };
        let version = number(self.published_version.unwrap_or(self.version), language);
        let filled = |text| Sentence::of(text, &[("n", version.clone()), ("when", Piece::Moment(self.at))]);
        match text.split_once("{who}") {
            Some((before, after)) => {
                let mut said = filled(before);
                said.append(self.who.clone());
                said.append(filled(after));
                said
            }
            None => filled(text),
        }
    }

    /// The sentence on a draft that differs from what is published.
    pub fn draft_ahead(&self, language: DisplayLanguage) -> Option<Sentence> {
        let texts = StandingTexts::of(language);
        let (text, changes) = match self.ahead? {
            Ahead::Changes(1) => (texts.draft_ahead_by_one, 1),
            Ahead::Changes(changes) => (texts.draft_ahead, changes),
            Ahead::Layout => (texts.draft_ahead_in_layout, 0),
            Ahead::Uncounted => (texts.draft_ahead_uncounted, 0),
        };
        let count = i64::try_from(changes).unwrap_or(i64::MAX);
        let places = [("n", number(self.version, language)), ("k", number(count, language))];
        Some(Sentence::of(text, &places))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(standing: Standing) -> FlowStanding {
        FlowStanding {
            standing,
            version: 7,
            published_version: Some(4),
            who: Sentence(vec![Piece::Written("Ana".to_owned())]),
            at: "2026-05-03T10:12:00Z".parse().unwrap(),
            ahead: None,
        }
    }

    #[test]
    fn states_are_said_as_they_are() {
        let check = |flow: FlowStanding, es: &str, en: &str| {
            let said =
                [DisplayLanguage::Es, DisplayLanguage::En].map(|language| flow.sentence(language).plain());
            assert_eq!(said, [es, en]);
        };
        check(
            standing(Standing::InForce),
            "En vigor: versión 4, publicada por Ana, 2026-05-03 10:12 UTC",
            "In force: version 4, published by Ana, 2026-05-03 10:12 UTC",
        );
        check(
            FlowStanding { who: Sentence::default(), ..standing(Standing::InForce) },
            "En vigor: versión 4, publicada 2026-05-03 10:12 UTC",
            "In force: version 4, published 2026-05-03 10:12 UTC",
        );
        check(
            standing(Standing::Paused),
            "En pausa: publicada la 4, no atiende a nadie",
            "Paused: version 4 is published but answers nobody",
        );
        check(
            standing(Standing::DraftOnly),
            "Solo borrador: nunca se ha publicado",
            "Draft only: never published",
        );
        check(
            standing(Standing::Deleted),
            "Eliminado por Ana, 2026-05-03 10:12 UTC. Su historia sigue aquí.",
            "Deleted by Ana, 2026-05-03 10:12 UTC. Its history is still here.",
        );
    }

    #[test]
    fn a_draft_ahead_counts_its_changes() {
        let check = |ahead: Option<Ahead>, en: Option<&str>| {
            let flow = FlowStanding { ahead, ..standing(Standing::InForce) };
            assert_eq!(flow.draft_ahead(DisplayLanguage::En).map(|said| said.plain()).as_deref(), en);
        };
        check(None, None);
        check(Some(Ahead::Changes(3)), Some("Draft 7 has 3 unpublished changes"));
        check(Some(Ahead::Changes(1)), Some("Draft 7 has 1 unpublished change"));
        check(Some(Ahead::Layout), Some("Draft 7 differs in the layout of the editor only"));
        check(Some(Ahead::Uncounted), Some("Draft 7 has unpublished changes"));
    }
}
