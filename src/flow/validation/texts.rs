//! Every text of a step that a person gets to see: where it stands, how long the channel lets it be, and the
//! path under which it can be translated.

use super::menu::shown_as;
use crate::flow::document::{
    Ask, Body, Choice, Display, Input, Media, MediaSource, Message, Options, Prompt, Retry, Step, StepKind,
    Timeout,
};
use crate::flow::pointer::Spot;

/// Characters of an ordinary message.
pub const TEXT_MAX: usize = 4096;
/// Characters of a text with buttons, a list, a link or a request below it.
const INTERACTIVE_TEXT_MAX: usize = 1024;
const CAPTION_MAX: usize = 1024;
/// Characters of a header, and of a footer.
pub const HEADER_MAX: usize = 60;
/// Characters on a button.
pub const BUTTON_MAX: usize = 20;
/// Characters of a row of a list, and of a section's title.
pub const ROW_MAX: usize = 24;
const DESCRIPTION_MAX: usize = 72;
/// Characters of an option in a numbered menu.
const MENU_ITEM_MAX: usize = 120;

/// One text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text<'d> {
    /// Inside the step.
    pub place: Spot,
    name: Name<'d>,
    pub source: &'d str,
    pub length_max: usize,
}

/// How a translation calls a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Name<'d> {
    /// It cannot be translated.
    None,
    /// Its place with dots.
    Place,
    /// A member of an option, by that one's id.
    Option(&'d str, &'static str),
}

impl Text<'_> {
    /// What a translation calls it, if it can be translated.
    pub fn path(&self) -> Option<String> {
        match self.name {
            Name::None => None,
            Name::Place => Some(self.place.to_string()[1..].replace('/', ".")),
            Name::Option(id, member) => Some(format!("options.{id}.{member}")),
        }
    }
}

/// What else of a step may differ by language, and needs not: addresses of media, and further texts that choose an
/// option.
pub fn optional_paths(step: &Step) -> Vec<String> {
    let media = match &step.kind {
        StepKind::Message(Message { body: Body::Media(media), .. }) => Some(media),
        StepKind::Ask(Ask { prompt: Some(Prompt::Media(media)), .. }) => Some(media),
        _ => None,
    };
    let url =
        media.filter(|media| matches!(media.source, MediaSource::Url(_))).map(|_| "media.url".to_owned());
    let options = match &step.kind {
        StepKind::Choice(Choice { options: Options::Fixed(options), .. }) => &options[..],
        _ => &[],
    };
    url.into_iter().chain(options.iter().map(|option| format!("options.{}.match", option.id))).collect()
}

/// Whether a source is sent as it stands.
pub fn is_literal(source: &str) -> bool {
    !["{{", "{%", "{#"].iter().any(|mark| source.contains(mark))
}

/// The texts of a step.
pub fn texts(step: &Step) -> Vec<Text<'_>> {
    let mut texts = Texts { texts: Vec::new() };
    match &step.kind {
        StepKind::Message(message) => texts.message(message),
        StepKind::Ask(ask) => texts.ask(ask),
        StepKind::Choice(choice) => texts.choice(choice),
        StepKind::Handoff(handoff) => texts.translatable(Spot::at("/text"), &handoff.text, TEXT_MAX),
        StepKind::End(end) => texts.translatable(Spot::at("/text"), &end.text, TEXT_MAX),
        _ => {}
    }
    if let Some(retry) = step.retry() {
        texts.retry(retry);
    }
    if let Some(timeout) = step.timeout() {
        texts.reminders(timeout);
    }
    texts.texts
}

struct Texts<'d> {
    texts: Vec<Text<'d>>,
}

impl<'d> Texts<'d> {
    fn add(&mut self, place: Spot, name: Name<'d>, source: &'d str, length_max: usize) {
        self.texts.push(Text { place, name, source, length_max });
    }

    /// A text whose path is its place with dots.
    fn translatable(&mut self, place: Spot, source: impl Into<Option<&'d String>>, length_max: usize) {
        if let Some(source) = source.into() {
            self.add(place, Name::Place, source, length_max);
        }
    }

    fn message(&mut self, message: &'d Message) {
        match &message.body {
            Body::Text(text) => {
                let length_max = if message.cta.is_some() { INTERACTIVE_TEXT_MAX } else { TEXT_MAX };
                self.translatable(Spot::at("/text"), text, length_max);
            }
            Body::Media(media) => self.media(media),
            Body::Location(_) | Body::Contacts(_) | Body::Template(_) => {}
        }
        self.translatable(Spot::at("/cta/label"), message.cta.as_ref().map(|cta| &cta.label), BUTTON_MAX);
        self.translatable(Spot::at("/header"), &message.header, HEADER_MAX);
        self.translatable(Spot::at("/footer"), &message.footer, HEADER_MAX);
    }

    fn media(&mut self, media: &'d Media) {
        self.translatable(Spot::at("/media/caption"), &media.caption, CAPTION_MAX);
    }

    fn ask(&mut self, ask: &'d Ask) {
        let is_interactive = matches!(ask.input, Input::Location | Input::Form);
        match &ask.prompt {
            Some(Prompt::Text(text)) => {
                self.translatable(
                    Spot::at("/text"),
                    text,
                    if is_interactive { INTERACTIVE_TEXT_MAX } else { TEXT_MAX },
                );
            }
            Some(Prompt::Media(media)) => self.media(media),
            Some(Prompt::Template(_)) | None => {}
        }
        for (index, rule) in ask.validation.iter().enumerate() {
            self.translatable(Spot::in_entry("/validation", index, "/message"), &rule.message, TEXT_MAX);
        }
        if let Some(form) = &ask.form {
            self.add(Spot::at("/form/cta"), Name::None, &form.cta, BUTTON_MAX);
        }
    }

    fn choice(&mut self, choice: &'d Choice) {
        self.translatable(Spot::at("/text"), &choice.text, INTERACTIVE_TEXT_MAX);
        self.translatable(Spot::at("/header"), &choice.header, HEADER_MAX);
        self.translatable(Spot::at("/footer"), &choice.footer, HEADER_MAX);
        let shown = shown_as(choice);
        let description_max = if shown == Display::Cards { INTERACTIVE_TEXT_MAX } else { DESCRIPTION_MAX };
        let title_max = match shown {
            Display::Buttons | Display::Cards => BUTTON_MAX,
            Display::List => ROW_MAX,
            Display::Text | Display::Auto => MENU_ITEM_MAX,
        };
        if let Options::Fixed(options) = &choice.options {
            for (index, option) in options.iter().enumerate() {
                let place = |rest| Spot::in_entry("/options", index, rest);
                let name = |member| Name::Option(&option.id, member);
                self.add(place("/title"), name("title"), &option.title, title_max);
                if let Some(description) = &option.description {
                    self.add(place("/description"), name("description"), description, description_max);
                }
                if let Some(section) = &option.section {
                    self.add(place("/section"), Name::None, section, ROW_MAX);
                }
            }
        }
        self.translatable(Spot::at("/buttonLabel"), &choice.button_label, BUTTON_MAX);
    }

    fn retry(&mut self, retry: &'d Retry) {
        self.translatable(Spot::at("/retry/text"), &retry.text, TEXT_MAX);
    }

    fn reminders(&mut self, timeout: &'d Timeout) {
        for (index, reminder) in timeout.reminders.iter().enumerate() {
            self.translatable(Spot::in_entry("/timeout/reminders", index, "/text"), &reminder.text, TEXT_MAX);
        }
    }
}
