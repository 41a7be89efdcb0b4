//! A flow compiled for running: expressions, templates and patterns prepared, targets resolved to indices.
//! Made once per document digest and shared by all runs of it.

mod compiler;
mod policy;
mod trigger;

use std::collections::HashMap;
use std::sync::Arc;

use uuid::Uuid;

pub use compiler::{Compiler, StepCompiler};
pub use policy::{RetryPolicy, TimeoutPolicy, WaitPolicy};
pub use trigger::{CompiledKeywords, CompiledTrigger, Match, Said, Started};

use super::expression::{CompiledExpression, CompiledText, Uncompilable};
use super::step::CompiledKind;
use super::trace::{Covered, EdgeName, FlowCoverage, RanVersion, StepLabel};
use super::value::{Value, from_json, key_order};
use super::write;
use crate::expression::Names;
use crate::flow::digest::Digest;
use crate::flow::document::{Canonical, FlowVersion, Settings, VariableScope, VariableType};
use crate::flow::validation::{called_flows, reads_env};

/// A compiled flow.
#[derive(Debug)]
pub struct Program {
    pub(super) name: Box<str>,
    pub(super) digest: Digest,
    pub(super) names: Arc<Names>,
    pub(super) variables: Vec<CompiledVariable>,
    /// The indices of variables in the order in which a trace writes them.
    pub(super) variables_in_order: Vec<usize>,
    pub(super) steps: Vec<CompiledStep>,
    pub(super) interrupts: Vec<CompiledInterrupt>,
    /// By any of which the flow starts.
    pub(super) triggers: Vec<CompiledTrigger>,
    pub(super) settings: Settings,
    pub(super) on_error: Option<Destination>,
    /// Locales that some text is translated to; texts refer to them by index.
    pub(super) locales: Vec<Box<str>>,
    /// An upper bound for the bytes that coverage takes in a trace.
    pub(super) coverage_bytes: usize,
    calls: Vec<(Uuid, FlowVersion)>,
    reads_env: bool,
}

#[derive(Debug)]
pub struct CompiledVariable {
    pub name: Box<str>,
    pub kind: VariableType,
    pub default: Value,
    /// Bytes of JSON in it.
    pub default_bytes: usize,
    pub scope: VariableScope,
    pub pii: bool,
}

/// Where an exit leads, resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination {
    Step(usize),
    End,
    /// Back to the step that waited when the last interrupt was heard.
    Resume,
}

/// A way out of a step, named as traces name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompiledExit {
    pub label: Box<str>,
    pub to: Destination,
    /// Its place in the step's list of exits, when coverage counts it.
    pub counted: Option<usize>,
}

#[derive(Debug)]
pub struct CompiledStep {
    pub id: Box<str>,
    pub kind: CompiledKind,
    pub type_name: &'static str,
    pub pointer: Box<str>,
    /// How a trace names the step.
    pub label: StepLabel,
    pub when: Option<CompiledExpression>,
    /// What coverage counts, in its order.
    pub exits: Vec<CompiledExit>,
    /// How many exits the steps before this one have.
    pub exits_from: usize,
    /// Where a skipped step leads.
    pub skip: CompiledExit,
    pub on_error: Option<CompiledExit>,
}

#[derive(Debug)]
pub struct CompiledInterrupt {
    pub heard: CompiledKeywords,
    pub intents: Vec<String>,
    pub when: Option<CompiledExpression>,
    pub exit: CompiledExit,
}

/// A text with its translations.
#[derive(Debug)]
pub struct Localized {
    pub base: CompiledText,
    /// By index into the program's locales.
    pub translated: Vec<(usize, CompiledText)>,
}

impl Localized {
    /// The text for a run that prefers these locales, best first.
    pub fn pick(&self, order: &[usize]) -> &CompiledText {
        order
            .iter()
            .find_map(|wanted| self.translated.iter().find(|(locale, _)| locale == wanted))
            .map_or(&self.base, |(_, text)| text)
    }
}

