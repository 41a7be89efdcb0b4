//! References: what a document in force says of other flows and shares with them, as rows of an index are made of it.

use super::document::{CallMode, Document, MatchMode, StepKind, Trigger, TriggerType};
use super::text::{fold, spaced};

/// What a reference is about. The number is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReferenceKind {
    /// A keyword, folded, by how it is heard.
    Keyword = 1,
    /// The id of a flow that it calls and comes back from.
    Call = 2,
    /// The id of a flow that it hands the conversation over to.
    Transfer = 3,
    KeywordStart = 4,
    KeywordPart = 5,
    KeywordWord = 6,
    /// A pattern, as it is written.
    KeywordPattern = 7,
    AnyMessage = 8,
    Intent = 9,
    Event = 10,
    /// A source of advertisements; empty: any.
    Referral = 11,
    /// The words of a keyword that is heard as words, beside the keyword itself: by them it is found in a text.
    KeywordWords = 12,
}

impl ReferenceKind {
    /// Those of keywords, each of which has one of them.
    pub const KEYWORDS: [Self; 5] =
        [Self::Keyword, Self::KeywordStart, Self::KeywordPart, Self::KeywordWord, Self::KeywordPattern];

    pub const fn number(self) -> i16 {
        self as i16
    }

    /// How a keyword of this kind is heard.
    pub fn match_mode(number: i16) -> Option<MatchMode> {
        let mode = |kind: Self| match kind {
            Self::KeywordStart => MatchMode::StartsWith,
            Self::KeywordPart => MatchMode::Contains,
            Self::KeywordWord | Self::KeywordWords => MatchMode::Word,
            Self::KeywordPattern => MatchMode::Regex,
            _ => MatchMode::Exact,
        };
        let mut kinds = Self::KEYWORDS.into_iter().chain([Self::KeywordWords]);
        kinds.find(|kind| kind.number() == number).map(mode)
    }

    const fn of_keyword(mode: MatchMode) -> Self {
        match mode {
            MatchMode::Exact => Self::Keyword,
            MatchMode::StartsWith => Self::KeywordStart,
            MatchMode::Contains => Self::KeywordPart,
            MatchMode::Word => Self::KeywordWord,
            MatchMode::Regex => Self::KeywordPattern,
        }
    }
}

/// One thing a document refers to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    pub kind: ReferenceKind,
    pub value: String,
}

impl Reference {
    fn new(kind: ReferenceKind, value: impl Into<String>) -> Self {
        Self { kind, value: value.into() }
    }
}

/// What a document refers to, each once, in order of kind and value.
pub fn references(document: &Document) -> Vec<Reference> {
    let mut found = triggers(document);
    for step in &document.steps {
        if let StepKind::SubFlow(call) = &step.kind {
            let kind = match call.mode {
                CallMode::Call => ReferenceKind::Call,
                CallMode::Transfer => ReferenceKind::Transfer,
            };
            found.push(Reference::new(kind, call.flow_id.to_string()));
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// What a document starts by, as far as another may start by it too. Of triggers other than keywords only those
/// without a condition, which may part what the triggers do not.
pub fn triggers(document: &Document) -> Vec<Reference> {
    document.trigger.each().flat_map(|(_, trigger)| of_trigger(trigger)).collect()
}

fn of_trigger(trigger: &Trigger) -> Vec<Reference> {
    if let TriggerType::Keyword { keywords, match_mode } = &trigger.kind {
        return keywords.iter().flat_map(|keyword| of_keyword(keyword, *match_mode)).collect();
    }
    if trigger.when.is_some() {
        return Vec::new();
    }
    let of = |kind, values: &[String]| values.iter().map(|value| Reference::new(kind, value)).collect();
    match &trigger.kind {
        TriggerType::AnyMessage => vec![Reference::new(ReferenceKind::AnyMessage, "")],
        TriggerType::Intent { intents } => of(ReferenceKind::Intent, intents),
        TriggerType::Event { event } => of(ReferenceKind::Event, event.as_slice()),
        TriggerType::Referral { sources } if sources.is_empty() => {
            of(ReferenceKind::Referral, &[String::new()])
        }
        TriggerType::Referral { sources } => of(ReferenceKind::Referral, sources),
        TriggerType::Keyword { .. } | TriggerType::Manual | TriggerType::AutoReply { .. } => Vec::new(),
    }
}

/// A blank keyword hears nothing.
pub fn of_keyword(keyword: &str, mode: MatchMode) -> Vec<Reference> {
    let value = match mode {
        MatchMode::Regex => keyword.to_owned(),
        _ => fold(keyword),
    };
    let words = match mode {
        MatchMode::Word => spaced(keyword).trim().to_owned(),
        _ => String::new(),
    };
    let heard = [(ReferenceKind::of_keyword(mode), value), (ReferenceKind::KeywordWords, words)];
    let heard = heard.into_iter().filter(|(_, value)| !value.is_empty());
    heard.map(|(kind, value)| Reference::new(kind, value)).collect()
}
