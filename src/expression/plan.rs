//! Plans for what most flows consist of: texts with plain paths in them, and comparisons of paths with constants.

use minijinja::Value;
use minijinja::machinery::ast::{BinOpKind, Expr, Stmt, UnaryOpKind};
use minijinja::value::ValueKind;

use super::names::Names;
use super::path::{NamePath, plain_path};

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
}

impl PlanNode {
    fn of(expr: &Expr<'_>, names: &Names) -> Option<Self> {
        if let Some(plain) = plain_path(expr) {
            return Some(Self::Path(NamePath::new(plain.root, plain.keys, names)));
        }
        match expr {
            Expr::Const(constant) => {
                is_scalar(&constant.value).then(|| Self::Constant(constant.value.clone()))
            }
            Expr::UnaryOp(unary) if matches!(unary.op, UnaryOpKind::Not) => {
                Some(Self::Not(Box::new(Self::of(&unary.expr, names)?)))
            }
            Expr::BinOp(binary) => {
                let left = Box::new(Self::of(&binary.left, names)?);
                if let (BinOpKind::In, Expr::List(list)) = (binary.op, &binary.right) {
                    let items = list.items.iter().map(|item| match item {
                        Expr::Const(constant) => is_scalar(&constant.value).then(|| constant.value.clone()),
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
}

/// True for a value that is neither a list nor an object, nor missing.
pub fn is_scalar(value: &Value) -> bool {
    matches!(value.kind(), ValueKind::Bool | ValueKind::Number | ValueKind::String)
}
