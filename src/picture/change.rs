//! What became of a step or an exit from one version to the next, and how it is marked.

use super::words::PictureWords;

/// What became of a part from one version to the next.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum DrawnChange {
    #[default]
    Same,
    Added,
    Removed,
    Changed,
}

const ADDED: (&str, &str) = ("added", "+");
const REMOVED: (&str, &str) = ("removed", "−");
const CHANGED: (&str, &str) = ("changed", "~");

impl DrawnChange {
    /// The class of boxes and lines.
    pub fn class(self) -> &'static str {
        self.sign().0
    }

    pub fn sign(self) -> (&'static str, &'static str) {
        match self {
            Self::Same => ("", ""),
            Self::Added => ADDED,
            Self::Removed => REMOVED,
            Self::Changed => CHANGED,
        }
    }

    pub fn words(self, words: &PictureWords) -> &'static str {
        match self {
            Self::Same => "",
            Self::Added => words.added,
            Self::Removed => words.removed,
            Self::Changed => words.changed,
        }
    }
}
