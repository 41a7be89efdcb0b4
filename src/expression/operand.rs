//! What expressions compare, as far as it is written down.

use std::ops::Range;

use minijinja::machinery::ast::{BinOpKind, Expr, UnaryOpKind};
use minijinja::value::ValueKind;

/// One side of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operand {
    Name(String),
    /// What a person wrote: `input.text`.
    Said,
    Constant(ValueKind),
    Other,
}

/// Two values that are compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComparedOperands {
    pub left: Operand,
    pub right: Operand,
    /// Whether they need an order, rather than to be equal or not.
    pub is_order: bool,
    pub span: Range<usize>,
}

pub fn is_comparison(op: BinOpKind) -> bool {
    use BinOpKind::{Eq, Gt, Gte, Lt, Lte, Ne};
    matches!(op, Eq | Ne | Lt | Lte | Gt | Gte)
}

pub fn operand(expr: &Expr<'_>) -> Operand {
    match expr {
        Expr::Var(node) => Operand::Name(node.id.to_owned()),
        Expr::GetAttr(node) => match &node.expr {
            Expr::Var(root) if root.id == "vars" => Operand::Name(node.name.to_owned()),
            Expr::Var(root) if root.id == "input" && node.name == "text" => Operand::Said,
            _ => Operand::Other,
        },
        Expr::Const(node) => Operand::Constant(node.value.kind()),
        Expr::UnaryOp(node) if matches!(node.op, UnaryOpKind::Neg) => operand(&node.expr),
        _ => Operand::Other,
    }
}
