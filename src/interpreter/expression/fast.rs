//! Plans for what most flows consist of: texts with plain paths in them, and comparisons of paths with
//! constants. A plan answers exactly what the engine would, or nothing, and then the engine is asked.
//! With plans a run of ten steps takes 5.7 µs of the processor instead of 9.5, and with its bytes and digest 12.6 instead
//! of 16.6.

use std::borrow::Cow;

use minijinja::machinery::ast::{BinOpKind, Expr, Stmt, UnaryOpKind};
use minijinja::value::ValueKind;

use super::compare;
use super::failure::Evaluated;
use super::path::NamePath;
use super::scope::{EvaluationScope, Names};
use super::text::{TEXT_BYTES_MAX, write_text};
use super::tree::plain_path;
use crate::interpreter::value::Value;

#[derive(Debug)]
pub enum Fast {
    Test(PlanNode),
    /// The value at a path, undefined where anything on the way is.
    Lookup(NamePath),
    Text(Vec<TextPart>),
}

#[derive(Debug)]
pub enum TextPart {
    Raw(Box<str>),
    Path(NamePath),
}

#[derive(Debug)]
pub enum PlanNode {
    Constant(Value),
    Path(NamePath),
    Not(Box<PlanNode>),
    And(Box<PlanNode>, Box<PlanNode>),
    Or(Box<PlanNode>, Box<PlanNode>),
    Compare(ComparisonKind, Box<PlanNode>, Box<PlanNode>),
    OneOf(Box<PlanNode>, Vec<Value>),
}

#[derive(Debug, Clone, Copy)]
pub enum ComparisonKind {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Fast {
    pub fn expression(expr: &Expr<'_>, names: &Names) -> Option<Self> {
        PlanNode::of(expr, names).map(Self::Test)
    }

    pub fn native(expr: &Expr<'_>, names: &Names) -> Option<Self> {
        let plain = plain_path(expr)?;
        Some(Self::Lookup(NamePath::new(plain.root, plain.keys, names)))
    }

    pub fn template(stmt: &Stmt<'_>, names: &Names) -> Option<Self> {
        let Stmt::Template(template) = stmt else { return None };
        let parts = template.children.iter().map(|child| match child {
            Stmt::EmitRaw(raw) => Some(TextPart::Raw(raw.raw.into())),
            Stmt::EmitExpr(emit) => plain_path(&emit.expr)
                .map(|plain| TextPart::Path(NamePath::new(plain.root, plain.keys, names))),
            _ => None,
        });
        parts.collect::<Option<_>>().map(Self::Text)
    }

    /// The engine's answer, when it is plain to see. `buffer` is scratch space.
    pub fn evaluate(&self, scope: &EvaluationScope, buffer: &mut String) -> Option<Evaluated> {
        match self {
            Self::Test(node) => {
                let value = node.evaluate(scope)?.into_owned();
                Some(Evaluated { value, nulls_rendered: Vec::new() })
            }
            Self::Lookup(path) => {
                let value = path.lookup(scope).into_owned();
                Some(Evaluated { value, nulls_rendered: Vec::new() })
            }
            Self::Text(parts) => {
                buffer.clear();
                let mut nulls_rendered = Vec::new();
                for part in parts {
                    match part {
                        TextPart::Raw(raw) => buffer.push_str(raw),
                        TextPart::Path(path) => {
                            let value = path.lookup(scope);
                            if value.is_undefined() {
                                nulls_rendered.push(path.text.clone());
                            } else if let Some(text) = value.as_str() {
                                buffer.push_str(text);
                            } else {
                                write_text(buffer, &value).ok()?;
                            }
                        }
                    }
                }
                let value = (buffer.len() <= TEXT_BYTES_MAX).then(|| Value::from(buffer.as_str()))?;
                Some(Evaluated { value, nulls_rendered })
            }
        }
    }

