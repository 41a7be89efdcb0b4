//! The vocabulary of the format's tables: what may stand at a place of a document, and what it is there.
//! A table is walked from [`Part::fields`] down; `docs` of a field are its description for people.

use std::ops::RangeInclusive;

use super::sign::Sign;
use crate::flow::document::duration::Duration;

/// Characters of a template, at most.
pub const TEMPLATE_CHARS_MAX: usize = 8192;
/// Characters of an expression, at most.
pub const EXPRESSION_CHARS_MAX: usize = 1000;

/// How many characters a text has, or items a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Length {
    pub least: usize,
    pub most: usize,
}

impl Length {
    pub const fn of(least: usize, most: usize) -> Self {
        Self { least, most }
    }
}

/// What may stand at a place, and what it means there.
#[derive(Debug, Clone, Copy)]
pub enum Part {
    /// A template that a person reads when it is sent, held to the channel's limit.
    Shown(ShownLimit),
    /// Any other template.
    Template(Length),
    /// A template of an https address.
    Address,
    /// What may stand inside `{{ }}`.
    Expression,
    /// A literal text.
    Text(Length),
    /// A regular expression.
    Pattern,
    Name(&'static NameRule),
    /// The `type` of a step.
    StepTypeName,
    /// A language tag of BCP-47.
    LanguageTag,
    /// An IANA time zone.
    TimeZone,
    /// The id of a flow: a UUID in 8-4-4-4-12 form.
    FlowId,
    /// An HTTP status such as `404`, a class such as `4xx`, or `default`.
    Status,
    /// The name of a declared variable, which the step writes.
    Written,
    /// A step id or one of `$next`, `$end`, `$resume`.
    Target(Leads),
    OneOf(&'static [&'static str]),
    Boolean,
    Number,
    Integer {
        least: i64,
        most: i64,
    },
    Duration(&'static RangeInclusive<Duration>),
    /// JSON whose strings are templates; null is absence.
    Json,
    /// JSON whose strings are templates, and of which null is a value.
    NullableJson,
    /// An object of the author's keys, whose strings are templates.
    JsonObject,
    /// JSON of the author's that is kept by value.
    Data,
    /// An object of the author's that is kept by value.
    DataObject,
    /// One of several; the first says what an object or a list at this place may hold.
    Either(&'static [Self]),
    Object(&'static ObjectType),
    /// An object that may have other members too, which are kept by value.
    Open(&'static ObjectType),
    /// An object of the author's keys, each with a part; null is absence.
    Keyed(&'static Self),
    List {
        item: &'static Self,
        length: Length,
    },
    /// A step: what it may have depends on its `type`.
    Step {
        common: &'static [Field],
        types: &'static [&'static StepType],
    },
    /// A node of a graph, which becomes a step. Its editor may add members.
    Node(&'static ObjectType),
    /// An edge of a graph, which sets an exit. Its editor may add members.
    Edge(&'static ObjectType),
    /// A document of which any member may be absent, with what else a change may carry.
    Change {
        document: &'static [Field],
        beside: &'static [Field],
    },
    /// The definition inside a change: its members, or a graph, which has `nodes`.
    Definition {
        members: &'static [Field],
        graph: &'static [Field],
    },
}

/// How many characters of a shown text the channel takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShownLimit {
    Chars(usize),
    /// An ordinary text, or fewer characters where the step shows something below it.
    Text,
    /// The title of an option, by how the menu is shown.
    OptionTitle,
    /// The description of an option, by how the menu is shown.
    OptionDescription,
}

/// What a name consists of.
#[derive(Debug)]
pub struct NameRule {
    /// The rule as a regular expression over the whole name.
    pub pattern: &'static str,
    /// The rule in words, after "must be".
    pub words: &'static str,
    pub chars_max: usize,
    /// True for a character that may stand at this index.
    pub allows: fn(usize, char) -> bool,
}

/// The exit of a step whose target stands at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leads {
    /// Where the step leads unless another exit is taken.
    Next,
    Else,
    Empty,
    OnError,
    RetriesExhausted,
    Timeout,
    /// A case, by its index.
    Case,
    /// An option, by the id beside the target.
    Option,
    /// A path, by the id beside the target.
    Path,
    /// An answer, by the status beside the target.
    Status,
    /// An outcome, by the id beside the target.
    Outcome,
    /// It is no exit of a step: settings and interrupts lead there.
    Elsewhere,
}

/// Names of expressions that exist at some places only.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LocalNames {
    /// `item`, and `loop.index`.
    pub item: bool,
    pub value: bool,
    pub response: bool,
    pub secrets: bool,
}

impl LocalNames {
    const NONE: Self = Self { item: false, value: false, response: false, secrets: false };
    pub const ITEM: Self = Self { item: true, ..Self::NONE };
    pub const VALUE: Self = Self { value: true, ..Self::NONE };
    pub const RESPONSE: Self = Self { response: true, ..Self::NONE };
    pub const SECRETS: Self = Self { secrets: true, ..Self::NONE };

    pub const fn or(self, other: Self) -> Self {
        Self {
            item: self.item || other.item,
            value: self.value || other.value,
            response: self.response || other.response,
            secrets: self.secrets || other.secrets,
        }
    }
}

/// Whether a translation may give a value in another language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Translation {
    No,
    /// A language that lacks it is incomplete.
    Wanted,
    Allowed,
}

/// When a member must be there.
#[derive(Debug, Clone, Copy)]
pub enum Presence {
    Required,
    Optional,
    /// Exactly one of these members must be there.
    OneOf(&'static [&'static str]),
    /// At most one of these members may be there.
    UpToOneOf(&'static [&'static str]),
}

