//! Names that are declared twice, mean something else, or name nothing.

use std::collections::HashSet;
use std::hash::Hash;

use super::collect::Findings;
use crate::flow::document::{
    ChoiceOptions, Document, Input, Step, StepKind, TriggerType, VariableType, Write,
};
use crate::flow::finding::Finding;
use crate::flow::language::RESERVED;
use crate::flow::text::nearest;

pub fn check(document: &Document, findings: &mut Findings) {
    trigger_config(document, findings);
    variables(document, findings);
    for (index, step) in document.steps.iter().enumerate() {
        exit_ids(step, index, findings);
        for write in step.writes() {
            written_variable(document, index, write, findings);
        }
        save_type(document, index, findings);
    }
}

fn trigger_config(document: &Document, findings: &mut Findings) {
    findings.extend(document.trigger.faults.iter().cloned());
    for (place, trigger) in document.trigger.each() {
        let missing = match &trigger.kind {
            TriggerType::Keyword { keywords, .. } if keywords.is_empty() => "keywords",
            TriggerType::Intent { intents } if intents.is_empty() => "intents",
            TriggerType::Event { event: None } => "event",
            _ => continue,
        };
        let message = format!("A trigger of type {} needs \"{missing}\".", trigger.kind.as_str());
        findings.push(Finding::error("MISSING_TRIGGER_CONFIG", format!("{place}/{missing}"), message));
    }
}

fn variables(document: &Document, findings: &mut Findings) {
    let mut seen = HashSet::new();
    for (index, variable) in document.variables.iter().enumerate() {
        let name = variable.name.as_str();
        let pointer = || format!("/variables/{index}/name");
        if RESERVED.contains(&name) {
            let message = format!("\"{name}\" has a meaning of its own in expressions.");
            findings.push(Finding::error("RESERVED_NAME", pointer(), message));
        }
        if !seen.insert(name) {
            let message = format!("Variable \"{name}\" is declared twice.");
            findings.push(Finding::error("DUPLICATE_VARIABLE", pointer(), message));
        }
    }
}

/// Ids by which exits of one step are told apart.
fn exit_ids(step: &Step, at: usize, findings: &mut Findings) {
    let outcomes = match &step.kind {
        StepKind::Choice(choice) => {
            let ChoiceOptions::Fixed(options) = &choice.options else { return };
            let ids = options.iter().map(|option| option.id.as_str());
            return distinct(ids, |index| format!("/steps/{at}/options/{index}/id"), findings);
        }
        StepKind::Split(split) => {
            let ids = split.paths.iter().map(|path| path.id.as_str());
            return distinct(ids, |index| format!("/steps/{at}/paths/{index}/id"), findings);
        }
        StepKind::Http(http) => {
            let statuses = http.on.iter().map(|on| on.status);
            return distinct(statuses, |index| format!("/steps/{at}/on/{index}/status"), findings);
        }
        StepKind::Action(action) => &action.outcomes,
        StepKind::SubFlow(call) => &call.outcomes,
        _ => return,
    };
    let ids = outcomes.iter().map(|outcome| outcome.id.as_str());
    distinct(ids, |index| format!("/steps/{at}/outcomes/{index}/id"), findings);
}

fn distinct<T: Hash + Eq + Copy + std::fmt::Display>(
    ids: impl Iterator<Item = T>,
    pointer: impl Fn(usize) -> String,
    findings: &mut Findings,
) {
    let mut seen = HashSet::new();
    for (index, id) in ids.enumerate() {
        if !seen.insert(id) {
            let message = format!("\"{id}\" stands here twice.");
            findings.push(Finding::error("DUPLICATE_OPTION", pointer(index), message));
        }
    }
}

fn written_variable(document: &Document, at: usize, write: &Write, findings: &mut Findings) {
    let name = &*write.variable;
    if document.variable(name).is_none() {
        findings.push_with(|| {
            let message = format!("Variable \"{name}\" is not declared.");
            let finding =
                Finding::error("UNDEFINED_VARIABLE", format!("/steps/{at}{}", write.place), message);
            let declared = document.variables.iter().map(|variable| variable.name.as_str());
            finding.did_you_mean(nearest(name, declared))
        });
    }
}

/// What an answer becomes must fit the variable it is saved to.
fn save_type(document: &Document, at: usize, findings: &mut Findings) {
    let StepKind::Ask(ask) = &document.steps[at].kind else { return };
    let variable = ask.save_to.as_deref().and_then(|name| document.variable(name));
    let Some(variable) = variable else { return };
    if variable.kind != VariableType::Any && !savable_types(ask.input).contains(&variable.kind) {
        let (input, kind) = (ask.input.as_str(), variable.kind.as_str());
        let message =
            format!("An answer of type {input} cannot be saved to \"{}\" of type {kind}.", variable.name);
        findings.push(Finding::error("SAVE_TYPE_MISMATCH", format!("/steps/{at}/saveTo"), message));
    }
}

/// The type of an answer, where it has one that can be compared.
pub fn answer_type(input: Input) -> Option<VariableType> {
    match input {
        Input::Contact | Input::Form | Input::Any => None,
        _ => savable_types(input).first().copied(),
    }
}

/// The types of variable that take an answer, besides `any`.
fn savable_types(input: Input) -> &'static [VariableType] {
    use VariableType as T;
    match input {
        Input::Text | Input::Email | Input::Phone | Input::Url => &[T::String],
        Input::Number => &[T::Number, T::String],
        Input::Integer => &[T::Integer, T::Number, T::String],
        Input::Boolean => &[T::Boolean, T::String],
        Input::Date => &[T::Date, T::String],
        Input::Time => &[T::Time, T::String],
        Input::Datetime => &[T::Datetime, T::String],
        Input::Image | Input::Audio | Input::Video | Input::Document | Input::File => &[T::File],
        Input::Location => &[T::Location, T::Object],
        Input::Contact | Input::Form | Input::Any => &[T::Object],
    }
}
