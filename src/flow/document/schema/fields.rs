//! What members the object at a place may have, and which part of several a value is.

use serde_json::Value;

use super::part::{Field, Part};
use crate::flow::language::is_template;

/// The members an object may have, in the format's order.
#[derive(Debug, Clone, Copy)]
pub struct FieldSet {
    first: &'static [Field],
    then: &'static [Field],
    /// True when other members are a mistake.
    pub is_closed: bool,
}

impl FieldSet {
    pub fn find(self, name: &str) -> Option<&'static Field> {
        self.then.iter().chain(self.first).find(|field| field.name == name)
    }

    pub fn part_of(self, name: &str) -> Option<Part> {
        self.find(name).map(|field| field.part)
    }

    /// The place of a member in the format's order; unknown ones have none.
    pub fn rank_of(self, name: &str) -> Option<usize> {
        self.names().position(|known| known == name)
    }

    pub fn names(self) -> impl Iterator<Item = &'static str> {
        self.first.iter().chain(self.then).map(|field| field.name)
    }

    /// The members in order, each once.
    pub fn iter(self) -> impl Iterator<Item = &'static Field> {
        let is_meant_otherwise = move |field: &&Field| self.then.iter().all(|own| own.name != field.name);
        self.first.iter().filter(is_meant_otherwise).chain(self.then)
    }
}

impl Part {
    /// The members an object at this place may have; `None` when its keys are the author's, or no object
    /// is meant. `kind` is the innermost `type`, which a step's members depend on.
    pub fn fields(self, value: Option<&Value>, kind: Option<&str>) -> Option<FieldSet> {
        let (first, then, is_closed): (&[Field], &[Field], bool) = match self {
            Self::Object(object) => (object.fields, &[], true),
            Self::Open(object) | Self::Node(object) | Self::Edge(object) => (object.fields, &[], false),
            Self::Change { document, beside } => (document, beside, true),
            Self::Definition { graph, .. } if value.is_some_and(|value| value.get("nodes").is_some()) => {
                (graph, &[], true)
            }
            Self::Definition { members, .. } => (members, &[], true),
            Self::Step { common, types } => match types.iter().find(|known| Some(known.name) == kind) {
                Some(known) => (common, known.fields, true),
                // Of a step of no known type one cannot say which members it may have.
                None => (common, &[], false),
            },
            Self::Either(parts) => return parts[0].fields(value, kind),
            _ => return None,
        };
        Some(FieldSet { first, then, is_closed })
    }

    /// Calls `visit` with every member that may stand below this place, in steps of any type: as often as objects have it.
    pub fn each_field(self, visit: &mut dyn FnMut(&'static Field)) {
        if let Self::Either(parts) = self {
            return parts.iter().for_each(|part| part.each_field(visit));
        }
        if let Some(item) = self.item() {
            return item.each_field(visit);
        }
        let kinds = match self {
            Self::Step { types, .. } => types.iter().map(|known| Some(known.name)).collect(),
            _ => vec![None],
        };
        for field in kinds.into_iter().filter_map(|kind| self.fields(None, kind)).flat_map(FieldSet::iter) {
            visit(field);
            field.part.each_field(visit);
        }
    }

    /// The part of an item of a list.
    pub fn item(self) -> Option<Self> {
        match self {
            Self::List { item, .. } | Self::Keyed(item) => Some(*item),
            Self::Either(parts) => parts.iter().find_map(|part| part.item()),
            _ => None,
        }
    }

    /// True when `[]` stands for `{}` here.
    pub fn takes_empty_array_as_object(self, value: &Value) -> bool {
        let is_object = match self {
            Self::JsonObject | Self::DataObject | Self::Keyed(_) => true,
            part => part.fields(None, None).is_some(),
        };
        is_object && value.as_array().is_some_and(Vec::is_empty)
    }

    /// Of several parts the one that a value of this kind is.
    pub fn meant_by(self, value: &Value) -> Self {
        let Self::Either(parts) = self else { return self };
        let takes = |part: &&Self| match part {
            Self::Number | Self::Integer { .. } => value.is_number(),
            Self::List { .. } => value.is_array(),
            Self::Duration(_) => value.as_str().is_some_and(|text| !is_template(text)),
            _ => value.is_string(),
        };
        *parts.iter().find(takes).unwrap_or(&parts[0])
    }
}
