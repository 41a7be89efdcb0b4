//! `choice`: a closed menu.

use serde_json::Value;

use super::media::{MEDIA, Media};
use crate::flow::channel::{
    BUTTON_CHARS_MAX, Display, FOOTER_CHARS_MAX, HEADER_CHARS_MAX, INTERACTIVE_TEXT_CHARS_MAX,
    SECTION_CHARS_MAX,
};
use crate::flow::document::reader::{Cursor, Object};
use crate::flow::document::schema::part::{
    Field, Leads, Leaves, LocalNames, ObjectType, Part, ShownLimit, StepType,
};
use crate::flow::document::schema::rules;
use crate::flow::document::schema::{Family, Sign};
use crate::flow::document::settings::{RETRY, TIMEOUT};
use crate::flow::document::{Expression, Retry, Target, Template, Timeout};

/// Further texts that choose an option.
pub const MATCHES: Part = Part::list(&Part::text(1, 80), 0, 50);

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Choice {
    pub text: Template,
    pub header: Option<Template>,
    pub footer: Option<Template>,
    /// Instead of `header`; without a caption.
    pub header_media: Option<Media>,
    pub display: Display,
    pub options: ChoiceOptions,
    /// Where an empty list of options leads (edge `empty`).
    pub empty_next: Option<Target>,
    /// What opens a list.
    pub button_label: Option<Template>,
    pub save_to: Option<String>,
    pub multiple: Option<Multiple>,
    pub retry: Option<Retry>,
    pub timeout: Option<Timeout>,
    pub allow_interrupts: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub enum ChoiceOptions {
    Fixed(Vec<ChoiceOption>),
    From(OptionsFrom),
}

impl Default for ChoiceOptions {
    fn default() -> Self {
        Self::Fixed(Vec::new())
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChoiceOption {
    pub id: String,
    pub title: Template,
    pub description: Option<Template>,
    pub section: Option<Template>,
    /// Of a card only.
    pub media: Option<Media>,
    /// Literal JSON that is saved instead of the id.
    pub value: Option<Value>,
    /// Further texts that choose this option.
    pub matches: Vec<String>,
    pub next: Option<Target>,
    /// When it does not hold, the option is not shown.
    pub when: Option<Expression>,
}

/// Options made from a list at run time; `item` and `loop.index` are in scope.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OptionsFrom {
    pub list: Expression,
    pub id: Template,
    pub title: Template,
    pub description: Option<Template>,
    pub media: Option<Media>,
    pub value: Option<Expression>,
    /// 1–30.
    pub limit: u32,
}

impl OptionsFrom {
    pub const LIMIT_DEFAULT: u32 = 10;
}

/// Several options may be chosen; the menu is then shown as text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Multiple {
    pub min: u32,
    /// As many as there are options when absent.
    pub max: Option<u32>,
}

/// Where options come from: exactly one of these members.
const SOURCES: &[&str] = &["options", "optionsFrom"];
const COUNT: Part = Part::Integer { least: 1, most: 30 };

const OPTION: Part = Part::Object(&ObjectType {
    name: "ChoiceOption",
    docs: "An option of a menu.",
    fields: &[
        Field::required("id", Part::Name(&rules::EXIT_ID), "The id of the option, unique within the step."),
        Field::required("title", Part::Shown(ShownLimit::OptionTitle), "What the option is called.")
            .translated(),
        Field::optional("description", Part::Shown(ShownLimit::OptionDescription), "A line below the title.")
            .translated(),
        Field::optional(
            "section",
            Part::shown(SECTION_CHARS_MAX),
            "The section of a list that the option is in.",
        )
        .called("Sección", "Section"),
        Field::optional("media", MEDIA, "The media of a card."),
        Field::optional("value", Part::Data, "What is saved instead of the id."),
        Field::optional("match", MATCHES, "Further texts that choose the option.")
            .called("También se elige con", "Also chosen by")
            .may_be_translated(),
        Field::optional(
            "next",
            Part::Target(Leads::Option),
            "Where the option leads; the step's `next` when absent.",
        ),
        Field::optional("when", Part::Expression, "The option is shown only when this holds."),
    ],
});

const OPTIONS_FROM: Part = Part::Object(&ObjectType {
    name: "OptionsFromList",
    docs: "How options are made from a list. `item` and `loop.index` exist in their templates.",
    fields: &[
        Field::required("list", Part::Expression, "The list.").called("Lista", "List"),
        Field::required("id", Part::TEMPLATE, "The id of an option.").seeing(LocalNames::ITEM),
        Field::required("title", Part::TEMPLATE, "Its title.").seeing(LocalNames::ITEM),
        Field::optional("description", Part::TEMPLATE, "A line below the title.").seeing(LocalNames::ITEM),
        Field::optional("media", MEDIA, "The media of a card.").seeing(LocalNames::ITEM),
        Field::optional("value", Part::Expression, "What is saved instead of the id.")
            .seeing(LocalNames::ITEM),
        Field::optional("limit", COUNT, "How many items of the list become options; 10 when absent.")
            .called("Cuántas como máximo", "How many at most"),
    ],
});

const MULTIPLE: Part = Part::Object(&ObjectType {
    name: "MultipleChoice",
    docs: "How many options may be chosen.",
    fields: &[
        Field::optional("min", COUNT, "Options that must be chosen; 1 when absent."),
        Field::optional("max", COUNT, "Options that may be chosen; all of them when absent."),
    ],
});

impl Choice {
    pub(super) const TYPE: StepType = StepType {
        name: "choice",
        docs: "Shows a menu as buttons, list, cards or text, and waits for a choice.",
        words: ["menú", "menu"],
        sign: Sign::new(Family::Talks, "M3 4h2M7 4h6M3 8h2M7 8h6M3 12h2M7 12h6"),
        example: r#"{ "type": "choice", "text": "¿En qué te ayudo?", "saveTo": "topic", "options": [
            { "id": "orders", "title": "Pedidos", "match": ["pedido"] },
            { "id": "bye", "title": "Nada más", "next": "$end" } ],
            "retry": { "next": "$end" }, "timeout": { "after": "PT1H" } }"#,
        leaves: Leaves::Next,
        fields: &[
            Field::required("text", Part::shown(INTERACTIVE_TEXT_CHARS_MAX), "The text above the options.")
                .translated(),
            Field::optional("header", Part::shown(HEADER_CHARS_MAX), "A line above the text.").translated(),
            Field::optional("footer", Part::shown(FOOTER_CHARS_MAX), "A line below the text.").translated(),
            Field::optional("headerMedia", MEDIA, "Media above the text, instead of `header`.")
                .called("Medio del encabezado", "Header media"),
            Field::optional(
                "display",
                Part::OneOf(Display::WRITTEN),
                "How the menu is shown; `auto` when absent.",
            )
            .called("Se muestra como", "Shown as"),
            Field::one_of("options", SOURCES, Part::list(&OPTION, 1, 30), "The options.")
                .called("Opciones", "Options"),
            Field::one_of(
                "optionsFrom",
                SOURCES,
                OPTIONS_FROM,
                "Options that are made from a list when the step is entered.",
            )
            .called("Opciones de una lista", "Options from a list"),
            Field::optional(
                "emptyNext",
                Part::Target(Leads::Empty),
                "Where the step leads when there is no option.",
            )
            .called("Si la lista está vacía", "When the list is empty"),
            Field::optional("buttonLabel", Part::shown(BUTTON_CHARS_MAX), "The words that open a list.")
                .called("Botón que abre la lista", "Button that opens the list")
                .translated(),
            Field::optional(
                "saveTo",
                Part::Written,
                "The variable that gets the id or the value of the option.",
            ),
            Field::optional(
                "multiple",
                MULTIPLE,
                "Several options may be chosen; the menu is then shown as a text.",
            )
            .called("Varias a la vez", "Several at once"),
            Field::optional("retry", RETRY, "What happens on an answer that chooses nothing."),
            Field::optional("timeout", TIMEOUT, "How long to wait, and what happens then."),
            Field::optional(
                "allowInterrupts",
                Part::Boolean,
                "Whether interrupts are heard; true when absent.",
            ),
        ],
    };

    pub(super) fn read(o: &Object<'_>) -> Self {
        let choice = Self {
            text: o.need("text", Cursor::text),
            header: o.optional("header", Cursor::text),
            footer: o.optional("footer", Cursor::text),
            header_media: o.optional("headerMedia", Media::read),
            display: o.or_default("display", |display| display.one_of(Display::NAMES)),
            options: ChoiceOptions::read(o),
            empty_next: o.optional("emptyNext", Cursor::target),
            button_label: o.optional("buttonLabel", Cursor::text),
            save_to: o.optional("saveTo", Cursor::name),
            multiple: o.optional("multiple", Multiple::read),
            retry: o.optional("retry", Retry::read),
            timeout: o.optional("timeout", Timeout::read),
            allow_interrupts: o.optional("allowInterrupts", Cursor::boolean).unwrap_or(true),
        };
        if choice.multiple.is_some() {
            o.optional("options", refuse_exits);
        }
        choice
    }
}

