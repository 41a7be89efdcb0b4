//! What starts a flow.

use std::iter;

use serde_json::Value;

use super::names::names;
use super::reader::{Node, Object, Report};
use super::source::Expression;
use crate::flow::finding::Finding;
use crate::flow::language::PATTERN_LENGTH_MAX;

/// The trigger: its type with the configuration keys that belong to the type. Keys that a client keeps
/// beside them live in the canonical value only.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trigger {
    pub kind: TriggerType,
    /// Must hold as well for the flow to start.
    pub when: Option<Expression>,
    /// Further triggers, by any of which the flow starts too. They have none themselves.
    pub also: Vec<Self>,
    /// What is wrong with these. As any key may stand in the configuration, it keeps nobody from saving it.
    pub faults: Vec<Finding>,
}

/// Further triggers, at most.
const ALSO_MAX: usize = 5;

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
    ("INTENT", |o| TriggerType::Intent {
        intents: o.or_default("intents", |list| list.list(0..=50, |intent| intent.text(1..=80))),
    }),
    ("AUTO_REPLY", |o| TriggerType::AutoReply {
        auto_reply_id: o.optional("autoReplyId", |id| id.text(1..=128)),
    }),
    ("ANY_MESSAGE", |_| TriggerType::AnyMessage),
    ("EVENT", |o| TriggerType::Event { event: o.optional("event", event_name) }),
    ("REFERRAL", |o| TriggerType::Referral {
        sources: o.or_default("sources", |list| list.list(0..=1000, |source| source.text(1..=128))),
    }),
];

impl Trigger {
    /// Reads the document's members `triggerType` and `triggerConfig`.
    pub(super) fn read(document: &Object<'_>) -> Self {
        let empty = Value::Object(serde_json::Map::new());
        let kind = document.optional("triggerType", Self::reader).unwrap_or(READERS[0].1);
        let read = |node: Node<'_>| {
            let o = node.object();
            let (also, faults) = further(&o);
            Self { kind: kind(&o), when: o.optional("when", Node::expression), also, faults }
        };
        let config = document.optional("triggerConfig", read);
        config.unwrap_or_else(|| read(Node { value: &empty, ..document.node }))
    }

    /// The trigger and its further ones, each with the place of its configuration.
    pub fn each(&self) -> impl Iterator<Item = (String, &Self)> {
        let also = self.also.iter().enumerate();
        let also = also.map(|(index, also)| (format!("/triggerConfig/also/{index}/triggerConfig"), also));
        iter::once(("/triggerConfig".to_owned(), self)).chain(also)
    }

    /// Checks a `triggerType` and yields the reader of its configuration.
    pub(super) fn reader(node: Node<'_>) -> Reader {
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

/// Reads `also`, a list of `triggerType` and `triggerConfig`.
fn further(config: &Object<'_>) -> (Vec<Trigger>, Vec<Finding>) {
    let report = Report::default();
    let read = |node: Node<'_>| {
        let o = node.object();
        for name in o.node.value.as_object().into_iter().flat_map(|members| members.keys()) {
            if !["triggerType", "triggerConfig"].contains(&name.as_str()) {
                o.at(name, |node| node.report("UNKNOWN_FIELD", "is not a member of this object"));
            }
        }
        let kind = o.need("triggerType", |node| Some(Trigger::reader(node))).unwrap_or(READERS[0].1);
        let read = |node: Node<'_>| {
            let o = node.object();
            if o.has("also") {
                o.at("also", |node| node.invalid("stands in the flow's own trigger only"));
            }
            Trigger { kind: kind(&o), when: o.optional("when", Node::expression), ..Trigger::default() }
        };
        let empty = Value::Object(serde_json::Map::new());
        let given = o.optional("triggerConfig", read);
        given.unwrap_or_else(|| read(Node { value: &empty, ..o.node }))
    };
    let also = config.optional("also", |node| Node { report: &report, ..node }.list(0..=ALSO_MAX, read));
    let faults = report.into_findings();
    // What is read of a faulty list means nothing.
    let also = also.filter(|_| faults.is_empty()).unwrap_or_default();
    (also, faults)
}

/// The name of a business event.
pub(super) fn event_name(node: Node<'_>) -> String {
    node.name(
        80,
        |_, c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-'),
        "1 to 80 lower-case letters, digits, \".\", \"_\" and \"-\"",
    )
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
pub(super) fn keywords(node: Node<'_>, mode: MatchMode) -> Vec<String> {
    let length_max = if mode == MatchMode::Regex { PATTERN_LENGTH_MAX } else { 80 };
    node.list(0..=50, |keyword| keyword.text(1..=length_max))
}
