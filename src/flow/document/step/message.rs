//! `message`: send without waiting. Its bodies are also the prompts of `ask`.

use crate::flow::document::Template;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Message {
    pub body: Body,
    /// Only meaningful beside a text; validation reports it elsewhere.
    pub cta: Option<Cta>,
    pub header: Option<Template>,
    pub footer: Option<Template>,
    /// Whether links are previewed.
    pub preview: bool,
}

/// What a message carries: exactly one of these.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    Text(Template),
    Media(Media),
    Location(Location),
    Contacts(Vec<ContactCard>),
    Template(TemplateMessage),
}

impl Default for Body {
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

impl MediaKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Document => "document",
            Self::Sticker => "sticker",
        }
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
