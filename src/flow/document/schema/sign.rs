//! How people tell step types apart where flows are drawn.

/// What step types of one kind have in common for people, who tell them apart by colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    Talks,
    Decides,
    Acts,
    Waits,
    People,
    Ends,
}

/// The sign of a step type where flows are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sign {
    pub family: Family,
    /// Strokes in a square of 16, as the path of an SVG.
    pub path: &'static str,
}

impl Sign {
    pub const fn new(family: Family, path: &'static str) -> Self {
        Self { family, path }
    }
}
