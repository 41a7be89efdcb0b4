//! `choice`: a closed menu.

use serde_json::Value;

use super::message::Media;
use crate::flow::document::{Expression, Retry, Target, Template, Timeout};

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Choice {
    pub text: Template,
    pub header: Option<Template>,
    pub footer: Option<Template>,
    /// Instead of `header`; without a caption.
    pub header_media: Option<Media>,
    pub display: Display,
    pub options: Options,
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
}

#[derive(Debug, Clone, PartialEq)]
pub enum Options {
    Fixed(Vec<ChoiceOption>),
    From(OptionsFrom),
}

impl Default for Options {
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
