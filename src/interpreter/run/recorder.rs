//! Collects a trace and keeps it within its size. Sizes are estimated from above while they are far from
//! the limit, and counted exactly once the estimate passes it.

use std::collections::HashSet;
use std::sync::Arc;

use crate::interpreter::canonical::{self, CanonicalPage, WriteJson};
use crate::interpreter::error::{StepError, code};
use crate::interpreter::moment::Instant;
use crate::interpreter::request::Detail;
use crate::interpreter::trace::{
    SentMessage, ShownValue, Speaker, StepEntry, TRACE_BYTES_MAX, TranscriptLine, VALUE_BYTES_MAX, Warning,
};
use crate::interpreter::value::Value;

/// What a trace holds beside entries, lines, warnings and coverage: final variables (256 KiB at most), the
/// contact (64 KiB at most), and members of fixed number whose texts are cut.
const RESERVED_BYTES: usize = 352 * 1024;
/// JSON may need six bytes for one of a text.
const ESCAPED_BYTES: usize = 6;

/// Most runs enter no more steps than this.
const ENTRIES_EXPECTED: usize = 16;

#[derive(Debug)]
pub struct Recorder<'a> {
    pub detail: Detail,
    /// How many entries were opened.
    opened: u32,
    /// Those that are finished, in the order of leaving.
    #[expect(clippy::vec_box, reason = "see the trace")]
    entries: Vec<Box<StepEntry<'a>>>,
    transcript: Vec<TranscriptLine<'a>>,
    warnings: Vec<Warning<'a>>,
    seen_warnings: HashSet<String>,
    /// An upper bound for the bytes collected.
    weight: usize,
    /// The exact bytes collected, once they had to be counted.
    exact: Option<usize>,
    bytes_max: usize,
}

impl<'a> Recorder<'a> {
    /// `coverage_bytes` bounds what coverage will take.
    pub fn new(detail: Detail, coverage_bytes: usize) -> Self {
        Self {
            detail,
            opened: 0,
            entries: Vec::with_capacity(ENTRIES_EXPECTED),
            transcript: Vec::with_capacity(ENTRIES_EXPECTED),
            warnings: Vec::new(),
            seen_warnings: HashSet::new(),
            weight: 0,
            exact: None,
            bytes_max: TRACE_BYTES_MAX.saturating_sub(RESERVED_BYTES + coverage_bytes),
        }
    }

    /// Opens an entry and answers its number.
    pub fn open(&mut self) -> u32 {
        self.opened += 1;
        self.opened
    }

    /// Adds a finished entry, unless the trace would then be too long.
    pub fn close(&mut self, entry: Box<StepEntry<'a>>) -> Result<(), StepError> {
        self.admit(&entry, entry_weight(&entry))?;
        self.entries.push(entry);
        Ok(())
    }

    /// Adds a line to the transcript. Answers what its message weighs.
    pub fn say(
        &mut self,
        at: Instant,
        from: Speaker,
        step_id: Option<&'a str>,
        message: Arc<SentMessage>,
    ) -> Result<usize, StepError> {
        let line = TranscriptLine { at, from, message, step_id, seq: self.transcript.len() as u32 + 1 };
        let weight = message_weight(&line.message);
        self.admit(&line, 128 + weight)?;
        self.transcript.push(line);
        Ok(weight)
    }

    /// Notes a warning, once for each place. Answers whether it is new.
    pub fn warn(&mut self, warning: &Warning<'a>) -> bool {
        let key = format!("{} {:?} {:?} {}", warning.code, warning.step_id, warning.pointer, warning.message);
        let is_new = self.seen_warnings.insert(key);
        // Its size counts from the next entry on: warnings are few, and small.
        if is_new && self.admit(warning, 256 + ESCAPED_BYTES * warning.message.len()).is_ok() {
            self.warnings.push(warning.clone());
        }
        is_new
    }

    pub fn transcript(&self) -> &[TranscriptLine<'a>] {
        &self.transcript
    }

