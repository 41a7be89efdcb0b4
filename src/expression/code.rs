//! Compiled code of one expression or template, and its evaluation by the engine.

use std::collections::BTreeMap;
use std::fmt;

use minijinja::machinery::ast::{Expr, Stmt};
use minijinja::machinery::{self, CodeGenerator, Instructions};
use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, Error, State, Value};
use self_cell::self_cell;

use super::lower::Lowering;
use super::names::Names;
use super::operator;
use super::path::NameReference;
use super::plan::Fast;
use super::refusal::CompileRefusal;
use super::tree::{Encoding, Literals};

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
    pub code: Code,
    pub references: Vec<NameReference>,
    pub reads_clock: bool,
    /// A plan that needs no engine, where the source is simple enough for one.
    pub fast: Option<Fast>,
}

self_cell!(
    struct Cell {
        owner: Box<str>,
        #[covariant]
        dependent: CodeOf,
    }
);

struct CodeOf<'s>(Instructions<'s>);

pub struct Code {
    cell: Cell,
    /// True where loops are nested deeper than the engine may recurse: such code is not run.
    pub is_too_deep: bool,
}

/// Jinja's syntax, keeping the line break that ends a template.
fn syntax() -> SyntaxConfig {
    SyntaxConfig::builder().keep_trailing_newline(true).build().expect("the default delimiters are valid")
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

pub fn compile(
    source: &str,
    kind: SourceKind,
    names: &Names,
    literals: &Literals,
) -> Result<Compiled, CompileRefusal> {
    let (mut references, mut fast, mut too_deep, mut reads_clock) = (Vec::new(), None, false, false);
    let cell = Cell::try_new(source.into(), |source| {
        let mut lowering = Lowering::new(names, literals);
        let mut generator = CodeGenerator::new("", source);
        match kind {
            SourceKind::Expression => {
                let expr = machinery::parse_expr(source)?;
                fast = Fast::expression(&expr, names);
                generator.compile_expr(&lowering.expr(&expr)?);
            }
            SourceKind::Template(encoding) => {
                let stmt = machinery::parse(source, "", syntax())?;
                lowering.encoding = encoding;
                lowering.is_at_start = encoding == Encoding::Address;
                let is_plain = encoding == Encoding::Plain;
                fast = if is_plain { Fast::template(&stmt, names) } else { None };
                generator.compile_stmt(&lowering.template(&stmt)?);
            }
            SourceKind::Piece { index, encoding } => {
                let stmt = machinery::parse(source, "", syntax())?;
                let Stmt::Template(template) = &stmt else { unreachable!("a template is parsed") };
                lowering.encoding = encoding;
                lowering.is_at_start = encoding == Encoding::Address && index == 0;
                generator.compile_stmt(&lowering.template(&template.children[index])?);
            }
            SourceKind::Native => {
                let stmt = machinery::parse(source, "", syntax())?;
                let expr = native_expr(&stmt).ok_or_else(|| CompileRefusal {
                    message: "more than one expression".to_owned(),
                    span: None,
                })?;
                fast = Fast::native(expr, names);
                generator.compile_expr(&lowering.emitted(expr, operator::LOOK_UP)?);
            }
        }
        (references, too_deep) = (lowering.references, lowering.too_deep);
        reads_clock = lowering.reads_clock;
        Ok::<_, CompileRefusal>(CodeOf(generator.finish().0))
    })?;
    Ok(Compiled { code: Code { cell, is_too_deep: too_deep }, references, reads_clock, fast })
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

impl Code {
    pub fn source(&self) -> &str {
        self.cell.borrow_owner()
    }

    /// Runs the code and hands the value and what the engine knows to `finish`. A template writes its text to `out`.
    pub fn run<T>(
        &self,
        environment: &Environment<'static>,
        root: Value,
        out: &mut String,
        finish: impl FnOnce(Value, &State<'_, '_>) -> T,
    ) -> Result<T, Error> {
        let blocks = BTreeMap::new();
        let CodeOf(instructions) = self.cell.borrow_dependent();
        let mut output = machinery::make_string_output(out);
        let (value, state) =
            machinery::eval(environment, instructions, root, &blocks, &mut output, AutoEscape::None)?;
        Ok(finish(value.unwrap_or_default(), &state))
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Code").field(&self.source()).finish()
    }
}
