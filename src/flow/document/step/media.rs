//! Media of messages, prompts and options.

use crate::flow::channel::CAPTION_CHARS_MAX;
use crate::flow::document::Template;
use crate::flow::document::names::names;
use crate::flow::document::reader::Cursor;
use crate::flow::document::schema::part::{Field, Length, ObjectType, Part};

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

const SOURCE: &[&str] = &["url", "mediaId"];
const KIND: Field = Field::required("kind", Part::OneOf(MediaKind::WRITTEN), "What kind of media it is.")
    .called("Clase", "Kind");
const URL: Field = Field::one_of("url", SOURCE, Part::Address, "Its https address.");
const MEDIA_ID: Field =
    Field::one_of("mediaId", SOURCE, Part::Template(Length::of(1, 512)), "The id of an upload.")
        .called("Id del archivo subido", "Id of the upload");
const FILENAME: Field = Field::optional("filename", Part::TEMPLATE, "The name of a document.")
    .called("Nombre del archivo", "File name");

/// Media that are a message by themselves.
pub(super) const SENT_MEDIA: Part = Part::Object(&ObjectType {
    name: "SentMedia",
    docs: "Media that are a message by themselves.",
    fields: &[
        KIND,
        URL.may_be_translated(),
        MEDIA_ID,
        Field::optional("caption", Part::shown(CAPTION_CHARS_MAX), "A text below.").translated(),
        FILENAME,
    ],
});

/// Media that are a part of a message.
pub(super) const MEDIA: Part = Part::Object(&ObjectType {
    name: "Media",
    docs: "Media that are a part of a message.",
    fields: &[
        KIND,
        URL,
        MEDIA_ID,
        Field::optional("caption", Part::TEMPLATE, "A text below, where media are sent by themselves."),
        FILENAME,
    ],
});

/// An https address; what a template makes of it is checked when it is sent.
pub(super) fn https_url(node: Cursor<'_>) -> Template {
    let url = node.text();
    let is_dynamic = url.trim_start().starts_with("{{") || url.trim_start().starts_with("{%");
    if node.value.is_string() && !is_dynamic && !url.starts_with("https://") {
        node.invalid("must begin with https://");
    }
    url
}

impl Media {
    pub(super) fn read(node: Cursor<'_>) -> Self {
        let o = node.object();
        let kind = o.need("kind", |kind| kind.one_of(MediaKind::NAMES));
        let source = match o.only_one_of(SOURCE) {
            Some("mediaId") => MediaSource::Id(o.need("mediaId", Cursor::text)),
            Some(_) => MediaSource::Url(o.need("url", https_url)),
            None => {
                o.missing("url", "is missing, and so is \"mediaId\"");
                MediaSource::default()
            }
        };
        Self {
            kind,
            source,
            caption: o.optional("caption", Cursor::text),
            filename: o.optional("filename", Cursor::text),
        }
    }
}
