//! A menu as it is shown: which display it takes, what is sent, and what an answer chooses.

use std::sync::Arc;

use crate::flow::channel::{
    BUTTON_CHARS_MAX, BUTTONS_MAX, CARDS_MAX, DESCRIPTION_CHARS_MAX, FOOTER_CHARS_MAX, HEADER_CHARS_MAX,
    INTERACTIVE_TEXT_CHARS_MAX, MENU_LINE_CHARS_MAX, ROW_CHARS_MAX, ROWS_MAX, SECTION_CHARS_MAX,
    TEXT_CHARS_MAX, automatic_display,
};
use crate::flow::document::Display;
use crate::flow::text::{cut, fold, has_other_digits, is_blank, same_title};
use crate::interpreter::error::{StepError, code};
use crate::interpreter::inbound::{Inbound, InboundContent};
use crate::interpreter::run::too_long;
use crate::interpreter::trace::SentMessage;
use crate::interpreter::value::{Value, list, object};

/// An option that is shown.
#[derive(Debug, Clone)]
pub struct MenuOption<T> {
    pub id: Value,
    pub title: Value,
    /// The title as answers are held against it.
    pub folded: Arc<str>,
    pub description: Option<Value>,
    pub section: Option<Value>,
    /// The media of a card.
    pub media: Option<Value>,
    /// `{id, title}`, when it is always the same.
    pub pair: Option<Value>,
    /// Further texts that choose it, folded.
    pub matches: Arc<[String]>,
    /// What the step keeps of it.
    pub kept: T,
}

impl<T> MenuOption<T> {
    pub fn id(&self) -> &str {
        self.id.as_str().unwrap_or_default()
    }

    /// `{id, title}`.
    fn pair(&self) -> Value {
        self.pair.clone().unwrap_or_else(|| pair(&self.id, &self.title))
    }

    pub fn title(&self) -> &str {
        self.title.as_str().unwrap_or_default()
    }
}

/// An option as messages show it.
pub fn pair(id: &Value, title: &Value) -> Value {
    object([("id", id.clone()), ("title", title.clone())])
}

fn chars(value: &Value) -> usize {
    value.as_str().map_or(0, |text| text.chars().count())
}

/// How a menu is shown whose author leaves that to the channel.
pub fn display_of<T>(options: &[MenuOption<T>]) -> Display {
    let longest = options.iter().map(|option| chars(&option.title)).max().unwrap_or_default();
    let is_plain = options.iter().all(|option| option.description.is_none() && option.section.is_none());
    automatic_display(options.len(), longest, is_plain)
}

/// Refuses options that the channel could not tell apart: with one id, or one title.
pub fn distinct<T>(options: &[MenuOption<T>]) -> Result<(), StepError> {
    for (index, option) in options.iter().enumerate() {
        for earlier in &options[..index] {
            let twice = |what: &str, text: &str| {
                let message = format!("Two options have the {what} “{}”.", cut(text, 40));
                Err(StepError::new(code::INVALID_MESSAGE, message))
            };
            if earlier.id() == option.id() {
                return twice("id", option.id());
            }
            if earlier.folded == option.folded && same_title(earlier.title(), option.title()) {
                return twice("title", option.title());
            }
        }
    }
    Ok(())
}

/// The parts of a menu beside its options, rendered.
#[derive(Debug)]
pub struct MenuParts {
    pub text: Value,
    pub header: Option<Value>,
    pub footer: Option<Value>,
    pub header_media: Option<Value>,
    pub button_label: Value,
}

