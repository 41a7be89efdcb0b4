//! `ask`: send a prompt and wait for free input.

use super::media::{Media, SENT_MEDIA};
use super::template::{TEMPLATE, TemplateMessage};
use crate::flow::channel::{ANSWER_CHARS_MAX, BUTTON_CHARS_MAX, TEXT_CHARS_MAX};
use crate::flow::document::names::names;
use crate::flow::document::reader::{Cursor, Object};
use crate::flow::document::schema::part::{
    Field, Leaves, LocalNames, ObjectType, Part, ShownLimit, StepType,
};
use crate::flow::document::schema::{Family, Sign};
use crate::flow::document::settings::{RETRY, TIMEOUT};
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

/// What is asked with: at most one of these members.
const PROMPTS: &[&str] = &["text", "media", "template"];

const LENGTH: Part = Part::Integer { least: 0, most: ANSWER_CHARS_MAX as i64 };

const RULE: Part = Part::Object(&ObjectType {
    name: "AnswerRule",
    docs: "A condition for an answer.",
    fields: &[
        Field::required("rule", Part::Expression, "What must hold of `value`.").called("Regla", "Rule"),
        Field::optional("message", Part::shown(TEXT_CHARS_MAX), "What is sent when it does not.")
            .called("Respuesta si no se cumple", "Answer when it does not hold")
            .translated(),
    ],
});

const FORM: Part = Part::Object(&ObjectType {
    name: "WhatsAppForm",
    docs: "A form at WhatsApp.",
    fields: &[
        Field::required("flowId", Part::text(1, 128), "The id of the form at WhatsApp."),
        Field::required("cta", Part::shown(BUTTON_CHARS_MAX), "The words on the button that opens it."),
        Field::optional("screen", Part::text(1, 128), "The screen that it opens with.")
            .called("Pantalla", "Screen"),
    ],
});

impl Ask {
    pub(super) const TYPE: StepType = StepType {
        name: "ask",
        docs: "Asks, and waits for an answer of a kind: text, number, date, email, place, file and more.",
        words: ["pregunta", "question"],
        sign: Sign::new(Family::Talks, "M5 6a3 3 0 1 1 4 3l-1 1v1M8 13v1"),
        example: r#"{ "type": "ask", "text": "¿Qué día?", "input": "date", "saveTo": "day",
            "validation": [{ "rule": "value > today", "message": "Ese día ya pasó." }],
            "retry": { "max": 2, "next": "$end" }, "timeout": { "after": "PT1H" } }"#,
        leaves: Leaves::Next,
        fields: &[
            Field::up_to_one_of("text", PROMPTS, Part::Shown(ShownLimit::Text), "The prompt as a text.")
                .translated(),
            Field::up_to_one_of("media", PROMPTS, SENT_MEDIA, "The prompt as media."),
            Field::up_to_one_of("template", PROMPTS, TEMPLATE, "The prompt as an approved message template."),
            Field::optional(
                "input",
                Part::OneOf(Input::WRITTEN),
                "What kind of answer is accepted; `text` when absent.",
            )
            .called("Respuesta esperada", "Expected answer"),
            Field::optional("saveTo", Part::Written, "The variable that gets the answer."),
            Field::optional(
                "validation",
                Part::list(&RULE, 0, 10),
                "Rules; the first that does not hold rejects the answer.",
            )
            .called("Reglas", "Rules")
            .seeing(LocalNames::VALUE),
            Field::optional("minLength", LENGTH, "Characters of the answer, at least.")
                .called("Caracteres como mínimo", "Characters, at least"),
            Field::optional("maxLength", LENGTH, "Characters of the answer, at most.")
                .called("Caracteres como máximo", "Characters, at most"),
            Field::optional("min", Part::Number, "The least number that is accepted."),
            Field::optional("max", Part::Number, "The greatest number that is accepted."),
            Field::optional("pattern", Part::Pattern, "A pattern that the answer must contain a match of.")
                .called("Patrón", "Pattern"),
            Field::optional("retry", RETRY, "What happens on a rejected answer."),
            Field::optional("timeout", TIMEOUT, "How long to wait, and what happens then."),
            Field::optional(
                "allowInterrupts",
                Part::Boolean,
                "Whether interrupts are heard; true when absent.",
            ),
            Field::optional(
                "entity",
                Part::text(1, 64),
                "An entity that fills the step without asking, when it came earlier.",
            )
            .called("Dato que ya puede haber llegado", "Entity that may have come earlier"),
            Field::optional("form", FORM, "The WhatsApp form that is opened, with the input `form`.")
                .called("Formulario", "Form"),
        ],
    };

    pub(super) fn read(o: &Object<'_>) -> Self {
        let prompt = o.only_one_of(PROMPTS).map(|body| match body {
            "media" => Prompt::Media(o.need("media", Media::read)),
            "template" => Prompt::Template(o.need("template", TemplateMessage::read)),
            _ => Prompt::Text(o.need("text", Cursor::text)),
        });
        let input = o.or_default("input", |input| input.one_of(Input::NAMES));
        let length = |node: Cursor<'_>| node.integer().unsigned_abs();
        let ask = Self {
            prompt,
            input,
            save_to: o.optional("saveTo", Cursor::name),
            validation: o.or_default("validation", |rules| rules.list(Rule::read)),
            min_length: o.optional("minLength", length),
            max_length: o.optional("maxLength", length),
            min: o.optional("min", Cursor::number),
            max: o.optional("max", Cursor::number),
            pattern: o.optional("pattern", Cursor::text),
            retry: o.optional("retry", Retry::read),
            timeout: o.optional("timeout", Timeout::read),
            allow_interrupts: o.optional("allowInterrupts", Cursor::boolean).unwrap_or(true),
            entity: o.optional("entity", Cursor::text),
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
    fn read(node: Cursor<'_>) -> Self {
        let o = node.object();
        Self { rule: o.need("rule", Cursor::text), message: o.optional("message", Cursor::text) }
    }
}

impl WhatsAppForm {
    fn read(node: Cursor<'_>) -> Self {
        let o = node.object();
        Self {
            flow_id: o.need("flowId", Cursor::text),
            cta: o.need("cta", Cursor::text),
            screen: o.optional("screen", Cursor::text),
        }
    }
}
