//! What a run asks between two pieces of work, so that whoever runs it can let others work meanwhile.

use std::fmt;

/// How a run goes on. What it does is no part of the run: the trace is the same with any.
pub trait RunPace: fmt::Debug {
    /// Called before a step is entered and before a value is worked out, which takes a small part of what a run may take.
    fn rest(&self);
}

/// Goes on at once, always.
#[derive(Debug, Clone, Copy)]
pub struct AtOnce;

impl RunPace for AtOnce {
    fn rest(&self) {}
}
