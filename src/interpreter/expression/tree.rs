//! Parts of syntax trees: what plain paths are, and how nodes are built. Used by lowering and by plans.

use std::collections::HashSet;

use minijinja::machinery::Span;
use minijinja::machinery::ast::{
    CallArg, Const, EmitExpr, Expr, Filter, GetAttr, GetItem, List, Spanned, Stmt, UnaryOp, UnaryOpKind, Var,
};

use super::filters::{ONE_SEGMENT, percent_encoded};
use super::operators as op;
use super::path::PathKey;
use super::pattern::Pattern;
use super::refusal::{CompileRefusal, Lowered, refuse};
use crate::interpreter::moment::Moment;
use crate::interpreter::value::{self, Value};

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

/// A root name and constant members below it.
pub struct Plain<'s> {
    pub root: &'s str,
    pub keys: Vec<PathKey>,
    /// The byte where the root begins.
    pub start: usize,
}

pub fn plain_path<'s>(expr: &Expr<'s>) -> Option<Plain<'s>> {
    match expr {
        Expr::Var(node) => {
            Some(Plain { root: node.id, keys: Vec::new(), start: node.span().start_offset as usize })
        }
        Expr::GetAttr(node) => {
            let mut plain = plain_path(&node.expr)?;
            plain.keys.push(PathKey::Name(node.name.into()));
            Some(plain)
        }
        Expr::GetItem(node) => {
            let Expr::Const(key) = &node.subscript_expr else { return None };
            let key = match key.value.as_str() {
                Some(name) => PathKey::Name(name.into()),
                None => PathKey::Index(value::as_integer(&key.value)?),
            };
            let mut plain = plain_path(&node.expr)?;
            plain.keys.push(key);
            Some(plain)
        }
        _ => None,
    }
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

pub fn collect_targets<'s>(target: &Expr<'s>, names: &mut HashSet<&'s str>) {
    match target {
        Expr::Var(node) => {
            names.insert(node.id);
        }
        Expr::Tuple(node) => node.items.iter().for_each(|item| collect_targets(item, names)),
        Expr::List(node) => node.items.iter().for_each(|item| collect_targets(item, names)),
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

/// A text around the parts of a template, as one value of a query.
pub fn encoded<'s>(raw: &str, span: Span) -> Stmt<'s> {
    let expr = constant(Value::from(percent_encoded(raw, ONE_SEGMENT)), span);
    Stmt::EmitExpr(Spanned::new(EmitExpr { expr }, span))
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

/// Comparing with a text that is no datetime is cheap and never mixes kinds: the engine may do it.
pub fn one_is_mere_text(left: &Expr<'_>, right: &Expr<'_>) -> bool {
    let is_mere_text = |expr: &Expr<'_>| match expr {
        Expr::Const(node) => node.value.as_str().is_some_and(|text| Moment::parse_datetime(text).is_none()),
        _ => false,
    };
    is_mere_text(left) || is_mere_text(right)
}

/// A literal list, repeated a small and constant number of times.
pub fn repeats_little(list: &Expr<'_>, times: &Expr<'_>) -> bool {
    let few = |expr: &Expr<'_>| match expr {
        Expr::Const(node) => value::as_integer(&node.value).is_some_and(|n| n <= REPEAT_MAX),
        _ => false,
    };
    matches!(list, Expr::List(_)) && few(times)
}

/// Replaces the literal pattern of `matches` and `capture` by the regex made from it.
pub fn compile_pattern(name: &str, args: &mut [CallArg<'_>], span: Span) -> Result<(), CompileRefusal> {
    let [_, CallArg::Pos(arg), ..] = args else {
        return refuse(span, format!("{name} takes a text and a pattern"));
    };
    let source = match arg {
        Expr::Const(node) => node.value.as_str().map(str::to_owned),
        _ => None,
    };
    let Some(source) = source else { return refuse(arg.span(), "the pattern must be a literal text") };
    let pattern = Pattern::new(&source).map_err(|error| CompileRefusal {
        message: error.to_string(),
        span: Some((arg.span().start_offset as usize, arg.span().end_offset as usize)),
    })?;
    *arg = constant(Value::from_object(pattern), arg.span());
    Ok(())
}
