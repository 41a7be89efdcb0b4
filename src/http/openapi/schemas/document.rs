//! Schemas of the flow document, made from the declaration of the format: each object and each type of step by name.
//! A member's description is the sentence it is declared with, and its limits.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::build::{
    Direction, Member, always, any, any_object, boolean, described, exactly, integer_of, list_of, maybe,
    number, one_of_by, pattern, reference, text_of, uuid, word,
};
use super::values;
use crate::flow::channel::{INTERACTIVE_TEXT_CHARS_MAX, TEXT_CHARS_MAX};
use crate::flow::document::STEP_TYPES;
use crate::flow::document::schema::part::TEMPLATE_CHARS_MAX;
use crate::flow::document::schema::{
    CHANGE_ONLY, DEFINITION, DOCUMENT_FIELDS, Field, GRAPH, Leaves, ObjectType, Part, Presence, STEP,
    ShownLimit, StepType, rules,
};

/// Every object and type of step that is inside a document or a graph, by the name of its schema.
pub fn all(direction: Direction) -> Vec<(String, Value)> {
    let mut schemas = Schemas::new(direction);
    schemas.members(DOCUMENT_FIELDS);
    let step_names = STEP_TYPES.iter().map(|known| (known.name, schemas.step(known))).collect::<Vec<_>>();
    let step = described(one_of_by("type", step_names), "A step. Its members depend on its `type`.");
    schemas.named.insert(direction.name("Step"), step);
    if direction == Direction::Request {
        schemas.members(GRAPH);
    }
    schemas.named.into_iter().collect()
}

/// The members of a document as an author sends them.
pub fn sent_members() -> Vec<Member> {
    Schemas::new(Direction::Request).members(DOCUMENT_FIELDS)
}

/// The members of the definition, the part of a document that can be replaced as a whole.
pub fn definition_members() -> Vec<Member> {
    Schemas::new(Direction::Request).members(DEFINITION)
}

/// The members of a definition that is drawn as a graph.
pub fn graph_members() -> Vec<Member> {
    Schemas::new(Direction::Request).members(GRAPH)
}

/// What a change may carry beside members of the document.
pub fn change_members() -> Vec<Member> {
    Schemas::new(Direction::Request).members(CHANGE_ONLY)
}

/// The members of a document as a flow shows them: all are there, in a summary all but the large ones.
pub fn shown_members(is_summary: bool) -> Vec<Member> {
    const LARGE: [&str; 6] = ["variables", "steps", "settings", "interrupts", "translations", "meta"];
    const NULLABLE: [&str; 3] = ["description", "phoneNumberId", "wabaId"];
    let members = Schemas::new(Direction::Response).members(DOCUMENT_FIELDS).into_iter();
    let shown = members.filter(|member| !(is_summary && LARGE.contains(&member.name()))).map(|member| {
        if NULLABLE.contains(&member.name()) { member.required_or_null() } else { member.required() }
    });
    shown.collect()
}

/// Schemas under way: the declaration is walked down, and each object with a name is kept once.
struct Schemas {
    direction: Direction,
    named: BTreeMap<String, Value>,
}

impl Schemas {
    const fn new(direction: Direction) -> Self {
        Self { direction, named: BTreeMap::new() }
    }

    fn members(&mut self, fields: &[Field]) -> Vec<Member> {
        fields.iter().map(|field| self.member(field)).collect()
    }

    fn member(&mut self, field: &Field) -> Member {
        let docs = match of_kind(field.part) {
            Some(more) => format!("{} {more}", field.docs),
            None => field.docs.to_owned(),
        };
        // The service gives an id to a step that comes without.
        let is_given = self.direction == Direction::Request
            && matches!(field.part, Part::Name(rule) if rule.pattern == rules::STEP_ID.pattern);
        match field.presence {
            Presence::Required if !is_given => always(field.name, self.part(field.part), &docs),
            _ => maybe(field.name, self.part(field.part), &docs),
        }
    }

    /// Keeps the schema of a step type, and returns its name.
    fn step(&mut self, known: &StepType) -> String {
        let (first, rest) = known.name.split_at(1);
        let name = self.direction.name(&format!("{}{rest}Step", first.to_ascii_uppercase()));
        let fields = STEP.fields(None, Some(known.name)).into_iter().flat_map(|fields| fields.iter());
        let is_there = |field: &&Field| !(known.leaves == Leaves::OwnExits && field.name == "next");
        let members = fields.filter(is_there).map(|field| match field.part {
            Part::StepTypeName => always(field.name, exactly(known.name), field.docs),
            _ => self.member(field),
        });
        let members = members.collect();
        let schema = self.direction.object(&with_choices(known.docs, known.fields), members);
        self.named.insert(name.clone(), schema);
        name
    }

