//! `choice`: a closed menu, of options written down or made from a list.

use std::sync::Arc;

use super::body::{CompiledMedia, checked, present};
use super::menu::{self, MenuOption};
use crate::flow::channel::ROW_CHARS_MAX;
use crate::flow::document::{self, Display, Edge};
use crate::flow::text::{cut, fold};
use crate::interpreter::error::{StepError, code};
use crate::interpreter::expression::{CompiledExpression, CompiledText, Local, Uncompilable};
use crate::interpreter::inbound::Inbound;
use crate::interpreter::locale::Language;
use crate::interpreter::program::{CompiledExit, Localized, StepCompiler, WaitPolicy};
use crate::interpreter::run::{AnswerVerdict, Asked, Judged, Left, StepResult, Visit};
use crate::interpreter::trace::{SentMessage, ShownOption, WaitingFor};
use crate::interpreter::value::{Value, from_json, list};

/// Ids of options, in bytes.
const ID_BYTES_MAX: usize = 200;

#[derive(Debug)]
pub struct CompiledChoice {
    text: Localized,
    header: Option<Localized>,
    footer: Option<Localized>,
    header_media: Option<CompiledMedia>,
    display: Display,
    options: ChoiceOptions,
    button_label: Option<Localized>,
    save_to: Option<usize>,
    multiple: Option<(usize, Option<usize>)>,
    policy: WaitPolicy,
    /// Where an empty menu leads.
    empty: Option<CompiledExit>,
    /// Where a choice without an exit of its own leads.
    next: CompiledExit,
}

#[derive(Debug)]
enum ChoiceOptions {
    Fixed(Vec<FixedOption>),
    From(Box<OptionsFrom>),
}

#[derive(Debug)]
struct FixedOption {
    id: Value,
    title: Localized,
    /// The title folded, when it is always the same.
    folded: Option<Arc<str>>,
    /// `{id, title}`, when it is always the same.
    pair: Option<Value>,
    description: Option<Localized>,
    section: Option<CompiledText>,
    media: Option<CompiledMedia>,
    value: Value,
    matches: Matches,
    when: Option<CompiledExpression>,
    exit: CompiledExit,
}

/// Further texts that choose an option, folded.
#[derive(Debug)]
struct Matches {
    base: Arc<[String]>,
    /// By index into the program's locales.
    translated: Vec<(usize, Arc<[String]>)>,
}

impl Matches {
    /// Those of a run that prefers these locales, best first.
    fn pick(&self, order: &[usize]) -> Arc<[String]> {
        let mut found =
            order.iter().filter_map(|wanted| self.translated.iter().find(|(locale, _)| locale == wanted));
        found.next().map_or(&self.base, |(_, texts)| texts).clone()
    }
}

#[derive(Debug)]
struct OptionsFrom {
    list: CompiledExpression,
    id: CompiledText,
    title: CompiledText,
    description: Option<CompiledText>,
    media: Option<CompiledMedia>,
    value: Option<CompiledExpression>,
    limit: usize,
    pointer: Box<str>,
}

/// What is kept of a shown option: what is saved, and where it leads.
type Kept<'a> = (Value, &'a CompiledExit);

impl CompiledChoice {
    pub fn compile(choice: &document::Choice, step: &StepCompiler<'_, '_>) -> Result<Self, Uncompilable> {
        let options = match &choice.options {
            document::ChoiceOptions::Fixed(options) => ChoiceOptions::Fixed(
                options
                    .iter()
                    .enumerate()
                    .map(|(index, option)| FixedOption::compile(option, index, step))
                    .collect::<Result<_, _>>()?,
            ),
            document::ChoiceOptions::From(from) => {
                ChoiceOptions::From(Box::new(OptionsFrom::compile(from, step)?))
            }
        };
        let media = choice.header_media.as_ref();
        let count = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        Ok(Self {
            text: step.localized(&choice.text, "text", "text")?,
            header: step.maybe_localized(choice.header.as_ref(), "header", "header")?,
            footer: step.maybe_localized(choice.footer.as_ref(), "footer", "footer")?,
            header_media: media
                .map(|media| CompiledMedia::compile(media, "headerMedia", step))
                .transpose()?,
            display: if choice.multiple.is_some() { Display::Text } else { choice.display },
            options,
            button_label: step.maybe_localized(choice.button_label.as_ref(), "buttonLabel", "buttonLabel")?,
            save_to: step.maybe_variable(choice.save_to.as_ref())?,
            multiple: choice.multiple.as_ref().map(|multiple| (count(multiple.min), multiple.max.map(count))),
            policy: step.wait_policy(choice.allow_interrupts)?,
            empty: choice.empty_next.is_some().then(|| step.exit(&Edge::Empty)),
            next: step.exit(&Edge::Next),
        })
    }

