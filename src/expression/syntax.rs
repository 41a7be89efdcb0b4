//! What a template or expression says, read from the engine's syntax tree: the names it refers to, what it
//! compares, what it calls, and what in it the language does not have.

use std::collections::HashSet;
use std::ops::Range;

use minijinja::Value;
use minijinja::machinery::ast::{
    BinOpKind, Call, CallArg, Compare, CompareOpKind, Expr, ForLoop, Stmt, UnaryOpKind,
};
use minijinja::machinery::{Span, parse, parse_expr};
use minijinja::syntax::SyntaxConfig;

use super::operand::{ComparedOperands, is_comparison, operand};
use super::refusal::{CompileRefusal, bytes};
use super::tree::bound_names;

/// How a source is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SourceLanguage {
    /// Text with `{{ }}`, `{% %}` and `{# #}`.
    Template,
    /// A template in a value position: one that is nothing but `{{ … }}` keeps the native value.
    Value,
    /// What may stand inside `{{ }}`.
    Expression,
}

/// A part of a source that may be wrong.
#[derive(Debug)]
pub struct Remark<'s> {
    pub kind: RemarkKind<'s>,
    /// In bytes of the source.
    pub span: Range<usize>,
}

#[derive(Debug)]
pub enum RemarkKind<'s> {
    /// The language does not have it; a sentence says what.
    Refused(String),
    /// A filter, test or function of this name is asked for. The span begins at the name of a filter or test.
    Named { callable: Callable, name: &'s str, name_span: Range<usize>, arguments: Vec<Argument> },
    /// A member of a value is called.
    Method(&'s str),
    /// Something is called that has no name.
    Nameless,
    /// A member of a loop's `loop` is read.
    LoopMember(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Callable {
    Filter,
    Test,
    Function,
}

/// An argument, as far as it is written down.
#[derive(Debug)]
pub enum Argument {
    Literal(Value, Range<usize>),
    Computed(Range<usize>),
    /// It has a name, or is unpacked.
    Other,
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
pub struct Syntax<'s> {
    pub remarks: Vec<Remark<'s>>,
    pub paths: Vec<NameUse>,
    /// Both sides, whether they are ordered or only told apart, and where.
    pub comparisons: Vec<ComparedOperands>,
    /// Whether functions are called.
    pub calls: bool,
}

impl<'s> Syntax<'s> {
    /// Reads one source, or says where it stops to be a template or expression.
    pub fn read(source: &'s str, language: SourceLanguage) -> Result<Self, CompileRefusal> {
        let mut reader = Reader { syntax: Self::default(), bound: Vec::new() };
        match language {
            SourceLanguage::Expression => reader.expr(&parse_expr(source)?, true),
            // Parsing plain text would only find out that it is.
            SourceLanguage::Template | SourceLanguage::Value if !source.contains(['{', '}']) => {}
            SourceLanguage::Template | SourceLanguage::Value => {
                reader.stmt(&parse(source, "", SyntaxConfig::default())?);
            }
        }
        Ok(reader.syntax)
    }
}

struct Reader<'s> {
    syntax: Syntax<'s>,
    /// Names that enclosing loops bind.
    bound: Vec<HashSet<&'s str>>,
}

impl<'s> Reader<'s> {
    fn remark(&mut self, kind: RemarkKind<'s>, span: Range<usize>) {
        self.syntax.remarks.push(Remark { kind, span });
    }

    fn refuse(&mut self, message: impl Into<String>, span: Range<usize>) {
        self.remark(RemarkKind::Refused(message.into()), span);
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
        self.refuse(message, bytes(span));
    }

    fn body(&mut self, stmts: &[Stmt<'s>]) {
        stmts.iter().for_each(|stmt| self.stmt(stmt));
    }

    fn for_loop(&mut self, node: &ForLoop<'s>, span: Span) {
        if node.recursive {
            self.refuse("Loops cannot be recursive.", bytes(span));
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
                let name_span = span.start..span.start + node.name.len();
                self.named(Callable::Filter, node.name, name_span, &node.args, span);
                node.expr.iter().for_each(|expr| self.expr(expr, node.name == "default"));
                self.args(&node.args);
            }
            Expr::Test(node) => {
                let name_span = span.start..span.start + node.name.len();
                self.named(Callable::Test, node.name, name_span, &node.args, span);
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
            self.refuse("\"in\" cannot be chained with other comparisons.", span.clone());
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

    /// Notes that a filter, test or function is asked for. Spans of filters and tests begin at the name.
    fn named(
        &mut self,
        callable: Callable,
        name: &'s str,
        name_span: Range<usize>,
        args: &[CallArg<'s>],
        span: Range<usize>,
    ) {
        let arguments = args.iter().map(|arg| match arg {
            CallArg::Pos(Expr::Const(node)) => Argument::Literal(node.value.clone(), bytes(node.span())),
            CallArg::Pos(expr) => Argument::Computed(bytes(expr.span())),
            _ => Argument::Other,
        });
        let arguments = arguments.collect();
        self.remark(RemarkKind::Named { callable, name, name_span, arguments }, span);
    }

    fn args(&mut self, args: &[CallArg<'s>]) {
        for arg in args {
            match arg {
                CallArg::Pos(expr) | CallArg::Kwarg(_, expr) => self.expr(expr, false),
                CallArg::PosSplat(expr) | CallArg::KwargSplat(expr) => {
                    self.refuse("Arguments cannot be unpacked.", bytes(expr.span()));
                }
            }
        }
    }

    fn call(&mut self, node: &Call<'s>, span: Range<usize>) {
        self.syntax.calls = true;
        match &node.expr {
            Expr::Var(name) => {
                let name_span = bytes(node.expr.span());
                self.named(Callable::Function, name.id, name_span, &node.args, span);
            }
            Expr::GetAttr(method) => {
                self.expr(&method.expr, false);
                self.remark(RemarkKind::Method(method.name), span);
            }
            _ => self.remark(RemarkKind::Nameless, span),
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
            if let Some((field, end)) = members.into_iter().next().filter(|_| root == "loop") {
                self.remark(RemarkKind::LoopMember(field), root_span.start..end);
            }
            return;
        }
        self.syntax.paths.push(NameUse { root: root.to_owned(), root_span, members, is_guarded });
    }
}
