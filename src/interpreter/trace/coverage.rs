//! Which steps and edges of the flow a run has seen.

use std::fmt;

use serde::{Serialize, Serializer};

#[derive(Debug, Clone, Serialize)]
pub struct Coverage<'a> {
    pub edges: Covered<EdgeName<'a>>,
    pub steps: Covered<&'a str>,
}

#[derive(Debug, Clone, Serialize)]
pub struct Covered<T> {
    pub covered: usize,
    pub missed: Vec<T>,
    pub total: usize,
}

impl<T> Covered<T> {
    /// Counts things of which each is covered or not.
    pub fn of(things: impl IntoIterator<Item = (T, bool)>) -> Self {
        let (mut covered, mut missed) = (0, Vec::new());
        for (thing, is_covered) in things {
            if is_covered {
                covered += 1;
            } else {
                missed.push(thing);
            }
        }
        Self { covered, total: covered + missed.len(), missed }
    }
}

/// `plan→option:pro`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EdgeName<'a> {
    pub step: &'a str,
    pub edge: &'a str,
}

impl fmt::Display for EdgeName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}→{}", self.step, self.edge)
    }
}

impl Serialize for EdgeName<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
