//! Every template and expression of a document, with its place and the names it may use.

use serde_json::Value;

use super::step::*;
use super::{Document, Retry, Settings, Step, Timeout, is_match_path};
use crate::flow::pointer;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SourceLanguage {
    /// Text with `{{ }}`, `{% %}` and `{# #}`.
    Template,
    /// A template in a value position: one that is nothing but `{{ … }}` keeps the native value.
    Value,
    /// What may stand inside `{{ }}`.
    Expression,
}

/// Names that exist at some places only.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LocalNames {
    /// `item`, and `loop.index`.
    pub item: bool,
    pub value: bool,
    pub response: bool,
    pub secrets: bool,
}

/// One template or expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Site<'d> {
    /// The pointer into the document.
    pub pointer: &'d str,
    /// The index of the step around it.
    pub step: Option<usize>,
    pub language: SourceLanguage,
    pub source: &'d str,
    pub names: LocalNames,
}

impl Document {
    /// Calls `visit` for every template and expression, translations included, step by step.
    pub fn sites(&self, visit: &mut dyn FnMut(Site<'_>)) {
        let mut walk = Walk { pointer: String::new(), step: None, names: LocalNames::default(), visit };
        walk.at("triggerConfig", |walk| walk.expression("when", &self.trigger.when));
        for (index, also) in self.trigger.also.iter().enumerate() {
            let config = |walk: &mut Walk<'_>| walk.expression("when", &also.when);
            walk.at("triggerConfig", |walk| {
                walk.item("also", index, |walk| walk.at("triggerConfig", config))
            });
        }
        for (index, step) in self.steps.iter().enumerate() {
            walk.step = Some(index);
            walk.item("steps", index, |walk| walk.step(step));
        }
        walk.step = None;
        walk.at("settings", |walk| walk.settings(&self.settings));
        for (index, interrupt) in self.interrupts.iter().enumerate() {
            walk.item("interrupts", index, |walk| walk.expression("when", &interrupt.when));
        }
        walk.at("translations", |walk| walk.translations(self));
    }
}

struct Walk<'v> {
    pointer: String,
    step: Option<usize>,
    names: LocalNames,
    visit: &'v mut dyn FnMut(Site<'_>),
}

