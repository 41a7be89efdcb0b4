//! Compiled code of one expression or template, and its evaluation by the engine under fuel.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use minijinja::AutoEscape;
use minijinja::machinery::ast::{Expr, Stmt};
use minijinja::machinery::{self, CodeGenerator, Instructions};
use self_cell::self_cell;

use super::environment::{ENVIRONMENT, syntax};
use super::failure::{Evaluated, EvaluationFailure};
use super::fast::Fast;
use super::fuel::{FUEL_MAX, Fuel};
use super::lower::Lowering;
use super::operators::{self, NullsRendered};
use super::path::NameReference;
use super::refusal::CompileRefusal;
use super::scope::{EvaluationScope, Names};
use super::text::TEXT_BYTES_MAX;
use super::tree::Encoding;
use crate::interpreter::error::{StepError, code};
use crate::interpreter::value::Value;

/// What a source is compiled as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceKind {
    /// What may stand inside `{{ }}`.
    Expression,
    /// Text with `{{ }}` and `{% %}` in it.
    Template(Encoding),
    /// One of the parts that a template consists of.
    Piece { index: usize, encoding: Encoding },
    /// A template that is one `{{ }}` and nothing else, for the value inside.
    Native,
}

/// A compiled source with what was learned while compiling it.
#[derive(Debug)]
pub struct Compiled {
    pub machine: Machine,
    pub references: Vec<NameReference>,
    pub reads_clock: bool,
    /// A plan that needs no engine, where the source is simple enough for one.
    pub fast: Option<Fast>,
}

self_cell!(
    struct Cell {
        owner: Box<str>,
        #[covariant]
        dependent: Code,
    }
);

struct Code<'s>(Instructions<'s>);

pub struct Machine {
    cell: Cell,
    too_deep: bool,
}

/// Whether a template consists of exactly one `{{ }}`.
pub fn is_native(source: &str) -> bool {
    source.starts_with("{{")
        && source.ends_with("}}")
        && matches!(machinery::parse(source, "", syntax()), Ok(Stmt::Template(template))
            if matches!(&template.children[..], [Stmt::EmitExpr(_)]))
}

/// How many parts a template consists of.
pub fn pieces(source: &str) -> usize {
    match machinery::parse(source, "", syntax()) {
        Ok(Stmt::Template(template)) => template.children.len(),
        _ => 0,
    }
}

pub fn compile(source: &str, kind: SourceKind, names: &Names) -> Result<Compiled, CompileRefusal> {
    let (mut references, mut fast, mut too_deep, mut reads_clock) = (Vec::new(), None, false, false);
    let cell = Cell::try_new(source.into(), |source| {
        let mut lowering = Lowering::new(names);
        let mut generator = CodeGenerator::new("", source);
        match kind {
            SourceKind::Expression => {
                let expr = machinery::parse_expr(source).map_err(|error| syntax_error(&error))?;
                fast = Fast::expression(&expr, names);
                generator.compile_expr(&lowering.expr(&expr)?);
            }
            SourceKind::Template(encoding) => {
                let stmt = machinery::parse(source, "", syntax()).map_err(|error| syntax_error(&error))?;
                lowering.encoding = encoding;
                lowering.is_at_start = encoding == Encoding::Address;
                let is_plain = encoding == Encoding::Plain;
                fast = if is_plain { Fast::template(&stmt, names) } else { None };
                generator.compile_stmt(&lowering.template(&stmt)?);
            }
            SourceKind::Piece { index, encoding } => {
                let stmt = machinery::parse(source, "", syntax()).map_err(|error| syntax_error(&error))?;
                let Stmt::Template(template) = &stmt else { unreachable!("a template is parsed") };
                lowering.encoding = encoding;
                lowering.is_at_start = encoding == Encoding::Address && index == 0;
                generator.compile_stmt(&lowering.template(&template.children[index])?);
            }
            SourceKind::Native => {
                let stmt = machinery::parse(source, "", syntax()).map_err(|error| syntax_error(&error))?;
                let expr = native_expr(&stmt).ok_or_else(|| CompileRefusal {
                    message: "more than one expression".to_owned(),
                    span: None,
                })?;
                fast = Fast::native(expr, names);
                generator.compile_expr(&lowering.emitted(expr, operators::LOOK_UP)?);
            }
        }
        (references, too_deep) = (lowering.references, lowering.too_deep);
        reads_clock = lowering.reads_clock;
        Ok::<_, CompileRefusal>(Code(generator.finish().0))
    })?;
    Ok(Compiled { machine: Machine { cell, too_deep }, references, reads_clock, fast })
}

fn native_expr<'a, 's>(stmt: &'a Stmt<'s>) -> Option<&'a Expr<'s>> {
    match stmt {
        Stmt::Template(template) => match &template.children[..] {
            [Stmt::EmitExpr(emit)] => Some(&emit.expr),
            _ => None,
        },
        _ => None,
    }
}

fn syntax_error(error: &minijinja::Error) -> CompileRefusal {
    CompileRefusal {
        message: error.detail().unwrap_or("syntax error").to_owned(),
        span: error.range().map(|range| (range.start, range.end)),
    }
}

impl Machine {
    pub fn source(&self) -> &str {
        self.cell.borrow_owner()
    }

    /// Evaluates an expression to its value.
    pub fn value(
        &self,
        scope: &Arc<EvaluationScope>,
        fuel: &mut Fuel,
    ) -> Result<Evaluated, EvaluationFailure> {
        let mut nothing = String::new();
        self.evaluate(scope, fuel, &mut nothing)
    }

    /// Renders a template.
    pub fn text(
        &self,
        scope: &Arc<EvaluationScope>,
        fuel: &mut Fuel,
    ) -> Result<Evaluated, EvaluationFailure> {
        let mut text = String::new();
        let evaluated = self.evaluate(scope, fuel, &mut text)?;
        if text.len() > TEXT_BYTES_MAX {
            let message = format!("The text is longer than {TEXT_BYTES_MAX} bytes.");
            return Err(StepError::new(code::EXPR_LIMIT, message).into());
        }
        Ok(Evaluated { value: Value::from(text), ..evaluated })
    }

    fn evaluate(
        &self,
        scope: &Arc<EvaluationScope>,
        fuel: &mut Fuel,
        out: &mut String,
    ) -> Result<Evaluated, EvaluationFailure> {
        if self.too_deep {
            return Err(StepError::new(code::EXPR_LIMIT, "Loops are nested deeper than 31.").into());
        }
        let root = Value::from_dyn_object(scope.clone());
        let blocks = BTreeMap::new();
        let Code(instructions) = self.cell.borrow_dependent();
        let mut output = machinery::make_string_output(out);
        let result =
            machinery::eval(&ENVIRONMENT, instructions, root, &blocks, &mut output, AutoEscape::None);
        match result {
            Ok((value, state)) => {
                fuel.burn(state.fuel_levels().map_or(0, |(consumed, _)| consumed))?;
                let nulls_rendered =
                    state.get_extension::<NullsRendered>().map(|nulls| nulls.0.clone()).unwrap_or_default();
                Ok(Evaluated { value: value.unwrap_or_default(), nulls_rendered })
            }
            // How much a failed evaluation has burnt is not known: it is charged in full.
            Err(error) => {
                fuel.burn(FUEL_MAX)?;
                Err(EvaluationFailure::of(&error))
            }
        }
    }
}

impl fmt::Debug for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Machine").field(&self.source()).finish()
    }
}
