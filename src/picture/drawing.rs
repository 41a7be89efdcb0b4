//! A picture that was drawn. Which step is looked at is put in afterwards, so one drawing serves all of them.

use lz4_flex::block;

use super::layer::LegendEntry;

/// What is put behind the classes of the box that is looked at.
const SELECTED: &str = " selected";

/// A picture, with what a page says beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawing {
    pub(super) svg: PackedSvg,
    /// Where in the SVG the class of each box ends, by step id, in the order of the steps.
    pub(super) boxes: Vec<(String, usize)>,
    /// Units of the `viewBox`, which are pixels at 100 %.
    pub width: u32,
    pub height: u32,
    pub counts: PictureCounts,
    /// What the signs of the layer mean; empty without one.
    pub legend: Vec<LegendEntry>,
}

/// An SVG as it is kept, compressed by lz4: that of 200 steps shrinks to a fifth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PackedSvg(Box<[u8]>);

impl PackedSvg {
    pub(super) fn of(svg: &str) -> Self {
        Self(block::compress_prepend_size(svg.as_bytes()).into())
    }

    fn open(&self) -> String {
        let svg = block::decompress_size_prepended(&self.0).expect("what was packed here can be opened");
        String::from_utf8(svg).expect("text was packed")
    }
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
        let mut svg = self.svg.open();
        let chosen = selected.and_then(|id| self.boxes.iter().find(|(known, _)| known == id));
        if let Some(&(_, place)) = chosen {
            svg.insert_str(place, SELECTED);
        }
        svg
    }

    /// Bytes that keeping the picture takes.
    pub fn bytes(&self) -> usize {
        let boxes: usize = self.boxes.iter().map(|(id, _)| id.len() + size_of::<(String, usize)>()).sum();
        self.svg.0.len() + boxes + size_of::<Self>()
    }
}
