//! What compiling a step needs from its document: names, targets, translations, pointers.

use std::sync::Arc;

use super::policy::WaitPolicy;
use super::{CompiledExit, CompiledInterrupt, CompiledKeywords, CompiledStep, Destination, Localized};
use crate::expression::Names;
use crate::flow::document::{self, Document, Edge, MissingValue, Target};
use crate::interpreter::expression::{
    CompiledExpression, CompiledText, Uncompilable, ValueTemplate, encoded_query_value,
};
use crate::interpreter::step::CompiledKind;
use crate::interpreter::trace::StepLabel;

/// Compiles the parts of one document.
#[derive(Debug)]
pub struct Compiler<'d> {
    pub document: &'d Document,
    pub names: Arc<Names>,
    pub locales: Vec<Box<str>>,
}

impl<'d> Compiler<'d> {
    pub fn new(document: &'d Document) -> Self {
        let variables = document.variables.iter().map(|variable| variable.name.as_str());
        let steps = document.steps.iter().map(|step| step.id.as_str());
        let mut names = Names::new(variables, steps);
        names.missing_is_empty = document.settings.missing == MissingValue::Empty;
        Self {
            document,
            names: Arc::new(names),
            locales: document.translations.keys().map(|locale| locale.as_str().into()).collect(),
        }
    }

    /// Resolves a target. `step` is the index of the step that has it; a flow-wide target has none.
    pub fn resolve(&self, target: &Target, step: Option<usize>) -> Destination {
        match target {
            Target::Step(id) => self.names.step(id).map_or(Destination::End, Destination::Step),
            Target::Next => match step {
                Some(index) if index + 1 < self.document.steps.len() => Destination::Step(index + 1),
                _ => Destination::End,
            },
            Target::End => Destination::End,
            Target::Resume => Destination::Resume,
        }
    }

    pub fn expression(&self, source: &str, pointer: String) -> Result<CompiledExpression, Uncompilable> {
        CompiledExpression::compile(source, pointer, &self.names)
    }

    pub fn text(&self, source: &str, pointer: String) -> Result<CompiledText, Uncompilable> {
        CompiledText::compile(source, pointer, &self.names)
    }

    pub fn step(&self, index: usize) -> Result<CompiledStep, Uncompilable> {
        let step = &self.document.steps[index];
        let pointer = format!("/steps/{index}");
        let exits: Vec<CompiledExit> = step
            .exits()
            .iter()
            .enumerate()
            .map(|(counted, exit)| CompiledExit {
                label: exit.edge.to_string().into(),
                to: self.resolve(&exit.target, Some(index)),
                counted: Some(counted),
            })
            .collect();
        let find = |edge: Edge| exits.iter().find(|exit| *exit.label == *edge.to_string()).cloned();
        let skip =
            find(Edge::Skip).unwrap_or_else(|| self.uncounted(&Edge::Skip, &Target::Next, Some(index)));
        let on_error = find(Edge::Error);
        let when = step.when.as_ref();
        let when = when.map(|when| self.expression(when, format!("{pointer}/when"))).transpose()?;
        let kind = CompiledKind::compile(&StepCompiler {
            compiler: self,
            step,
            index,
            pointer: &pointer,
            exits: &exits,
        })?;
        Ok(CompiledStep {
            id: step.id.as_str().into(),
            type_name: step.kind.as_str(),
            label: StepLabel::new(&step.id, step.kind.as_str(), &pointer),
            pointer: pointer.into(),
            when,
            kind,
            exits,
            exits_from: 0,
            skip,
            on_error,
        })
    }

    /// An exit that the settings add to a step; coverage does not count it.
    pub fn uncounted(&self, edge: &Edge, target: &Target, step: Option<usize>) -> CompiledExit {
        CompiledExit { label: edge.to_string().into(), to: self.resolve(target, step), counted: None }
    }

    pub fn interrupts(&self) -> Result<Vec<CompiledInterrupt>, Uncompilable> {
        let compile = |(index, interrupt): (usize, &document::Interrupt)| {
            let pointer = format!("/interrupts/{index}");
            let when = interrupt.when.as_ref();
            Ok(CompiledInterrupt {
                heard: CompiledKeywords::compile(
                    &interrupt.keywords,
                    interrupt.match_mode,
                    &format!("{pointer}/keywords"),
                )?,
                intents: interrupt.intents.clone(),
                when: when.map(|when| self.expression(when, format!("{pointer}/when"))).transpose()?,
                exit: self.uncounted(&Edge::Interrupt(index), &interrupt.next, None),
            })
        };
        self.document.interrupts.iter().enumerate().map(compile).collect()
    }
}

/// Compiles the parts of one step.
#[derive(Debug, Clone, Copy)]
pub struct StepCompiler<'c, 'd> {
    pub compiler: &'c Compiler<'d>,
    pub step: &'d document::Step,
    pub index: usize,
    pub pointer: &'c str,
    pub exits: &'c [CompiledExit],
}

