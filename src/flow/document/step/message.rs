//! `message`: send without waiting. Its bodies are also the prompts of `ask`.

use crate::flow::document::Template;
use crate::flow::document::names::names;
use crate::flow::document::reader::{Node, Object, TEMPLATE_LENGTH_MAX};

/// The members of which a message has exactly one.
const BODIES: &[&str] = &["text", "media", "location", "contacts", "template"];

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Message {
    pub body: MessageBody,
    /// Only meaningful beside a text; validation reports it elsewhere.
    pub cta: Option<Cta>,
    pub header: Option<Template>,
    pub footer: Option<Template>,
    /// Whether links are previewed.
    pub preview: bool,
}

/// What a message carries: exactly one of these.
#[derive(Debug, Clone, PartialEq)]
pub enum MessageBody {
    Text(Template),
    Media(Media),
    Location(Location),
    Contacts(Vec<ContactCard>),
    Template(TemplateMessage),
}

impl Default for MessageBody {
    fn default() -> Self {
        Self::Text(Template::new())
    }
}

/// A button that opens a link.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cta {
    pub label: Template,
    /// An https address.
    pub url: Template,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Media {
    pub kind: MediaKind,
    pub source: MediaSource,
    pub caption: Option<Template>,
    pub filename: Option<Template>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum MediaKind {
    #[default]
    Image,
    Video,
    Audio,
    Document,
    Sticker,
}

names! {
    MediaKind {
        Image = "image",
        Video = "video",
        Audio = "audio",
        Document = "document",
        Sticker = "sticker",
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MediaSource {
    /// An https address.
    Url(Template),
    /// The id of an upload.
    Id(Template),
}

impl Default for MediaSource {
    fn default() -> Self {
        Self::Url(Template::new())
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Location {
    /// −90 to 90 degrees.
    pub latitude: Coordinate,
    /// −180 to 180 degrees.
    pub longitude: Coordinate,
    pub name: Option<Template>,
    pub address: Option<Template>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Coordinate {
    Degrees(f64),
    Template(Template),
}

impl Default for Coordinate {
    fn default() -> Self {
        Self::Degrees(0.0)
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContactCard {
    pub name: Template,
    pub phone: Option<Template>,
    pub email: Option<Template>,
    pub organization: Option<Template>,
}

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

impl Message {
    pub(super) fn read(o: &Object<'_>) -> Self {
        let body = match only_one_of(o, BODIES) {
            Some("media") => MessageBody::Media(o.need("media", Media::read)),
            Some("location") => MessageBody::Location(o.need("location", Location::read)),
            Some("contacts") => {
                MessageBody::Contacts(o.need("contacts", |cards| cards.list(1..=10, ContactCard::read)))
            }
            Some("template") => MessageBody::Template(o.need("template", TemplateMessage::read)),
            Some(_) => MessageBody::Text(o.need("text", Node::template)),
            None => {
                o.missing("text", format!("is missing: a message has exactly one of {}", BODIES.join(", ")));
                MessageBody::default()
            }
        };
        Self {
            body,
            cta: o.optional("cta", Cta::read),
            header: o.optional("header", Node::template),
            footer: o.optional("footer", Node::template),
            preview: o.optional("preview", Node::boolean).unwrap_or(true),
        }
    }
}

/// The first of these members that is there; a second one is reported.
pub(super) fn only_one_of<'n>(o: &Object<'_>, names: &[&'n str]) -> Option<&'n str> {
    let present = o.which(names);
    for second in present.iter().skip(1) {
        o.at(second, |node| {
            node.invalid(format!("excludes \"{}\"; give one of {}", present[0], names.join(", ")))
        });
    }
    present.first().copied()
}

impl Cta {
    fn read(node: Node<'_>) -> Self {
        let o = node.object();
        Self { label: o.need("label", Node::template), url: o.need("url", https_url) }
    }
}

/// An https address; what a template makes of it is checked when it is sent.
pub(super) fn https_url(node: Node<'_>) -> Template {
    let url = node.text(1..=TEMPLATE_LENGTH_MAX);
    let is_dynamic = url.trim_start().starts_with("{{") || url.trim_start().starts_with("{%");
    if node.value.is_string() && !is_dynamic && !url.starts_with("https://") {
        node.invalid("must begin with https://");
    }
    url
}

impl Media {
    pub(super) fn read(node: Node<'_>) -> Self {
        let o = node.object();
        let kind = o.need("kind", |kind| kind.one_of(MediaKind::NAMES));
        let source = match only_one_of(&o, &["url", "mediaId"]) {
            Some("mediaId") => MediaSource::Id(o.need("mediaId", |id| id.text(1..=512))),
            Some(_) => MediaSource::Url(o.need("url", https_url)),
            None => {
                o.missing("url", "is missing, and so is \"mediaId\"");
                MediaSource::default()
            }
        };
        Self {
            kind,
            source,
            caption: o.optional("caption", Node::template),
            filename: o.optional("filename", Node::template),
        }
    }
}

impl Location {
    fn read(node: Node<'_>) -> Self {
        let o = node.object();
        Self {
            latitude: o.need("latitude", |node| Coordinate::read(node, 90.0)),
            longitude: o.need("longitude", |node| Coordinate::read(node, 180.0)),
            name: o.optional("name", Node::template),
            address: o.optional("address", Node::template),
        }
    }
}

impl Coordinate {
    fn read(node: Node<'_>, most: f64) -> Self {
        if node.value.is_string() {
            return Self::Template(node.text(1..=TEMPLATE_LENGTH_MAX));
        }
        let Some(degrees) = node.value.as_f64() else {
            node.wrong_type("a number or a template");
            return Self::default();
        };
        if degrees.abs() > most {
            node.invalid(format!("must be between -{most} and {most}"));
        }
        Self::Degrees(degrees)
    }
}

impl ContactCard {
    fn read(node: Node<'_>) -> Self {
        let o = node.object();
        Self {
            name: o.need("name", Node::template),
            phone: o.optional("phone", Node::template),
            email: o.optional("email", Node::template),
            organization: o.optional("organization", Node::template),
        }
    }
}

impl TemplateMessage {
    pub(super) fn read(node: Node<'_>) -> Self {
        let o = node.object();
        let allowed = |_, c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let is_tag_part = |_, c: char| c.is_ascii_alphanumeric() || c == '_';
        Self {
            name: o.need("name", |name| {
                name.name(512, allowed, "1 to 512 lower-case letters, digits and \"_\"")
            }),
            language: o
                .need("language", |language| language.name(16, is_tag_part, "a language such as es_MX")),
            header: o.optional("header", TemplateHeader::read),
            body: o.or_default("body", |body| body.list(0..=20, Node::template)),
            buttons: o.or_default("buttons", |buttons| buttons.list(0..=10, TemplateButton::read)),
        }
    }
}

impl TemplateHeader {
    fn read(node: Node<'_>) -> Self {
        let o = node.object();
        match only_one_of(&o, &["media", "text"]) {
            Some("media") => Self::Media(o.need("media", Media::read)),
            Some(_) => Self::Text(o.need("text", Node::template)),
            None => {
                o.missing("text", "is missing, and so is \"media\"");
                Self::default()
            }
        }
    }
}

impl TemplateButton {
    fn read(node: Node<'_>) -> Self {
        let o = node.object();
        Self {
            index: o.need("index", |index| index.small(0..=9)),
            payload: o.need("payload", Node::template),
        }
    }
}
