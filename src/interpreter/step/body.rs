//! What messages carry: texts, media, approved templates; rendered and held against the channel's limits.
//! Shared by the steps that send.

use crate::flow::channel::{
    CAPTION_CHARS_MAX, HEADER_CHARS_MAX, LONE_PARAMETER_CHARS_MAX, PARAMETER_CHARS_MAX, TEXT_CHARS_MAX,
    URL_CHARS_MAX, parameter_fault,
};
use crate::flow::document;
use crate::flow::text::is_blank;
use crate::interpreter::error::{StepError, code};
use crate::interpreter::expression::{CompiledText, Uncompilable};
use crate::interpreter::program::{Localized, StepCompiler};
use crate::interpreter::run::{Visit, too_long};
use crate::interpreter::trace::SentMessage;
use crate::interpreter::value::{Value, list, object};

/// A rendered text within its limit, and not empty.
pub fn checked(what: &str, text: Value, most: usize) -> Result<Value, StepError> {
    let plain = text.as_str().unwrap_or_default();
    if is_blank(plain) {
        return Err(StepError::new(code::EMPTY_MESSAGE, format!("{what} is empty.")));
    }
    // A character has at least one byte.
    if plain.len() > most {
        let chars = plain.chars().count();
        if chars > most {
            return Err(too_long(what, chars, most));
        }
    }
    Ok(text)
}

/// An optional part of a message; one that renders empty is left out.
pub fn present(part: Option<Value>) -> Option<Value> {
    part.filter(|text| !is_blank(text.as_str().unwrap_or_default()))
}

/// A parameter of a template, by the platform's rules.
fn parameter(what: &str, text: Value, most: usize) -> Result<Value, StepError> {
    let text = checked(what, text, most)?;
    match parameter_fault(text.as_str().unwrap_or_default()) {
        Some(fault) => Err(StepError::new(code::INVALID_MESSAGE, format!("{what} {fault}."))),
        None => Ok(text),
    }
}

/// A rendered https address.
pub fn https(what: &str, url: Value) -> Result<Value, StepError> {
    let url = checked(what, url, URL_CHARS_MAX)?;
    let text = url.as_str().unwrap_or_default();
    let host = text.strip_prefix("https://").and_then(|rest| rest.split(['/', '?', '#']).next());
    match host {
        Some(host) if !host.is_empty() && !text.contains(char::is_whitespace) => Ok(url),
        _ => Err(StepError::new(code::INVALID_MESSAGE, format!("{what} is no https address."))),
    }
}

impl<'a> Visit<'_, 'a> {
    /// Sends a plain text.
    pub fn send_text(&mut self, text: Value) -> Result<(), StepError> {
        let text = checked("The text", text, TEXT_CHARS_MAX)?;
        self.send(SentMessage::new("text", Some(text)))
    }

    /// Renders the first of these texts that is not empty.
    pub fn first_said(&mut self, texts: &'a [Localized]) -> Result<Value, StepError> {
        for text in texts {
            let text = self.localized(text)?;
            if !is_blank(text.as_str().unwrap_or_default()) {
                return Ok(text);
            }
        }
        Ok(Value::UNDEFINED)
    }

    /// Renders an optional part of a message; one that renders empty is left out.
    pub fn part(
        &mut self,
        what: &str,
        text: Option<&'a Localized>,
        most: usize,
    ) -> Result<Option<Value>, StepError> {
        let rendered = self.maybe_localized(text)?;
        present(rendered).map(|text| checked(what, text, most)).transpose()
    }
}

/// Adds a part to a message if there is one.
pub fn with_part(message: SentMessage, name: &'static str, part: Option<Value>) -> SentMessage {
    match part {
        Some(part) => message.with(name, part),
        None => message,
    }
}

#[derive(Debug)]
pub struct CompiledMedia {
    kind: &'static str,
    url: Option<Localized>,
    media_id: Option<CompiledText>,
    caption: Option<Localized>,
    filename: Option<CompiledText>,
}

impl CompiledMedia {
    /// `member` is where the media stands inside the step.
    pub fn compile(
        media: &document::Media,
        member: &str,
        step: &StepCompiler<'_, '_>,
    ) -> Result<Self, Uncompilable> {
        let at = |name: &str| format!("{member}/{name}");
        let (url, media_id) = match &media.source {
            document::MediaSource::Url(url) => {
                (Some(step.localized(url, &format!("{member}.url"), &at("url"))?), None)
            }
            document::MediaSource::Id(id) => (None, Some(step.text(id, &at("mediaId"))?)),
        };
        Ok(Self {
            kind: media.kind.as_str(),
            url,
            media_id,
            caption: step.maybe_localized(media.caption.as_ref(), "media.caption", &at("caption"))?,
            filename: step.maybe_text(media.filename.as_ref(), &at("filename"))?,
        })
    }

