//! Every object of the format with its members, in the order of the format's tables.

use super::{Member, Part};

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

pub const NODE: &[Member] = &[
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
    ("missing", Part::Leaf),
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
pub const STEP: &[Member] = &[
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
    ("entity", Part::Leaf),
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
            ("media", MEDIA),
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
            ("media", MEDIA),
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
