//! `handoff`: hand the conversation to people. The run is over.

use super::body::{checked, present};
use crate::flow::channel::QUEUE_CHARS_MAX;
use crate::flow::document::{self, Edge};
use crate::interpreter::expression::{CompiledText, Uncompilable};
use crate::interpreter::program::{CompiledExit, Localized, StepCompiler};
use crate::interpreter::run::{Left, RunEnd, StepResult, Visit};
use crate::interpreter::trace::{HandoffEntry, SentMessage, shown};

#[derive(Debug)]
pub struct CompiledHandoff {
    queue: Option<CompiledText>,
    text: Option<Localized>,
    note: Option<CompiledText>,
    priority: &'static str,
    end: CompiledExit,
}

impl CompiledHandoff {
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
            visit.run.annotate(visit.entry.step_id, SentMessage::new("note", Some(note.clone())))?;
        }
        let handoff = HandoffEntry {
            note: note.as_ref().map(shown).unwrap_or_default(),
            priority: self.priority,
            queue: queue.unwrap_or_default(),
        };
        Ok(Left::Over { exit: Some(&self.end), end: RunEnd::HandedOff(handoff) })
    }
}
