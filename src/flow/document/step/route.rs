//! `branch` and `split`: go one of several ways.

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
