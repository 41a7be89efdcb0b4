//! `wait`: for a while, until a moment, or for an event.

use crate::flow::document::{self, Duration, Edge, WaitFor, WaitTime};
use crate::flow::text::cut;
use crate::interpreter::error::{StepError, code};
use crate::interpreter::expression::{CompiledText, Uncompilable};
use crate::interpreter::moment::{Instant, Moment};
use crate::interpreter::program::{CompiledExit, StepCompiler, WaitPolicy};
use crate::interpreter::run::{Asked, Left, StepResult, Visit};

#[derive(Debug)]
pub struct CompiledWait {
    until: Until,
    policy: WaitPolicy,
    next: CompiledExit,
}

#[derive(Debug)]
enum Until {
    Passed(Duration),
    Rendered(CompiledText),
    Moment(CompiledText),
    Event { event: Box<str>, save_to: Option<usize> },
}

impl CompiledWait {
    pub fn compile(wait: &document::Wait, step: &StepCompiler<'_, '_>) -> Result<Self, Uncompilable> {
        let until = match &wait.until {
            WaitFor::Duration(WaitTime::Fixed(duration)) => Until::Passed(*duration),
            WaitFor::Duration(WaitTime::Template(source)) => Until::Rendered(step.text(source, "duration")?),
            WaitFor::Until(source) => Until::Moment(step.text(source, "until")?),
            WaitFor::Event { event, save_to, .. } => {
                Until::Event { event: event.as_str().into(), save_to: step.maybe_variable(save_to.as_ref())? }
            }
        };
        Ok(Self { until, policy: step.wait_policy(wait.allow_interrupts)?, next: step.exit(&Edge::Next) })
    }

    pub fn run<'a>(&'a self, visit: &mut Visit<'_, 'a>) -> StepResult<'a> {
        let until = match &self.until {
            Until::Event { event, save_to } => {
                return match visit.await_event(event, &self.policy)? {
                    Asked::Left(left) => Ok(left),
                    Asked::Answered(payload) => {
                        visit.set_value(payload.clone());
                        visit.write_to(*save_to, payload)?;
                        Ok(Left::By(&self.next))
                    }
                };
            }
            Until::Passed(duration) => visit.run.clock.plus_ms(duration.as_ms()),
            Until::Rendered(text) => duration(visit, text)?,
            Until::Moment(text) => moment(visit, text)?,
        };
        Ok(visit.pass_time(until, &self.policy)?.unwrap_or(Left::By(&self.next)))
    }
}

fn duration<'a>(visit: &mut Visit<'_, 'a>, text: &'a CompiledText) -> Result<Instant, StepError> {
    let rendered = visit.text(text)?;
    let written = rendered.as_str().unwrap_or_default().trim();
    match written.parse::<Duration>() {
        Ok(duration) if WaitTime::RANGE.contains(&duration) => Ok(visit.run.clock.plus_ms(duration.as_ms())),
        _ => Err(mismatch(written, "no duration from PT1S to P30D", visit, "duration")),
    }
}

fn moment<'a>(visit: &mut Visit<'_, 'a>, text: &'a CompiledText) -> Result<Instant, StepError> {
    let rendered = visit.text(text)?;
    let written = rendered.as_str().unwrap_or_default().trim();
    let zone = visit.frame.scope.shared.zone;
    Moment::parse(written)
        .and_then(|moment| moment.instant(zone))
        .map(|instant| instant.min(Instant::MAX))
        .ok_or_else(|| mismatch(written, "no datetime", visit, "until"))
}

fn mismatch(written: &str, what: &str, visit: &Visit<'_, '_>, member: &str) -> StepError {
    let written = cut(written, 40);
    StepError::new(code::TYPE_MISMATCH, format!("“{written}” is {what}."))
        .or_at(&format!("{}/{member}", visit.entry.pointer))
}
