//! `choice`: a closed menu, of options written down or made from a list.

use super::body::{CompiledMedia, present};
use super::menu::{self, MenuOption};
use super::options::{CompiledOption, CompiledOptions, CompiledOptionsFrom, KeptOption, fixed};
use crate::flow::document::{self, Display, Edge};
use crate::interpreter::error::{StepError, code};
use crate::interpreter::expression::Uncompilable;
use crate::interpreter::inbound::Inbound;
use crate::interpreter::locale::Language;
use crate::interpreter::program::{CompiledExit, Localized, StepCompiler, WaitPolicy};
use crate::interpreter::run::{AnswerVerdict, Asked, Judged, Left, StepResult, Visit};
use crate::interpreter::trace::{SentMessage, ShownOption, WaitingFor};
use crate::interpreter::value::{Value, list};

#[derive(Debug)]
pub struct CompiledChoice {
    text: Localized,
    header: Option<Localized>,
    footer: Option<Localized>,
    header_media: Option<CompiledMedia>,
    display: Display,
    options: CompiledOptions,
    button_label: Option<Localized>,
    save_to: Option<usize>,
    multiple: Option<(usize, Option<usize>)>,
    policy: WaitPolicy,
    /// Where an empty menu leads.
    empty: Option<CompiledExit>,
    /// Where a choice without an exit of its own leads.
    next: CompiledExit,
}

impl CompiledChoice {
    pub fn compile(choice: &document::Choice, step: &StepCompiler<'_, '_>) -> Result<Self, Uncompilable> {
        let options = match &choice.options {
            document::ChoiceOptions::Fixed(options) => CompiledOptions::Fixed(
                options
                    .iter()
                    .enumerate()
                    .map(|(index, option)| CompiledOption::compile(option, index, step))
                    .collect::<Result<_, _>>()?,
            ),
            document::ChoiceOptions::From(from) => {
                CompiledOptions::From(Box::new(CompiledOptionsFrom::compile(from, step)?))
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
            CompiledOptions::Fixed(options) => fixed(options, visit)?,
            CompiledOptions::From(from) => from.shown(&self.next, visit)?,
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
        let pick = |part: fn(&MenuOption<KeptOption<'a>>) -> Value| match (&self.multiple, &chosen[..]) {
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

struct Judge<'a> {
    choice: &'a CompiledChoice,
    options: Vec<MenuOption<KeptOption<'a>>>,
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
