//! One flow on the call stack: its variables, its visits, and the loop that walks its steps.

use std::sync::Arc;

use super::visit::Visit;
use super::{FlowEnd, Left, Run, RunEnd, locale_order};
use crate::interpreter::error::{ErrorEntry, StepError, code};
use crate::interpreter::expression::{EvaluationScope, Local, STATE_BYTES_MAX, Shared, StepRecord};
use crate::interpreter::locale::Locale;
use crate::interpreter::program::{CompiledExit, CompiledStep, Destination, Program, Visited};
use crate::interpreter::trace::{RanVersion, StepStatus};
use crate::interpreter::value::{Value, object};
use crate::interpreter::write;

/// The visit on which a step that nothing waited between is taken for a loop.
const VISITS_WITHOUT_WAIT_MAX: u32 = 25;
/// So many interrupted steps are remembered; those further back nobody resumes.
const INTERRUPTED_MAX: usize = 100;

#[derive(Debug)]
pub struct Frame<'a> {
    pub program: &'a Program,
    version: RanVersion,
    pub scope: Arc<EvaluationScope>,
    /// The ids of the flows on the call stack behind the flow of the run: that one is first, also where another flow has
    /// taken the conversation over from it.
    pub flow_path: Vec<&'a str>,
    /// How many flows of the path do not run: those before the one that has taken over.
    left_behind: usize,
    /// Indices of the program's locales that the run prefers, best first.
    pub locale_order: Vec<usize>,
    /// Bytes of JSON in each variable, and in all of them.
    bytes: Vec<usize>,
    bytes_total: usize,
    pub visited: Visited,
    /// By step: the wait after which it was last entered, and how often since.
    since_wait: Vec<(u32, u32)>,
    waits: u32,
    handler_used: bool,
    /// The steps that waited when an interrupt was heard, the last one last.
    interrupted: Vec<usize>,
}

impl<'a> Frame<'a> {
    pub fn new(
        program: &'a Program,
        version: RanVersion,
        flow_path: Vec<&'a str>,
        shared: Shared,
        locale_order: Vec<usize>,
    ) -> Self {
        let variables: Vec<Value> =
            program.variables.iter().map(|variable| variable.default.clone()).collect();
        let bytes: Vec<usize> = program.variables.iter().map(|variable| variable.default_bytes).collect();
        Self {
            bytes_total: bytes.iter().sum(),
            bytes,
            scope: Arc::new(EvaluationScope {
                names: program.names.clone(),
                variables,
                steps: std::iter::repeat_with(StepRecord::default).take(program.steps.len()).collect(),
                shared,
                flow: Value::UNDEFINED,
                local: Local::default(),
                secrets: false,
            }),
            visited: Visited::nothing_of(program),
            since_wait: vec![(0, 0); program.steps.len()],
            waits: 0,
            handler_used: false,
            interrupted: Vec::new(),
            program,
            version,
            flow_path,
            left_behind: 0,
            locale_order,
        }
    }

    /// A flow that this one calls.
    pub fn below(
        &self,
        program: &'a Program,
        version: RanVersion,
        id: &'a str,
        shared: Shared,
        locale_order: Vec<usize>,
    ) -> Self {
        let flow_path = self.flow_path.iter().copied().chain([id]).collect();
        Self { left_behind: self.left_behind, ..Self::new(program, version, flow_path, shared, locale_order) }
    }

    /// A flow that takes the conversation over in the run of `first`. What all share is moved to it when it begins.
    pub fn taking_over(program: &'a Program, version: RanVersion, first: &'a str, id: &'a str) -> Self {
        let frame = Self::new(program, version, vec![first, id], Shared::default(), Vec::new());
        Self { left_behind: 1, ..frame }
    }

    /// Accounts for the size of a variable's new value; refuses it when all together have too much.
    pub fn account(&mut self, variable: usize, value: &Value) -> Result<(), StepError> {
        let bytes = write::measured(value)?;
        let total = self.bytes_total - self.bytes[variable] + bytes;
        if total > STATE_BYTES_MAX {
            return Err(write::state_limit());
        }
        self.bytes_total = total;
        self.bytes[variable] = bytes;
        Ok(())
    }

    pub fn depth(&self) -> usize {
        self.running().len() - 1
    }

    /// The ids of the flows that run: this one, and those that wait for it.
    pub fn running(&self) -> &[&'a str] {
        &self.flow_path[self.left_behind..]
    }

    /// Whether it is the flow that the run was begun with.
    fn is_first(&self) -> bool {
        self.flow_path.len() == 1
    }

    pub fn scope(&mut self) -> &mut EvaluationScope {
        Arc::make_mut(&mut self.scope)
    }

    /// Takes back what the whole conversation shares, from a flow that was called.
    pub fn resume(&mut self, shared: Shared) {
        self.locale_order = locale_order(self.program, shared.locale.tag());
        self.scope().shared = shared;
    }

    /// From now on the run speaks this language.
    pub fn speak(&mut self, tag: &str) {
        self.locale_order = locale_order(self.program, tag);
        self.scope().shared.locale = Locale::new(tag);
    }

    /// Forgets how often steps were entered: the run waits.
    pub fn note_wait(&mut self) {
        self.waits += 1;
    }

    /// Whether the run waited while this flow ran, in it or below it.
    pub fn has_waited(&self) -> bool {
        self.waits > 0
    }

    /// `flow.*`.
    pub fn namespace(&self) -> Value {
        object([
            ("id", Value::from(self.flow_path.last().copied().unwrap_or_default())),
            ("name", Value::from(&*self.program.name)),
            ("version", self.version.to_value()),
        ])
    }

