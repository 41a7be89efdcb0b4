//! Steps: the members that all types share, and one file per type, which declares and reads its own.
//! A new type is a file here, a file in `interpreter/step`, and its name in the list of each `mod.rs`.

mod action;
mod ask;
mod branch;
mod choice;
mod contact;
mod end;
mod flow;
mod goto;
mod handoff;
mod http;
mod media;
mod message;
mod set;
mod split;
mod template;
mod wait;

pub use action::{Action, OutcomeExit, SampleResult};
pub use ask::{Ask, Input, Prompt, Rule, WhatsAppForm};
pub use branch::{Branch, Case};
pub(super) use choice::MATCHES;
pub use choice::{Choice, ChoiceOption, ChoiceOptions, Multiple, OptionsFrom};
pub use contact::{Attribute, Contact};
pub use end::End;
pub use flow::{CallMode, FlowVersion, OutputMapping, SubFlow};
pub use goto::Goto;
pub use handoff::{Handoff, Priority};
pub use http::{Extract, Http, HttpBody, Method, OnStatus, SampleResponse, StatusMatch};
pub use media::{Media, MediaKind, MediaSource};
pub use message::{ContactCard, Coordinate, Cta, Location, Message, MessageBody};
pub use set::{Assignment, Op, Set};
pub use split::{Split, SplitPath};
pub use template::{TemplateButton, TemplateHeader, TemplateMessage};
pub use wait::{Wait, WaitFor, WaitTime};

pub use crate::flow::channel::Display;

use super::edge::{Exit, Target, Write};
use super::meta::check_meta;
use super::reader::{Cursor, Object};
use super::schema::part::{Field, Leads, Part, StepType};
use super::schema::rules;
use super::settings::on_error;
use super::source::Expression;
use crate::flow::text::nearest;

/// What every step may have.
pub(super) const COMMON: &[Field] = &[
    Field::required(
        "id",
        Part::Name(&rules::STEP_ID),
        "The id of the step; the service gives one where it is absent.",
    ),
    Field::required("type", Part::StepTypeName, "What the step does."),
    Field::optional("name", Part::text(0, 120), "A label for people."),
    Field::optional("when", Part::Expression, "The step is skipped unless this holds."),
    Field::optional(
        "next",
        Part::Target(Leads::Next),
        "Where the step leads; the following step when absent.",
    ),
    Field::optional("onError", Part::Target(Leads::OnError), "Where the run goes when the step fails."),
    Field::optional("meta", Part::DataObject, "Data of editors, kept and not looked at."),
];

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Step {
    pub id: String,
    /// A label for people. A `contact` step has none: there `name` is the contact's.
    pub name: Option<String>,
    /// When it does not hold, the step is skipped.
    pub when: Option<Expression>,
    /// The normal exit; absent means [`Target::Next`]. Never present on a `branch`.
    pub next: Option<Target>,
    pub on_error: Option<Target>,
    pub kind: StepKind,
    pub(super) exits: Vec<Exit>,
    pub(super) writes: Vec<Write>,
}

/// Makes of the list of step types all that enumerates them.
macro_rules! step_types {
    ($($kind:ident),+ $(,)?) => {
        /// The step types, with the members that are their own.
        #[derive(Debug, Clone, PartialEq)]
        pub enum StepKind {
            $($kind($kind)),+
        }

        /// Every step type as the format declares it, in the format's order.
        pub const STEP_TYPES: &[&StepType] = &[$(&$kind::TYPE),+];

        impl StepKind {
            /// The declaration of the type.
            pub const fn declared(&self) -> &'static StepType {
                match self { $(Self::$kind(_) => &$kind::TYPE),+ }
            }

            /// Reads the members of a type; an unknown one was reported and has none.
            fn read(kind: &str, o: &Object<'_>) -> Self {
                $(if kind == $kind::TYPE.name {
                    return Self::$kind($kind::read(o));
                })+
                Self::default()
            }
        }
    };
}

step_types!(
    Message, Ask, Choice, Set, Branch, Split, Http, Action, Wait, Contact, SubFlow, Handoff, Goto, End,
);

/// The declaration of the step type of this name.
pub fn step_type(name: &str) -> Option<&'static StepType> {
    STEP_TYPES.iter().copied().find(|known| known.name == name)
}

impl Default for StepKind {
    fn default() -> Self {
        Self::Goto(Goto)
    }
}

impl StepKind {
    /// The `type` as documents and traces write it.
    pub const fn as_str(&self) -> &'static str {
        self.declared().name
    }

    /// True when the step waits for the person, for an event or for a time.
    pub const fn waits(&self) -> bool {
        matches!(self, Self::Ask(_) | Self::Choice(_) | Self::Wait(_))
    }
}

impl Step {
    pub(super) fn read(node: Cursor<'_>) -> Self {
        let id = node.value.get("id").and_then(serde_json::Value::as_str);
        let o = Cursor { step: id.or(node.step), ..node }.object();
        let id = o.need("id", Cursor::name);
        let kind = o.need("type", kind);
        // A contact step's `name` is the contact's.
        let name = if kind == "contact" { None } else { o.optional("name", Cursor::text) };
        let step = Self {
            id,
            name,
            when: o.optional("when", Cursor::text),
            next: o.optional("next", Cursor::target),
            on_error: o.optional("onError", on_error),
            kind: StepKind::read(&kind, &o),
            exits: Vec::new(),
            writes: Vec::new(),
        };
        o.optional("meta", check_meta);
        step
    }
}

fn kind(node: Cursor<'_>) -> String {
    let Some(kind) = node.str() else { return String::new() };
    let names = || STEP_TYPES.iter().map(|known| known.name);
    if !names().any(|name| name == kind) {
        let message = format!("must be one of {}", names().collect::<Vec<_>>().join(", "));
        node.report.add(node.finding("UNKNOWN_STEP_TYPE", message).did_you_mean(nearest(kind, names())));
    }
    kind.to_owned()
}
