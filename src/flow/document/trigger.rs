//! What starts a flow.

use serde_json::Value;

use super::names::names;
use super::reader::{Cursor, Object};
use super::schema::part::{Field, Length, Part};
use super::schema::rules;
use super::source::Expression;
use crate::flow::language::PATTERN_LENGTH_MAX;

/// The trigger: its type with the configuration keys that belong to the type. Keys that a client keeps
/// beside them live in the canonical value only.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trigger {
    pub kind: TriggerType,
    /// Must hold as well for the flow to start.
    pub when: Option<Expression>,
}

/// In a draft the lists may be empty and the event absent; such a flow cannot be published.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum TriggerType {
    /// An API call or another flow.
    #[default]
    Manual,
    Keyword {
        keywords: Vec<String>,
        match_mode: MatchMode,
    },
    Intent {
        intents: Vec<String>,
    },
    AutoReply {
        auto_reply_id: Option<String>,
    },
    AnyMessage,
    Event {
        event: Option<String>,
    },
    /// Click-to-WhatsApp; any advertisement when `sources` is empty.
    Referral {
        sources: Vec<String>,
    },
}

impl TriggerType {
    /// The name of every type, as documents have it.
    pub fn names() -> impl Iterator<Item = &'static str> {
        READERS.iter().map(|&(name, _)| name)
    }

    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Manual => "MANUAL",
            Self::Keyword { .. } => "KEYWORD",
            Self::Intent { .. } => "INTENT",
            Self::AutoReply { .. } => "AUTO_REPLY",
            Self::AnyMessage => "ANY_MESSAGE",
            Self::Event { .. } => "EVENT",
            Self::Referral { .. } => "REFERRAL",
        }
    }
}

impl TriggerType {
    /// The types as documents write them.
    pub const WRITTEN: &[&'static str] =
        &["MANUAL", "KEYWORD", "INTENT", "AUTO_REPLY", "ANY_MESSAGE", "EVENT", "REFERRAL"];
}

/// Texts that are heard: words, or patterns by the mode beside them, which may be longer.
pub(super) const KEYWORDS: Part = Part::list(&Part::text(1, PATTERN_LENGTH_MAX), 0, 50);
pub(super) const INTENTS: Part = Part::list(&Part::text(1, 80), 0, 50);

/// What triggers need; each reads what its type says.
pub(super) const TRIGGER: &[Field] = &[
    Field::optional("keywords", KEYWORDS, "The texts that are heard, for `KEYWORD`."),
    Field::optional(
        "matchMode",
        Part::OneOf(MatchMode::WRITTEN),
        "How they are compared; `EXACT` when absent.",
    ),
    Field::optional("intents", INTENTS, "The intents that are heard, for `INTENT`."),
    Field::optional("autoReplyId", Part::text(1, 128), "The automatic reply, for `AUTO_REPLY`."),
    Field::optional("event", Part::Name(&rules::EVENT), "The business event, for `EVENT`."),
    Field::optional(
        "sources",
        Part::list(&Part::text(1, 128), 0, 1000),
        "The advertisements, for `REFERRAL`; any when empty.",
    ),
    Field::optional("when", Part::Expression, "What must hold as well."),
];

/// Reads the configuration of one trigger type.
type Reader = fn(&Object<'_>) -> TriggerType;

/// The trigger types by name, each with the reader of its configuration.
const READERS: &[(&str, Reader)] = &[
    ("MANUAL", |_| TriggerType::Manual),
    ("KEYWORD", |o| {
        let match_mode = o.or_default("matchMode", |mode| mode.one_of(MatchMode::NAMES));
        TriggerType::Keyword {
            keywords: o.or_default("keywords", |list| keywords(list, match_mode)),
            match_mode,
        }
    }),
    ("INTENT", |o| TriggerType::Intent { intents: o.or_default("intents", |list| list.list(Cursor::text)) }),
    ("AUTO_REPLY", |o| TriggerType::AutoReply { auto_reply_id: o.optional("autoReplyId", Cursor::text) }),
    ("ANY_MESSAGE", |_| TriggerType::AnyMessage),
    ("EVENT", |o| TriggerType::Event { event: o.optional("event", Cursor::name) }),
    ("REFERRAL", |o| TriggerType::Referral {
        sources: o.or_default("sources", |list| list.list(Cursor::text)),
    }),
];

impl Trigger {
    /// Reads the document's members `triggerType` and `triggerConfig`.
    pub(super) fn read(document: &Object<'_>) -> Self {
        let empty = Value::Object(serde_json::Map::new());
        let kind = document.optional("triggerType", Self::reader).unwrap_or(READERS[0].1);
        let read = |node: Cursor<'_>| {
            let o = node.object();
            Self { kind: kind(&o), when: o.optional("when", Cursor::text) }
        };
        let config = document.optional("triggerConfig", read);
        config.unwrap_or_else(|| read(Cursor { value: &empty, ..document.node }))
    }

    /// Checks a `triggerType` and yields the reader of its configuration.
    pub(super) fn reader(node: Cursor<'_>) -> Reader {
        let found = node.str().map(|text| (text, READERS.iter().find(|&&(name, _)| name == text)));
        match found {
            Some((_, Some(&(_, reader)))) => reader,
            Some((_, None)) => {
                let names: Vec<&str> = READERS.iter().map(|&(name, _)| name).collect();
                node.invalid(format!("must be one of {}", names.join(", ")));
                READERS[0].1
            }
            None => READERS[0].1,
        }
    }
}

/// How a keyword is held against a folded text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum MatchMode {
    #[default]
    Exact,
    StartsWith,
    Contains,
    /// As a whole word, or whole words in a row.
    Word,
    /// Each keyword is a pattern.
    Regex,
}

names! {
    MatchMode {
        Exact = "EXACT",
        StartsWith = "STARTS_WITH",
        Contains = "CONTAINS",
        Word = "WORD",
        Regex = "REGEX",
    }
}

/// Keywords are plain texts, or patterns by the mode.
pub(super) fn keywords(node: Cursor<'_>, mode: MatchMode) -> Vec<String> {
    let length_max = if mode == MatchMode::Regex { PATTERN_LENGTH_MAX } else { 80 };
    node.list(|keyword| keyword.text_of(Length::of(1, length_max)))
}
