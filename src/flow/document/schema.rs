//! Every object of the format with its members, in the order of the format's tables: what is not listed
//! is unknown, and findings are sorted by it. What values a member may have is the typed readers' business.

use serde_json::Value;

/// What may stand at a place.
#[derive(Debug, Clone, Copy)]
pub enum Part {
    /// A string, number or boolean; or the author's data, kept by value. As a member, null is absence.
    Leaf,
    /// JSON of which null is a value too.
    Nullable,
    /// An object of the author's own keys, kept by value.
    Free,
    /// An object of the author's own keys, each with a part; null is absence.
    Keyed(&'static Part),
    Object(&'static [Member]),
    /// An object that may have other members too, kept by value.
    Open(&'static [Member]),
    List(&'static Part),
    /// A step: its members depend on its `type`.
    Step,
    /// A node of a graph, which becomes a step.
    Node,
    /// A document of which any member may be absent, with what else a change may carry.
    Change,
    /// The definition inside a change: [`DEFINITION`] or [`GRAPH`].
    Definition,
}

pub type Member = (&'static str, Part);

/// The document.
pub const DOCUMENT: &[Member] = &[
    ("name", Part::Leaf),
    ("description", Part::Leaf),
    ("phoneNumberId", Part::Leaf),
    ("wabaId", Part::Leaf),
    ("triggerType", Part::Leaf),
    ("triggerConfig", Part::Open(TRIGGER)),
    ("variables", VARIABLES),
    ("steps", Part::List(&Part::Step)),
    ("settings", SETTINGS),
    ("interrupts", INTERRUPTS),
    ("translations", TRANSLATIONS),
    ("meta", Part::Free),
    ("formatVersion", Part::Leaf),
];

/// What a change may carry beside the document's members.
pub const CHANGE_ONLY: &[Member] = &[("enabled", Part::Leaf), ("json", Part::Definition)];

/// The members that a change may replace together, as `json`.
pub const DEFINITION: &[Member] = &[
    ("variables", VARIABLES),
    ("steps", Part::List(&Part::Step)),
    ("settings", SETTINGS),
    ("interrupts", INTERRUPTS),
    ("translations", TRANSLATIONS),
];

/// The same as nodes and edges.
pub const GRAPH: &[Member] = &[
    ("variables", VARIABLES),
    ("nodes", Part::List(&Part::Node)),
    ("edges", Part::List(&Part::Object(EDGE))),
    ("start", Part::Leaf),
    ("settings", SETTINGS),
    ("interrupts", INTERRUPTS),
    ("translations", TRANSLATIONS),
    ("viewport", Part::Leaf),
];

const NODE: &[Member] = &[
    ("id", Part::Leaf),
    ("type", Part::Leaf),
    ("data", Part::Step),
    ("position", Part::Leaf),
    ("width", Part::Leaf),
    ("height", Part::Leaf),
    ("selected", Part::Leaf),
    ("measured", Part::Leaf),
];

const EDGE: &[Member] = &[
    ("source", Part::Leaf),
    ("target", Part::Leaf),
    ("sourceHandle", Part::Leaf),
    ("id", Part::Leaf),
    ("type", Part::Leaf),
    ("label", Part::Leaf),
    ("animated", Part::Leaf),
    ("targetHandle", Part::Leaf),
];

const TRIGGER: &[Member] = &[
    ("keywords", LEAVES),
    ("matchMode", Part::Leaf),
    ("intents", LEAVES),
    ("autoReplyId", Part::Leaf),
    ("event", Part::Leaf),
    ("sources", LEAVES),
    ("when", Part::Leaf),
];

const VARIABLES: Part = Part::List(&Part::Object(&[
    ("name", Part::Leaf),
    ("type", Part::Leaf),
    ("default", Part::Leaf),
    ("description", Part::Leaf),
    ("scope", Part::Leaf),
    ("pii", Part::Leaf),
]));

const SETTINGS: Part = Part::Object(&[
    ("locale", Part::Leaf),
    ("timezone", Part::Leaf),
    ("retry", RETRY),
    ("timeout", TIMEOUT),
    ("onError", Part::Leaf),
    ("invalidInputText", Part::Leaf),
]);

const INTERRUPTS: Part = Part::List(&Part::Object(&[
    ("keywords", LEAVES),
    ("matchMode", Part::Leaf),
    ("intents", LEAVES),
    ("when", Part::Leaf),
    ("next", Part::Leaf),
]));

const TRANSLATIONS: Part = Part::Keyed(&Part::Keyed(&Part::Keyed(&Part::Leaf)));

const LEAVES: Part = Part::List(&Part::Leaf);

const RETRY: Part = Part::Object(&[
    ("max", Part::Leaf),
    ("text", Part::Leaf),
    ("repeatPrompt", Part::Leaf),
    ("next", Part::Leaf),
]);

const TIMEOUT: Part = Part::Object(&[
    ("after", Part::Leaf),
    ("next", Part::Leaf),
    ("reminders", Part::List(&Part::Object(&[("after", Part::Leaf), ("text", Part::Leaf)]))),
]);

/// What every step may have.
const STEP: &[Member] = &[
    ("id", Part::Leaf),
    ("type", Part::Leaf),
    ("name", Part::Leaf),
    ("when", Part::Leaf),
    ("next", Part::Leaf),
    ("onError", Part::Leaf),
    ("meta", Part::Free),
];

const MEDIA: Part = Part::Object(&[
    ("kind", Part::Leaf),
    ("url", Part::Leaf),
    ("mediaId", Part::Leaf),
    ("caption", Part::Leaf),
    ("filename", Part::Leaf),
]);

const TEMPLATE: Part = Part::Object(&[
    ("name", Part::Leaf),
    ("language", Part::Leaf),
    ("header", Part::Object(&[("media", MEDIA), ("text", Part::Leaf)])),
    ("body", LEAVES),
    ("buttons", Part::List(&Part::Object(&[("index", Part::Leaf), ("payload", Part::Leaf)]))),
]);

const MESSAGE: &[Member] = &[
    ("text", Part::Leaf),
    ("cta", Part::Object(&[("label", Part::Leaf), ("url", Part::Leaf)])),
    ("header", Part::Leaf),
    ("footer", Part::Leaf),
    ("media", MEDIA),
    (
        "location",
        Part::Object(&[
            ("latitude", Part::Leaf),
            ("longitude", Part::Leaf),
            ("name", Part::Leaf),
            ("address", Part::Leaf),
        ]),
    ),
    (
        "contacts",
        Part::List(&Part::Object(&[
            ("name", Part::Leaf),
            ("phone", Part::Leaf),
            ("email", Part::Leaf),
            ("organization", Part::Leaf),
        ])),
    ),
    ("template", TEMPLATE),
    ("preview", Part::Leaf),
];

const ASK: &[Member] = &[
    ("text", Part::Leaf),
    ("media", MEDIA),
    ("template", TEMPLATE),
    ("input", Part::Leaf),
    ("saveTo", Part::Leaf),
    ("validation", Part::List(&Part::Object(&[("rule", Part::Leaf), ("message", Part::Leaf)]))),
    ("minLength", Part::Leaf),
    ("maxLength", Part::Leaf),
    ("min", Part::Leaf),
    ("max", Part::Leaf),
    ("pattern", Part::Leaf),
    ("retry", RETRY),
    ("timeout", TIMEOUT),
    ("allowInterrupts", Part::Leaf),
    ("form", Part::Object(&[("flowId", Part::Leaf), ("cta", Part::Leaf), ("screen", Part::Leaf)])),
];

const CHOICE: &[Member] = &[
    ("text", Part::Leaf),
    ("header", Part::Leaf),
    ("footer", Part::Leaf),
    ("headerMedia", MEDIA),
    ("display", Part::Leaf),
    (
        "options",
        Part::List(&Part::Object(&[
            ("id", Part::Leaf),
            ("title", Part::Leaf),
            ("description", Part::Leaf),
            ("section", Part::Leaf),
            ("value", Part::Leaf),
            ("match", LEAVES),
            ("next", Part::Leaf),
            ("when", Part::Leaf),
        ])),
    ),
    (
        "optionsFrom",
        Part::Object(&[
            ("list", Part::Leaf),
            ("id", Part::Leaf),
            ("title", Part::Leaf),
            ("description", Part::Leaf),
            ("value", Part::Leaf),
            ("limit", Part::Leaf),
        ]),
    ),
    ("emptyNext", Part::Leaf),
    ("buttonLabel", Part::Leaf),
    ("saveTo", Part::Leaf),
    ("multiple", Part::Object(&[("min", Part::Leaf), ("max", Part::Leaf)])),
    ("retry", RETRY),
    ("timeout", TIMEOUT),
    ("allowInterrupts", Part::Leaf),
];

const SET: &[Member] = &[(
    "assign",
    Part::List(&Part::Object(&[("variable", Part::Leaf), ("op", Part::Leaf), ("value", Part::Nullable)])),
)];

const BRANCH: &[Member] = &[
    (
        "cases",
        Part::List(&Part::Object(&[("when", Part::Leaf), ("next", Part::Leaf), ("label", Part::Leaf)])),
    ),
    ("else", Part::Leaf),
];

const SPLIT: &[Member] = &[
    ("paths", Part::List(&Part::Object(&[("id", Part::Leaf), ("weight", Part::Leaf), ("next", Part::Leaf)]))),
    ("saveTo", Part::Leaf),
];

const HTTP: &[Member] = &[
    ("method", Part::Leaf),
    ("url", Part::Leaf),
    ("headers", Part::Keyed(&Part::Leaf)),
    ("query", Part::Keyed(&Part::Leaf)),
    ("body", Part::Leaf),
    ("bodyText", Part::Leaf),
    ("timeout", Part::Leaf),
    ("retries", Part::Leaf),
    ("saveTo", Part::Leaf),
    ("extract", Part::List(&Part::Object(&[("variable", Part::Leaf), ("value", Part::Leaf)]))),
    ("on", Part::List(&Part::Object(&[("status", Part::Leaf), ("next", Part::Leaf)]))),
    (
        "sampleResponse",
        Part::Object(&[("status", Part::Leaf), ("headers", Part::Keyed(&Part::Leaf)), ("body", Part::Leaf)]),
    ),
];

const OUTCOMES: Part = Part::List(&Part::Object(&[("id", Part::Leaf), ("next", Part::Leaf)]));

const ACTION: &[Member] = &[
    ("action", Part::Leaf),
    ("args", Part::Free),
    ("saveTo", Part::Leaf),
    ("outcomes", OUTCOMES),
    ("sampleResult", Part::Object(&[("outcome", Part::Leaf), ("data", Part::Leaf)])),
];

const WAIT: &[Member] = &[
    ("duration", Part::Leaf),
    ("until", Part::Leaf),
    ("event", Part::Leaf),
    ("saveTo", Part::Leaf),
    ("timeout", TIMEOUT),
    ("allowInterrupts", Part::Leaf),
];

const CONTACT: &[Member] = &[
    ("addTags", LEAVES),
    ("removeTags", LEAVES),
    ("attributes", Part::List(&Part::Object(&[("name", Part::Leaf), ("value", Part::Nullable)]))),
    ("language", Part::Leaf),
];

const FLOW: &[Member] = &[
    ("flowId", Part::Leaf),
    ("version", Part::Leaf),
    ("mode", Part::Leaf),
    ("inputs", Part::Free),
    ("outputs", Part::List(&Part::Object(&[("from", Part::Leaf), ("to", Part::Leaf)]))),
    ("outcomes", OUTCOMES),
];

const HANDOFF: &[Member] =
    &[("queue", Part::Leaf), ("text", Part::Leaf), ("note", Part::Leaf), ("priority", Part::Leaf)];

const END: &[Member] = &[("outcome", Part::Leaf), ("text", Part::Leaf)];

/// Every step type with the members it has beside the common ones.
pub const STEP_TYPES: &[(&str, &[Member])] = &[
    ("message", MESSAGE),
    ("ask", ASK),
    ("choice", CHOICE),
    ("set", SET),
    ("branch", BRANCH),
    ("split", SPLIT),
    ("http", HTTP),
    ("action", ACTION),
    ("wait", WAIT),
    ("contact", CONTACT),
    ("flow", FLOW),
    ("handoff", HANDOFF),
    ("goto", &[]),
    ("end", END),
];

/// The members an object may have, in order.
#[derive(Debug, Clone, Copy)]
pub struct Members {
    first: &'static [Member],
    then: &'static [Member],
    /// Whether others are a mistake.
    pub is_closed: bool,
}

impl Members {
    pub fn part_of(self, name: &str) -> Option<Part> {
        self.names_and_parts().find(|&&(known, _)| known == name).map(|&(_, part)| part)
    }

    /// The place of a member in the order; unknown ones have none.
    pub fn rank_of(self, name: &str) -> Option<usize> {
        self.names().position(|known| known == name)
    }

    pub fn names(self) -> impl Iterator<Item = &'static str> {
        self.names_and_parts().map(|&(name, _)| name)
    }

    fn names_and_parts(self) -> impl Iterator<Item = &'static Member> {
        self.first.iter().chain(self.then)
    }
}

impl Part {
    /// The members an object at this place may have; `None` when its keys are the author's, or no object
    /// is meant. `kind` is the innermost `type`, which a step's members depend on.
    pub fn members(self, value: Option<&Value>, kind: Option<&str>) -> Option<Members> {
        let (first, then, is_closed): (&[Member], &[Member], bool) = match self {
            Self::Object(members) => (members, &[], true),
            Self::Open(members) => (members, &[], false),
            Self::Node => (NODE, &[], true),
            Self::Change => (DOCUMENT, CHANGE_ONLY, true),
            Self::Definition if value.is_some_and(|value| value.get("nodes").is_some()) => (GRAPH, &[], true),
            Self::Definition => (DEFINITION, &[], true),
            Self::Step => match STEP_TYPES.iter().find(|&&(name, _)| Some(name) == kind) {
                Some(&(_, own)) => (STEP, own, true),
                // Of a step of no known type one cannot say which members it may have.
                None => (STEP, &[], false),
            },
            Self::Leaf | Self::Nullable | Self::Free | Self::Keyed(_) | Self::List(_) => return None,
        };
        Some(Members { first, then, is_closed })
    }

    fn is_object(self) -> bool {
        !matches!(self, Self::Leaf | Self::Nullable | Self::List(_))
    }

    /// Whether `[]` stands for `{}` here.
    pub fn takes_empty_array_as_object(self, value: &Value) -> bool {
        self.is_object() && value.as_array().is_some_and(Vec::is_empty)
    }
}
