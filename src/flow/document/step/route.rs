//! `branch` and `split`: go one of several ways.

use crate::flow::document::reader::{Node, Object};
use crate::flow::document::{Expression, Target};

/// The first case that holds wins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Branch {
    pub cases: Vec<Case>,
    /// The member `else`.
    pub otherwise: Target,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Case {
    pub when: Expression,
    pub next: Target,
    pub label: Option<String>,
}

/// Draws one of several paths by weight.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Split {
    pub paths: Vec<SplitPath>,
    /// Gets the id of the path drawn.
    pub save_to: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SplitPath {
    pub id: String,
    /// 1–1000.
    pub weight: u32,
    /// The step's own `next` when absent.
    pub next: Option<Target>,
}

impl Branch {
    pub(super) fn read(o: &Object<'_>) -> Self {
        Self {
            cases: o.need("cases", |cases| cases.list(1..=30, Case::read)),
            otherwise: o.or_default("else", Node::target),
        }
    }
}

impl Case {
    fn read(node: Node<'_>) -> Self {
        let o = node.object();
        Self {
            when: o.need("when", Node::expression),
            next: o.need("next", Node::target),
            label: o.optional("label", |label| label.text(0..=120)),
        }
    }
}

impl Split {
    pub(super) fn read(o: &Object<'_>) -> Self {
        Self {
            paths: o.need("paths", |paths| paths.list(2..=10, SplitPath::read)),
            save_to: o.optional("saveTo", Node::variable_name),
        }
    }
}

impl SplitPath {
    fn read(node: Node<'_>) -> Self {
        let o = node.object();
        Self {
            id: o.need("id", Node::exit_id),
            weight: o.need("weight", |weight| weight.small(1..=1000)),
            next: o.optional("next", Node::target),
        }
    }
}