    pub fn run<'a>(&'a self, visit: &mut Visit<'_, 'a>) -> StepResult<'a> {
        let options = match &self.options {
            ChoiceOptions::Fixed(options) => self.fixed(options, visit)?,
            ChoiceOptions::From(from) => from.shown(&self.next, visit)?,
        };
        if options.is_empty() {
            return match &self.empty {
                Some(exit) => Ok(Left::By(exit)),
                None => Err(StepError::new(code::EMPTY_OPTIONS, "There is no option to choose from.")),
            };
        }
        menu::distinct(&options)?;
        let mut judge = Judge { choice: self, options };
        let chosen = match visit.ask(&self.policy, &mut judge)? {
            Asked::Left(left) => return Ok(left),
            Asked::Answered(chosen) => chosen,
        };
        let options = &judge.options;
        let pick = |part: fn(&MenuOption<Kept<'a>>) -> Value| match (&self.multiple, &chosen[..]) {
            (None, [index]) => part(&options[*index]),
            _ => list(chosen.iter().map(|index| part(&options[*index])).collect()),
        };
        let value = pick(|option| option.kept.0.clone());
        visit.set_outcome(pick(|option| option.id.clone()));
        visit.set_value(value.clone());
        visit.write_to(self.save_to, value)?;
        Ok(Left::By(match (&self.multiple, &chosen[..]) {
            (None, [index]) => options[*index].kept.1,
            _ => &self.next,
        }))
    }

    /// The written options that are shown now.
    fn fixed<'a>(
        &'a self,
        options: &'a [FixedOption],
        visit: &mut Visit<'_, 'a>,
    ) -> Result<Vec<MenuOption<Kept<'a>>>, StepError> {
        let mut shown = Vec::with_capacity(options.len());
        for option in options {
            if let Some(when) = &option.when
                && !visit.condition(when)?
            {
                continue;
            }
            let title = visit.localized(&option.title)?;
            shown.push(MenuOption {
                id: option.id.clone(),
                folded: option.folded.clone().unwrap_or_else(|| folded(&title)),
                pair: option.pair.clone(),
                title,
                description: present(visit.maybe_localized(option.description.as_ref())?),
                section: present(visit.maybe_text(option.section.as_ref())?),
                media: option.media.as_ref().map(|media| media.present(visit)).transpose()?.flatten(),
                matches: option.matches.pick(&visit.frame.locale_order),
                kept: (option.value.clone(), &option.exit),
            });
        }
        Ok(shown)
    }

    fn frame<'a>(
        &'a self,
        visit: &mut Visit<'_, 'a>,
        display: Display,
    ) -> Result<menu::MenuParts, StepError> {
        let language = visit.frame.scope.shared.locale.language();
        let label = self.button_label.as_ref().filter(|_| display == Display::List);
        let button_label = match present(visit.maybe_localized(label)?) {
            Some(label) => label,
            None if language == Language::Spanish => Value::from("Ver opciones"),
            None => Value::from("Options"),
        };
        let header_media = match &self.header_media {
            Some(media) if display == Display::Buttons => media.present(visit)?,
            Some(media) => {
                let message = media.message(visit)?;
                visit.send(message)?;
                None
            }
            None => None,
        };
        Ok(menu::MenuParts {
            text: visit.localized(&self.text)?,
            header: present(visit.maybe_localized(self.header.as_ref())?),
            footer: present(visit.maybe_localized(self.footer.as_ref())?),
            header_media,
            button_label,
        })
    }
}

impl FixedOption {
    fn compile(
        option: &document::ChoiceOption,
        index: usize,
        step: &StepCompiler<'_, '_>,
    ) -> Result<Self, Uncompilable> {
        let path = |name: &str| format!("options.{}.{name}", option.id);
        let at = |name: &str| format!("options/{index}/{name}");
        let when = option.when.as_ref();
        let value = option.value.as_ref();
        let description = option.description.as_ref();
        let title = step.localized(&option.title, &path("title"), &at("title"))?;
        let id = Value::from(option.id.as_str());
        Ok(Self {
            folded: literal(&title).map(folded),
            pair: literal(&title).map(|title| menu::pair(&id, title)),
            id,
            title,
            description: step.maybe_localized(description, &path("description"), &at("description"))?,
            section: step.maybe_text(option.section.as_ref(), &at("section"))?,
            media: option
                .media
                .as_ref()
                .map(|media| CompiledMedia::compile(media, &at("media"), step))
                .transpose()?,
            value: value.map_or_else(|| Value::from(option.id.as_str()), from_json),
            matches: Matches {
                base: option.matches.iter().map(|text| fold(text)).collect(),
                translated: step
                    .translated_lines(&path("match"))
                    .map(|(locale, lines)| (locale, lines.lines().map(fold).collect()))
                    .collect(),
            },
            when: when.map(|when| step.expression(when, &at("when"))).transpose()?,
            exit: step.exit(&Edge::Option(option.id.clone())),
        })
    }
}

