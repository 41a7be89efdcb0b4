//! Expressions and templates: compiled once with their flow, evaluated under fuel against a scope.
//! The language is minijinja's; what differs is done in `lower`, what exists is listed in
//! docs/flow-format.md, 4.2. Nothing here knows steps.

mod cost;
mod environment;
mod failure;
mod fast;
mod filters;
mod functions;
mod lower;
mod machine;
mod operators;
mod path;
mod pattern;
mod scope;
mod settle;
#[cfg(test)]
mod tests;
mod text;
mod tree;

use std::sync::Arc;

use failure::Failure;
use fast::Fast;
pub use filters::cut;
pub use functions::{has_words, spaced};
use machine::{Compiled, Evaluated, Kind, Machine, is_native};
pub use path::Reference;
pub use pattern::Pattern;
pub use scope::{Local, Names, Root, Scope, Shared, StepRecord};
pub use settle::{STATE_BYTES_MAX, settle};

use super::error::{StepError, code};
use super::trace::SourceLabel;
use super::value::{Value, key_order};
use crate::flow::finding::Position;

/// What one evaluation may burn.
pub const FUEL_MAX: u64 = 20_000;

/// What is left of the fuel of a whole run.
#[derive(Debug)]
pub struct Fuel {
    left: u64,
}

impl Fuel {
    pub const RUN_MAX: u64 = 5_000_000;

    pub fn new(units: u64) -> Self {
        Self { left: units }
    }

    /// Takes fuel for an evaluation; the run is over when there is none left.
    pub fn burn(&mut self, units: u64) -> Result<(), StepError> {
        self.left = self.left.saturating_sub(units);
        if self.left == 0 {
            let message = format!("The run has used up its {} units of fuel.", Self::RUN_MAX);
            return Err(StepError::new(code::FUEL_BUDGET, message));
        }
        Ok(())
    }
}

impl Default for Fuel {
    fn default() -> Self {
        Self::new(Self::RUN_MAX)
    }
}

/// A source that the flow format does not allow. Validation reports it before a program is made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{pointer}: {message}")]
pub struct Uncompilable {
    pub pointer: String,
    pub message: String,
    pub position: Option<Position>,
}

/// A compiled expression or template and where it stands in the document.
#[derive(Debug)]
pub struct Source {
    /// JSON pointer into the document.
    pub pointer: Box<str>,
    /// Every name path the source refers to, sorted.
    pub references: Box<[Reference]>,
    /// How a trace names all this.
    pub label: SourceLabel,
    machine: Machine,
    fast: Option<Fast>,
    /// Which namespaces have to be brought up to date before.
    pub reads_now: bool,
    pub reads_run: bool,
    pub reads_input: bool,
    pub reads_flow: bool,
    pub reads_trigger: bool,
}

impl Source {
    fn new(source: &str, kind: Kind, pointer: String, names: &Names) -> Result<Self, Uncompilable> {
        let Compiled { machine, mut references, fast } = match machine::compile(source, kind, names) {
            Ok(compiled) => compiled,
            Err(refusal) => {
                let position = refusal.span.map(|(start, end)| lower::position(source, start, end));
                return Err(Uncompilable { pointer, message: refusal.message, position });
            }
        };
        // In the order in which a trace writes them.
        references.sort_by(|a, b| key_order(&a.path.text, &b.path.text));
        let reads = |roots: &[Root]| references.iter().any(|reference| roots.contains(&reference.path.root));
        let paths = references.iter().map(|reference| &*reference.path.text);
        Ok(Self {
            label: SourceLabel::new(&pointer, source, paths),
            pointer: pointer.into(),
            machine,
            fast,
            reads_now: reads(&[Root::Now, Root::Today]),
            reads_run: reads(&[Root::Run]),
            reads_input: reads(&[Root::Input]),
            reads_flow: reads(&[Root::Flow]),
            reads_trigger: reads(&[Root::Trigger]),
            references: references.into(),
        })
    }

    pub fn text(&self) -> &str {
        self.machine.source()
    }