/// With several options chosen at once none of them can lead anywhere.
fn refuse_exits(options: Cursor<'_>) {
    if !options.value.is_array() {
        return;
    }
    for option in options.items() {
        if option.value.get("next").is_some() {
            option.object().at("next", |next| next.invalid("excludes \"multiple\""));
        }
    }
}

impl ChoiceOptions {
    fn read(o: &Object<'_>) -> Self {
        match o.only_one_of(SOURCES) {
            Some("optionsFrom") => Self::From(o.need("optionsFrom", OptionsFrom::read)),
            Some(_) => Self::Fixed(o.need("options", |options| options.list(ChoiceOption::read))),
            None => {
                o.missing("options", "is missing, and so is \"optionsFrom\"");
                Self::default()
            }
        }
    }
}

impl ChoiceOption {
    fn read(node: Cursor<'_>) -> Self {
        let o = node.object();
        Self {
            id: o.need("id", Cursor::name),
            title: o.need("title", Cursor::text),
            description: o.optional("description", Cursor::text),
            section: o.optional("section", Cursor::text),
            media: o.optional("media", Media::read),
            value: o.optional("value", |value| value.value.clone()),
            matches: o.or_default("match", |list| list.list(Cursor::text)),
            next: o.optional("next", Cursor::target),
            when: o.optional("when", Cursor::text),
        }
    }
}

impl OptionsFrom {
    fn read(node: Cursor<'_>) -> Self {
        let o = node.object();
        Self {
            list: o.need("list", Cursor::text),
            id: o.need("id", Cursor::text),
            title: o.need("title", Cursor::text),
            description: o.optional("description", Cursor::text),
            media: o.optional("media", Media::read),
            value: o.optional("value", Cursor::text),
            limit: o.optional("limit", Cursor::small).unwrap_or(Self::LIMIT_DEFAULT),
        }
    }
}

impl Multiple {
    fn read(node: Cursor<'_>) -> Self {
        let o = node.object();
        let min = o.optional("min", Cursor::small).unwrap_or(1);
        let max = o.optional("max", Cursor::small);
        if max.is_some_and(|max| max < min) {
            o.at("max", |max| max.invalid("must not be less than \"min\""));
        }
        Self { min, max }
    }
}
