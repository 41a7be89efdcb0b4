//! `handoff`: hand the conversation to people. The run is over.

use super::body::{checked, present};
use crate::flow::document::{self, Edge};
use crate::interpreter::expression::{Text, Uncompilable};
use crate::interpreter::program::{Exit, Localized, StepCompiler};
use crate::interpreter::run::{Left, RunEnd, StepResult, Visit};
use crate::interpreter::trace::{HandoffEntry, Message, shown};

const QUEUE_CHARS_MAX: usize = 64;

#[derive(Debug)]
pub struct Handoff {
    queue: Option<Text>,
    text: Option<Localized>,
    note: Option<Text>,
    priority: &'static str,
    end: Exit,
}

impl Handoff {
    pub fn compile(handoff: &document::Handoff, step: &StepCompiler<'_, '_>) -> Result<Self, Uncompilable> {
        Ok(Self {
            queue: step.maybe_text(handoff.queue.as_ref(), "queue")?,
            text: step.maybe_localized(handoff.text.as_ref(), "text", "text")?,
            note: step.maybe_text(handoff.note.as_ref(), "note")?,
            priority: handoff.priority.as_str(),
            end: step.exit(&Edge::End),
        })
    }

    pub fn run<'a>(&'a self, visit: &mut Visit<'_, 'a>) -> StepResult<'a> {
        let queue = present(visit.maybe_text(self.queue.as_ref())?);
        let queue = queue.map(|queue| checked("The queue", queue, QUEUE_CHARS_MAX)).transpose()?;
        if let Some(text) = present(visit.maybe_localized(self.text.as_ref())?) {
            visit.send_text(text)?;
        }
        let note = present(visit.maybe_text(self.note.as_ref())?);
        if let Some(note) = &note {
            visit.run.annotate(visit.entry.step_id, Message::new("note", Some(note.clone())))?;
        }
        let handoff = HandoffEntry {
            note: note.as_ref().map(shown).unwrap_or_default(),
            priority: self.priority,
            queue: queue.unwrap_or_default(),
        };
        Ok(Left::Over { exit: Some(&self.end), end: RunEnd::HandedOff(handoff) })
    }
}