    /// Keeps the schema of an object, and refers to it.
    fn object(&mut self, object: &ObjectType, is_open: bool) -> Value {
        let name = self.direction.name(object.name);
        if !self.named.contains_key(&name) {
            let members = self.members(object.fields);
            let docs = with_choices(object.docs, object.fields);
            let schema = match is_open {
                true => self.direction.open_object(&docs, members),
                false => self.direction.object(&docs, members),
            };
            self.named.insert(name.clone(), schema);
        }
        reference(&name)
    }

    fn part(&mut self, part: Part) -> Value {
        match part {
            Part::Shown(_) => reference("Template"),
            Part::Template(length) if length.least == 0 && length.most == TEMPLATE_CHARS_MAX => {
                reference("Template")
            }
            Part::Template(length) | Part::Text(length) => text_of(length.least, length.most),
            Part::Address => text_of(1, TEMPLATE_CHARS_MAX),
            Part::Expression => reference("Expression"),
            Part::Pattern => text_of(1, crate::flow::language::PATTERN_LENGTH_MAX),
            Part::Name(rule) => match values::name_of_rule(rule) {
                Some(name) => reference(name),
                None => pattern(rule.pattern),
            },
            Part::StepTypeName => word(STEP_TYPES.iter().map(|known| known.name)),
            Part::LanguageTag => reference("LanguageTag"),
            Part::TimeZone => json!({"type": "string", "examples": ["Europe/Madrid"]}),
            Part::FlowId => uuid(),
            Part::Status => pattern("^([1-5][0-9][0-9]|[1-5]xx|default)$"),
            Part::Written => reference("VariableName"),
            Part::Target(_) => reference("Target"),
            Part::OneOf(words) => match values::name_of_words(words) {
                Some(name) => reference(name),
                None => word(words.iter().copied()),
            },
            Part::Boolean => boolean(),
            Part::Number => number(),
            Part::Integer { least, most } if least == most => json!({"type": "integer", "const": least}),
            Part::Integer { least, most } => integer_of(least, most),
            Part::Duration(_) => reference("Duration"),
            Part::Json | Part::NullableJson | Part::Data => any(),
            Part::JsonObject => any_object(),
            Part::DataObject => reference("Meta"),
            Part::Either(parts) => {
                let parts: Vec<Value> = parts.iter().map(|part| self.part(*part)).collect();
                json!({"anyOf": parts})
            }
            Part::Object(object) => self.object(object, false),
            Part::Open(object) | Part::Edge(object) => self.object(object, true),
            Part::Keyed(value) => {
                let value = self.part(*value);
                self.direction.keyed(value)
            }
            // What is wrong with a further trigger is a finding, and keeps nothing from being saved.
            Part::List { item: item @ Part::Open(_), length } => {
                let anything = described(any(), "Anything else: a finding says what is wrong with it.");
                json!({"anyOf": [list_of(self.part(*item), length.least, length.most), anything]})
            }
            Part::List { item, length } => list_of(self.part(*item), length.least, length.most),
            Part::Step { .. } => self.direction.reference("Step"),
            Part::Node(object) => self.node(object),
            Part::Definition { .. } => json!({"anyOf": [reference("Definition"), reference("Graph")]}),
            Part::Change { .. } => reference("FlowChange"),
        }
    }

    /// A node of a graph: its `data` is a step without the members that the node has.
    fn node(&mut self, object: &ObjectType) -> Value {
        let members = object.fields.iter().map(|field| match field.part {
            Part::Step { .. } => maybe(field.name, any_object(), field.docs),
            _ => self.member(field),
        });
        let members = members.collect();
        self.direction.open_object(object.docs, members)
    }
}

/// What a member's kind says of it beside its schema: which parts are templates, how long a rendered text may be.
fn of_kind(part: Part) -> Option<String> {
    match part {
        Part::Shown(ShownLimit::Chars(most)) => Some(format!("At most {most} characters once rendered.")),
        Part::Shown(ShownLimit::Text) => Some(format!(
            "At most {TEXT_CHARS_MAX} characters once rendered, {INTERACTIVE_TEXT_CHARS_MAX} with a button below."
        )),
        Part::Json | Part::NullableJson | Part::JsonObject => Some("Strings in it are templates.".to_owned()),
        Part::Shown(ShownLimit::OptionTitle | ShownLimit::OptionDescription) => {
            Some("How many characters it may have depends on how the menu is shown.".to_owned())
        }
        _ => None,
    }
}

/// A description, with the members of which one has to be there, or may be.
fn with_choices(docs: &str, fields: &[Field]) -> String {
    let mut docs = docs.to_owned();
    let mut told: Vec<&[&str]> = Vec::new();
    for field in fields {
        let (most, names) = match field.presence {
            Presence::OneOf(names) => ("Exactly", names),
            Presence::UpToOneOf(names) => ("At most", names),
            Presence::Required | Presence::Optional => continue,
        };
        if !told.contains(&names) {
            told.push(names);
            docs.push_str(&format!(" {most} one of `{}`.", names.join("`, `")));
        }
    }
    docs
}