/// A member of an object, as the format declares it.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    pub name: &'static str,
    pub part: Part,
    pub presence: Presence,
    pub names: LocalNames,
    pub translation: Translation,
    /// One sentence for people.
    pub docs: &'static str,
    /// What people call it, in Spanish and in English, where `outline/words.rs` has no words for the name.
    pub words: Option<[&'static str; 2]>,
}

impl Field {
    const fn new(name: &'static str, part: Part, presence: Presence, docs: &'static str) -> Self {
        Self {
            name,
            part,
            presence,
            names: LocalNames::NONE,
            translation: Translation::No,
            docs,
            words: None,
        }
    }

    pub const fn required(name: &'static str, part: Part, docs: &'static str) -> Self {
        Self::new(name, part, Presence::Required, docs)
    }

    pub const fn optional(name: &'static str, part: Part, docs: &'static str) -> Self {
        Self::new(name, part, Presence::Optional, docs)
    }

    pub const fn one_of(
        name: &'static str,
        names: &'static [&'static str],
        part: Part,
        docs: &'static str,
    ) -> Self {
        Self::new(name, part, Presence::OneOf(names), docs)
    }

    pub const fn up_to_one_of(
        name: &'static str,
        names: &'static [&'static str],
        part: Part,
        docs: &'static str,
    ) -> Self {
        Self::new(name, part, Presence::UpToOneOf(names), docs)
    }

    /// Names that exist in the expressions of this member, beside those that exist everywhere.
    pub const fn seeing(self, names: LocalNames) -> Self {
        Self { names, ..self }
    }

    /// Gives a member its words in Spanish and in English.
    pub const fn called(self, spanish: &'static str, english: &'static str) -> Self {
        Self { words: Some([spanish, english]), ..self }
    }

    pub const fn translated(self) -> Self {
        Self { translation: Translation::Wanted, ..self }
    }

    pub const fn may_be_translated(self) -> Self {
        Self { translation: Translation::Allowed, ..self }
    }
}

/// An object with members of its own.
#[derive(Debug)]
pub struct ObjectType {
    /// What generated clients call it; no two objects have one name.
    pub name: &'static str,
    /// One or two sentences for people.
    pub docs: &'static str,
    pub fields: &'static [Field],
}

/// How a step of a type is left when nothing special happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaves {
    /// By its `next`, or by exits of its own that fall back to it.
    Next,
    /// By exits of its own only; it has no `next`.
    OwnExits,
    /// The run is over.
    End,
}

/// A step type: everything the format says of it.
#[derive(Debug)]
pub struct StepType {
    /// The `type` in documents and traces.
    pub name: &'static str,
    /// One sentence for people.
    pub docs: &'static str,
    /// What people call it inside a sentence, in Spanish and in English.
    pub words: [&'static str; 2],
    pub sign: Sign,
    pub leaves: Leaves,
    /// The members beside those that all steps have. A common member that stands here again has another meaning.
    pub fields: &'static [Field],
    /// A step of this type, as JSON, that is sound by itself.
    pub example: &'static str,
}

impl Part {
    pub const fn list(item: &'static Self, least: usize, most: usize) -> Self {
        Self::List { item, length: Length { least, most } }
    }

    pub const fn text(least: usize, most: usize) -> Self {
        Self::Text(Length { least, most })
    }

    /// A template of any length that may be empty.
    pub const TEMPLATE: Self = Self::Template(Length { least: 0, most: TEMPLATE_CHARS_MAX });

    /// A text that the channel takes so many characters of.
    pub const fn shown(chars_max: usize) -> Self {
        Self::Shown(ShownLimit::Chars(chars_max))
    }
}
