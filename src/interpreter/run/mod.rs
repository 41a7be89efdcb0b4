//! The run: state that all flows of a conversation share, and the way from a request to a trace.

mod frame;
mod interrupt;
mod recorder;
mod script;
mod start;
mod visit;
mod waiting;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use chrono_tz::Tz;

pub use frame::Frame;
pub use start::{Identity, locale_order, run};
pub use visit::{Visit, too_long};
pub use waiting::{AnswerVerdict, Asked, Judged};

use self::recorder::Recorder;
use self::script::Script;
use super::error::{ErrorEntry, StepError, code};
use super::expression::{EvaluationScope, Evaluator, Source};
use super::inbound::{Inbound, InboundContent};
use super::mock::MockUses;
use super::moment::{Instant, date_text};
use super::program::{CalledFlows, CompiledExit, Program};
use super::request::RunRequest;
use super::trace::{HandoffEntry, RunStatus, SentMessage, Speaker, Stats, WaitingFor};
use super::value::{ObjectMembers, Value, members, object};

/// Free text reaches a person this long after the last message from them.
const SERVICE_WINDOW_MS: i64 = 24 * 60 * 60 * 1000;
/// How much of the transcript `run.transcript` gives.
const TRANSCRIPT_BYTES_MAX: usize = 16 * 1024;

