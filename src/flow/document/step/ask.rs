//! `ask`: send a prompt and wait for free input.

use super::message::{Media, TemplateMessage};
use crate::flow::document::{Expression, Retry, Template, Timeout};

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
    /// With `Input::Form` only.
    pub form: Option<Form>,
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
pub struct Form {
    pub flow_id: String,
    pub cta: Template,
    pub screen: Option<String>,
}
