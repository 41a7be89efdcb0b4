//! `split`: draw one of several paths by weight.

use crate::flow::document::{self, Edge};
use crate::interpreter::draw::{draw, walk};
use crate::interpreter::expression::Uncompilable;
use crate::interpreter::program::{CompiledExit, StepCompiler};
use crate::interpreter::run::{Left, StepResult, Visit};
use crate::interpreter::value::Value;

#[derive(Debug)]
pub struct CompiledSplit {
    paths: Vec<Path>,
    weight_total: u64,
    save_to: Option<usize>,
}

#[derive(Debug)]
struct Path {
    id: Value,
    weight: u32,
    exit: CompiledExit,
}

impl CompiledSplit {
    pub fn compile(split: &document::Split, step: &StepCompiler<'_, '_>) -> Result<Self, Uncompilable> {
        let compile = |path: &document::SplitPath| Path {
            id: Value::from(path.id.as_str()),
            weight: path.weight,
            exit: step.exit(&Edge::Path(path.id.clone())),
        };
        Ok(Self {
            paths: split.paths.iter().map(compile).collect(),
            weight_total: split.paths.iter().map(|path| u64::from(path.weight)).sum(),
            save_to: step.maybe_variable(split.save_to.as_ref())?,
        })
    }

    pub fn run<'a>(&'a self, visit: &mut Visit<'_, 'a>) -> StepResult<'a> {
        let entry = &visit.entry;
        let drawn = draw(
            &visit.run.request.seed,
            &visit.frame.flow_path,
            entry.step_id,
            entry.visit,
            self.weight_total.max(1),
        );
        let index = walk(self.paths.iter().map(|path| path.weight), drawn).unwrap_or(0);
        let path = &self.paths[index];
        visit.set_outcome(path.id.clone());
        visit.set_value(path.id.clone());
        visit.write_to(self.save_to, path.id.clone())?;
        Ok(Left::By(&path.exit))
    }
}