    /// Everything collected: entries in order of entering, lines, warnings.
    #[expect(clippy::vec_box, reason = "see the trace")]
    pub fn finish(mut self) -> (Vec<Box<StepEntry<'a>>>, Vec<TranscriptLine<'a>>, Vec<Warning<'a>>) {
        // A step that calls a flow is left after the steps of that flow.
        self.entries.sort_by_key(|entry| entry.n);
        (self.entries, self.transcript, self.warnings)
    }

    fn admit<T: WriteJson>(&mut self, part: &T, weight: usize) -> Result<(), StepError> {
        if self.exact.is_none() && self.weight + weight <= self.bytes_max {
            self.weight += weight;
            return Ok(());
        }
        let collected = match self.exact {
            Some(exact) => exact,
            None => self.count(),
        };
        let exact = collected + bytes(part);
        if exact > self.bytes_max {
            self.exact = Some(collected);
            let message = format!("The trace would be longer than {TRACE_BYTES_MAX} bytes.");
            return Err(StepError::new(code::TRACE_LIMIT, message));
        }
        self.exact = Some(exact);
        Ok(())
    }

    fn count(&self) -> usize {
        let entries: usize = self.entries.iter().map(bytes).sum();
        let lines: usize = self.transcript.iter().map(bytes).sum();
        entries + lines + self.warnings.iter().map(bytes).sum::<usize>()
    }
}

/// What a part takes in a trace, with its comma.
fn bytes<T: WriteJson>(part: &T) -> usize {
    let mut page = CanonicalPage::default();
    part.write_json(&mut page);
    page.len() + 1
}

fn value_weight(value: &Value) -> usize {
    match value.as_str() {
        Some(text) => ESCAPED_BYTES * text.len(),
        None if value.as_object().is_some() => VALUE_BYTES_MAX,
        None => 24,
    }
}

fn message_weight(message: &SentMessage) -> usize {
    let payload = message.payload().iter().map(|(name, value)| name.len() + 4 + payload_weight(value));
    32 + ESCAPED_BYTES * message.text().map_or(0, str::len) + payload.sum::<usize>()
}

/// Payloads of messages are shown whole, whatever their size.
fn payload_weight(value: &Value) -> usize {
    let exact = || canonical::len_up_to(value, TRACE_BYTES_MAX);
    canonical::len_at_most(value).unwrap_or_else(exact)
}

fn entry_weight(entry: &StepEntry<'_>) -> usize {
    let evaluations = entry.evaluations.iter().map(|evaluation| {
        let values = evaluation.values.iter().map(value_weight);
        let error = evaluation.error.as_ref().map_or(0, |error| ESCAPED_BYTES * error.message.len() + 64);
        8 + evaluation.label.bytes + value_weight(&evaluation.result) + error + values.sum::<usize>()
    });
    let changes = entry
        .changes
        .iter()
        .map(|change| 40 + 2 * change.variable.len() + value_weight(&change.from) + value_weight(&change.to));
    let attempts = entry.attempts.iter().map(|attempt| {
        let value = attempt.value.as_ref().map_or(0, value_weight);
        160 + value_weight(&attempt.input) + value
    });
    let messages = match &entry.output {
        ShownValue::Output(output) => 8 * output.messages.len() + output.weight,
        ShownValue::Omitted => 0,
    };
    let call = if entry.call.is_undefined() { 0 } else { payload_weight(&entry.call) };
    let warnings = entry.warnings.iter().map(|warning| 256 + ESCAPED_BYTES * warning.message.len());
    let error = entry.error.as_ref().map_or(0, |error| 256 + ESCAPED_BYTES * error.message.len());
    768 + evaluations.sum::<usize>()
        + changes.sum::<usize>()
        + attempts.sum::<usize>()
        + warnings.sum::<usize>()
        + messages
        + call
        + error
        + value_weight(&entry.input)
        + entry.flow_path.iter().map(|id| id.len() + 4).sum::<usize>()
}
