//! What WhatsApp does not take: texts that are too long or empty, and parts that do not go together.

use super::collect::Findings;
use super::menu;
use super::texts::{TEXT_MAX, is_literal, texts};
use crate::flow::document::{
    Ask, Body, Document, Input, Media, MediaKind, MediaSource, Message, Prompt, Retry, Settings, StepKind,
    TemplateHeader, TemplateMessage,
};
use crate::flow::finding::Finding;

/// Characters of an address.
const URL_MAX: usize = 2000;

pub fn check(document: &Document, findings: &mut Findings) {
    for (index, step) in document.steps.iter().enumerate() {
        for text in texts(step) {
            let pointer = || format!("/steps/{index}{}", text.place);
            findings.extend(length_fault(text.source, text.length_max, pointer));
        }
        let place = || format!("/steps/{index}");
        match &step.kind {
            StepKind::Message(message) => check_message(message, &place(), findings),
            StepKind::Ask(ask) => check_ask(ask, &place(), findings),
            StepKind::Choice(choice) => menu::check(choice, &place(), findings),
            _ => {}
        }
    }
    check_settings(&document.settings, findings);
}

/// What is wrong with the length of a literal text.
pub fn length_fault(source: &str, length_max: usize, pointer: impl FnOnce() -> String) -> Option<Finding> {
    // A character is at least a byte.
    if source.len() <= length_max && !source.trim().is_empty() {
        return None;
    }
    let message = match source.chars().count() {
        _ if !is_literal(source) => return None,
        _ if source.trim().is_empty() => "An empty text cannot be sent.".to_owned(),
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
        |source: &str, pointer: String| findings.extend(length_fault(source, TEXT_MAX, || pointer));
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
    if !matches!(message.body, Body::Text(_)) {
        for (part, _) in parts.into_iter().filter(|&(_, is_there)| is_there) {
            limit(part, &format!("A {part} goes with a text only."));
        }
    }
    if let Some(cta) = &message.cta {
        findings.extend(length_fault(&cta.url, URL_MAX, || format!("{place}/cta/url")));
    }
    match &message.body {
        Body::Media(media) => check_media(media, &format!("{place}/media"), findings),
        Body::Template(template) => check_template(template, place, findings),
        Body::Text(_) | Body::Location(_) | Body::Contacts(_) => {}
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

fn check_media(media: &Media, place: &str, findings: &mut Findings) {
    if let MediaSource::Url(url) = &media.source {
        findings.extend(length_fault(url, URL_MAX, || format!("{place}/url")));
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
    if let Some(TemplateHeader::Media(media)) = &template.header {
        check_media(media, &format!("{place}/template/header/media"), findings);
    }
}
