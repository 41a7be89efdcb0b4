//! The options of a `choice`: written down, or made from a list when the step is entered.

use std::sync::Arc;

use super::body::{CompiledMedia, checked, present};
use super::menu::{self, MenuOption};
use crate::flow::channel::ROW_CHARS_MAX;
use crate::flow::document::{self, Edge};
use crate::flow::text::{cut, fold};
use crate::interpreter::error::{StepError, code};
use crate::interpreter::expression::{CompiledExpression, CompiledText, Local, Uncompilable};
use crate::interpreter::program::{CompiledExit, Localized, StepCompiler};
use crate::interpreter::run::Visit;
use crate::interpreter::value::{Value, from_json};

/// Ids of options, in bytes.
const ID_BYTES_MAX: usize = 200;

#[derive(Debug)]
pub enum CompiledOptions {
    Fixed(Vec<CompiledOption>),
    From(Box<CompiledOptionsFrom>),
}

#[derive(Debug)]
pub struct CompiledOption {
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
pub struct CompiledOptionsFrom {
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
pub type KeptOption<'a> = (Value, &'a CompiledExit);

/// The written options that are shown now.
pub fn fixed<'a>(
    options: &'a [CompiledOption],
    visit: &mut Visit<'_, 'a>,
) -> Result<Vec<MenuOption<KeptOption<'a>>>, StepError> {
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

impl CompiledOption {
    pub fn compile(
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

impl CompiledOptionsFrom {
    pub fn compile(from: &document::OptionsFrom, step: &StepCompiler<'_, '_>) -> Result<Self, Uncompilable> {
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
    pub fn shown<'a>(
        &'a self,
        next: &'a CompiledExit,
        visit: &mut Visit<'_, 'a>,
    ) -> Result<Vec<MenuOption<KeptOption<'a>>>, StepError> {
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
