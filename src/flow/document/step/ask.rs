//! `ask`: send a prompt and wait for free input.

use super::message::{Media, TemplateMessage, only_one_of};
use crate::flow::channel::ANSWER_CHARS_MAX;
use crate::flow::document::names::names;
use crate::flow::document::reader::{Node, Object};
use crate::flow::document::{Expression, Retry, Template, Timeout};
use crate::flow::language::PATTERN_LENGTH_MAX;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ask {
    /// Absent: wait silently.
    pub prompt: Option<Prompt>,
    pub input: Input,
    pub save_to: Option<String>,
    pub validation: Vec<Rule>,
    /// Shortcuts for rules, in characters.
    pub min_length: Option<u64>,
    pub max_length: Option<u64>,
    pub min: Option<f64>,
    pub max: Option<f64>,
    /// A regular expression the text must contain a match of.
    pub pattern: Option<String>,
    pub retry: Option<Retry>,
    pub timeout: Option<Timeout>,
    pub allow_interrupts: bool,
    /// An entity that fills the step without asking, when it arrived earlier and is an answer.
    pub entity: Option<String>,
    /// With `Input::Form` only.
    pub form: Option<WhatsAppForm>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Prompt {
    Text(Template),
    Media(Media),
    Template(TemplateMessage),
}

/// What kind of answer is accepted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Input {
    #[default]
    Text,
    Number,
    Integer,
    Boolean,
    Email,
    Phone,
    Url,
    Date,
    Time,
    Datetime,
    Location,
    Image,
    Audio,
    Video,
    Document,
    /// Any of the four media kinds.
    File,
    Contact,
    /// The reply to a WhatsApp form.
    Form,
    Any,
}

/// The first rule whose expression over `value` is false rejects the input.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rule {
    pub rule: Expression,
    pub message: Option<Template>,
}

/// The WhatsApp form that is opened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WhatsAppForm {
    pub flow_id: String,
    pub cta: Template,
    pub screen: Option<String>,
}

names! {
    Input {
        Text = "text",
        Number = "number",
        Integer = "integer",
        Boolean = "boolean",
        Email = "email",
        Phone = "phone",
        Url = "url",
        Date = "date",
        Time = "time",
        Datetime = "datetime",
        Location = "location",
        Image = "image",
        Audio = "audio",
        Video = "video",
        Document = "document",
        File = "file",
        Contact = "contact",
        Form = "form",
        Any = "any",
    }
}

impl Ask {
    pub(super) fn read(o: &Object<'_>) -> Self {
        let prompt = only_one_of(o, &["text", "media", "template"]).map(|body| match body {
            "media" => Prompt::Media(o.need("media", Media::read)),
            "template" => Prompt::Template(o.need("template", TemplateMessage::read)),
            _ => Prompt::Text(o.need("text", Node::template)),
        });
        let input = o.or_default("input", |input| input.one_of(Input::NAMES));
        let length = |node: Node<'_>| node.integer(0..=ANSWER_CHARS_MAX as i64).unsigned_abs();
        let ask = Self {
            prompt,
            input,
            save_to: o.optional("saveTo", Node::variable_name),
            validation: o.or_default("validation", |rules| rules.list(0..=10, Rule::read)),
            min_length: o.optional("minLength", length),
            max_length: o.optional("maxLength", length),
            min: o.optional("min", Node::number),
            max: o.optional("max", Node::number),
            pattern: o.optional("pattern", |pattern| pattern.text(1..=PATTERN_LENGTH_MAX)),
            retry: o.optional("retry", Retry::read),
            timeout: o.optional("timeout", Timeout::read),
            allow_interrupts: o.optional("allowInterrupts", Node::boolean).unwrap_or(true),
            entity: o.optional("entity", |entity| entity.text(1..=64)),
            form: o.optional("form", WhatsAppForm::read),
        };
        ask.check_bounds(o);
        ask
    }

    fn check_bounds(&self, o: &Object<'_>) {
        if self.min_length.zip(self.max_length).is_some_and(|(min, max)| min > max) {
            o.at("maxLength", |max| max.invalid("must not be less than \"minLength\""));
        }
        if self.min.zip(self.max).is_some_and(|(min, max)| min > max) {
            o.at("max", |max| max.invalid("must not be less than \"min\""));
        }
        match (self.input == Input::Form, &self.form) {
            (true, None) => o.missing("form", "is missing: the input is \"form\""),
            (false, Some(_)) => o.at("form", |form| form.invalid("needs the input \"form\"")),
            _ => {}
        }
    }
}

impl Rule {
    fn read(node: Node<'_>) -> Self {
        let o = node.object();
        Self { rule: o.need("rule", Node::expression), message: o.optional("message", Node::template) }
    }
}

impl WhatsAppForm {
    fn read(node: Node<'_>) -> Self {
        let o = node.object();
        Self {
            flow_id: o.need("flowId", |id| id.text(1..=128)),
            cta: o.need("cta", Node::template),
            screen: o.optional("screen", |screen| screen.text(1..=128)),
        }
    }
}