    /// The id of the flow, where an error is not in the flow of the run.
    fn called_id(&self) -> Option<&'a str> {
        if self.is_first() { None } else { self.flow_path.last().copied() }
    }

    pub fn error_entry(&self, step: &'a CompiledStep, error: &StepError) -> ErrorEntry<'a> {
        ErrorEntry {
            code: error.code,
            flow_id: self.called_id(),
            message: error.message.clone(),
            pointer: error.pointer.clone().unwrap_or_else(|| step.pointer.clone()),
            position: error.position,
            step_id: &step.id,
        }
    }

    /// Walks from the first step until the flow ends or the run does.
    pub fn walk(&mut self, run: &mut Run<'a>) -> FlowEnd<'a> {
        let mut at = if self.program.steps.is_empty() { Destination::End } else { Destination::Step(0) };
        while let Destination::Step(index) = at {
            match self.enter(run, index) {
                Entered::Onward(next) => at = next,
                Entered::Ended(end) => return end,
            }
        }
        FlowEnd::Completed(Value::from("completed"))
    }

    fn enter(&mut self, run: &mut Run<'a>, index: usize) -> Entered<'a> {
        run.evaluator.pace.rest();
        let step = &self.program.steps[index];
        if let Err(error) = run.take_step().and_then(|()| self.count_entry(index)) {
            return Entered::Ended(self.final_end(step, &error));
        }
        if self.is_first() && run.stops_before(&step.id) {
            return Entered::Ended(self.stop(run, index));
        }
        let mut visit = Visit::enter(run, self, index);
        let left = match visit.is_wanted() {
            Ok(true) => step.kind.run(&mut visit),
            Ok(false) => {
                visit.entry.status = StepStatus::Skipped;
                Ok(Left::By(&step.skip))
            }
            Err(error) => Err(error),
        };
        let entered = match left {
            Ok(left) => visit.leave(left),
            Err(error) => visit.fail(&error),
        };
        let entry = visit.finish();
        match run.recorder.close(entry) {
            Ok(()) => entered,
            // Whatever followed, the trace has no room for it.
            Err(limit) => Entered::Ended(self.final_end(step, &limit)),
        }
    }

    fn stop(&mut self, run: &mut Run<'a>, index: usize) -> FlowEnd<'a> {
        run.untake_step();
        let mut visit = Visit::enter(run, self, index);
        visit.entry.status = StepStatus::Stopped;
        visit.entry.left_at = None;
        let entry = visit.finish();
        match run.recorder.close(entry) {
            Ok(()) => FlowEnd::Over(RunEnd::Stopped),
            Err(limit) => self.final_end(&self.program.steps[index], &limit),
        }
    }

    fn count_entry(&mut self, index: usize) -> Result<(), StepError> {
        let (wait, count) = &mut self.since_wait[index];
        *count = if *wait == self.waits { *count + 1 } else { 1 };
        *wait = self.waits;
        if *count >= VISITS_WITHOUT_WAIT_MAX {
            let message = format!("The step is entered for the {count}th time without waiting in between.");
            return Err(StepError::new(code::LOOP_WITHOUT_INPUT, message));
        }
        Ok(())
    }

    /// The end of the run that an error leads to which no handler is asked about.
    pub fn final_end(&self, step: &'a CompiledStep, error: &StepError) -> FlowEnd<'a> {
        let entry = self.error_entry(step, error);
        FlowEnd::Over(if error.exhausts_a_budget() {
            RunEnd::Exhausted(entry)
        } else {
            RunEnd::Failed(entry)
        })
    }

    /// An interrupt was heard while this step waited.
    pub fn note_interrupt(&mut self, step: usize) {
        if self.interrupted.len() == INTERRUPTED_MAX {
            self.interrupted.remove(0);
        }
        self.interrupted.push(step);
    }

    /// Where a target leads now; an error where there is nothing to go back to.
    pub fn place_of(&mut self, to: Destination) -> Result<Destination, StepError> {
        match to {
            Destination::Resume => self.interrupted.pop().map(Destination::Step).ok_or_else(|| {
                StepError::new(
                    code::NOTHING_TO_RESUME,
                    "No interrupt led here, so there is nothing to resume.",
                )
            }),
            to => Ok(to),
        }
    }

    /// Where an error leads: the step's handler, else the flow's, once.
    pub fn handler(&mut self, step: &'a CompiledStep) -> Option<Handler<'a>> {
        if let Some(exit) = &step.on_error {
            return Some(Handler { label: &exit.label, to: exit.to, exit: Some(exit) });
        }
        let to = self.program.on_error.filter(|_| !self.handler_used)?;
        self.handler_used = true;
        Some(Handler { label: "error", to, exit: None })
    }

    pub fn note_taken(&mut self, index: usize, exit: &CompiledExit) {
        self.visited.take(&self.program.steps[index], exit);
    }

    /// How a trace names where an exit leads.
    pub fn target_name(&self, to: Destination) -> &'a str {
        match to {
            Destination::Step(index) => &self.program.steps[index].id,
            Destination::End => "$end",
            Destination::Resume => "$resume",
        }
    }
}

/// What follows a visit.
#[derive(Debug)]
pub enum Entered<'a> {
    Onward(Destination),
    Ended(FlowEnd<'a>),
}

#[derive(Debug)]
pub struct Handler<'a> {
    pub label: &'a str,
    pub to: Destination,
    pub exit: Option<&'a CompiledExit>,
}
