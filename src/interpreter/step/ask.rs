//! `ask`: send a prompt and wait for free input.

use minijinja::value::ValueKind;

use super::body::{CompiledMedia, CompiledTemplateMessage, checked};
use crate::flow::channel::{BUTTON_CHARS_MAX, INTERACTIVE_TEXT_CHARS_MAX, TEXT_CHARS_MAX};
use crate::flow::document::{self, Edge, Input};
use crate::interpreter::accept::{AnswerContext, accept, place_of};
use crate::interpreter::error::StepError;
use crate::interpreter::expression::{CompiledExpression, CompiledText, Pattern, Uncompilable, text_of};
use crate::interpreter::inbound::Inbound;
use crate::interpreter::program::{CompiledExit, Localized, StepCompiler, WaitPolicy};
use crate::interpreter::run::{AnswerVerdict, Asked, Judged, Left, StepResult, Visit};
use crate::interpreter::trace::{Attempt, SentMessage, WaitingFor, shown};
use crate::interpreter::value::{self, Value, object};

#[derive(Debug)]
pub struct CompiledAsk {
    prompt: Option<Prompt>,
    form: Option<WhatsAppForm>,
    input: Input,
    save_to: Option<usize>,
    bounds: Bounds,
    rules: Vec<Rule>,
    policy: WaitPolicy,
    entity: Option<Box<str>>,
    next: CompiledExit,
}

#[derive(Debug)]
enum Prompt {
    Text(Localized),
    Media(Box<CompiledMedia>),
    Template(CompiledTemplateMessage),
}

#[derive(Debug)]
struct WhatsAppForm {
    flow_id: Value,
    cta: CompiledText,
    screen: Value,
}

/// The shortcuts for rules.
#[derive(Debug)]
struct Bounds {
    length_min: Option<u64>,
    length_max: Option<u64>,
    min: Option<f64>,
    max: Option<f64>,
    pattern: Option<Pattern>,
    /// Whether any text is an answer.
    is_free: bool,
}

#[derive(Debug)]
struct Rule {
    rule: CompiledExpression,
    message: Option<Localized>,
}

impl CompiledAsk {
    pub fn compile(ask: &document::Ask, step: &StepCompiler<'_, '_>) -> Result<Self, Uncompilable> {
        let prompt = match &ask.prompt {
            Some(document::Prompt::Text(text)) => Some(Prompt::Text(step.localized(text, "text", "text")?)),
            Some(document::Prompt::Media(media)) => {
                Some(Prompt::Media(Box::new(CompiledMedia::compile(media, "media", step)?)))
            }
            Some(document::Prompt::Template(template)) => {
                Some(Prompt::Template(CompiledTemplateMessage::compile(template, step)?))
            }
            None => None,
        };
        let form = ask.form.as_ref().map(|form| {
            Ok(WhatsAppForm {
                flow_id: Value::from(form.flow_id.as_str()),
                cta: step.text(&form.cta, "form/cta")?,
                screen: form.screen.as_deref().map(Value::from).unwrap_or_default(),
            })
        });
        let rule = |(index, rule): (usize, &document::Rule)| {
            let path = format!("validation.{index}.message");
            let member = |name: &str| format!("validation/{index}/{name}");
            Ok(Rule {
                rule: step.expression(&rule.rule, &member("rule"))?,
                message: step.maybe_localized(rule.message.as_ref(), &path, &member("message"))?,
            })
        };
        Ok(Self {
            prompt,
            form: form.transpose()?,
            input: ask.input,
            save_to: step.maybe_variable(ask.save_to.as_ref())?,
            bounds: Bounds::compile(ask, step)?,
            rules: ask.validation.iter().enumerate().map(rule).collect::<Result<_, _>>()?,
            policy: step.wait_policy(ask.allow_interrupts)?,
            entity: ask.entity.as_deref().map(Box::from),
            next: step.exit(&Edge::Next),
        })
    }

    pub fn run<'a>(&'a self, visit: &mut Visit<'_, 'a>) -> StepResult<'a> {
        let value = match self.filled(visit)? {
            Some(value) => value,
            None => match visit.ask(&self.policy, &mut Judge { ask: self })? {
                Asked::Left(left) => return Ok(left),
                Asked::Answered(value) => value,
            },
        };
        if let Some(name) = &self.entity {
            // What came with the answer itself has been answered.
            visit.run.take_entity(name);
        }
        visit.set_value(value.clone());
        visit.write_to(self.save_to, value)?;
        Ok(Left::By(&self.next))
    }

    /// The value of an entity that arrived earlier, if it is an answer to this question.
    fn filled<'a>(&'a self, visit: &mut Visit<'_, 'a>) -> Result<Option<Value>, StepError> {
        let Some(name) = &self.entity else { return Ok(None) };
        let Some(entity) = visit.run.take_entity(name) else { return Ok(None) };
        let Some(inbound) = self.said_by(&entity, visit) else { return Ok(None) };
        match (Judge { ask: self }).judge(visit, &inbound)? {
            AnswerVerdict::Accepted { value, .. } => {
                let members =
                    [("type", Value::from("entity")), ("entity", Value::from(&**name)), ("value", entity)];
                let input = shown(&object(members));
                visit.entry.attempts.push(Attempt::accepted(visit.run.clock, input, shown(&value)));
                Ok(Some(value))
            }
            AnswerVerdict::Rejected { .. } => Ok(None),
        }
    }

    /// An entity as the message that would say it. A list or an object says nothing, unless a place is asked for.
    fn said_by(&self, entity: &Value, visit: &Visit<'_, '_>) -> Option<Inbound> {
        match entity.kind() {
            ValueKind::Map if self.input == Input::Location => place_of(entity).map(Inbound::of_place),
            ValueKind::Map | ValueKind::Seq | ValueKind::Iterable => None,
            kind => {
                let text = text_of(entity).ok()?;
                // Read as the language of the run writes numbers.
                let mark = visit.frame.scope.shared.locale.decimal_mark();
                let is_number = kind == ValueKind::Number;
                let text = if is_number { text.replace('.', &mark.to_string()) } else { text };
                Some(Inbound::of_text(&text))
            }
        }
    }
}

