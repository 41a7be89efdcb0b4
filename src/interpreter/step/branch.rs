//! `branch`: the first case that holds wins.

use crate::flow::document::{self, Edge};
use crate::interpreter::expression::{CompiledExpression, Uncompilable};
use crate::interpreter::program::{CompiledExit, StepCompiler};
use crate::interpreter::run::{Left, StepResult, Visit};

#[derive(Debug)]
pub struct CompiledBranch {
    cases: Vec<(CompiledExpression, CompiledExit)>,
    otherwise: CompiledExit,
}

impl CompiledBranch {
    pub fn compile(branch: &document::Branch, step: &StepCompiler<'_, '_>) -> Result<Self, Uncompilable> {
        let compile = |(index, case): (usize, &document::Case)| {
            let when = step.expression(&case.when, &format!("cases/{index}/when"))?;
            Ok((when, step.exit(&Edge::Case(index))))
        };
        Ok(Self {
            cases: branch.cases.iter().enumerate().map(compile).collect::<Result<_, _>>()?,
            otherwise: step.exit(&Edge::Else),
        })
    }

    pub fn run<'a>(&'a self, visit: &mut Visit<'_, 'a>) -> StepResult<'a> {
        for (when, exit) in &self.cases {
            if visit.condition(when)? {
                return Ok(Left::By(exit));
            }
        }
        Ok(Left::By(&self.otherwise))
    }
}