/// What happens to a run when a step does not simply go on.
#[derive(Debug)]
pub enum RunEnd<'a> {
    Waiting {
        status: RunStatus,
        waiting_for: Box<WaitingFor<'a>>,
    },
    HandedOff(HandoffEntry),
    /// Another flow takes the conversation over; `None` where a mock stands for it.
    Transferred(Option<Box<Frame<'a>>>),
    Expired,
    Stopped,
    Failed(ErrorEntry<'a>),
    Exhausted(ErrorEntry<'a>),
}

/// How a flow on the call stack ended.
#[derive(Debug)]
pub enum FlowEnd<'a> {
    /// With the outcome of its end.
    Completed(Value),
    /// By an error that nothing in it handles.
    Failed(ErrorEntry<'a>),
    /// The whole run is over, or waits.
    Over(RunEnd<'a>),
    /// By an interrupt of the calling flow at this depth, which goes on by the exit.
    Interrupted { depth: usize, exit: &'a CompiledExit },
}

/// A flow that waits for one it has called.
#[derive(Debug)]
pub struct CallingFrame<'a> {
    pub program: &'a Program,
    pub scope: Arc<EvaluationScope>,
    /// The index of the step that calls.
    pub step: usize,
    pub zone: Tz,
    /// `flow.*` of it.
    pub flow: Value,
}

/// How a step left.
#[derive(Debug)]
pub enum Left<'a> {
    By(&'a CompiledExit),
    /// The flow is finished.
    Finished {
        exit: &'a CompiledExit,
        outcome: Value,
    },
    /// So is the run.
    Over {
        exit: Option<&'a CompiledExit>,
        end: RunEnd<'a>,
    },
    /// An interrupt of a calling flow ends all flows it has called; `depth` says which one.
    Interrupted {
        depth: usize,
        exit: &'a CompiledExit,
    },
}

pub type StepResult<'a> = Result<Left<'a>, StepError>;

/// State of the whole conversation.
#[derive(Debug)]
pub struct Run<'a> {
    pub request: &'a RunRequest,
    pub called: &'a CalledFlows,
    pub clock: Instant,
    pub evaluator: Evaluator<'a>,
    pub stats: Stats,
    pub mocks: MockUses,
    recorder: Recorder<'a>,
    script: Script<'a>,
    /// The flows that wait for one they have called, the flow of the run first.
    pub callers: Vec<CallingFrame<'a>>,
    locale: &'a str,
    /// The options of the last menu that was shown: id and title.
    pub menu: Vec<(Value, Value)>,
    /// When the person last wrote. A run that nobody wrote to start counts from its start.
    last_inbound: Option<Instant>,
    has_left_window: bool,
    /// The last input consumed and when; `input.*` is made from it when something reads it.
    consumed: Option<(Cow<'a, Inbound>, Instant)>,
    /// The last value of each entity that arrived, and whether a step has taken it.
    entities: BTreeMap<String, (Value, bool)>,
    /// The keyword that started the run.
    keyword: Option<&'a str>,
    /// Which instant `now` and `today` were last made for.
    now_at: Option<(Instant, Tz)>,
}

impl<'a> Run<'a> {
    fn take_step(&mut self) -> Result<(), StepError> {
        if self.stats.steps == self.request.steps_max {
            let message = format!("The run has used up its {} steps.", self.request.steps_max);
            return Err(StepError::new(code::STEP_BUDGET, message));
        }
        self.stats.steps += 1;
        Ok(())
    }

    /// A step that is not executed after all.
    fn untake_step(&mut self) {
        self.stats.steps -= 1;
    }

    fn stops_before(&self, step_id: &str) -> bool {
        self.request.breakpoints.iter().any(|id| **id == *step_id)
    }

    /// Whether free text sent now would not reach the person. Answers so once in a run.
    fn leaves_window(&mut self) -> bool {
        let is_outside = self.last_inbound.is_none_or(|last| self.clock.0 - last.0 > SERVICE_WINDOW_MS);
        is_outside && !std::mem::replace(&mut self.has_left_window, true)
    }

    /// Brings the namespaces that a source reads up to date.
    fn refresh(&mut self, frame: &mut Frame<'a>, source: &Source) {
        if source.reads_now {
            let zone = frame.scope.shared.zone;
            if self.now_at != Some((self.clock, zone)) || frame.scope.shared.now.is_undefined() {
                let shared = &mut frame.scope().shared;
                shared.now = Value::from(self.clock.text_in(zone));
                shared.today = Value::from(date_text(self.clock.date_in(zone)));
                self.now_at = Some((self.clock, zone));
            }
        }
        if source.reads_flow && frame.scope.flow.is_undefined() {
            frame.scope().flow = frame.namespace();
        }
        if source.reads_trigger && frame.scope.shared.trigger.is_undefined() {
            frame.scope().shared.trigger = start::trigger_namespace(&self.request.start, self.keyword);
        }
        if source.reads_input
            && let Some((inbound, at)) = &self.consumed
        {
            let at = Value::from(at.text_in(frame.scope.shared.zone));
            frame.scope().shared.input = inbound.namespace(at);
        }
        if source.reads_run {
            frame.scope().shared.run = object([
                ("id", Value::from("sandbox")),
                ("seed", Value::from(&*self.request.seed)),
                ("locale", Value::from(frame.scope.shared.locale.tag())),
                ("startedAt", Value::from(self.request.clock.to_string())),
                ("stepCount", Value::from(self.stats.steps)),
                ("transcript", Value::from(self.transcript())),
                (
                    "entities",
                    object(self.entities.iter().map(|(name, (value, _))| (name.as_str(), value.clone()))),
                ),
            ]);
        }
    }

    /// `bot: …` and `user: …`, the last lines of it.
    fn transcript(&self) -> String {
        let (mut lines, mut bytes) = (Vec::new(), 0);
        for line in self.recorder.transcript().iter().rev() {
            let (Some(text), true) = (line.message.text(), line.from != Speaker::System) else { continue };
            let line = format!("{}: {text}", line.from.as_str());
            bytes += line.len() + 1;
            if bytes > TRANSCRIPT_BYTES_MAX {
                break;
            }
            lines.push(line);
        }
        lines.reverse();
        lines.join("\n")
    }

    /// A reply to a menu with the title of the option, where that was shown.
    fn resolved(&self, inbound: &'a Inbound) -> Cow<'a, Inbound> {
        let InboundContent::Option { id, .. } = &inbound.content else { return Cow::Borrowed(inbound) };
        let shown = self.menu.iter().find(|(known, _)| known.as_str() == Some(id));
        let title = shown.and_then(|(_, title)| title.as_str()).map(Box::from);
        Cow::Owned(Inbound { content: InboundContent::Option { id: id.clone(), title }, ..inbound.clone() })
    }

    /// Notes what reached the run, at this moment.
    fn hear(&mut self, inbound: &Inbound, step_id: Option<&'a str>) -> Result<(), StepError> {
        let (speaker, message) = script::heard(inbound);
        if inbound.is_message() {
            self.last_inbound = Some(self.clock);
        }
        for (name, value) in members(&inbound.entities).into_iter().flat_map(ObjectMembers::iter) {
            self.entities.insert(name.to_owned(), (value.clone(), false));
        }
        self.recorder.say(self.clock, speaker, step_id, Arc::new(message)).map(drop)
    }

    /// Notes something for people who read the transcript, that the person does not see.
    pub fn annotate(&mut self, step_id: &'a str, message: SentMessage) -> Result<(), StepError> {
        self.recorder.say(self.clock, Speaker::System, Some(step_id), Arc::new(message)).map(drop)
    }

    /// An entity that no step has taken yet; from now on one has.
    pub fn take_entity(&mut self, name: &str) -> Option<Value> {
        let (value, is_taken) = self.entities.get_mut(name)?;
        (!std::mem::replace(is_taken, true)).then(|| value.clone())
    }

    pub fn is_summary(&self) -> bool {
        self.recorder.detail == super::request::Detail::Summary
    }
}
