//! What WhatsApp does not take: texts that are too long or empty, and parts that do not go together.

use super::collect::Findings;
use super::menu;
use super::texts::texts;
use crate::flow::channel::{
    CONTACT_NAME_CHARS_MAX, HEADER_CHARS_MAX, LONE_PARAMETER_CHARS_MAX, PARAMETER_CHARS_MAX, TAG_CHARS_MAX,
    TEXT_CHARS_MAX, URL_CHARS_MAX, parameter_fault,
};
use crate::flow::document::{
    Ask, Canonical, Contact, Input, Media, MediaKind, MediaSource, Message, MessageBody, Prompt, Retry,
    Settings, StepKind, TemplateHeader, TemplateMessage,
};
use crate::flow::finding::Finding;
use crate::flow::language::is_template;
use crate::flow::text::is_blank;

pub fn check(flow: &Canonical, findings: &mut Findings) {
    let document = &flow.document;
    for (index, step) in document.steps.iter().enumerate() {
        for text in texts(&step.kind, &flow.value["steps"][index]) {
            let pointer = || format!("/steps/{index}{}", text.place);
            findings.extend(length_fault(&text.source, text.length_max, pointer));
        }
        let place = || format!("/steps/{index}");
        match &step.kind {
            StepKind::Message(message) => check_message(message, &place(), findings),
            StepKind::Ask(ask) => check_ask(ask, &place(), findings),
            StepKind::Choice(choice) => menu::check(choice, &place(), findings),
            StepKind::Contact(contact) => check_contact(contact, &place(), findings),
            _ => {}
        }
    }
    check_settings(&document.settings, findings);
}

/// What is wrong with the length of a literal text.
pub fn length_fault(source: &str, length_max: usize, pointer: impl FnOnce() -> String) -> Option<Finding> {
    // A character is at least a byte.
    if source.len() <= length_max && !is_blank(source) {
        return None;
    }
    let message = match source.chars().count() {
        _ if is_template(source) => return None,
        _ if is_blank(source) => "An empty text cannot be sent.".to_owned(),
        length if length > length_max => {
            format!("The text has {length} characters; at most {length_max} are sent.")
        }
        _ => return None,
    };
    Some(Finding::error("CHANNEL_LIMIT", pointer(), message))
}

fn check_settings(settings: &Settings, findings: &mut Findings) {
    let Retry { text, .. } = &settings.retry;
    let mut check =
        |source: &str, pointer: String| findings.extend(length_fault(source, TEXT_CHARS_MAX, || pointer));
    text.iter().for_each(|text| check(text, "/settings/retry/text".to_owned()));
    for (index, reminder) in settings.timeout.iter().flat_map(|timeout| &timeout.reminders).enumerate() {
        check(&reminder.text, format!("/settings/timeout/reminders/{index}/text"));
    }
    check(&settings.invalid_input_text, "/settings/invalidInputText".to_owned());
}

fn check_message(message: &Message, place: &str, findings: &mut Findings) {
    let mut limit = |member: &str, message: &str| {
        findings.push(Finding::error("CHANNEL_LIMIT", format!("{place}/{member}"), message));
    };
    let parts = [
        ("cta", message.cta.is_some()),
        ("header", message.header.is_some()),
        ("footer", message.footer.is_some()),
    ];
    if !matches!(message.body, MessageBody::Text(_)) {
        for (part, _) in parts.into_iter().filter(|&(_, is_there)| is_there) {
            limit(part, &format!("A {part} goes with a text only."));
        }
    }
    if let Some(cta) = &message.cta {
        findings.extend(length_fault(&cta.url, URL_CHARS_MAX, || format!("{place}/cta/url")));
    }
    match &message.body {
        MessageBody::Media(media) => check_media(media, &format!("{place}/media"), findings),
        MessageBody::Template(template) => check_template(template, place, findings),
        MessageBody::Contacts(cards) => {
            for (index, card) in cards.iter().enumerate() {
                let pointer = || format!("{place}/contacts/{index}/name");
                findings.extend(length_fault(&card.name, usize::MAX, pointer));
            }
        }
        MessageBody::Text(_) | MessageBody::Location(_) => {}
    }
}

