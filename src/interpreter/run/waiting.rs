//! Waiting: for an answer that a step judges, for an event, or for time to pass; with reminders and timeouts on the
//! virtual clock.

use std::borrow::Cow;

use super::script::Arrival;
use super::visit::Visit;
use super::{Left, RunEnd, StepResult};
use crate::flow::text::is_blank;
use crate::interpreter::error::{StepError, code};
use crate::interpreter::inbound::{Inbound, InboundContent};
use crate::interpreter::moment::Instant;
use crate::interpreter::program::{RetryPolicy, TimeoutPolicy, WaitPolicy};
use crate::interpreter::trace::{Attempt, RunStatus, WaitingFor, shown};
use crate::interpreter::value::Value;

/// What a step makes of an answer.
#[derive(Debug)]
pub enum AnswerVerdict<T> {
    /// Good: `value` is what the trace shows of it.
    Accepted { value: Value, judged: T },
    /// The member of the step that rejects it, with the rule's index and its own words.
    Rejected { reason: &'static str, rule: Option<usize>, text: Option<Value> },
}

impl<T> AnswerVerdict<T> {
    pub fn rejected(reason: &'static str) -> Self {
        Self::Rejected { reason, rule: None, text: None }
    }

    pub fn rejected_by_rule(rule: usize, text: Option<Value>) -> Self {
        Self::Rejected { reason: "validation", rule: Some(rule), text }
    }
}

/// How asking ended.
#[derive(Debug)]
pub enum Asked<'a, T> {
    Answered(T),
    Left(Left<'a>),
}

/// What came while a step waited.
enum Next<'a> {
    Message(Arrival<'a>),
    Event(Cow<'a, Inbound>),
    TimedOut,
    /// The script has nothing more.
    Nothing,
}

/// How long a wait has lasted.
struct Wait<'a> {
    timeout: Option<&'a TimeoutPolicy>,
    /// When the prompt was sent: deadlines count from here.
    prompted: Instant,
    /// When the run last began or resumed waiting: inputs count from here.
    began: Instant,
    reminders_sent: usize,
}

impl<'a> Wait<'a> {
    fn deadline(&self) -> Option<Instant> {
        self.timeout.map(|timeout| self.prompted.plus_ms(timeout.after_ms))
    }
}

/// How a step judges an answer.
pub trait Judged<'a> {
    type Answer;

    /// Sends the prompt.
    fn prompt(&mut self, visit: &mut Visit<'_, 'a>) -> Result<(), StepError>;

    fn judge(
        &mut self,
        visit: &mut Visit<'_, 'a>,
        inbound: &Inbound,
    ) -> Result<AnswerVerdict<Self::Answer>, StepError>;

