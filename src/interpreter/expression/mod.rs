//! Expressions and templates: compiled once with their flow, evaluated under fuel against a scope.
//! The language is minijinja's; what differs is done in `crate::expression`, what exists is listed in
//! docs/flow-format.md, 4.2. Nothing here knows steps.

mod compare;
mod cost;
mod environment;
mod evaluation;
mod failure;
mod fast;
mod filters;
mod fuel;
mod functions;
mod operators;
mod path;
mod pattern;
mod scope;
mod settle;
#[cfg(test)]
mod tests;
mod text;

use std::sync::Arc;

use environment::LITERALS;
use evaluation::rendered;
use failure::{Evaluated, EvaluationFailure};
pub use filters::{ONE_SEGMENT, percent_encoded};
pub use fuel::Fuel;
pub use functions::has_words;
pub use pattern::Pattern;
pub use scope::{EvaluationScope, Local, Shared, StepRecord};
pub use settle::{STATE_BYTES_MAX, settle};
pub use text::text_of;

use super::error::{StepError, code};
use super::pace::RunPace;
use super::trace::SourceLabel;
use super::value::{Value, key_order};
use crate::expression::{
    self, Code, Compiled, Encoding, Fast, NameReference, Names, Root, SourceKind, is_native,
};
use crate::flow::finding::{Chars, Position};
use crate::flow::language::is_template;
use crate::flow::pointer;

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
    pub references: Box<[NameReference]>,
    /// How a trace names all this.
    pub label: SourceLabel,
    code: Code,
    fast: Option<Fast>,
    /// The parts of a template one by one, for a flow that goes on where a value is missing.
    pieces: Box<[Code]>,
    /// Which namespaces have to be brought up to date before.
    pub reads_now: bool,
    pub reads_run: bool,
    pub reads_input: bool,
    pub reads_flow: bool,
    pub reads_trigger: bool,
}

impl Source {
    fn new(source: &str, kind: SourceKind, pointer: String, names: &Names) -> Result<Self, Uncompilable> {
        let Compiled { code, mut references, reads_clock, fast } =
            match expression::compile(source, kind, names, &LITERALS) {
                Ok(compiled) => compiled,
                Err(refusal) => {
                    let position = refusal.span.map(|span| Chars::of(source).position(&span));
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
            pieces: if names.missing_is_empty { pieces(source, kind, names)? } else { Box::default() },
            code,
            fast,
            reads_now: reads_clock || reads(&[Root::Now, Root::Today]),
            reads_run: reads(&[Root::Run]),
            reads_input: reads(&[Root::Input]),
            reads_flow: reads(&[Root::Flow]),
            reads_trigger: reads(&[Root::Trigger]),
            references: references.into(),
        })
    }

    pub fn text(&self) -> &str {
        self.code.source()
    }

    /// The parts of a template one after the other, those left out that need a value which is missing.
    fn render_pieces(
        &self,
        scope: &Arc<EvaluationScope>,
        evaluator: &mut Evaluator<'_>,
    ) -> Result<Rendered, StepError> {
        let (mut text, mut nulls, mut missing) = (String::new(), Vec::new(), Vec::new());
        for piece in &self.pieces {
            evaluator.pace.rest();
            match piece.text(scope, &mut evaluator.fuel) {
                Ok(evaluated) => {
                    text.push_str(evaluated.value.as_str().unwrap_or_default());
                    nulls.extend(evaluated.nulls_rendered);
                }
                Err(failure) if failure.error.code == code::EXPR_UNDEFINED => {
                    missing.push(failure.error.message)
                }
                Err(failure) => {
                    return Err(failure.located(self.text(), &self.references).or_at(&self.pointer));
                }
            }
        }
        let text = rendered(text).map_err(|error| error.or_at(&self.pointer))?;
        Ok(Rendered { text, nulls, missing })
    }

    /// The plan's answer if there is one, else the engine's.
    fn evaluate(
        &self,
        scope: &Arc<EvaluationScope>,
        evaluator: &mut Evaluator<'_>,
        by_engine: fn(&Code, &Arc<EvaluationScope>, &mut Fuel) -> Result<Evaluated, EvaluationFailure>,
    ) -> Result<Evaluated, StepError> {
        evaluator.pace.rest();
        if let Some(fast) = &self.fast
            && let Some(evaluated) = fast.evaluate(scope, &mut evaluator.buffer)
        {
            evaluator.fuel.burn(fast.fuel())?;
            return Ok(evaluated);
        }
        let mut evaluated = by_engine(&self.code, scope, &mut evaluator.fuel)
            .map_err(|failure| failure.located(self.text(), &self.references).or_at(&self.pointer))?;
        evaluated.value = settle(&evaluated.value).map_err(|error| error.or_at(&self.pointer))?;
        Ok(evaluated)
    }
}