impl OptionsFrom {
    fn compile(from: &document::OptionsFrom, step: &StepCompiler<'_, '_>) -> Result<Self, Uncompilable> {
        let at = |name: &str| format!("optionsFrom/{name}");
        let value = from.value.as_ref();
        Ok(Self {
            list: step.expression(&from.list, &at("list"))?,
            id: step.text(&from.id, &at("id"))?,
            title: step.text(&from.title, &at("title"))?,
            description: step.maybe_text(from.description.as_ref(), &at("description"))?,
            media: from
                .media
                .as_ref()
                .map(|media| CompiledMedia::compile(media, &at("media"), step))
                .transpose()?,
            value: value.map(|value| step.expression(value, &at("value"))).transpose()?,
            limit: from.limit as usize,
            pointer: step.at("optionsFrom/list").into(),
        })
    }

    /// One option for each of the first items of the list.
    fn shown<'a>(
        &'a self,
        next: &'a CompiledExit,
        visit: &mut Visit<'_, 'a>,
    ) -> Result<Vec<MenuOption<Kept<'a>>>, StepError> {
        let found = visit.evaluate(&self.list)?;
        let items = match found.try_iter() {
            Ok(items) if found.as_str().is_none() => items,
            _ => {
                let message = format!("Options are made from a list, not from {}.", found.kind());
                return Err(StepError::new(code::EXPR_TYPE, message).or_at(&self.pointer));
            }
        };
        let mut shown = Vec::new();
        for (item, index) in items.take(self.limit).zip(1..) {
            visit.frame.scope().local = Local { item, index, ..Local::default() };
            let id = visit.text(&self.id)?;
            let id = checked("An option's id", id, ID_BYTES_MAX)?;
            let title = visit.text(&self.title)?;
            let title = Value::from(cut(title.as_str().unwrap_or_default(), ROW_CHARS_MAX));
            let description = present(visit.maybe_text(self.description.as_ref())?);
            let media = self.media.as_ref().map(|media| media.present(visit)).transpose()?.flatten();
            let value = match &self.value {
                Some(value) => visit.evaluate(value)?,
                None => id.clone(),
            };
            shown.push(MenuOption {
                id,
                folded: folded(&title),
                title,
                pair: None,
                description,
                section: None,
                media,
                matches: Arc::default(),
                kept: (value, next),
            });
        }
        visit.frame.scope().local = Local::default();
        Ok(shown)
    }
}

fn folded(title: &Value) -> Arc<str> {
    fold(title.as_str().unwrap_or_default()).into()
}

/// The text itself, when no run and no language changes it.
fn literal(text: &Localized) -> Option<&Value> {
    match &text.base {
        CompiledText::Literal(literal) if text.translated.is_empty() => Some(literal),
        _ => None,
    }
}

struct Judge<'a> {
    choice: &'a CompiledChoice,
    options: Vec<MenuOption<Kept<'a>>>,
}

impl<'a> Judged<'a> for Judge<'a> {
    /// Indices of the options chosen.
    type Answer = Vec<usize>;

    fn prompt(&mut self, visit: &mut Visit<'_, 'a>) -> Result<(), StepError> {
        let display = match self.choice.display {
            Display::Auto => menu::display_of(&self.options),
            display => display,
        };
        let frame = self.choice.frame(visit, display)?;
        let message: SentMessage = menu::message(display, frame, &self.options)?;
        visit.run.menu =
            self.options.iter().map(|option| (option.id.clone(), option.title.clone())).collect();
        let cards = if display == Display::Cards { menu::cards(&self.options)? } else { Vec::new() };
        visit.send(message)?;
        cards.into_iter().try_for_each(|card| visit.send(card))
    }

    fn judge(
        &mut self,
        _: &mut Visit<'_, 'a>,
        inbound: &Inbound,
    ) -> Result<AnswerVerdict<Vec<usize>>, StepError> {
        let chosen = match self.choice.multiple {
            None => menu::chosen(&self.options, inbound).map(|index| vec![index]),
            Some(_) => menu::all_chosen(&self.options, inbound),
        };
        let Some(chosen) = chosen else { return Ok(AnswerVerdict::rejected("options")) };
        if let Some((min, max)) = self.choice.multiple
            && (chosen.len() < min || max.is_some_and(|max| chosen.len() > max))
        {
            return Ok(AnswerVerdict::rejected("multiple"));
        }
        let id = |index: &usize| self.options[*index].id.clone();
        let value = match (self.choice.multiple, &chosen[..]) {
            (None, [index]) => id(index),
            _ => list(chosen.iter().map(id).collect()),
        };
        Ok(AnswerVerdict::Accepted { value, judged: chosen })
    }

    fn describe(&self, waiting_for: &mut WaitingFor<'a>) {
        waiting_for.options = self
            .options
            .iter()
            .map(|option| ShownOption { id: option.id.clone(), title: option.title.clone() })
            .collect();
    }
}
