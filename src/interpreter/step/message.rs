//! `message`: send without waiting.

use super::body::{CompiledMedia, CompiledTemplateMessage, checked, https, present, with_part};
use crate::flow::channel::{
    BUTTON_CHARS_MAX, FOOTER_CHARS_MAX, HEADER_CHARS_MAX, INTERACTIVE_TEXT_CHARS_MAX, TEXT_CHARS_MAX,
};
use crate::flow::document::{self, Edge};
use crate::interpreter::error::{StepError, code};
use crate::interpreter::expression::{CompiledText, Uncompilable};
use crate::interpreter::program::{CompiledExit, Localized, StepCompiler};
use crate::interpreter::run::{Left, StepResult, Visit};
use crate::interpreter::trace;
use crate::interpreter::value::{self, Value, list, object};

#[derive(Debug)]
pub struct CompiledMessage {
    body: MessageBody,
    next: CompiledExit,
}

#[derive(Debug)]
enum MessageBody {
    Text(Box<TextBody>),
    Media(Box<CompiledMedia>),
    Location(Box<Location>),
    Contacts(Vec<[Option<CompiledText>; 4]>),
    Template(Box<CompiledTemplateMessage>),
}

#[derive(Debug)]
struct TextBody {
    text: Localized,
    cta: Option<(Localized, CompiledText)>,
    header: Option<Localized>,
    footer: Option<Localized>,
    preview: bool,
}

/// The members of a contact card, in the order they are kept.
const CARD: [&str; 4] = ["name", "phone", "email", "organization"];

impl CompiledMessage {
    pub fn compile(message: &document::Message, step: &StepCompiler<'_, '_>) -> Result<Self, Uncompilable> {
        let body = match &message.body {
            document::MessageBody::Text(text) => {
                MessageBody::Text(Box::new(TextBody::compile(text, message, step)?))
            }
            document::MessageBody::Media(media) => {
                MessageBody::Media(Box::new(CompiledMedia::compile(media, "media", step)?))
            }
            document::MessageBody::Location(location) => {
                MessageBody::Location(Box::new(Location::compile(location, step)?))
            }
            document::MessageBody::Contacts(cards) => MessageBody::Contacts(compile_cards(cards, step)?),
            document::MessageBody::Template(template) => {
                MessageBody::Template(Box::new(CompiledTemplateMessage::compile(template, step)?))
            }
        };
        Ok(Self { body, next: step.exit(&Edge::Next) })
    }

    pub fn run<'a>(&'a self, visit: &mut Visit<'_, 'a>) -> StepResult<'a> {
        let message = match &self.body {
            MessageBody::Text(body) => body.message(visit)?,
            MessageBody::Media(media) => media.message(visit)?,
            MessageBody::Location(location) => location.message(visit)?,
            MessageBody::Contacts(cards) => contacts(cards, visit)?,
            MessageBody::Template(template) => template.message(visit)?,
        };
        visit.send(message)?;
        Ok(Left::By(&self.next))
    }
}

impl TextBody {
    fn compile(
        text: &str,
        message: &document::Message,
        step: &StepCompiler<'_, '_>,
    ) -> Result<Self, Uncompilable> {
        let cta = message.cta.as_ref().map(|cta| {
            Ok((step.localized(&cta.label, "cta.label", "cta/label")?, step.text(&cta.url, "cta/url")?))
        });
        Ok(Self {
            text: step.localized(text, "text", "text")?,
            cta: cta.transpose()?,
            header: step.maybe_localized(message.header.as_ref(), "header", "header")?,
            footer: step.maybe_localized(message.footer.as_ref(), "footer", "footer")?,
            preview: message.preview,
        })
    }

    fn message<'a>(&'a self, visit: &mut Visit<'_, 'a>) -> Result<trace::SentMessage, StepError> {
        let most = if self.cta.is_some() { INTERACTIVE_TEXT_CHARS_MAX } else { TEXT_CHARS_MAX };
        let text = visit.localized(&self.text)?;
        let text = checked("The text", text, most)?;
        let header = visit.part("The header", self.header.as_ref(), HEADER_CHARS_MAX)?;
        let footer = visit.part("The footer", self.footer.as_ref(), FOOTER_CHARS_MAX)?;
        let mut message = match &self.cta {
            Some((label, url)) => {
                let label = visit.localized(label)?;
                let label = checked("The link's label", label, BUTTON_CHARS_MAX)?;
                let url = visit.text(url)?;
                let cta = object([("label", label), ("url", https("The link", url)?)]);
                trace::SentMessage::new("cta", Some(text)).with("cta", cta)
            }
            None => trace::SentMessage::new("text", Some(text)),
        };
        message = with_part(message, "header", header);
        message = with_part(message, "footer", footer);
        Ok(if self.preview { message } else { message.with("preview", Value::from(false)) })
    }
}

