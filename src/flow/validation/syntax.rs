//! What a template or expression says, read from the engine's syntax tree: the names it refers to, what it
//! compares, and what in it does not exist. Nothing else in this room knows that tree.

mod arguments;
mod operand;

pub use operand::{ComparedOperands, Operand};
use operand::{bound_names, is_comparison, operand};

use std::collections::HashSet;
use std::ops::Range;

use minijinja::machinery::ast::{
    BinOpKind, Call, CallArg, Compare, CompareOpKind, Expr, ForLoop, Stmt, UnaryOpKind,
};
use minijinja::machinery::{Span, parse, parse_expr};
use minijinja::syntax::SyntaxConfig;

use super::operators::foreign_operator;
use super::pattern::Patterns;
use crate::flow::document::SourceLanguage;
use crate::flow::language::{FILTERS, FUNCTIONS, LOOP_FIELDS, PATTERN_FUNCTIONS, TESTS};
use crate::flow::text::nearest;

/// Something that is wrong whatever the document declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub code: &'static str,
    pub message: String,
    pub hint: Option<String>,
    /// In bytes of the source.
    pub span: Range<usize>,
}

/// A name, and what is read of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameUse {
    pub root: String,
    pub root_span: Range<usize>,
    /// Constant keys below the root with the byte each ends at; the first key that is computed ends the path.
    pub members: Vec<(String, usize)>,
    /// Whether the place is content with a value that is not there.
    pub is_guarded: bool,
}

#[derive(Debug, Default)]
pub struct Syntax {
    pub faults: Vec<Fault>,
    pub paths: Vec<NameUse>,
    /// Both sides, whether they are ordered or only told apart, and where.
    pub comparisons: Vec<ComparedOperands>,
    /// Whether functions are called.
    pub calls: bool,
}

impl Syntax {
    /// Reads one source. Of what is no template or expression there is one fault and nothing else.
    pub fn read(source: &str, language: SourceLanguage, patterns: &mut Patterns) -> Self {
        let mut reader = Reader { syntax: Self::default(), patterns, bound: Vec::new() };
        let result = match language {
            SourceLanguage::Expression => parse_expr(source).map(|expr| reader.expr(&expr, true)),
            // Parsing plain text would only find out that it is.
            SourceLanguage::Template | SourceLanguage::Value if !source.contains(['{', '}']) => Ok(()),
            SourceLanguage::Template | SourceLanguage::Value => {
                parse(source, "", SyntaxConfig::default()).map(|template| reader.stmt(&template))
            }
        };
        if let Err(error) = result {
            let failed = error.range().unwrap_or(0..source.len());
            let (hint, span) = match foreign_operator(source, failed.start) {
                _ if language == SourceLanguage::Expression && source.trim_start().starts_with("{{") => {
                    (Some("An expression stands without \"{{ }}\".".to_owned()), 0..source.len())
                }
                Some((hint, span)) => (Some(hint), span),
                None => (None, failed),
            };
            let detail = error.detail().unwrap_or("syntax error");
            let fault = Fault { code: "EXPR_SYNTAX", message: sentence(detail), hint, span };
            return Self { faults: vec![fault], ..Self::default() };
        }
        reader.syntax
    }

    /// Whether the value can only ever be one.
    pub fn is_constant(&self) -> bool {
        self.paths.is_empty() && !self.calls && self.faults.is_empty()
    }
}

fn sentence(detail: &str) -> String {
    let mut chars = detail.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", chars.as_str())
}

fn bytes(span: Span) -> Range<usize> {
    span.start_offset as usize..span.end_offset as usize
}

struct Reader<'s, 'p> {
    syntax: Syntax,
    patterns: &'p mut Patterns,
    /// Names that enclosing loops bind.
    bound: Vec<HashSet<&'s str>>,
}