impl Walk<'_> {
    fn at(&mut self, token: &str, walk: impl FnOnce(&mut Self)) {
        let length = self.pointer.len();
        pointer::push(&mut self.pointer, token);
        walk(self);
        self.pointer.truncate(length);
    }

    fn item(&mut self, list: &str, index: usize, walk: impl FnOnce(&mut Self)) {
        self.at(list, |place| place.at(&index.to_string(), walk));
    }

    fn with(&mut self, names: LocalNames, walk: impl FnOnce(&mut Self)) {
        let before = std::mem::replace(&mut self.names, names);
        walk(self);
        self.names = before;
    }

    fn site(&mut self, language: SourceLanguage, source: &str) {
        (self.visit)(Site { pointer: &self.pointer, step: self.step, language, source, names: self.names });
    }

    fn template<'s>(&mut self, name: &str, source: impl Into<Option<&'s String>>) {
        if let Some(source) = source.into() {
            self.at(name, |place| place.site(SourceLanguage::Template, source));
        }
    }

    fn templates(&mut self, name: &str, sources: &[String]) {
        for (index, source) in sources.iter().enumerate() {
            self.item(name, index, |place| place.site(SourceLanguage::Template, source));
        }
    }

    fn expression<'s>(&mut self, name: &str, source: impl Into<Option<&'s String>>) {
        if let Some(source) = source.into() {
            self.at(name, |place| place.site(SourceLanguage::Expression, source));
        }
    }

    /// The strings inside JSON.
    fn json(&mut self, value: &Value) {
        match value {
            Value::String(source) => self.site(SourceLanguage::Value, source),
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.at(&index.to_string(), |place| place.json(item));
                }
            }
            Value::Object(members) => {
                for (name, member) in members {
                    self.at(name, |place| place.json(member));
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn keyed<'s>(&mut self, name: &str, members: impl IntoIterator<Item = (&'s String, &'s Value)>) {
        self.at(name, |place| {
            for (name, value) in members {
                place.at(name, |place| place.json(value));
            }
        });
    }

    fn settings(&mut self, settings: &Settings) {
        self.retry(Some(&settings.retry));
        self.timeout(settings.timeout.as_ref());
        self.template("invalidInputText", &settings.invalid_input_text);
    }

    fn retry(&mut self, retry: Option<&Retry>) {
        self.at("retry", |place| place.template("text", retry.and_then(|retry| retry.text.as_ref())));
    }

    fn timeout(&mut self, timeout: Option<&Timeout>) {
        let reminders = timeout.map_or(&[][..], |timeout| &timeout.reminders);
        self.at("timeout", |place| {
            for (index, reminder) in reminders.iter().enumerate() {
                place.item("reminders", index, |place| place.template("text", &reminder.text));
            }
        });
    }

    /// A translation is a template of the step whose text it stands for.
    fn translations(&mut self, document: &Document) {
        for (locale, steps) in &document.translations {
            for (id, paths) in steps {
                self.step = document.step_index(id);
                for (path, text) in paths.iter().filter(|(path, _)| !is_match_path(path)) {
                    let names =
                        LocalNames { value: path.starts_with("validation."), ..LocalNames::default() };
                    self.with(names, |place| {
                        place.at(locale, |place| place.at(id, |place| place.template(path, text)));
                    });
                }
            }
        }
        self.step = None;
    }

    fn step(&mut self, step: &Step) {
        self.expression("when", &step.when);
        match &step.kind {
            StepKind::Message(message) => self.message(message),
            StepKind::Ask(ask) => self.ask(ask),
            StepKind::Choice(choice) => self.choice(choice),
            StepKind::Set(set) => {
                for (index, assignment) in set.assign.iter().enumerate() {
                    if let Some(value) = &assignment.value {
                        self.item("assign", index, |place| place.at("value", |place| place.json(value)));
                    }
                }
            }
            StepKind::Branch(branch) => {
                for (index, case) in branch.cases.iter().enumerate() {
                    self.item("cases", index, |place| place.expression("when", &case.when));
                }
            }
            StepKind::Http(http) => self.http(http),
            StepKind::Action(action) => self.keyed("args", &action.args),
            StepKind::Wait(wait) => match &wait.until {
                WaitFor::Duration(WaitTime::Template(source)) => self.template("duration", source),
                WaitFor::Until(source) => self.template("until", source),
                WaitFor::Event { timeout, .. } => self.timeout(timeout.as_ref()),
                WaitFor::Duration(WaitTime::Fixed(_)) => {}
            },
            StepKind::Contact(contact) => self.contact(contact),
            StepKind::Flow(call) => self.keyed("inputs", &call.inputs),
            StepKind::Handoff(handoff) => {
                self.template("queue", &handoff.queue);
                self.template("text", &handoff.text);
                self.template("note", &handoff.note);
            }
            StepKind::End(end) => self.template("text", &end.text),
            StepKind::Split(_) | StepKind::Goto => {}
        }
    }

    fn message(&mut self, message: &Message) {
        match &message.body {
            MessageBody::Text(text) => self.template("text", text),
            MessageBody::Media(media) => self.media("media", media),
            MessageBody::Location(location) => self.at("location", |place| {
                for (name, coordinate) in
                    [("latitude", &location.latitude), ("longitude", &location.longitude)]
                {
                    if let Coordinate::Template(source) = coordinate {
                        place.template(name, source);
                    }
                }
                place.template("name", &location.name);
                place.template("address", &location.address);
            }),
            MessageBody::Contacts(cards) => {
                for (index, card) in cards.iter().enumerate() {
                    self.item("contacts", index, |place| {
                        place.template("name", &card.name);
                        place.template("phone", &card.phone);
                        place.template("email", &card.email);
                        place.template("organization", &card.organization);
                    });
                }
            }
            MessageBody::Template(template) => self.template_message(template),
        }
        if let Some(cta) = &message.cta {
            self.at("cta", |place| {
                place.template("label", &cta.label);
                place.template("url", &cta.url);
            });
        }
        self.template("header", &message.header);
        self.template("footer", &message.footer);
    }

    fn media(&mut self, name: &str, media: &Media) {
        self.at(name, |place| {
            match &media.source {
                MediaSource::Url(source) => place.template("url", source),
                MediaSource::Id(source) => place.template("mediaId", source),
            }
            place.template("caption", &media.caption);
            place.template("filename", &media.filename);
        });
    }

    fn template_message(&mut self, template: &TemplateMessage) {
        self.at("template", |place| {
            match &template.header {
                Some(TemplateHeader::Media(media)) => place.at("header", |place| place.media("media", media)),
                Some(TemplateHeader::Text(text)) => place.at("header", |place| place.template("text", text)),
                None => {}
            }
            place.templates("body", &template.body);
            for (index, button) in template.buttons.iter().enumerate() {
                place.item("buttons", index, |place| place.template("payload", &button.payload));
            }
        });
    }

    fn ask(&mut self, ask: &Ask) {
        match &ask.prompt {
            Some(Prompt::Text(text)) => self.template("text", text),
            Some(Prompt::Media(media)) => self.media("media", media),
            Some(Prompt::Template(template)) => self.template_message(template),
            None => {}
        }
        self.with(LocalNames { value: true, ..LocalNames::default() }, |walk| {
            for (index, rule) in ask.validation.iter().enumerate() {
                walk.item("validation", index, |place| {
                    place.expression("rule", &rule.rule);
                    place.template("message", &rule.message);
                });
            }
        });
        self.retry(ask.retry.as_ref());
        self.timeout(ask.timeout.as_ref());
        if let Some(form) = &ask.form {
            self.at("form", |place| place.template("cta", &form.cta));
        }
    }

    fn choice(&mut self, choice: &Choice) {
        self.template("text", &choice.text);
        self.template("header", &choice.header);
        self.template("footer", &choice.footer);
        if let Some(media) = &choice.header_media {
            self.media("headerMedia", media);
        }
        match &choice.options {
            ChoiceOptions::Fixed(options) => {
                for (index, option) in options.iter().enumerate() {
                    self.item("options", index, |place| {
                        place.template("title", &option.title);
                        place.template("description", &option.description);
                        place.template("section", &option.section);
                        option.media.iter().for_each(|media| place.media("media", media));
                        place.expression("when", &option.when);
                    });
                }
            }
            ChoiceOptions::From(from) => self.at("optionsFrom", |place| {
                place.expression("list", &from.list);
                place.with(LocalNames { item: true, ..LocalNames::default() }, |place| {
                    place.template("id", &from.id);
                    place.template("title", &from.title);
                    place.template("description", &from.description);
                    from.media.iter().for_each(|media| place.media("media", media));
                    place.expression("value", &from.value);
                });
            }),
        }
        self.template("buttonLabel", &choice.button_label);
        self.retry(choice.retry.as_ref());
        self.timeout(choice.timeout.as_ref());
    }

    fn http(&mut self, http: &Http) {
        self.template("url", &http.url);
        self.with(LocalNames { secrets: true, ..LocalNames::default() }, |walk| {
            for (list, members) in [("headers", &http.headers), ("query", &http.query)] {
                walk.at(list, |place| members.iter().for_each(|(name, source)| place.template(name, source)));
            }
            match &http.body {
                Some(HttpBody::Json(body)) => walk.at("body", |place| place.json(body)),
                Some(HttpBody::Text(body)) => walk.template("bodyText", body),
                None => {}
            }
        });
        self.with(LocalNames { response: true, ..LocalNames::default() }, |walk| {
            for (index, extract) in http.extract.iter().enumerate() {
                walk.item("extract", index, |place| place.expression("value", &extract.value));
            }
        });
    }

    fn contact(&mut self, contact: &Contact) {
        self.template("name", &contact.name);
        self.templates("addTags", &contact.add_tags);
        self.templates("removeTags", &contact.remove_tags);
        for (index, attribute) in contact.attributes.iter().enumerate() {
            self.item("attributes", index, |place| place.at("value", |place| place.json(&attribute.value)));
        }
        self.template("language", &contact.language);
    }
}