    /// What a run that waits here waits for.
    fn describe(&self, waiting_for: &mut WaitingFor<'a>);
}

impl<'a> Visit<'_, 'a> {
    /// Prompts, and waits until an answer is accepted or the step has to be left otherwise.
    pub fn ask<J: Judged<'a>>(
        &mut self,
        policy: &'a WaitPolicy,
        judge: &mut J,
    ) -> Result<Asked<'a, J::Answer>, StepError> {
        self.frame.note_wait();
        judge.prompt(self)?;
        let mut wait = self.begin_wait(policy.timeout.as_ref());
        let mut rejected = 0;
        loop {
            let arrival = match self.next(&mut wait, None)? {
                Next::Message(arrival) => arrival,
                Next::TimedOut => return Ok(Asked::Left(self.time_out(policy.timeout.as_ref()))),
                Next::Event(_) | Next::Nothing => {
                    let mut waiting_for = self.waiting_for(&wait, rejected);
                    judge.describe(&mut waiting_for);
                    let end = RunEnd::Waiting {
                        status: RunStatus::WaitingForInput,
                        waiting_for: Box::new(waiting_for),
                    };
                    return Ok(Asked::Left(Left::Over { exit: None, end }));
                }
            };
            self.consume(arrival.inbound.clone());
            if !arrival.was_queued
                && let Some(left) = self.interrupted(policy, &arrival.inbound)?
            {
                return Ok(Asked::Left(left));
            }
            let (at, input) = (self.run.clock, shown(&arrival.inbound.json));
            match judge.judge(self, &arrival.inbound)? {
                AnswerVerdict::Accepted { value, judged } => {
                    self.entry.attempts.push(Attempt::accepted(at, input, shown(&value)));
                    return Ok(Asked::Answered(judged));
                }
                AnswerVerdict::Rejected { reason, rule, text } => {
                    self.entry.attempts.push(Attempt::rejected(at, input, reason, rule));
                    rejected += 1;
                    let retry = policy.retry.as_ref().expect("steps that judge have a retry policy");
                    if rejected > retry.max {
                        return exhausted(retry).map(Asked::Left);
                    }
                    self.say_again(retry, text, judge)?;
                    self.resume(&mut wait);
                }
            }
        }
    }

    /// Waits for an event. Answers its payload, or how the step left without it.
    pub fn await_event(
        &mut self,
        event: &'a str,
        policy: &'a WaitPolicy,
    ) -> Result<Asked<'a, Value>, StepError> {
        self.frame.note_wait();
        let mut wait = self.begin_wait(policy.timeout.as_ref());
        loop {
            match self.next(&mut wait, Some(event))? {
                Next::Event(inbound) => {
                    self.consume(inbound.clone());
                    self.entry.input =
                        if self.run.is_summary() { Value::UNDEFINED } else { shown(&inbound.json) };
                    let payload = match &inbound.content {
                        InboundContent::Event { payload, .. } => payload.clone(),
                        _ => Value::UNDEFINED,
                    };
                    return Ok(Asked::Answered(payload));
                }
                Next::Message(arrival) => {
                    if let Some(left) = self.interrupted(policy, &arrival.inbound)? {
                        return Ok(Asked::Left(left));
                    }
                    self.run.script.queue(arrival.inbound);
                }
                Next::TimedOut => return Ok(Asked::Left(self.time_out(policy.timeout.as_ref()))),
                Next::Nothing => {
                    let mut waiting_for = self.waiting_for(&wait, 0);
                    waiting_for.event = Some(event);
                    let end = RunEnd::Waiting {
                        status: RunStatus::WaitingForEvent,
                        waiting_for: Box::new(waiting_for),
                    };
                    return Ok(Asked::Left(Left::Over { exit: None, end }));
                }
            }
        }
    }

    /// Lets time pass. Messages that come meanwhile are kept for the next step that asks, unless one
    /// interrupts.
    pub fn pass_time(
        &mut self,
        until: Instant,
        policy: &'a WaitPolicy,
    ) -> Result<Option<Left<'a>>, StepError> {
        self.frame.note_wait();
        if until <= self.run.clock {
            return Ok(None);
        }
        let wait = self.begin_wait(None);
        while let Some((inbound, due)) = self.run.script.peek(wait.began) {
            if due > until || matches!(inbound.content, InboundContent::Timeout) {
                break;
            }
            self.arrive(due)?;
            if !inbound.is_message() {
                self.ignore(inbound);
                continue;
            }
            let inbound = self.run.resolved(inbound);
            self.run.hear(&inbound, Some(self.entry.step_id))?;
            if let Some(left) = self.interrupted(policy, &inbound)? {
                return Ok(Some(left));
            }
            self.run.script.queue(inbound);
        }
        self.run.clock = until;
        Ok(None)
    }

    fn begin_wait(&mut self, timeout: Option<&'a TimeoutPolicy>) -> Wait<'a> {
        self.run.stats.waits += 1;
        Wait { timeout, prompted: self.run.clock, began: self.run.clock, reminders_sent: 0 }
    }

    fn resume(&mut self, wait: &mut Wait<'a>) {
        self.run.stats.waits += 1;
        wait.began = self.run.clock;
    }

    /// Takes the next input at its time.
    fn arrive(&mut self, due: Instant) -> Result<(), StepError> {
        self.run.script.take();
        self.run.clock = self.run.clock.max(due);
        Ok(())
    }

    fn next(&mut self, wait: &mut Wait<'a>, event: Option<&str>) -> Result<Next<'a>, StepError> {
        if event.is_none()
            && let Some(inbound) = self.run.script.queued()
        {
            return Ok(Next::Message(Arrival { inbound, was_queued: true }));
        }
        loop {
            if self.run.script.is_stuck {
                return Ok(Next::Nothing);
            }
            let Some((inbound, due)) = self.run.script.peek(wait.began) else { return Ok(Next::Nothing) };
            let is_silence = matches!(inbound.content, InboundContent::Timeout);
            match wait.deadline() {
                Some(deadline) if is_silence || deadline < due => {
                    self.remind_until(wait, deadline)?;
                    self.run.clock = self.run.clock.max(deadline);
                    if is_silence {
                        self.run.script.take();
                    }
                    return Ok(Next::TimedOut);
                }
                None if is_silence => {
                    self.run.script.take();
                    self.run.script.is_stuck = true;
                    let message = "Nothing can expire here: the run waits on.".to_owned();
                    self.warn("NO_PENDING_TIMEOUT", message, None);
                    return Ok(Next::Nothing);
                }
                _ => {}
            }
            self.remind_until(wait, due)?;
            self.arrive(due)?;
            match &inbound.content {
                InboundContent::Event { event: came, .. } if event == Some(came) => {
                    self.run.hear(inbound, Some(self.entry.step_id))?;
                    return Ok(Next::Event(Cow::Borrowed(inbound)));
                }
                InboundContent::Event { .. } => self.ignore(inbound),
                _ => {
                    let inbound = self.run.resolved(inbound);
                    self.run.hear(&inbound, Some(self.entry.step_id))?;
                    return Ok(Next::Message(Arrival { inbound, was_queued: false }));
                }
            }
        }
    }

    fn ignore(&mut self, inbound: &Inbound) {
        if let InboundContent::Event { event, .. } = &inbound.content {
            self.warn("EVENT_IGNORED", format!("Nothing waits for the event {event}."), None);
        }
    }

    /// Sends the reminders that are due before `until`.
    fn remind_until(&mut self, wait: &mut Wait<'a>, until: Instant) -> Result<(), StepError> {
        let reminders = wait.timeout.map(|timeout| &timeout.reminders[..]).unwrap_or_default();
        while let Some(reminder) = reminders.get(wait.reminders_sent) {
            let due = wait.prompted.plus_ms(reminder.after_ms);
            if due >= until {
                break;
            }
            self.run.clock = self.run.clock.max(due);
            let event = format!("reminder:{}", wait.reminders_sent);
            self.entry.attempts.push(Attempt::event(self.run.clock, event));
            let text = self.localized(&reminder.text)?;
            self.send_text(text)?;
            wait.reminders_sent += 1;
        }
        Ok(())
    }

    fn time_out(&mut self, timeout: Option<&'a TimeoutPolicy>) -> Left<'a> {
        let timeout = timeout.expect("only a wait with a timeout times out");
        self.entry.attempts.push(Attempt::event(self.run.clock, "timeout"));
        match timeout.expires {
            false => Left::By(&timeout.exit),
            true => Left::Over { exit: Some(&timeout.exit), end: RunEnd::Expired },
        }
    }

    /// Makes an input the last one consumed: `input.*`.
    pub(super) fn consume(&mut self, inbound: Cow<'a, Inbound>) {
        self.run.consumed = Some((inbound, self.run.clock));
    }

    fn say_again<J: Judged<'a>>(
        &mut self,
        retry: &'a RetryPolicy,
        text: Option<Value>,
        judge: &mut J,
    ) -> Result<(), StepError> {
        let text = match text.filter(|text| !is_blank(text.as_str().unwrap_or_default())) {
            Some(text) => text,
            None => self.first_said(&retry.texts)?,
        };
        self.send_text(text)?;
        if retry.repeat_prompt {
            judge.prompt(self)?;
        }
        Ok(())
    }

    fn waiting_for(&self, wait: &Wait<'a>, attempt: u32) -> WaitingFor<'a> {
        WaitingFor {
            attempt,
            event: None,
            input: None,
            kind: self.step().type_name,
            options: Vec::new(),
            pointer: self.entry.pointer,
            step_id: self.entry.step_id,
            timeout_at: wait.deadline(),
        }
    }
}

/// Where a step leaves when its chances are used up.
fn exhausted(retry: &RetryPolicy) -> StepResult<'_> {
    match &retry.exhausted {
        Some(exit) => Ok(Left::By(exit)),
        None => {
            let message = format!("The answer was rejected more than {} times.", retry.max);
            Err(StepError::new(code::RETRIES_EXHAUSTED, message))
        }
    }
}