impl<'s> Reader<'s, '_> {
    fn fault(&mut self, code: &'static str, span: Range<usize>, message: String) -> &mut Fault {
        self.syntax.faults.push(Fault { code, message, hint: None, span });
        self.syntax.faults.last_mut().expect("just pushed")
    }

    fn stmt(&mut self, stmt: &Stmt<'s>) {
        match stmt {
            Stmt::Template(node) => self.body(&node.children),
            Stmt::EmitRaw(_) => {}
            Stmt::EmitExpr(node) => self.expr(&node.expr, false),
            Stmt::IfCond(node) => {
                self.expr(&node.expr, true);
                self.body(&node.true_body);
                self.body(&node.false_body);
            }
            Stmt::ForLoop(node) => self.for_loop(node, node.span()),
            Stmt::WithBlock(node) => self.refuse_stmt("with", node.span()),
            Stmt::Set(node) => self.refuse_stmt("set", node.span()),
            Stmt::SetBlock(node) => self.refuse_stmt("set", node.span()),
            Stmt::AutoEscape(node) => self.refuse_stmt("autoescape", node.span()),
            Stmt::FilterBlock(node) => self.refuse_stmt("filter", node.span()),
            Stmt::Do(node) => self.refuse_stmt("do", node.span()),
        }
    }

    fn refuse_stmt(&mut self, name: &str, span: Span) {
        let message = format!("\"{name}\" does not exist in templates; \"if\" and \"for\" do.");
        self.fault("EXPR_SYNTAX", bytes(span), message);
    }

    fn body(&mut self, stmts: &[Stmt<'s>]) {
        stmts.iter().for_each(|stmt| self.stmt(stmt));
    }

    fn for_loop(&mut self, node: &ForLoop<'s>, span: Span) {
        if node.recursive {
            self.fault("EXPR_SYNTAX", bytes(span), "Loops cannot be recursive.".to_owned());
        }
        self.expr(&node.iter, false);
        let mut names = HashSet::from(["loop"]);
        bound_names(&node.target, &mut names);
        self.bound.push(names);
        if let Some(filter) = &node.filter_expr {
            self.expr(filter, true);
        }
        self.body(&node.body);
        self.bound.pop();
        self.body(&node.else_body);
    }

    /// `is_guarded`: an undefined value is accepted here.
    fn expr(&mut self, expr: &Expr<'s>, is_guarded: bool) {
        let span = bytes(expr.span());
        match expr {
            Expr::Var(_) | Expr::GetAttr(_) | Expr::GetItem(_) => self.path(expr, is_guarded),
            Expr::Const(_) => {}
            Expr::Slice(node) => {
                self.expr(&node.expr, false);
                [&node.start, &node.stop, &node.step]
                    .into_iter()
                    .flatten()
                    .for_each(|part| self.expr(part, false));
            }
            Expr::UnaryOp(node) => self.expr(&node.expr, matches!(node.op, UnaryOpKind::Not)),
            Expr::BinOp(node) => {
                let is_logic = matches!(node.op, BinOpKind::ScAnd | BinOpKind::ScOr);
                self.expr(&node.left, is_logic);
                self.expr(&node.right, is_logic);
                if is_comparison(node.op) {
                    let is_order = !matches!(node.op, BinOpKind::Eq | BinOpKind::Ne);
                    let (left, right) = (operand(&node.left), operand(&node.right));
                    self.syntax.comparisons.push(ComparedOperands { left, right, is_order, span });
                }
            }
            Expr::Compare(node) => self.chain(node, span),
            Expr::IfExpr(node) => {
                self.expr(&node.test_expr, true);
                self.expr(&node.true_expr, is_guarded);
                node.false_expr.iter().for_each(|expr| self.expr(expr, is_guarded));
            }
            Expr::Filter(node) => {
                self.known("UNKNOWN_FILTER", "filter", node.name, FILTERS, span.clone());
                node.expr.iter().for_each(|expr| self.expr(expr, node.name == "default"));
                self.args(&node.args);
                match (node.name, &node.args[..]) {
                    ("date", args) => self.date_format(args, span),
                    ("map", [CallArg::Pos(Expr::Const(filter)), args @ ..])
                        if filter.value.as_str() == Some("date") =>
                    {
                        self.date_format(args, span);
                    }
                    _ => {}
                }
            }
            Expr::Test(node) => {
                self.known("UNKNOWN_FUNCTION", "test", node.name, TESTS, span);
                self.expr(&node.expr, matches!(node.name, "defined" | "undefined"));
                self.args(&node.args);
            }
            Expr::Call(node) => self.call(node, span),
            Expr::List(node) => node.items.iter().for_each(|item| self.expr(item, false)),
            Expr::Tuple(node) => node.items.iter().for_each(|item| self.expr(item, false)),
            Expr::Map(node) => {
                node.keys.iter().chain(&node.values).for_each(|item| self.expr(item, false));
            }
        }
    }

    /// Comparisons in a row, as in `a < b <= c`.
    fn chain(&mut self, node: &Compare<'s>, span: Range<usize>) {
        self.expr(&node.expr, false);
        let mut left = &node.expr;
        if node.ops.iter().any(|next| matches!(next.op, CompareOpKind::In | CompareOpKind::NotIn)) {
            let message = "\"in\" cannot be chained with other comparisons.".to_owned();
            self.fault("EXPR_SYNTAX", span.clone(), message);
        }
        for next in &node.ops {
            self.expr(&next.expr, false);
            let is_order = !matches!(next.op, CompareOpKind::Eq | CompareOpKind::Ne);
            let (one, other) = (operand(left), operand(&next.expr));
            let span = span.clone();
            self.syntax.comparisons.push(ComparedOperands { left: one, right: other, is_order, span });
            left = &next.expr;
        }
    }

    /// Reports a name that a table does not have; spans of filters and tests begin at the name.
    fn known(&mut self, code: &'static str, kind: &str, name: &str, table: &[&str], span: Range<usize>) {
        if !table.contains(&name) {
            let message = format!("There is no {kind} \"{name}\".");
            let fault = self.fault(code, span.start..span.start + name.len(), message);
            fault.hint =
                nearest(name, table.iter().copied()).map(|meant| format!("Did you mean \"{meant}\"?"));
        }
    }

    fn args(&mut self, args: &[CallArg<'s>]) {
        for arg in args {
            match arg {
                CallArg::Pos(expr) | CallArg::Kwarg(_, expr) => self.expr(expr, false),
                CallArg::PosSplat(expr) | CallArg::KwargSplat(expr) => {
                    let message = "Arguments cannot be unpacked.".to_owned();
                    self.fault("EXPR_SYNTAX", bytes(expr.span()), message);
                }
            }
        }
    }

    fn call(&mut self, node: &Call<'s>, span: Range<usize>) {
        self.syntax.calls = true;
        match &node.expr {
            Expr::Var(name) => {
                self.known("UNKNOWN_FUNCTION", "function", name.id, FUNCTIONS, bytes(node.expr.span()));
                if let Some(filter) = nearest(name.id, FILTERS.iter().copied())
                    && let Some(fault) = self.syntax.faults.last_mut()
                    && !FUNCTIONS.contains(&name.id)
                {
                    fault.hint.get_or_insert_with(|| format!("Write \"| {filter}\" instead."));
                }
                if PATTERN_FUNCTIONS.contains(&name.id) {
                    self.pattern(name.id, &node.args, span.clone());
                }
                if name.id == "find" {
                    self.find_kind(&node.args, span);
                }
            }
            Expr::GetAttr(method) => {
                self.expr(&method.expr, false);
                let message = format!("There is no function \"{}\": values have none.", method.name);
                let fault = self.fault("UNKNOWN_FUNCTION", span, message);
                if FILTERS.contains(&method.name) {
                    fault.hint = Some(format!("Write \"| {}\" instead.", method.name));
                }
            }
            _ => {
                self.fault("UNKNOWN_FUNCTION", span, "Only functions can be called.".to_owned());
            }
        }
        self.args(&node.args);
    }

    /// A chain of members down to a name, or to anything else that has members.
    fn path(&mut self, expr: &Expr<'s>, is_guarded: bool) {
        let (mut members, mut at) = (Vec::new(), expr);
        loop {
            let end = bytes(at.span()).end;
            at = match at {
                Expr::GetAttr(node) => {
                    members.push((node.name.to_owned(), end));
                    &node.expr
                }
                Expr::GetItem(node) => {
                    match &node.subscript_expr {
                        Expr::Const(key) => {
                            let key = key.value.as_str().map_or_else(|| key.value.to_string(), str::to_owned);
                            members.push((key, end));
                        }
                        // What is computed, and all that follows, is no part of the path.
                        computed => {
                            self.expr(computed, false);
                            members.clear();
                        }
                    }
                    &node.expr
                }
                Expr::Var(node) => {
                    members.reverse();
                    return self.name(node.id, bytes(at.span()), members, is_guarded);
                }
                other => return self.expr(other, is_guarded),
            };
        }
    }

    fn name(
        &mut self,
        root: &'s str,
        root_span: Range<usize>,
        members: Vec<(String, usize)>,
        is_guarded: bool,
    ) {
        if self.bound.iter().any(|names| names.contains(root)) {
            if let Some((field, end)) = members.first().filter(|_| root == "loop")
                && !LOOP_FIELDS.contains(&field.as_str())
            {
                let message = format!("\"loop\" has no \"{field}\".");
                self.fault("UNKNOWN_NAMESPACE_FIELD", root_span.start..*end, message);
            }
            return;
        }
        self.syntax.paths.push(NameUse { root: root.to_owned(), root_span, members, is_guarded });
    }
}
