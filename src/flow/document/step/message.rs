//! `message`: sends something and goes on without waiting.

use super::media::{Media, SENT_MEDIA, https_url};
use super::template::{TEMPLATE, TemplateMessage};
use crate::flow::channel::{BUTTON_CHARS_MAX, FOOTER_CHARS_MAX, HEADER_CHARS_MAX};
use crate::flow::document::Template;
use crate::flow::document::reader::{Cursor, Object};
use crate::flow::document::schema::part::{
    Field, Leaves, Length, ObjectType, Part, ShownLimit, StepType, TEMPLATE_CHARS_MAX,
};
use crate::flow::document::schema::{Family, Sign};

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

const CTA: Part = Part::Object(&ObjectType {
    name: "LinkButton",
    docs: "A button that opens a link.",
    fields: &[
        Field::required("label", Part::shown(BUTTON_CHARS_MAX), "The words on the button.").translated(),
        Field::required("url", Part::Address, "The https address that it opens."),
    ],
});

const COORDINATE: Part = Part::Either(&[Part::Number, Part::Template(Length::of(1, TEMPLATE_CHARS_MAX))]);

const LOCATION: Part = Part::Object(&ObjectType {
    name: "Location",
    docs: "A place on the map.",
    fields: &[
        Field::required("latitude", COORDINATE, "-90 to 90 degrees, or a template of that.")
            .called("Latitud", "Latitude"),
        Field::required("longitude", COORDINATE, "-180 to 180 degrees, or a template of that.")
            .called("Longitud", "Longitude"),
        Field::optional("name", Part::TEMPLATE, "What the place is called."),
        Field::optional("address", Part::TEMPLATE, "Its address.").called("Dirección", "Address"),
    ],
});

const CONTACT_CARD: Part = Part::Object(&ObjectType {
    name: "ContactCard",
    docs: "The card of a person.",
    fields: &[
        Field::required("name", Part::TEMPLATE, "The name of a person."),
        Field::optional("phone", Part::TEMPLATE, "Their phone number.").called("Teléfono", "Phone"),
        Field::optional("email", Part::TEMPLATE, "Their email address.").called("Correo", "Email"),
        Field::optional("organization", Part::TEMPLATE, "Where they work.").called("Empresa", "Organization"),
    ],
});

impl Message {
    pub(super) const TYPE: StepType = StepType {
        name: "message",
        docs: "Sends text, a medium, a place, contacts or a template, and goes on.",
        words: ["mensaje", "message"],
        sign: Sign::new(Family::Talks, "M2 3h12v8h-7l-3 3v-3h-2z"),
        example: r#"{ "type": "message", "text": "¡Hola {{ contact.name }}!", "footer": "Tienda",
            "cta": { "label": "Ver pedido", "url": "https://shop.example/orders" } }"#,
        leaves: Leaves::Next,
        fields: &[
            Field::one_of("text", BODIES, Part::Shown(ShownLimit::Text), "A text.").translated(),
            Field::optional("cta", CTA, "A button below a text that opens a link."),
            Field::optional("header", Part::shown(HEADER_CHARS_MAX), "A line above a text.").translated(),
            Field::optional("footer", Part::shown(FOOTER_CHARS_MAX), "A line below a text.").translated(),
            Field::one_of("media", BODIES, SENT_MEDIA, "An image, a video, a document and so on."),
            Field::one_of("location", BODIES, LOCATION, "A place on the map.").called("Lugar", "Place"),
            Field::one_of("contacts", BODIES, Part::list(&CONTACT_CARD, 1, 10), "Cards of people.")
                .called("Tarjetas de contacto", "Contact cards"),
            Field::one_of("template", BODIES, TEMPLATE, "A message template that the platform has approved."),
            Field::optional("preview", Part::Boolean, "Whether links are previewed; true when absent.")
                .called("Vista previa de enlaces", "Preview of links"),
        ],
    };

    pub(super) fn read(o: &Object<'_>) -> Self {
        let body = match o.only_one_of(BODIES) {
            Some("media") => MessageBody::Media(o.need("media", Media::read)),
            Some("location") => MessageBody::Location(o.need("location", Location::read)),
            Some("contacts") => {
                MessageBody::Contacts(o.need("contacts", |cards| cards.list(ContactCard::read)))
            }
            Some("template") => MessageBody::Template(o.need("template", TemplateMessage::read)),
            Some(_) => MessageBody::Text(o.need("text", Cursor::text)),
            None => {
                o.missing("text", format!("is missing: a message has exactly one of {}", BODIES.join(", ")));
                MessageBody::default()
            }
        };
        Self {
            body,
            cta: o.optional("cta", Cta::read),
            header: o.optional("header", Cursor::text),
            footer: o.optional("footer", Cursor::text),
            preview: o.optional("preview", Cursor::boolean).unwrap_or(true),
        }
    }
}

impl Cta {
    fn read(node: Cursor<'_>) -> Self {
        let o = node.object();
        Self { label: o.need("label", Cursor::text), url: o.need("url", https_url) }
    }
}

impl Location {
    fn read(node: Cursor<'_>) -> Self {
        let o = node.object();
        Self {
            latitude: o.need("latitude", |node| Coordinate::read(node, 90.0)),
            longitude: o.need("longitude", |node| Coordinate::read(node, 180.0)),
            name: o.optional("name", Cursor::text),
            address: o.optional("address", Cursor::text),
        }
    }
}

impl Coordinate {
    fn read(node: Cursor<'_>, most: f64) -> Self {
        if node.value.is_string() {
            return Self::Template(node.text());
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
    fn read(node: Cursor<'_>) -> Self {
        let o = node.object();
        Self {
            name: o.need("name", Cursor::text),
            phone: o.optional("phone", Cursor::text),
            email: o.optional("email", Cursor::text),
            organization: o.optional("organization", Cursor::text),
        }
    }
}
