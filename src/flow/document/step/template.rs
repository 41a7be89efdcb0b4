//! Message templates that the platform has approved, and their parameters.

use super::media::{MEDIA, Media};
use crate::flow::document::Template;
use crate::flow::document::reader::Cursor;
use crate::flow::document::schema::part::{Field, ObjectType, Part};
use crate::flow::document::schema::rules;

/// A message template that the platform has approved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TemplateMessage {
    pub name: String,
    /// Such as `es_MX`.
    pub language: String,
    pub header: Option<TemplateHeader>,
    pub body: Vec<Template>,
    pub buttons: Vec<TemplateButton>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TemplateHeader {
    Media(Media),
    Text(Template),
}

impl Default for TemplateHeader {
    fn default() -> Self {
        Self::Text(Template::new())
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TemplateButton {
    pub index: u32,
    pub payload: Template,
}

const TEMPLATE_HEADER: Part = Part::Object(&ObjectType {
    name: "TemplateHeader",
    docs: "The parameter of the header of a message template.",
    fields: &[
        Field::one_of("media", &["media", "text"], MEDIA, "The media of the header."),
        Field::one_of("text", &["media", "text"], Part::TEMPLATE, "The parameter of the header."),
    ],
});

const TEMPLATE_BUTTON: Part = Part::Object(&ObjectType {
    name: "TemplateButton",
    docs: "The parameter of a button of a message template.",
    fields: &[
        Field::required("index", Part::Integer { least: 0, most: 9 }, "Which button it is, from 0.")
            .called("Número", "Number"),
        Field::required("payload", Part::TEMPLATE, "The parameter of the button.")
            .called("Parámetro", "Parameter"),
    ],
});

/// A message template that the platform has approved.
pub(super) const TEMPLATE: Part = Part::Object(&ObjectType {
    name: "TemplateMessage",
    docs: "A message template that the platform has approved, with its parameters.",
    fields: &[
        Field::required("name", Part::Name(&rules::TEMPLATE), "The name under which it was approved."),
        Field::required("language", Part::Name(&rules::TEMPLATE_LANGUAGE), "Its language, such as `es_MX`."),
        Field::optional("header", TEMPLATE_HEADER, "What its header gets."),
        Field::optional("body", Part::list(&Part::TEMPLATE, 0, 20), "The parameters of its text, in order."),
        Field::optional("buttons", Part::list(&TEMPLATE_BUTTON, 0, 10), "The parameters of its buttons.")
            .called("Botones", "Buttons"),
    ],
});

impl TemplateMessage {
    pub(super) fn read(node: Cursor<'_>) -> Self {
        let o = node.object();
        Self {
            name: o.need("name", Cursor::name),
            language: o.need("language", Cursor::name),
            header: o.optional("header", TemplateHeader::read),
            body: o.or_default("body", |body| body.list(Cursor::text)),
            buttons: o.or_default("buttons", |buttons| buttons.list(TemplateButton::read)),
        }
    }
}

impl TemplateHeader {
    fn read(node: Cursor<'_>) -> Self {
        let o = node.object();
        match o.only_one_of(&["media", "text"]) {
            Some("media") => Self::Media(o.need("media", Media::read)),
            Some(_) => Self::Text(o.need("text", Cursor::text)),
            None => {
                o.missing("text", "is missing, and so is \"media\"");
                Self::default()
            }
        }
    }
}

impl TemplateButton {
    fn read(node: Cursor<'_>) -> Self {
        let o = node.object();
        Self { index: o.need("index", Cursor::small), payload: o.need("payload", Cursor::text) }
    }
}