impl Bounds {
    fn compile(ask: &document::Ask, step: &StepCompiler<'_, '_>) -> Result<Self, Uncompilable> {
        let pattern = ask.pattern.as_ref().map(|source| {
            Pattern::new(source).map_err(|error| Uncompilable {
                pointer: step.at("pattern"),
                message: error.to_string(),
                position: None,
            })
        });
        Ok(Self {
            length_min: ask.min_length,
            length_max: ask.max_length,
            min: ask.min,
            max: ask.max,
            pattern: pattern.transpose()?,
            is_free: ask.input == Input::Text,
        })
    }

    /// The first bound that a value breaks, by the member's name.
    fn broken(
        &self,
        visit: &mut Visit<'_, '_>,
        inbound: &Inbound,
        value: &Value,
    ) -> Result<Option<&'static str>, StepError> {
        let chars = value.as_str().map(|text| text.chars().count() as u64);
        if let (Some(least), Some(chars)) = (self.length_min, chars)
            && chars < least
        {
            return Ok(Some("minLength"));
        }
        if let (Some(most), Some(chars)) = (self.length_max, chars)
            && chars > most
        {
            return Ok(Some("maxLength"));
        }
        let number = if value.kind() == ValueKind::Number { value::as_float(value) } else { None };
        if let (Some(least), Some(number)) = (self.min, number)
            && number < least
        {
            return Ok(Some("min"));
        }
        if let (Some(most), Some(number)) = (self.max, number)
            && number > most
        {
            return Ok(Some("max"));
        }
        if let Some(pattern) = &self.pattern {
            let fuel = &mut visit.run.evaluator.fuel;
            // Free text, and what is no text, is held against what the person wrote.
            let fits = match value.as_str().filter(|_| !self.is_free) {
                Some(text) => pattern.is_match_paid(text, fuel)?,
                None => pattern.is_match_typed(inbound.text().unwrap_or_default(), fuel)?,
            };
            if !fits {
                return Ok(Some("pattern"));
            }
        }
        Ok(None)
    }
}

struct Judge<'a> {
    ask: &'a CompiledAsk,
}

impl<'a> Judged<'a> for Judge<'a> {
    type Answer = Value;

    fn prompt(&mut self, visit: &mut Visit<'_, 'a>) -> Result<(), StepError> {
        let message = match &self.ask.prompt {
            None => return Ok(()),
            Some(Prompt::Media(media)) => media.message(visit)?,
            Some(Prompt::Template(template)) => template.message(visit)?,
            Some(Prompt::Text(text)) => {
                let most = if self.ask.input == Input::Location {
                    INTERACTIVE_TEXT_CHARS_MAX
                } else {
                    TEXT_CHARS_MAX
                };
                let text = visit.localized(text)?;
                SentMessage::new("text", Some(checked("The text", text, most)?))
            }
        };
        let message = match (&self.ask.form, self.ask.input) {
            (Some(form), Input::Form) => {
                let cta = visit.text(&form.cta)?;
                let cta = checked("The form's button", cta, BUTTON_CHARS_MAX)?;
                let members =
                    [("flowId", form.flow_id.clone()), ("cta", cta), ("screen", form.screen.clone())];
                message.with("form", object(members))
            }
            (_, Input::Location) => message.with("request", Value::from("location")),
            _ => message,
        };
        visit.send(message)
    }

    fn judge(
        &mut self,
        visit: &mut Visit<'_, 'a>,
        inbound: &Inbound,
    ) -> Result<AnswerVerdict<Value>, StepError> {
        let shared = &visit.frame.scope.shared;
        let reading = AnswerContext { locale: &shared.locale, zone: shared.zone, now: visit.run.clock };
        let Some(value) = accept(self.ask.input, inbound, reading) else {
            return Ok(AnswerVerdict::rejected("input"));
        };
        if let Some(bound) = self.ask.bounds.broken(visit, inbound, &value)? {
            return Ok(AnswerVerdict::rejected(bound));
        }
        if !self.ask.rules.is_empty() {
            visit.frame.scope().local.value = value.clone();
        }
        for (index, rule) in self.ask.rules.iter().enumerate() {
            if !visit.condition(&rule.rule)? {
                let text = visit.maybe_localized(rule.message.as_ref())?;
                return Ok(AnswerVerdict::rejected_by_rule(index, text));
            }
        }
        Ok(AnswerVerdict::Accepted { value: value.clone(), judged: value })
    }

    fn describe(&self, waiting_for: &mut WaitingFor<'a>) {
        waiting_for.input = Some(self.ask.input.as_str());
    }
}
