//! What starts a flow.

use std::iter;

use serde_json::Value;

use super::names::names;
use super::reader::{Cursor, Object};
use super::schema::part::{Field, Length, ObjectType, Part};
use super::schema::rules;
use super::source::Expression;
use crate::flow::finding::Finding;
use crate::flow::language::PATTERN_LENGTH_MAX;
use crate::flow::report::ShapeReport;

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

/// By which types of triggers a flow starts, its own and its further ones: one bit for each, in the order of
/// [`TriggerType::WRITTEN`]. Views keep it, so the order is only added to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct TriggerTypes(i16);

impl TriggerTypes {
    /// The set of one type, by its name.
    pub fn of_name(name: &str) -> Option<Self> {
        let index = TriggerType::WRITTEN.iter().position(|written| *written == name)?;
        Some(Self(1 << index))
    }

    /// Of the members `triggerType` and `triggerConfig` of a document. A further trigger without a known type does not
    /// count.
    pub fn of_members(trigger_type: Option<&Value>, config: Option<&Value>) -> Self {
        let name = |value: Option<&Value>| value.and_then(Value::as_str).and_then(Self::of_name);
        let own = name(trigger_type).unwrap_or(Self(1));
        let also = config.and_then(|config| config.get("also")).and_then(Value::as_array);
        let further = also.into_iter().flatten().filter_map(|it| name(it.get("triggerType")));
        Self(further.fold(own.0, |types, further| types | further.0))
    }

    pub const fn bits(self) -> i16 {
        self.0
    }

    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// Texts that are heard: words, or patterns by the mode beside them, which may be longer.
pub(super) const KEYWORDS: Part = Part::list(&Part::text(1, PATTERN_LENGTH_MAX), 0, 50);
pub(super) const INTENTS: Part = Part::list(&Part::text(1, 80), 0, 50);

const KEYWORDS_FIELD: Field =
    Field::optional("keywords", KEYWORDS, "The texts that are heard, for `KEYWORD`.");
const MATCH_MODE: Field = Field::optional(
    "matchMode",
    Part::OneOf(MatchMode::WRITTEN),
    "How they are compared; `EXACT` when absent.",
);
const INTENTS_FIELD: Field = Field::optional("intents", INTENTS, "The intents that are heard, for `INTENT`.");
const AUTO_REPLY: Field =
    Field::optional("autoReplyId", Part::text(1, 128), "The automatic reply, for `AUTO_REPLY`.");
const EVENT: Field = Field::optional("event", Part::Name(&rules::EVENT), "The business event, for `EVENT`.");
const SOURCES: Field = Field::optional(
    "sources",
    Part::list(&Part::text(1, 128), 0, 1000),
    "The advertisements, for `REFERRAL`; any when empty.",
);
const WHEN: Field = Field::optional("when", Part::Expression, "What must hold as well.");

/// What a further trigger needs; each reads what its type says.
const CONFIG: Part = Part::Open(&ObjectType {
    name: "FurtherTriggerConfig",
    docs: "What a further trigger needs, by its type.",
    fields: &[KEYWORDS_FIELD, MATCH_MODE, INTENTS_FIELD, AUTO_REPLY, EVENT, SOURCES, WHEN],
});

/// A further trigger. Other members are findings, so the object is open: they keep nobody from saving it.
const FURTHER: ObjectType = ObjectType {
    name: "FurtherTrigger",
    docs: "A further trigger, by which the flow starts too.",
    fields: &[
        Field::required("triggerType", Part::OneOf(TriggerType::WRITTEN), "What starts the flow too."),
        Field::optional("triggerConfig", CONFIG, "What this trigger needs, by its type."),
    ],
};

/// What the flow's own trigger needs.
pub(super) const TRIGGER: Part = Part::Open(&ObjectType {
    name: "TriggerConfig",
    docs: "What the trigger needs, by its type; at most 16 KiB. Other members are kept by value.",
    fields: &[
        KEYWORDS_FIELD,
        MATCH_MODE,
        INTENTS_FIELD,
        AUTO_REPLY,
        EVENT,
        SOURCES,
        WHEN,
        Field::optional(
            "also",
            Part::list(&Part::Open(&FURTHER), 0, 5),
            "Further triggers, by any of which the flow starts too. One that is malformed is a finding and keeps \
             nothing from being saved.",
        ),
    ],
});

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
            let (also, faults) = further(&o);
            Self { kind: kind(&o), when: o.optional("when", Cursor::text), also, faults }
        };
        let config = document.optional("triggerConfig", read);
        config.unwrap_or_else(|| read(Cursor { value: &empty, ..document.node }))
    }

    /// The trigger and its further ones, each with the place of its configuration.
    pub fn each(&self) -> impl Iterator<Item = (String, &Self)> {
        let also = self.also.iter().enumerate();
        let also = also.map(|(index, also)| (format!("/triggerConfig/also/{index}/triggerConfig"), also));
        iter::once(("/triggerConfig".to_owned(), self)).chain(also)
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

/// Reads `also`, a list of `triggerType` and `triggerConfig`.
fn further(config: &Object<'_>) -> (Vec<Trigger>, Vec<Finding>) {
    let report = ShapeReport::default();
    let also = config.optional("also", |node| Cursor { report: &report, ..node }.list(further_one));
    let faults = report.into_findings();
    // What is read of a faulty list means nothing.
    let also = also.filter(|_| faults.is_empty()).unwrap_or_default();
    (also, faults)
}

fn further_one(node: Cursor<'_>) -> Trigger {
    let o = node.object();
    for name in node.value.as_object().into_iter().flat_map(|members| members.keys()) {
        if FURTHER.fields.iter().all(|known| known.name != name) {
            o.at(name, |node| node.report("UNKNOWN_FIELD", "is not a member of this object"));
        }
    }
    let kind = o.need("triggerType", |node| Some(Trigger::reader(node))).unwrap_or(READERS[0].1);
    let empty = Value::Object(serde_json::Map::new());
    let read = |node: Cursor<'_>| {
        let o = node.object();
        if o.has("also") {
            o.at("also", |node| node.invalid("stands in the flow's own trigger only"));
        }
        Trigger { kind: kind(&o), when: o.optional("when", Cursor::text), ..Trigger::default() }
    };
    let given = o.optional("triggerConfig", read);
    given.unwrap_or_else(|| read(Cursor { value: &empty, part: CONFIG, ..node }))
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
