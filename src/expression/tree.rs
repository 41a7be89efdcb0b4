//! Parts of syntax trees: how nodes are built, and what literals are.

use std::collections::HashSet;

use minijinja::Value;
use minijinja::machinery::Span;
use minijinja::machinery::ast::{
    CallArg, Const, Expr, Filter, GetAttr, GetItem, List, Spanned, UnaryOp, UnaryOpKind, Var,
};

use super::number::as_integer;
use super::operator as op;
use super::refusal::{CompileRefusal, Lowered, refuse};

/// A list literal may be repeated this often.
const REPEAT_MAX: i64 = 100;

/// What becomes of the parts of a template on their way into its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    Plain,
    /// Those of an address are encoded, each as one segment or value.
    Address,
    /// Those of one value of a query are encoded, and so is the text around them.
    QueryValue,
}

pub fn copy_path<'s>(expr: &Expr<'s>) -> Lowered<'s> {
    let span = expr.span();
    Ok(match expr {
        Expr::Var(node) => Expr::Var(Spanned::new(Var { id: node.id }, span)),
        Expr::GetAttr(node) => {
            Expr::GetAttr(Spanned::new(GetAttr { expr: copy_path(&node.expr)?, name: node.name }, span))
        }
        Expr::GetItem(node) => {
            let Expr::Const(key) = &node.subscript_expr else { return refuse(span, "not a path") };
            let subscript_expr = constant(key.value.clone(), node.subscript_expr.span());
            Expr::GetItem(Spanned::new(GetItem { expr: copy_path(&node.expr)?, subscript_expr }, span))
        }
        _ => return refuse(span, "not a path"),
    })
}

pub fn copy_target<'s>(target: &Expr<'s>) -> Lowered<'s> {
    let span = target.span();
    Ok(match target {
        Expr::Var(node) => Expr::Var(Spanned::new(Var { id: node.id }, span)),
        Expr::Tuple(node) => list(node.items.iter().map(copy_target).collect::<Result<_, _>>()?, span),
        Expr::List(node) => list(node.items.iter().map(copy_target).collect::<Result<_, _>>()?, span),
        _ => return refuse(span, "a loop binds names only"),
    })
}

/// The names that a loop binds.
pub fn bound_names<'s>(target: &Expr<'s>, names: &mut HashSet<&'s str>) {
    match target {
        Expr::Var(node) => _ = names.insert(node.id),
        Expr::Tuple(node) => node.items.iter().for_each(|item| bound_names(item, names)),
        Expr::List(node) => node.items.iter().for_each(|item| bound_names(item, names)),
        _ => {}
    }
}

pub fn constant<'s>(value: Value, span: Span) -> Expr<'s> {
    Expr::Const(Spanned::new(Const { value }, span))
}

pub fn list<'s>(items: Vec<Expr<'s>>, span: Span) -> Expr<'s> {
    Expr::List(Spanned::new(List { items }, span))
}

pub fn not<'s>(expr: Expr<'s>, span: Span) -> Expr<'s> {
    Expr::UnaryOp(Spanned::new(UnaryOp { op: UnaryOpKind::Not, expr }, span))
}

pub fn negative<'s>(expr: Expr<'s>, span: Span) -> Expr<'s> {
    Expr::UnaryOp(Spanned::new(UnaryOp { op: UnaryOpKind::Neg, expr }, span))
}

pub fn filter<'s>(name: &'s str, expr: Expr<'s>, args: Vec<CallArg<'s>>, span: Span) -> Expr<'s> {
    Expr::Filter(Spanned::new(Filter { name, expr: Some(expr), args }, span))
}

/// One of our operators around an operand; constants need none but where they are keys.
pub fn unary<'s>(name: &'static str, operand: Expr<'s>) -> Expr<'s> {
    if is_constant(&operand) && name != op::KEY {
        return operand;
    }
    let span = operand.span();
    filter(name, operand, Vec::new(), span)
}

pub fn known<'s>(operand: Expr<'s>) -> Expr<'s> {
    unary(op::KNOWN, operand)
}

pub fn binary<'s>(name: &'static str, left: Expr<'s>, right: Expr<'s>, span: Span) -> Expr<'s> {
    filter(name, left, vec![CallArg::Pos(right)], span)
}

/// A slice without steps.
pub fn sliced<'s>(whole: Expr<'s>, bounds: [Option<Expr<'s>>; 2], span: Span) -> Expr<'s> {
    let bounds = bounds.map(|bound| bound.map_or_else(|| constant(Value::UNDEFINED, span), known));
    filter(op::SLICE, whole, bounds.map(CallArg::Pos).into(), span)
}

fn is_constant(expr: &Expr<'_>) -> bool {
    matches!(expr, Expr::Const(_))
}

/// A literal list, repeated a small and constant number of times.
pub fn repeats_little(list: &Expr<'_>, times: &Expr<'_>) -> bool {
    let few = |expr: &Expr<'_>| match expr {
        Expr::Const(node) => as_integer(&node.value).is_some_and(|n| n <= REPEAT_MAX),
        _ => false,
    };
    matches!(list, Expr::List(_)) && few(times)
}

/// What is known of literals only where code runs.
#[derive(Debug)]
pub struct Literals {
    /// The value that stands for a pattern, or why it is none.
    pub pattern: fn(&str) -> Result<Value, String>,
    /// True for a text that is read as a point in time where it is compared with one.
    pub is_datetime: fn(&str) -> bool,
    /// A text as one value of a query.
    pub encoded: fn(&str) -> String,
}

impl Literals {
    /// Comparing with a text that is no datetime is cheap and never mixes kinds: the engine may do it.
    pub fn one_is_mere_text(&self, left: &Expr<'_>, right: &Expr<'_>) -> bool {
        [left, right].into_iter().any(|expr| match expr {
            Expr::Const(node) => node.value.as_str().is_some_and(|text| !(self.is_datetime)(text)),
            _ => false,
        })
    }

    /// Replaces the literal pattern of `matches` and `capture` by the value that stands for it.
    pub fn compile_pattern(
        &self,
        name: &str,
        args: &mut [CallArg<'_>],
        span: Span,
    ) -> Result<(), CompileRefusal> {
        let [_, CallArg::Pos(arg), ..] = args else {
            return refuse(span, format!("{name} takes a text and a pattern"));
        };
        let source = match arg {
            Expr::Const(node) => node.value.as_str(),
            _ => None,
        };
        let Some(source) = source else { return refuse(arg.span(), "the pattern must be a literal text") };
        match (self.pattern)(source) {
            Ok(pattern) => *arg = constant(pattern, arg.span()),
            Err(message) => return refuse(arg.span(), message),
        }
        Ok(())
    }
}
