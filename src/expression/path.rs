//! Name paths such as `order.customer.name`: a root name and constant keys below it.

use std::fmt::Write as _;
use std::ops::Range;

use minijinja::machinery::ast::Expr;

use super::names::{Names, Root};
use super::number::as_integer;

/// A root name and the members below it.
#[derive(Debug, Clone, PartialEq)]
pub struct NamePath {
    /// As a trace writes it: `order.id`, `steps["my-id"].value`, `items[0]`.
    pub text: Box<str>,
    pub root: Root,
    pub keys: Box<[PathKey]>,
}

/// A path and where in its source, in bytes, it appears first.
#[derive(Debug, Clone, PartialEq)]
pub struct NameReference {
    pub path: NamePath,
    pub span: Range<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathKey {
    Name(Box<str>),
    Index(i64),
}

impl NamePath {
    pub fn new(root: &str, keys: Vec<PathKey>, names: &Names) -> Self {
        let mut text = root.to_owned();
        for key in &keys {
            match key {
                PathKey::Name(name) if is_identifier(name) => write!(text, ".{name}"),
                PathKey::Name(name) => write!(text, "[{}]", serde_json::Value::from(&**name)),
                PathKey::Index(index) => write!(text, "[{index}]"),
            }
            .expect("a string takes all text");
        }
        Self { text: text.into(), root: Root::of(root, names), keys: keys.into() }
    }
}

fn is_identifier(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
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
                None => PathKey::Index(as_integer(&key.value)?),
            };
            let mut plain = plain_path(&node.expr)?;
            plain.keys.push(key);
            Some(plain)
        }
        _ => None,
    }
}
