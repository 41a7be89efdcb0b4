//! Every text of a step that a person gets to see: where it stands, how long the channel lets it be, and the
//! path under which it can be translated.

use crate::flow::channel::{
    BUTTON_CHARS_MAX, CAPTION_CHARS_MAX, DESCRIPTION_CHARS_MAX, FOOTER_CHARS_MAX, HEADER_CHARS_MAX,
    INTERACTIVE_TEXT_CHARS_MAX, MENU_LINE_CHARS_MAX, ROW_CHARS_MAX, SECTION_CHARS_MAX, TEXT_CHARS_MAX,
    automatic_display,
};
use crate::flow::document::{
    Ask, Choice, ChoiceOptions, Display, Input, Media, MediaSource, Message, MessageBody, Prompt, Retry,
    Step, StepKind, Timeout,
};
use crate::flow::language::is_template;
use crate::flow::pointer::Spot;

/// One text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownText<'d> {
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

impl ShownText<'_> {
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
        StepKind::Message(Message { body: MessageBody::Media(media), .. }) => Some(media),
        StepKind::Ask(Ask { prompt: Some(Prompt::Media(media)), .. }) => Some(media),
        _ => None,
    };
    let url =
        media.filter(|media| matches!(media.source, MediaSource::Url(_))).map(|_| "media.url".to_owned());
    let options = match &step.kind {
        StepKind::Choice(Choice { options: ChoiceOptions::Fixed(options), .. }) => &options[..],
        _ => &[],
    };
    url.into_iter().chain(options.iter().map(|option| format!("options.{}.match", option.id))).collect()
}

/// How a choice is shown: never `Auto`. Texts that are computed are taken to be short enough.
pub fn shown_as(choice: &Choice) -> Display {
    let ChoiceOptions::Fixed(options) = &choice.options else {
        return if choice.display == Display::Auto { Display::List } else { choice.display };
    };
    let literal = options.iter().map(|option| &option.title).filter(|title| !is_template(title));
    let longest = literal.map(|title| title.chars().count()).max().unwrap_or_default();
    let is_plain = options.iter().all(|option| option.description.is_none() && option.section.is_none());
    match choice.display {
        _ if choice.multiple.is_some() => Display::Text,
        Display::Auto => automatic_display(options.len(), longest, is_plain),
        chosen => chosen,
    }
}

/// The texts of a step.
pub fn texts(step: &Step) -> Vec<ShownText<'_>> {
    let mut texts = Texts { texts: Vec::new() };
    match &step.kind {
        StepKind::Message(message) => texts.message(message),
        StepKind::Ask(ask) => texts.ask(ask),
        StepKind::Choice(choice) => texts.choice(choice),
        StepKind::Handoff(handoff) => texts.translatable(Spot::at("/text"), &handoff.text, TEXT_CHARS_MAX),
        StepKind::End(end) => texts.translatable(Spot::at("/text"), &end.text, TEXT_CHARS_MAX),
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
    texts: Vec<ShownText<'d>>,
}

impl<'d> Texts<'d> {
    fn add(&mut self, place: Spot, name: Name<'d>, source: &'d str, length_max: usize) {
        self.texts.push(ShownText { place, name, source, length_max });
    }

    /// A text whose path is its place with dots.
    fn translatable(&mut self, place: Spot, source: impl Into<Option<&'d String>>, length_max: usize) {
        if let Some(source) = source.into() {
            self.add(place, Name::Place, source, length_max);
        }
    }

    fn message(&mut self, message: &'d Message) {
        match &message.body {
            MessageBody::Text(text) => {
                let length_max =
                    if message.cta.is_some() { INTERACTIVE_TEXT_CHARS_MAX } else { TEXT_CHARS_MAX };
                self.translatable(Spot::at("/text"), text, length_max);
            }
            MessageBody::Media(media) => self.media(media),
            MessageBody::Location(_) | MessageBody::Contacts(_) | MessageBody::Template(_) => {}
        }
        self.translatable(
            Spot::at("/cta/label"),
            message.cta.as_ref().map(|cta| &cta.label),
            BUTTON_CHARS_MAX,
        );
        self.translatable(Spot::at("/header"), &message.header, HEADER_CHARS_MAX);
        self.translatable(Spot::at("/footer"), &message.footer, FOOTER_CHARS_MAX);
    }

    fn media(&mut self, media: &'d Media) {
        self.translatable(Spot::at("/media/caption"), &media.caption, CAPTION_CHARS_MAX);
    }

    fn ask(&mut self, ask: &'d Ask) {
        let is_interactive = matches!(ask.input, Input::Location | Input::Form);
        match &ask.prompt {
            Some(Prompt::Text(text)) => {
                self.translatable(
                    Spot::at("/text"),
                    text,
                    if is_interactive { INTERACTIVE_TEXT_CHARS_MAX } else { TEXT_CHARS_MAX },
                );
            }
            Some(Prompt::Media(media)) => self.media(media),
            Some(Prompt::Template(_)) | None => {}
        }
        for (index, rule) in ask.validation.iter().enumerate() {
            self.translatable(
                Spot::in_entry("/validation", index, "/message"),
                &rule.message,
                TEXT_CHARS_MAX,
            );
        }
        if let Some(form) = &ask.form {
            self.add(Spot::at("/form/cta"), Name::None, &form.cta, BUTTON_CHARS_MAX);
        }
    }

    fn choice(&mut self, choice: &'d Choice) {
        self.translatable(Spot::at("/text"), &choice.text, INTERACTIVE_TEXT_CHARS_MAX);
        self.translatable(Spot::at("/header"), &choice.header, HEADER_CHARS_MAX);
        self.translatable(Spot::at("/footer"), &choice.footer, FOOTER_CHARS_MAX);
        let shown = shown_as(choice);
        let description_max =
            if shown == Display::Cards { INTERACTIVE_TEXT_CHARS_MAX } else { DESCRIPTION_CHARS_MAX };
        let title_max = match shown {
            Display::Buttons | Display::Cards => BUTTON_CHARS_MAX,
            Display::List => ROW_CHARS_MAX,
            Display::Text | Display::Auto => MENU_LINE_CHARS_MAX,
        };
        if let ChoiceOptions::Fixed(options) = &choice.options {
            for (index, option) in options.iter().enumerate() {
                let place = |rest| Spot::in_entry("/options", index, rest);
                let name = |member| Name::Option(&option.id, member);
                self.add(place("/title"), name("title"), &option.title, title_max);
                if let Some(description) = &option.description {
                    self.add(place("/description"), name("description"), description, description_max);
                }
                if let Some(section) = &option.section {
                    self.add(place("/section"), Name::None, section, SECTION_CHARS_MAX);
                }
            }
        }
        self.translatable(Spot::at("/buttonLabel"), &choice.button_label, BUTTON_CHARS_MAX);
    }

    fn retry(&mut self, retry: &'d Retry) {
        self.translatable(Spot::at("/retry/text"), &retry.text, TEXT_CHARS_MAX);
    }

    fn reminders(&mut self, timeout: &'d Timeout) {
        for (index, reminder) in timeout.reminders.iter().enumerate() {
            self.translatable(
                Spot::in_entry("/timeout/reminders", index, "/text"),
                &reminder.text,
                TEXT_CHARS_MAX,
            );
        }
    }
}