/// The message that shows a menu, within the channel's limits.
pub fn message<T>(
    display: Display,
    frame: MenuParts,
    options: &[MenuOption<T>],
) -> Result<SentMessage, StepError> {
    let above = |frame: &MenuParts| within("The text", &frame.text, INTERACTIVE_TEXT_CHARS_MAX);
    let mut message = match display {
        Display::Buttons => {
            above(&frame)?;
            buttons(&frame, options)?
        }
        Display::List => {
            above(&frame)?;
            rows(&frame, options)?
        }
        Display::Text | Display::Auto => lines(&frame, options)?,
        Display::Cards => {
            within("The text", &frame.text, TEXT_CHARS_MAX)?;
            SentMessage::new("text", Some(frame.text.clone()))
        }
    };
    for (name, part, most) in
        [("header", frame.header, HEADER_CHARS_MAX), ("footer", frame.footer, FOOTER_CHARS_MAX)]
    {
        if let Some(part) = part {
            within(name, &part, most)?;
            message = message.with(if name == "header" { "header" } else { "footer" }, part);
        }
    }
    Ok(match frame.header_media {
        Some(media) => message.with("headerMedia", media),
        None => message,
    })
}

/// The messages that show options as cards, each with its media, its words and one button.
pub fn cards<T>(options: &[MenuOption<T>]) -> Result<Vec<SentMessage>, StepError> {
    if options.len() > CARDS_MAX {
        return Err(too_many("cards", options.len(), CARDS_MAX));
    }
    let card = |option: &MenuOption<T>| {
        within("A card's button", &option.title, BUTTON_CHARS_MAX)?;
        let text = option.description.as_ref().unwrap_or(&option.title);
        within("A card's text", text, INTERACTIVE_TEXT_CHARS_MAX)?;
        let message =
            SentMessage::new("buttons", Some(text.clone())).with("buttons", list(vec![option.pair()]));
        Ok(match &option.media {
            Some(media) => message.with("headerMedia", media.clone()),
            None => message,
        })
    };
    options.iter().map(card).collect()
}

fn within(what: &str, text: &Value, most: usize) -> Result<(), StepError> {
    match chars(text) {
        _ if is_blank(text.as_str().unwrap_or_default()) => {
            Err(StepError::new(code::EMPTY_MESSAGE, format!("{what} is empty.")))
        }
        actual if actual > most => Err(too_long(what, actual, most)),
        _ => Ok(()),
    }
}

fn too_many(what: &str, actual: usize, allowed: usize) -> StepError {
    let message = format!("The menu has {actual} {what}; at most {allowed} are allowed.");
    StepError::new(code::MESSAGE_LIMIT, message)
}

fn buttons<T>(frame: &MenuParts, options: &[MenuOption<T>]) -> Result<SentMessage, StepError> {
    if options.len() > BUTTONS_MAX {
        return Err(too_many("buttons", options.len(), BUTTONS_MAX));
    }
    let mut shown = Vec::with_capacity(options.len());
    for option in options {
        within("A button's title", &option.title, BUTTON_CHARS_MAX)?;
        shown.push(option.pair());
    }
    Ok(SentMessage::new("buttons", Some(frame.text.clone())).with("buttons", list(shown)))
}

fn rows<T>(frame: &MenuParts, options: &[MenuOption<T>]) -> Result<SentMessage, StepError> {
    if options.len() > ROWS_MAX {
        return Err(too_many("rows", options.len(), ROWS_MAX));
    }
    let mut sections: Vec<(Option<&Value>, Vec<Value>)> = Vec::new();
    for option in options {
        within("A row's title", &option.title, ROW_CHARS_MAX)?;
        let mut row = vec![("id", option.id.clone()), ("title", option.title.clone())];
        if let Some(description) = &option.description {
            within("A row's description", description, DESCRIPTION_CHARS_MAX)?;
            row.push(("description", description.clone()));
        }
        let section = option.section.as_ref();
        let known =
            sections.iter().position(|(title, _)| title.map(Value::as_str) == section.map(Value::as_str));
        let index = known.unwrap_or_else(|| {
            sections.push((section, Vec::new()));
            sections.len() - 1
        });
        sections[index].1.push(object(row));
    }
    let several = sections.len() > 1;
    let mut shown = Vec::with_capacity(sections.len());
    for (title, rows) in sections {
        let mut members = vec![("rows", list(rows))];
        match title {
            Some(title) => {
                within("A section's title", title, SECTION_CHARS_MAX)?;
                members.push(("title", title.clone()));
            }
            None if several => {
                let message = "Every section needs a title when there are several.";
                return Err(StepError::new(code::MESSAGE_LIMIT, message));
            }
            None => {}
        }
        shown.push(object(members));
    }
    within("The list's button", &frame.button_label, BUTTON_CHARS_MAX)?;
    Ok(SentMessage::new("list", Some(frame.text.clone()))
        .with("buttonLabel", frame.button_label.clone())
        .with("sections", list(shown)))
}