#[derive(Debug)]
struct Location {
    latitude: Degrees,
    longitude: Degrees,
    name: Option<CompiledText>,
    address: Option<CompiledText>,
}

#[derive(Debug)]
enum Degrees {
    Known(Value),
    Template(CompiledText),
}

impl Degrees {
    fn compile(
        coordinate: &document::Coordinate,
        member: &str,
        step: &StepCompiler<'_, '_>,
    ) -> Result<Self, Uncompilable> {
        Ok(match coordinate {
            document::Coordinate::Degrees(degrees) => {
                Self::Known(value::number(*degrees).unwrap_or_default())
            }
            document::Coordinate::Template(source) => {
                Self::Template(step.text(source, &format!("location/{member}"))?)
            }
        })
    }

    fn value<'a>(&'a self, visit: &mut Visit<'_, 'a>, most: f64) -> Result<Value, StepError> {
        let text = match self {
            Self::Known(degrees) => return Ok(degrees.clone()),
            Self::Template(template) => visit.text(template)?,
        };
        let degrees = text.as_str().and_then(|text| text.trim().parse::<f64>().ok());
        degrees.filter(|degrees| degrees.abs() <= most).and_then(value::number).ok_or_else(|| {
            let message = format!("A coordinate must be a number from -{most} to {most}.");
            StepError::new(code::INVALID_MESSAGE, message)
        })
    }
}

impl Location {
    fn compile(location: &document::Location, step: &StepCompiler<'_, '_>) -> Result<Self, Uncompilable> {
        Ok(Self {
            latitude: Degrees::compile(&location.latitude, "latitude", step)?,
            longitude: Degrees::compile(&location.longitude, "longitude", step)?,
            name: step.maybe_text(location.name.as_ref(), "location/name")?,
            address: step.maybe_text(location.address.as_ref(), "location/address")?,
        })
    }

    fn message<'a>(&'a self, visit: &mut Visit<'_, 'a>) -> Result<trace::SentMessage, StepError> {
        let mut members = vec![
            ("latitude", self.latitude.value(visit, 90.0)?),
            ("longitude", self.longitude.value(visit, 180.0)?),
        ];
        for (name, text) in [("name", &self.name), ("address", &self.address)] {
            if let Some(text) = present(visit.maybe_text(text.as_ref())?) {
                members.push((name, text));
            }
        }
        Ok(trace::SentMessage::new("location", None).with("location", object(members)))
    }
}

fn compile_cards(
    cards: &[document::ContactCard],
    step: &StepCompiler<'_, '_>,
) -> Result<Vec<[Option<CompiledText>; 4]>, Uncompilable> {
    let compile = |(index, card): (usize, &document::ContactCard)| {
        let text = |source: Option<&String>, name: &str| {
            step.maybe_text(source, &format!("contacts/{index}/{name}"))
        };
        Ok([
            text(Some(&card.name), CARD[0])?,
            text(card.phone.as_ref(), CARD[1])?,
            text(card.email.as_ref(), CARD[2])?,
            text(card.organization.as_ref(), CARD[3])?,
        ])
    };
    cards.iter().enumerate().map(compile).collect()
}

fn contacts<'a>(
    cards: &'a [[Option<CompiledText>; 4]],
    visit: &mut Visit<'_, 'a>,
) -> Result<trace::SentMessage, StepError> {
    let mut shown = Vec::with_capacity(cards.len());
    for card in cards {
        let mut members = Vec::with_capacity(CARD.len());
        for (name, text) in CARD.into_iter().zip(card) {
            let text = present(visit.maybe_text(text.as_ref())?);
            match text {
                Some(text) => members.push((name, text)),
                None if name == CARD[0] => {
                    return Err(StepError::new(code::EMPTY_MESSAGE, "The name on a contact card is empty."));
                }
                None => {}
            }
        }
        shown.push(object(members));
    }
    Ok(trace::SentMessage::new("contacts", None).with("contacts", list(shown)))
}
