//! What is to be drawn.

use std::fmt;

use super::layer::Layer;
use super::words::PictureWords;
use crate::flow::document::Canonical;

/// A flow, with what is laid over it, in the words of a language.
#[derive(Clone, Copy)]
pub struct Request<'r> {
    pub flow: &'r Canonical,
    pub layer: Layer<'r>,
    pub words: &'r PictureWords,
    /// The address that a box with this step id links to.
    pub link: &'r dyn Fn(&str) -> String,
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("digest", &self.flow.digest).field("layer", &self.layer).finish()
    }
}