/// The menu as numbered lines below the text.
fn lines<T>(frame: &MenuParts, options: &[MenuOption<T>]) -> Result<SentMessage, StepError> {
    let mut text = frame.text.as_str().unwrap_or_default().to_owned();
    if is_blank(&text) {
        return Err(StepError::new(code::EMPTY_MESSAGE, "The text is empty."));
    }
    let mut shown = Vec::with_capacity(options.len());
    for (index, option) in options.iter().enumerate() {
        within("An option's title", &option.title, MENU_LINE_CHARS_MAX)?;
        text += &format!("\n{}. {}", index + 1, option.title());
        if let Some(description) = option.description.as_ref().and_then(Value::as_str) {
            text += &format!(" – {description}");
        }
        shown.push(option.pair());
    }
    let text = Value::from(text);
    within("The menu", &text, TEXT_CHARS_MAX)?;
    Ok(SentMessage::new("menu", Some(text)).with("options", list(shown)))
}

/// What an answer chooses of the options shown, by index: the id of a reply, a title, a further text, or
/// a number. Of two options that one text would choose the first has it.
pub fn chosen<T>(options: &[MenuOption<T>], inbound: &Inbound) -> Option<usize> {
    if let InboundContent::Option { id, .. } = &inbound.content
        && let Some(index) = options.iter().position(|option| option.id() == &**id)
    {
        return Some(index);
    }
    let written = inbound.text()?;
    // Who writes a title as it stands means that one, whatever else folds to the same.
    let as_shown = || options.iter().position(|option| same_title(option.title(), written));
    as_shown().or_else(|| by_text(options, &fold(written), counts(written)))
}

/// Whether the digits of an answer are digits, and not signs that fold to them.
fn counts(written: &str) -> bool {
    !has_other_digits(written)
}

fn by_text<T>(options: &[MenuOption<T>], folded: &str, counts: bool) -> Option<usize> {
    if folded.is_empty() {
        return None;
    }
    let by_title = || options.iter().position(|option| *option.folded == *folded);
    let by_match = || options.iter().position(|option| option.matches.iter().any(|text| text == folded));
    by_title().or_else(by_match).or_else(|| {
        let is_number = counts && folded.bytes().all(|byte| byte.is_ascii_digit());
        let number: usize = is_number.then(|| folded.parse().ok())??;
        (1..=options.len()).contains(&number).then(|| number - 1)
    })
}

/// All that an answer chooses when several may be chosen, in the order of the options; every part of it
/// must choose one.
pub fn all_chosen<T>(options: &[MenuOption<T>], inbound: &Inbound) -> Option<Vec<usize>> {
    if let Some(one) = chosen(options, inbound) {
        return Some(vec![one]);
    }
    let written = inbound.text()?;
    let (folded, counts) = (fold(written), counts(written));
    let parts = folded.split([',', ';', '/', '،', '؛', '、']).flat_map(|part| part.split(" y "));
    let mut indices = Vec::new();
    for part in parts.flat_map(|part| part.split(" and ")).map(str::trim) {
        match by_text(options, &fold(part), counts) {
            Some(index) => indices.push(index),
            // Numbers may stand side by side.
            None if part.chars().all(|c| c.is_ascii_digit() || c == ' ') && !part.is_empty() => {
                for number in part.split_whitespace() {
                    indices.push(by_text(options, number, counts)?);
                }
            }
            None => return None,
        }
    }
    indices.sort_unstable();
    indices.dedup();
    Some(indices)
}