fn check_ask(ask: &Ask, place: &str, findings: &mut Findings) {
    match &ask.prompt {
        Some(Prompt::Media(media)) => check_media(media, &format!("{place}/media"), findings),
        Some(Prompt::Template(template)) => check_template(template, place, findings),
        Some(Prompt::Text(_)) | None => {}
    }
    if matches!(ask.input, Input::Location | Input::Form) && !matches!(ask.prompt, Some(Prompt::Text(_))) {
        let message = format!("An input of type {} is asked for with a text.", ask.input.as_str());
        findings.push(Finding::error("CHANNEL_LIMIT", format!("{place}/text"), message));
    }
}

/// What can never become part of a contact.
fn check_contact(contact: &Contact, place: &str, findings: &mut Findings) {
    for (member, source) in [("name", &contact.name), ("language", &contact.language)] {
        let source = source.iter();
        findings.extend(source.filter_map(|source| {
            length_fault(source, CONTACT_NAME_CHARS_MAX, || format!("{place}/{member}"))
        }));
    }
    for (list, tags) in [("addTags", &contact.add_tags), ("removeTags", &contact.remove_tags)] {
        for (index, tag) in tags.iter().enumerate() {
            findings.extend(length_fault(tag, TAG_CHARS_MAX, || format!("{place}/{list}/{index}")));
        }
    }
}

fn check_media(media: &Media, place: &str, findings: &mut Findings) {
    if let MediaSource::Url(url) = &media.source {
        findings.extend(length_fault(url, URL_CHARS_MAX, || format!("{place}/url")));
    }
    let kind = media.kind.as_str();
    if media.caption.is_some() && matches!(media.kind, MediaKind::Audio | MediaKind::Sticker) {
        let message = format!("Media of kind {kind} has no caption.");
        findings.push(Finding::error("CHANNEL_LIMIT", format!("{place}/caption"), message));
    }
    if media.filename.is_some() && media.kind != MediaKind::Document {
        let message = format!("Media of kind {kind} has no filename.");
        findings.push(Finding::error("CHANNEL_LIMIT", format!("{place}/filename"), message));
    }
}

fn check_template(template: &TemplateMessage, place: &str, findings: &mut Findings) {
    for (at, button) in template.buttons.iter().enumerate() {
        if template.buttons[..at].iter().any(|earlier| earlier.index == button.index) {
            let message = format!("Two parameters are for the button {}.", button.index);
            let pointer = format!("{place}/template/buttons/{at}/index");
            findings.push(Finding::error("CHANNEL_LIMIT", pointer, message));
        }
    }
    let mut parameter = |source: &str, length_max: usize, pointer: String| {
        let length = length_fault(source, length_max, || pointer.clone());
        let fault = parameter_fault(source).filter(|_| !is_template(source) && length.is_none());
        let fault =
            fault.map(|fault| Finding::error("CHANNEL_LIMIT", pointer, format!("A parameter {fault}.")));
        findings.extend(length.or(fault));
    };
    let is_alone = template.header.is_none() && template.buttons.is_empty();
    for (index, source) in template.body.iter().enumerate() {
        let length_max = if is_alone { LONE_PARAMETER_CHARS_MAX } else { PARAMETER_CHARS_MAX };
        parameter(source, length_max, format!("{place}/template/body/{index}"));
    }
    match &template.header {
        Some(TemplateHeader::Text(text)) => {
            parameter(text, HEADER_CHARS_MAX, format!("{place}/template/header/text"))
        }
        Some(TemplateHeader::Media(media)) => {
            check_media(media, &format!("{place}/template/header/media"), findings);
        }
        None => {}
    }
}