    /// The plan's answer if there is one, else the engine's.
    fn evaluate(
        &self,
        scope: &Arc<Scope>,
        evaluator: &mut Evaluator,
        by_engine: fn(&Machine, &Arc<Scope>, &mut Fuel) -> Result<Evaluated, Failure>,
    ) -> Result<Evaluated, StepError> {
        if let Some(fast) = &self.fast
            && let Some(evaluated) = fast.evaluate(scope, &mut evaluator.buffer)
        {
            evaluator.fuel.burn(fast.fuel())?;
            return Ok(evaluated);
        }
        let mut evaluated = by_engine(&self.machine, scope, &mut evaluator.fuel)
            .map_err(|failure| failure.located(self.text(), &self.references).or_at(&self.pointer))?;
        evaluated.value = settle(&evaluated.value).map_err(|error| error.or_at(&self.pointer))?;
        Ok(evaluated)
    }
}

/// What evaluations of one run share.
#[derive(Debug, Default)]
pub struct Evaluator {
    pub fuel: Fuel,
    /// Scratch space for texts.
    buffer: String,
}

/// An expression, for its value or its truth.
#[derive(Debug)]
pub struct Expression(Source);

impl Expression {
    pub fn compile(source: &str, pointer: String, names: &Names) -> Result<Self, Uncompilable> {
        Source::new(source, Kind::Expression, pointer, names).map(Self)
    }

    pub fn source(&self) -> &Source {
        &self.0
    }

    pub fn evaluate(&self, scope: &Arc<Scope>, evaluator: &mut Evaluator) -> Result<Value, StepError> {
        Ok(self.0.evaluate(scope, evaluator, Machine::value)?.value)
    }
}

/// A string that a flow shows or sends: as it is, or rendered.
#[derive(Debug)]
pub enum Text {
    Literal(Value),
    Template(Source),
}

impl Text {
    pub fn compile(source: &str, pointer: String, names: &Names) -> Result<Self, Uncompilable> {
        if !is_template(source) {
            return Ok(Self::Literal(Value::from(source)));
        }
        Source::new(source, Kind::Template, pointer, names).map(Self::Template)
    }
}

/// The rendered text, and the paths that were rendered as nothing.
#[derive(Debug)]
pub struct Rendered {
    pub text: Value,
    pub nulls: Vec<Box<str>>,
}

/// Renders a template to text.
pub fn render(
    template: &Source,
    scope: &Arc<Scope>,
    evaluator: &mut Evaluator,
) -> Result<Rendered, StepError> {
    let evaluated = template.evaluate(scope, evaluator, Machine::text)?;
    Ok(Rendered { text: evaluated.value, nulls: evaluated.nulls_rendered })
}

/// JSON whose strings are templates; a string that is one `{{ }}` keeps the kind of its value.
#[derive(Debug)]
pub enum ValueTemplate {
    Literal(Value),
    Native(Source),
    Text(Source),
    List(Vec<ValueTemplate>),
    Object(Vec<(Box<str>, ValueTemplate)>),
}

impl ValueTemplate {
    pub fn compile(json: &serde_json::Value, pointer: &str, names: &Names) -> Result<Self, Uncompilable> {
        Ok(match json {
            serde_json::Value::String(source) if is_native(source) => {
                Self::Native(Source::new(source, Kind::Native, pointer.to_owned(), names)?)
            }
            serde_json::Value::String(source) if is_template(source) => {
                Self::Text(Source::new(source, Kind::Template, pointer.to_owned(), names)?)
            }
            serde_json::Value::Array(items) if has_template(json) => Self::List(
                (0..)
                    .zip(items)
                    .map(|(index, item): (usize, _)| {
                        Self::compile(item, &format!("{pointer}/{index}"), names)
                    })
                    .collect::<Result<_, _>>()?,
            ),
            serde_json::Value::Object(members) if has_template(json) => Self::Object(
                members
                    .iter()
                    .map(|(key, member)| {
                        let pointer = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
                        Ok((key.as_str().into(), Self::compile(member, &pointer, names)?))
                    })
                    .collect::<Result<_, _>>()?,
            ),
            literal => Self::Literal(super::value::from_json(literal)),
        })
    }
}

/// Evaluates a source that is one `{{ }}` to the value inside; undefined is null.
pub fn native(source: &Source, scope: &Arc<Scope>, evaluator: &mut Evaluator) -> Result<Value, StepError> {
    Ok(source.evaluate(scope, evaluator, Machine::value)?.value)
}

fn is_template(source: &str) -> bool {
    source.contains("{{") || source.contains("{%") || source.contains("{#")
}

fn has_template(json: &serde_json::Value) -> bool {
    match json {
        serde_json::Value::String(source) => is_template(source),
        serde_json::Value::Array(items) => items.iter().any(has_template),
        serde_json::Value::Object(members) => members.values().any(has_template),
        _ => false,
    }
}
