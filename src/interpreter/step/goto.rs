//! `goto`: jump.

use crate::flow::document::Edge;
use crate::interpreter::program::{CompiledExit, StepCompiler};
use crate::interpreter::run::{Left, StepResult, Visit};

#[derive(Debug)]
pub struct CompiledGoto {
    next: CompiledExit,
}

impl CompiledGoto {
    pub fn compile(step: &StepCompiler<'_, '_>) -> Self {
        Self { next: step.exit(&Edge::Next) }
    }

    pub fn run<'a>(&'a self, _: &mut Visit<'_, 'a>) -> StepResult<'a> {
        Ok(Left::By(&self.next))
    }
}
