//! `choice`: a closed menu.

use serde_json::Value;

use super::message::{Media, only_one_of};
use crate::flow::document::names::names;
use crate::flow::document::reader::{Node, Object};
use crate::flow::document::{Expression, Retry, Target, Template, Timeout};

/// Further texts that choose one option, at most.
pub const MATCHES_MAX: usize = 50;

/// One of them.
pub fn match_text(node: Node<'_>) -> String {
    node.text(1..=80)
}

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

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Display {
    #[default]
    Auto,
    Buttons,
    List,
    /// A numbered menu inside the text.
    Text,
    /// Each option a message of its own, with media and one button.
    Cards,
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

names! {
    Display { Auto = "auto", Buttons = "buttons", List = "list", Text = "text", Cards = "cards" }
}

impl Choice {
    pub(super) fn read(o: &Object<'_>) -> Self {
        let choice = Self {
            text: o.need("text", Node::template),
            header: o.optional("header", Node::template),
            footer: o.optional("footer", Node::template),
            header_media: o.optional("headerMedia", Media::read),
            display: o.or_default("display", |display| display.one_of(Display::NAMES)),
            options: ChoiceOptions::read(o),
            empty_next: o.optional("emptyNext", Node::target),
            button_label: o.optional("buttonLabel", Node::template),
            save_to: o.optional("saveTo", Node::variable_name),
            multiple: o.optional("multiple", Multiple::read),
            retry: o.optional("retry", Retry::read),
            timeout: o.optional("timeout", Timeout::read),
            allow_interrupts: o.optional("allowInterrupts", Node::boolean).unwrap_or(true),
        };
        if choice.multiple.is_some() {
            o.optional("options", refuse_exits);
        }
        choice
    }
}

/// With several options chosen at once none of them can lead anywhere.
fn refuse_exits(options: Node<'_>) {
    if !options.value.is_array() {
        return;
    }
    options.list(0..=usize::MAX, |option| {
        if option.value.get("next").is_some() {
            option.object().at("next", |next| next.invalid("excludes \"multiple\""));
        }
    });
}

impl ChoiceOptions {
    fn read(o: &Object<'_>) -> Self {
        match only_one_of(o, &["options", "optionsFrom"]) {
            Some("optionsFrom") => Self::From(o.need("optionsFrom", OptionsFrom::read)),
            Some(_) => Self::Fixed(o.need("options", |options| options.list(1..=30, ChoiceOption::read))),
            None => {
                o.missing("options", "is missing, and so is \"optionsFrom\"");
                Self::default()
            }
        }
    }
}

impl ChoiceOption {
    fn read(node: Node<'_>) -> Self {
        let o = node.object();
        Self {
            id: o.need("id", Node::exit_id),
            title: o.need("title", Node::template),
            description: o.optional("description", Node::template),
            section: o.optional("section", Node::template),
            media: o.optional("media", Media::read),
            value: o.optional("value", |value| value.value.clone()),
            matches: o.or_default("match", |list| list.list(0..=MATCHES_MAX, match_text)),
            next: o.optional("next", Node::target),
            when: o.optional("when", Node::expression),
        }
    }
}

impl OptionsFrom {
    fn read(node: Node<'_>) -> Self {
        let o = node.object();
        Self {
            list: o.need("list", Node::expression),
            id: o.need("id", Node::template),
            title: o.need("title", Node::template),
            description: o.optional("description", Node::template),
            media: o.optional("media", Media::read),
            value: o.optional("value", Node::expression),
            limit: o.optional("limit", |limit| limit.small(1..=30)).unwrap_or(Self::LIMIT_DEFAULT),
        }
    }
}

impl Multiple {
    fn read(node: Node<'_>) -> Self {
        let o = node.object();
        let min = o.optional("min", |min| min.small(1..=30)).unwrap_or(1);
        let max = o.optional("max", |max| max.small(1..=30));
        if max.is_some_and(|max| max < min) {
            o.at("max", |max| max.invalid("must not be less than \"min\""));
        }
        Self { min, max }
    }
}
