//! Which steps and edges of the flow a run has seen.

use crate::interpreter::canonical::{CanonicalPage, WriteJson};

#[derive(Debug, Clone)]
pub struct FlowCoverage<'a> {
    pub edges: Covered<EdgeName<'a>>,
    pub steps: Covered<&'a str>,
}

#[derive(Debug, Clone)]
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

impl WriteJson for FlowCoverage<'_> {
    fn write_json(&self, page: &mut CanonicalPage) {
        page.raw("{\"edges\":");
        self.edges.write(page, |page, edge| {
            page.raw("\"").part_of_text(edge.step);
            page.raw("→").part_of_text(edge.edge);
            page.raw("\"");
        });
        page.raw(",\"steps\":");
        self.steps.write(page, |page, id| page.text(id));
        page.raw("}");
    }
}

impl<T: Copy> Covered<T> {
    fn write(&self, page: &mut CanonicalPage, each: impl FnMut(&mut CanonicalPage, T)) {
        page.raw("{\"covered\":").integer(self.covered);
        page.raw(",\"missed\":").list(self.missed.iter().copied(), each);
        page.raw(",\"total\":").integer(self.total);
        page.raw("}");
    }
}