/// The parts of a template, compiled one by one. What is no template has none.
fn pieces(source: &str, kind: SourceKind, names: &Names) -> Result<Box<[Code]>, Uncompilable> {
    let SourceKind::Template(encoding) = kind else { return Ok(Box::default()) };
    let compile = |index| {
        let compiled = expression::compile(source, SourceKind::Piece { index, encoding }, names, &LITERALS);
        compiled.map(|compiled| compiled.code).map_err(|refusal| Uncompilable {
            pointer: String::new(),
            message: refusal.message,
            position: None,
        })
    };
    (0..expression::pieces(source)).map(compile).collect()
}

/// What evaluations of one run share.
#[derive(Debug)]
pub struct Evaluator<'a> {
    pub fuel: Fuel,
    pub pace: &'a dyn RunPace,
    /// Scratch space for texts.
    buffer: String,
}

impl<'a> Evaluator<'a> {
    pub fn new(pace: &'a dyn RunPace) -> Self {
        Self { fuel: Fuel::default(), pace, buffer: String::new() }
    }
}

/// An expression, for its value or its truth.
#[derive(Debug)]
pub struct CompiledExpression(Source);

impl CompiledExpression {
    pub fn compile(source: &str, pointer: String, names: &Names) -> Result<Self, Uncompilable> {
        Source::new(source, SourceKind::Expression, pointer, names).map(Self)
    }

    pub fn source(&self) -> &Source {
        &self.0
    }

    pub fn evaluate(
        &self,
        scope: &Arc<EvaluationScope>,
        evaluator: &mut Evaluator<'_>,
    ) -> Result<Value, StepError> {
        Ok(self.0.evaluate(scope, evaluator, Code::value)?.value)
    }
}

/// A string that a flow shows or sends: as it is, or rendered.
#[derive(Debug)]
pub enum CompiledText {
    Literal(Value),
    Template(Source),
}

impl CompiledText {
    pub fn compile(source: &str, pointer: String, names: &Names) -> Result<Self, Uncompilable> {
        Self::encoded(source, pointer, names, Encoding::Plain)
    }

    /// An address, of which each part that is computed is encoded.
    pub fn compile_address(source: &str, pointer: String, names: &Names) -> Result<Self, Uncompilable> {
        Self::encoded(source, pointer, names, Encoding::Address)
    }

    fn encoded(
        source: &str,
        pointer: String,
        names: &Names,
        encoding: Encoding,
    ) -> Result<Self, Uncompilable> {
        if !is_template(source) {
            return Ok(Self::Literal(Value::from(source)));
        }
        Source::new(source, SourceKind::Template(encoding), pointer, names).map(Self::Template)
    }
}

/// The template of a value of a query that encodes a part of it by itself; `None` where none does, so that the rendered
/// text is encoded as a whole.
pub fn encoded_query_value(
    source: &str,
    pointer: String,
    names: &Names,
) -> Result<Option<CompiledText>, Uncompilable> {
    if !is_template(source) || !["urlencode", "safe_path"].iter().any(|filter| source.contains(filter)) {
        return Ok(None);
    }
    CompiledText::encoded(source, pointer, names, Encoding::QueryValue).map(Some)
}

/// The rendered text, the paths that were rendered as nothing, and what is told of parts that were left out.
#[derive(Debug)]
pub struct Rendered {
    pub text: Value,
    pub nulls: Vec<Box<str>>,
    pub missing: Vec<String>,
}

/// Renders a template to text.
pub fn render(
    template: &Source,
    scope: &Arc<EvaluationScope>,
    evaluator: &mut Evaluator<'_>,
) -> Result<Rendered, StepError> {
    match template.evaluate(scope, evaluator, Code::text) {
        Ok(evaluated) => {
            Ok(Rendered { text: evaluated.value, nulls: evaluated.nulls_rendered, missing: Vec::new() })
        }
        Err(error) if scope.names.missing_is_empty && error.code == code::EXPR_UNDEFINED => {
            template.render_pieces(scope, evaluator)
        }
        Err(error) => Err(error),
    }
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
                Self::Native(Source::new(source, SourceKind::Native, pointer.to_owned(), names)?)
            }
            serde_json::Value::String(source) if is_template(source) => Self::Text(Source::new(
                source,
                SourceKind::Template(Encoding::Plain),
                pointer.to_owned(),
                names,
            )?),
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
                        let mut pointer = pointer.to_owned();
                        pointer::push(&mut pointer, key);
                        Ok((key.as_str().into(), Self::compile(member, &pointer, names)?))
                    })
                    .collect::<Result<_, _>>()?,
            ),
            literal => Self::Literal(super::value::from_json(literal)),
        })
    }
}

/// Evaluates a source that is one `{{ }}` to the value inside; undefined is null.
pub fn native(
    source: &Source,
    scope: &Arc<EvaluationScope>,
    evaluator: &mut Evaluator<'_>,
) -> Result<Value, StepError> {
    Ok(source.evaluate(scope, evaluator, Code::value)?.value)
}

fn has_template(json: &serde_json::Value) -> bool {
    match json {
        serde_json::Value::String(source) => is_template(source),
        serde_json::Value::Array(items) => items.iter().any(has_template),
        serde_json::Value::Object(members) => members.values().any(has_template),
        _ => false,
    }
}
