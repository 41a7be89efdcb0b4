//! A picture that was drawn. Which step is looked at is put in afterwards, so one drawing serves all of them.

use super::layer::LegendEntry;

/// What is put behind the classes of the box that is looked at.
const SELECTED: &str = " selected";

/// A picture, with what a page says beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawing {
    pub(super) svg: String,
    /// Where in `svg` the class of each box ends, by step id, in the order of the steps.
    pub(super) boxes: Vec<(String, usize)>,
    /// Units of the `viewBox`, which are pixels at 100 %.
    pub width: u32,
    pub height: u32,
    pub counts: PictureCounts,
    /// What the signs of the layer mean; empty without one.
    pub legend: Vec<LegendEntry>,
}

/// What a picture consists of. Lines, stubs and marks may stand for several exits each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PictureCounts {
    pub steps: usize,
    /// Exits of steps, and what settings and interrupts lead to.
    pub exits: usize,
    pub lines: usize,
    pub stubs: usize,
    pub marks: usize,
}

impl Drawing {
    /// The SVG, with one step marked as the one that is looked at.
    pub fn svg(&self, selected: Option<&str>) -> String {
        let chosen = selected.and_then(|id| self.boxes.iter().find(|(known, _)| known == id));
        let Some(&(_, place)) = chosen else { return self.svg.clone() };
        let mut svg = String::with_capacity(self.svg.len() + SELECTED.len());
        svg.push_str(&self.svg[..place]);
        svg.push_str(SELECTED);
        svg.push_str(&self.svg[place..]);
        svg
    }

    /// Bytes that keeping the picture takes.
    pub fn bytes(&self) -> usize {
        let boxes: usize = self.boxes.iter().map(|(id, _)| id.len() + size_of::<(String, usize)>()).sum();
        self.svg.len() + boxes + size_of::<Self>()
    }
}