impl StepCompiler<'_, '_> {
    /// The pointer of a member of the step.
    pub fn at(&self, member: &str) -> String {
        format!("{}/{member}", self.pointer)
    }

    /// The exit with this name. Every step has the ones its kind asks for.
    pub fn exit(&self, edge: &Edge) -> CompiledExit {
        let label = edge.to_string();
        let known = self.exits.iter().find(|exit| *exit.label == *label).cloned();
        let next = self.step.next.as_ref().unwrap_or(&Target::Next);
        known.unwrap_or_else(|| self.compiler.uncounted(edge, next, Some(self.index)))
    }

    pub fn expression(&self, source: &str, member: &str) -> Result<CompiledExpression, Uncompilable> {
        self.compiler.expression(source, self.at(member))
    }

    pub fn text(&self, source: &str, member: &str) -> Result<CompiledText, Uncompilable> {
        self.compiler.text(source, self.at(member))
    }

    pub fn address(&self, source: &str, member: &str) -> Result<CompiledText, Uncompilable> {
        CompiledText::compile_address(source, self.at(member), &self.compiler.names)
    }

    pub fn encoded_query_value(
        &self,
        source: &str,
        member: &str,
    ) -> Result<Option<CompiledText>, Uncompilable> {
        encoded_query_value(source, self.at(member), &self.compiler.names)
    }

    pub fn maybe_text(
        &self,
        source: Option<&String>,
        member: &str,
    ) -> Result<Option<CompiledText>, Uncompilable> {
        source.map(|source| self.text(source, member)).transpose()
    }

    pub fn value(&self, json: &serde_json::Value, member: &str) -> Result<ValueTemplate, Uncompilable> {
        ValueTemplate::compile(json, &self.at(member), &self.compiler.names)
    }

    /// A text that translations know by `path`; `member` is its place as a pointer inside the step.
    pub fn localized(&self, source: &str, path: &str, member: &str) -> Result<Localized, Uncompilable> {
        self.localized_at(source, path, self.at(member))
    }

    /// Compiles a text that the settings lend to the step, with its translations.
    pub fn localized_at(&self, source: &str, path: &str, pointer: String) -> Result<Localized, Uncompilable> {
        let base = self.compiler.text(source, pointer)?;
        let mut translated = Vec::new();
        for (index, (locale, steps)) in self.compiler.document.translations.iter().enumerate() {
            let Some(text) = steps.get(&self.step.id).and_then(|texts| texts.get(path)) else { continue };
            let pointer = format!("/translations/{locale}/{}/{path}", self.step.id);
            translated.push((index, self.compiler.text(text, pointer)?));
        }
        Ok(Localized { base, translated })
    }

    /// A text of the settings: as the step translates it, else as the settings do.
    pub fn lent(&self, source: &str, path: &str, own_path: &str) -> Result<Localized, Uncompilable> {
        let pointer = format!("/settings/{}", path.replace('.', "/"));
        let mut text = self.localized_at(source, own_path, pointer)?;
        let document = self.compiler.document;
        if document.step("settings").is_some() {
            return Ok(text);
        }
        for (index, (locale, steps)) in document.translations.iter().enumerate() {
            let lent = steps.get("settings").and_then(|texts| texts.get(path));
            if let Some(lent) = lent.filter(|_| text.translated.iter().all(|(known, _)| *known != index)) {
                let pointer = format!("/translations/{locale}/settings/{path}");
                text.translated.push((index, self.compiler.text(lent, pointer)?));
            }
        }
        Ok(text)
    }

    /// Entries that a translation lists, one to a line, by locale.
    pub fn translated_lines(&self, path: &str) -> impl Iterator<Item = (usize, &str)> {
        let translations = self.compiler.document.translations.values().enumerate();
        translations
            .filter_map(move |(index, steps)| Some((index, steps.get(&self.step.id)?.get(path)?.as_str())))
    }

    pub fn maybe_localized(
        &self,
        source: Option<&String>,
        path: &str,
        member: &str,
    ) -> Result<Option<Localized>, Uncompilable> {
        source.map(|source| self.localized(source, path, member)).transpose()
    }

    /// The variable that a step writes to.
    pub fn variable(&self, name: &str, member: &str) -> Result<usize, Uncompilable> {
        self.compiler.names.variable(name).ok_or_else(|| Uncompilable {
            pointer: self.at(member),
            message: format!("Variable \"{name}\" is not declared."),
            position: None,
        })
    }

    pub fn maybe_variable(&self, name: Option<&String>) -> Result<Option<usize>, Uncompilable> {
        name.map(|name| self.variable(name, "saveTo")).transpose()
    }

    /// What happens while the step waits.
    pub fn wait_policy(&self, allow_interrupts: bool) -> Result<WaitPolicy, Uncompilable> {
        WaitPolicy::compile(self, allow_interrupts)
    }
}