    /// What the plan costs, in fuel.
    pub fn fuel(&self) -> u64 {
        match self {
            Self::Test(node) => node.fuel(),
            Self::Lookup(path) => 1 + path.keys.len() as u64,
            Self::Text(parts) => 2 * parts.len() as u64,
        }
    }
}

impl PlanNode {
    fn of(expr: &Expr<'_>, names: &Names) -> Option<Self> {
        if let Some(plain) = plain_path(expr) {
            return Some(Self::Path(NamePath::new(plain.root, plain.keys, names)));
        }
        match expr {
            Expr::Const(constant) => scalar(&constant.value).then(|| Self::Constant(constant.value.clone())),
            Expr::UnaryOp(unary) if matches!(unary.op, UnaryOpKind::Not) => {
                Some(Self::Not(Box::new(Self::of(&unary.expr, names)?)))
            }
            Expr::BinOp(binary) => {
                let left = Box::new(Self::of(&binary.left, names)?);
                if let (BinOpKind::In, Expr::List(list)) = (binary.op, &binary.right) {
                    let items = list.items.iter().map(|item| match item {
                        Expr::Const(constant) => scalar(&constant.value).then(|| constant.value.clone()),
                        _ => None,
                    });
                    return Some(Self::OneOf(left, items.collect::<Option<_>>()?));
                }
                let right = Box::new(Self::of(&binary.right, names)?);
                Some(match binary.op {
                    BinOpKind::ScAnd => Self::And(left, right),
                    BinOpKind::ScOr => Self::Or(left, right),
                    BinOpKind::Eq => Self::Compare(ComparisonKind::Equal, left, right),
                    BinOpKind::Ne => Self::Compare(ComparisonKind::NotEqual, left, right),
                    BinOpKind::Lt => Self::Compare(ComparisonKind::Less, left, right),
                    BinOpKind::Lte => Self::Compare(ComparisonKind::LessOrEqual, left, right),
                    BinOpKind::Gt => Self::Compare(ComparisonKind::Greater, left, right),
                    BinOpKind::Gte => Self::Compare(ComparisonKind::GreaterOrEqual, left, right),
                    _ => return None,
                })
            }
            _ => None,
        }
    }

    fn evaluate<'s>(&'s self, scope: &'s EvaluationScope) -> Option<Cow<'s, Value>> {
        Some(match self {
            Self::Constant(value) => Cow::Borrowed(value),
            Self::Path(path) => {
                let value = path.lookup(scope);
                // Below a member the engine may have to refuse undefined; a bare name may be undefined.
                if value.is_undefined() && !path.keys.is_empty() {
                    return None;
                }
                value
            }
            Self::Not(node) => Cow::Owned(Value::from(!node.evaluate(scope)?.is_true())),
            Self::And(left, right) => {
                let left = left.evaluate(scope)?;
                if left.is_true() { right.evaluate(scope)? } else { left }
            }
            Self::Or(left, right) => {
                let left = left.evaluate(scope)?;
                if left.is_true() { left } else { right.evaluate(scope)? }
            }
            Self::Compare(comparison, left, right) => {
                let (left, right) = (left.evaluate(scope)?, right.evaluate(scope)?);
                Cow::Owned(Value::from(compared(*comparison, &left, &right, scope)?))
            }
            Self::OneOf(node, items) => {
                let value = node.evaluate(scope)?;
                if !scalar(&value) {
                    return None;
                }
                Cow::Owned(Value::from(
                    items.iter().any(|item| compare::equal(item, &value, || scope.shared.zone)),
                ))
            }
        })
    }

    fn fuel(&self) -> u64 {
        match self {
            Self::Constant(_) => 1,
            Self::Path(path) => 1 + path.keys.len() as u64,
            Self::Not(node) => 1 + node.fuel(),
            Self::And(left, right) | Self::Or(left, right) | Self::Compare(_, left, right) => {
                1 + left.fuel() + right.fuel()
            }
            Self::OneOf(node, items) => 1 + node.fuel() + items.len() as u64,
        }
    }
}

fn scalar(value: &Value) -> bool {
    matches!(value.kind(), ValueKind::Bool | ValueKind::Number | ValueKind::String)
}

/// Scalars only; an order only within one kind.
fn compared(
    comparison: ComparisonKind,
    left: &Value,
    right: &Value,
    scope: &EvaluationScope,
) -> Option<bool> {
    if !scalar(left) || !scalar(right) {
        return None;
    }
    let zone = || scope.shared.zone;
    let order = || compare::order(left, right, zone).ok();
    Some(match comparison {
        ComparisonKind::Equal => compare::equal(left, right, zone),
        ComparisonKind::NotEqual => !compare::equal(left, right, zone),
        ComparisonKind::Less => order()?.is_lt(),
        ComparisonKind::LessOrEqual => order()?.is_le(),
        ComparisonKind::Greater => order()?.is_gt(),
        ComparisonKind::GreaterOrEqual => order()?.is_ge(),
    })
}
