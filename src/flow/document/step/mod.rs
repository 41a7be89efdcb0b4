//! Steps: the members all types share, and one file per group of types.

mod action;
mod ask;
mod choice;
mod contact;
mod ending;
mod http;
mod message;
mod route;
mod set;
mod subflow;
mod wait;

pub use action::{Action, OutcomeExit, SampleResult};
pub use ask::{Ask, Input, Prompt, Rule, WhatsAppForm};
pub use choice::{Choice, ChoiceOption, ChoiceOptions, Display, Multiple, OptionsFrom};
pub(super) use choice::{MATCHES_MAX, match_text};
pub use contact::{Attribute, Contact};
pub use ending::{End, Handoff, Priority};
pub use http::{Extract, Http, HttpBody, Method, OnStatus, SampleResponse, StatusMatch};
pub use message::{
    ContactCard, Coordinate, Cta, Location, Media, MediaKind, MediaSource, Message, MessageBody,
    TemplateButton, TemplateHeader, TemplateMessage,
};
pub use route::{Branch, Case, Split, SplitPath};
pub use set::{Assignment, Op, Set};
pub use subflow::{CallMode, FlowVersion, OutputMapping, SubFlow};
pub use wait::{Wait, WaitFor, WaitTime};

use super::edge::Target;
use super::meta::check_meta;
use super::reader::{NAME_LENGTH_MAX, Node, Object};
use super::schema::STEP_TYPES;
use super::settings::on_error;
use super::source::Expression;
use crate::flow::text::nearest;

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
}

/// The step types. `Goto` has no members beyond the common `next`, which it requires.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum StepKind {
    Message(Message),
    Ask(Ask),
    Choice(Choice),
    Set(Set),
    Branch(Branch),
    Split(Split),
    Http(Http),
    Action(Action),
    Wait(Wait),
    Contact(Contact),
    Flow(SubFlow),
    Handoff(Handoff),
    #[default]
    Goto,
    End(End),
}

impl StepKind {
    /// The `type` as documents and traces write it.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Message(_) => "message",
            Self::Ask(_) => "ask",
            Self::Choice(_) => "choice",
            Self::Set(_) => "set",
            Self::Branch(_) => "branch",
            Self::Split(_) => "split",
            Self::Http(_) => "http",
            Self::Action(_) => "action",
            Self::Wait(_) => "wait",
            Self::Contact(_) => "contact",
            Self::Flow(_) => "flow",
            Self::Handoff(_) => "handoff",
            Self::Goto => "goto",
            Self::End(_) => "end",
        }
    }

    /// Whether the step waits for the person (or for an event or a time).
    pub const fn waits(&self) -> bool {
        matches!(self, Self::Ask(_) | Self::Choice(_) | Self::Wait(_))
    }
}

impl Step {
    pub(super) fn read(node: Node<'_>) -> Self {
        let id = node.value.get("id").and_then(serde_json::Value::as_str);
        let o = Node { step: id.or(node.step), ..node }.object();
        let id = o.need("id", step_id);
        let kind = o.need("type", kind);
        // A contact step's `name` is the contact's.
        let name = if kind == "contact" { None } else { o.optional("name", |name| name.text(0..=120)) };
        if o.has("next") && kind == "branch" {
            o.at("next", |next| {
                next.report("UNKNOWN_FIELD", "is not a member of a branch, which has \"else\"")
            });
        }
        if !o.has("next") && kind == "goto" {
            o.missing("next", "is missing");
        }
        let step = Self {
            id,
            name,
            when: o.optional("when", Node::expression),
            next: o.optional("next", Node::target),
            on_error: o.optional("onError", on_error),
            kind: StepKind::read(&kind, &o),
        };
        o.optional("meta", check_meta);
        step
    }
}

/// The id of a step: it stands in targets and expressions.
fn step_id(node: Node<'_>) -> String {
    node.name(
        NAME_LENGTH_MAX,
        |index, c| c.is_ascii_alphabetic() || (index > 0 && (c.is_ascii_digit() || matches!(c, '_' | '-'))),
        "a letter followed by up to 63 letters, digits, \"_\" and \"-\"",
    )
}

fn kind(node: Node<'_>) -> String {
    let Some(kind) = node.str() else { return String::new() };
    if !STEP_TYPES.iter().any(|&(name, _)| name == kind) {
        let names: Vec<&str> = STEP_TYPES.iter().map(|&(name, _)| name).collect();
        let finding = node.finding("UNKNOWN_STEP_TYPE", format!("must be one of {}", names.join(", ")));
        node.report.add(finding.did_you_mean(nearest(kind, names)));
    }
    kind.to_owned()
}

impl StepKind {
    /// Reads the members of a type; an unknown one was reported and has none.
    fn read(kind: &str, o: &Object<'_>) -> Self {
        match kind {
            "message" => Self::Message(Message::read(o)),
            "ask" => Self::Ask(Ask::read(o)),
            "choice" => Self::Choice(Choice::read(o)),
            "set" => Self::Set(Set::read(o)),
            "branch" => Self::Branch(Branch::read(o)),
            "split" => Self::Split(Split::read(o)),
            "http" => Self::Http(Http::read(o)),
            "action" => Self::Action(Action::read(o)),
            "wait" => Self::Wait(Wait::read(o)),
            "contact" => Self::Contact(Contact::read(o)),
            "flow" => Self::Flow(SubFlow::read(o)),
            "handoff" => Self::Handoff(Handoff::read(o)),
            "end" => Self::End(End::read(o)),
            _ => Self::Goto,
        }
    }
}