    pub fn payload<'a>(&'a self, visit: &mut Visit<'_, 'a>) -> Result<Value, StepError> {
        let mut members = vec![("kind", Value::from(self.kind))];
        if let Some(url) = visit.maybe_localized(self.url.as_ref())? {
            members.push(("url", https("The media address", url)?));
        }
        if let Some(id) = visit.maybe_text(self.media_id.as_ref())? {
            members.push(("mediaId", checked("The media id", id, URL_CHARS_MAX)?));
        }
        if let Some(caption) = visit.part("The caption", self.caption.as_ref(), CAPTION_CHARS_MAX)? {
            members.push(("caption", caption));
        }
        if let Some(filename) = present(visit.maybe_text(self.filename.as_ref())?) {
            members.push(("filename", filename));
        }
        Ok(object(members))
    }

    /// The media of a message that has text too: without an address they are left out.
    pub fn present<'a>(&'a self, visit: &mut Visit<'_, 'a>) -> Result<Option<Value>, StepError> {
        match self.payload(visit) {
            Err(error) if error.code == code::EMPTY_MESSAGE => Ok(None),
            payload => payload.map(Some),
        }
    }

    pub fn message<'a>(&'a self, visit: &mut Visit<'_, 'a>) -> Result<SentMessage, StepError> {
        Ok(SentMessage::new("media", None).with("media", self.payload(visit)?))
    }
}

/// A message template that the platform has approved.
#[derive(Debug)]
pub struct CompiledTemplateMessage {
    name: Value,
    language: Value,
    header: Option<Header>,
    body: Vec<CompiledText>,
    buttons: Vec<(u32, CompiledText)>,
}

#[derive(Debug)]
enum Header {
    Media(Box<CompiledMedia>),
    Text(CompiledText),
}

impl CompiledTemplateMessage {
    pub fn compile(
        template: &document::TemplateMessage,
        step: &StepCompiler<'_, '_>,
    ) -> Result<Self, Uncompilable> {
        let header = match &template.header {
            Some(document::TemplateHeader::Media(media)) => {
                Some(Header::Media(Box::new(CompiledMedia::compile(media, "template/header/media", step)?)))
            }
            Some(document::TemplateHeader::Text(text)) => {
                Some(Header::Text(step.text(text, "template/header/text")?))
            }
            None => None,
        };
        let body = template.body.iter().enumerate();
        let buttons = template.buttons.iter().enumerate();
        Ok(Self {
            name: Value::from(template.name.as_str()),
            language: Value::from(template.language.as_str()),
            header,
            body: body
                .map(|(index, text)| step.text(text, &format!("template/body/{index}")))
                .collect::<Result<_, _>>()?,
            buttons: buttons
                .map(|(index, button)| {
                    let payload = step.text(&button.payload, &format!("template/buttons/{index}/payload"))?;
                    Ok((button.index, payload))
                })
                .collect::<Result<_, _>>()?,
        })
    }

    pub fn message<'a>(&'a self, visit: &mut Visit<'_, 'a>) -> Result<SentMessage, StepError> {
        let header = match &self.header {
            Some(Header::Media(media)) => object([("media", media.payload(visit)?)]),
            Some(Header::Text(text)) => {
                let text = parameter("The header's parameter", visit.text(text)?, HEADER_CHARS_MAX)?;
                object([("text", text)])
            }
            None => Value::UNDEFINED,
        };
        let is_alone = self.header.is_none() && self.buttons.is_empty();
        let most = if is_alone { LONE_PARAMETER_CHARS_MAX } else { PARAMETER_CHARS_MAX };
        let body =
            self.body.iter().enumerate().map(|(index, text)| {
                parameter(&format!("The parameter {}", index + 1), visit.text(text)?, most)
            });
        let body = body.collect::<Result<_, _>>()?;
        let mut buttons = Vec::with_capacity(self.buttons.len());
        for (index, payload) in &self.buttons {
            if let Some(payload) = present(Some(visit.text(payload)?)) {
                buttons.push(object([("index", Value::from(*index)), ("payload", payload)]));
            }
        }
        let mut members =
            vec![("name", self.name.clone()), ("language", self.language.clone()), ("body", list(body))];
        if !header.is_undefined() {
            members.push(("header", header));
        }
        if !buttons.is_empty() {
            members.push(("buttons", list(buttons)));
        }
        Ok(SentMessage::new("template", None).with("template", object(members)))
    }
}
