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

pub use action::{Action, Outcome, SampleResult};
pub use ask::{Ask, Form, Input, Prompt, Rule};
pub use choice::{Choice, ChoiceOption, Display, Multiple, Options, OptionsFrom};
pub use contact::{Attribute, Contact};
pub use ending::{End, Handoff, Priority};
pub use http::{Extract, Http, HttpBody, Method, OnStatus, SampleResponse, StatusMatch};
pub use message::{
    Body, ContactCard, Coordinate, Cta, Location, Media, MediaKind, MediaSource, Message, TemplateButton,
    TemplateHeader, TemplateMessage,
};
pub use route::{Branch, Case, Split, SplitPath};
pub use set::{Assignment, Op, Set};
pub use subflow::{CallMode, FlowVersion, Output, SubFlow};
pub use wait::{Wait, WaitFor, WaitTime};

use super::{Expression, Target};

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
