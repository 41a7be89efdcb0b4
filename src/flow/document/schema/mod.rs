//! What members an object of the format may have, and in which order findings about them are told.
//! The tables list them; what values they may have is the typed readers' business.

mod tables;

use serde_json::Value;

pub use tables::{CHANGE_ONLY, DEFINITION, DOCUMENT, STEP, STEP_TYPES};
use tables::{GRAPH, NODE};

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