impl Program {
    /// Compiles a document that validation has found no errors in. What it cannot compile is returned as
    /// the findings would say it.
    pub fn compile(flow: &Canonical) -> Result<Self, Uncompilable> {
        let document = &flow.document;
        let compiler = Compiler::new(document);
        let mut steps: Vec<CompiledStep> = Vec::with_capacity(document.steps.len());
        for index in 0..document.steps.len() {
            let exits_from = steps.last().map_or(0, |last| last.exits_from + last.exits.len());
            steps.push(CompiledStep { exits_from, ..compiler.step(index)? });
        }
        let interrupts = compiler.interrupts()?;
        let triggers = CompiledTrigger::compile_each(&document.trigger, &compiler)?;
        let on_error = document.settings.on_error.as_ref().map(|target| compiler.resolve(target, None));
        let variables = document.variables.iter().map(|variable| {
            let default = write::coerce(variable.kind, &from_json(&variable.default)).unwrap_or_default();
            CompiledVariable {
                name: variable.name.as_str().into(),
                kind: variable.kind,
                default_bytes: write::measured(&default).unwrap_or_default(),
                default,
                scope: variable.scope,
                pii: variable.pii,
            }
        });
        let mut variables_in_order: Vec<usize> = (0..document.variables.len()).collect();
        variables_in_order
            .sort_by(|a, b| key_order(&document.variables[*a].name, &document.variables[*b].name));
        let edge_bytes = |step: &CompiledStep| -> usize {
            step.exits.iter().map(|exit| step.id.len() + 2 * exit.label.len() + 16).sum()
        };
        Ok(Self {
            name: document.name.as_str().into(),
            digest: flow.digest,
            variables: variables.collect(),
            variables_in_order,
            coverage_bytes: steps.iter().map(|step| edge_bytes(step) + step.id.len() + 4).sum(),
            steps,
            interrupts,
            triggers,
            settings: document.settings.clone(),
            on_error,
            names: compiler.names.clone(),
            locales: compiler.locales,
            calls: called_flows(document),
            reads_env: reads_env(flow),
        })
    }

    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The flows this one calls, to be resolved before a run starts.
    pub fn calls(&self) -> &[(Uuid, FlowVersion)] {
        &self.calls
    }

    /// Whether it reads values of the organization.
    pub fn reads_env(&self) -> bool {
        self.reads_env
    }

    /// The names of variables whose values are masked in what is stored.
    pub fn personal_variables(&self) -> impl Iterator<Item = &str> {
        self.variables.iter().filter(|variable| variable.pii).map(|variable| &*variable.name)
    }

    /// What of this flow a run has covered, by index of step and exit.
    pub(super) fn coverage(&self, visited: &Visited) -> FlowCoverage<'_> {
        let edges = self.steps.iter().flat_map(|step| {
            let edges = step.exits.iter().map(|exit| EdgeName { step: &step.id, edge: &exit.label });
            edges.zip(&visited.exits[step.exits_from..]).map(|(edge, taken)| (edge, *taken))
        });
        let steps = self.steps.iter().zip(&visited.steps);
        FlowCoverage {
            edges: Covered::of(edges),
            steps: Covered::of(steps.map(|(step, entered)| (&*step.id, *entered))),
        }
    }
}

/// What a run has seen of a flow: which steps, and which exits of all of them in a row.
#[derive(Debug, Clone)]
pub struct Visited {
    pub steps: Vec<bool>,
    pub exits: Vec<bool>,
}

impl Visited {
    pub fn nothing_of(program: &Program) -> Self {
        let exits = program.steps.last().map_or(0, |step| step.exits_from + step.exits.len());
        Self { steps: vec![false; program.steps.len()], exits: vec![false; exits] }
    }

    /// Notes that a step was left by this exit.
    pub fn take(&mut self, step: &CompiledStep, exit: &CompiledExit) {
        if let Some(counted) = exit.counted {
            self.exits[step.exits_from + counted] = true;
        }
    }
}

/// A flow that another one calls, as it was resolved when the run started.
#[derive(Debug, Clone)]
pub struct CalledFlow {
    pub program: Arc<Program>,
    pub version: RanVersion,
}

/// Every flow that a run may call, by what the calling step asks for.
#[derive(Debug, Clone, Default)]
pub struct CalledFlows(pub HashMap<(Uuid, FlowVersion), CalledFlow>);

impl CalledFlows {
    pub fn get(&self, id: Uuid, version: FlowVersion) -> Option<&CalledFlow> {
        self.0.get(&(id, version))
    }
}
