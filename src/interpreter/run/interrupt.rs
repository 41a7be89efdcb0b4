//! Interrupts: commands that are heard at every wait. Those of the flow that waits come first, then those of the flows
//! that have called it, the nearest first.

use std::borrow::Cow;
use std::sync::Arc;

use super::Left;
use super::visit::Visit;
use crate::interpreter::error::{StepError, code};
use crate::interpreter::expression::{CompiledExpression, EvaluationScope};
use crate::interpreter::inbound::Inbound;
use crate::interpreter::moment::date_text;
use crate::interpreter::program::{CompiledInterrupt, Destination, Said, WaitPolicy};
use crate::interpreter::trace::{Attempt, shown};
use crate::interpreter::value::Value;

impl<'a> Visit<'_, 'a> {
    /// The first interrupt that hears a message, if the step lets it.
    pub(super) fn interrupted(
        &mut self,
        policy: &WaitPolicy,
        inbound: &Cow<'a, Inbound>,
    ) -> Result<Option<Left<'a>>, StepError> {
        let own = &self.frame.program.interrupts;
        let is_any =
            !own.is_empty() || self.run.callers.iter().any(|caller| !caller.program.interrupts.is_empty());
        if !policy.allow_interrupts || !is_any {
            return Ok(None);
        }
        self.consume(inbound.clone());
        let said = inbound.text().map(Said::new);
        for interrupt in own {
            // A step that is its own way out takes the words as an answer.
            if interrupt.exit.to != Destination::Step(self.index)
                && self.hears(interrupt, inbound, said.as_ref(), None)?
            {
                self.note_interrupt(interrupt, inbound);
                self.frame.note_interrupt(self.index);
                return Ok(Some(Left::By(&interrupt.exit)));
            }
        }
        for depth in (0..self.run.callers.len()).rev() {
            let (program, step) = (self.run.callers[depth].program, self.run.callers[depth].step);
            for interrupt in &program.interrupts {
                if interrupt.exit.to != Destination::Step(step)
                    && self.hears(interrupt, inbound, said.as_ref(), Some(depth))?
                {
                    self.note_interrupt(interrupt, inbound);
                    return Ok(Some(Left::Interrupted { depth, exit: &interrupt.exit }));
                }
            }
        }
        Ok(None)
    }

    fn note_interrupt(&mut self, interrupt: &'a CompiledInterrupt, inbound: &Inbound) {
        let mut attempt = Attempt::event(self.run.clock, Cow::Owned(interrupt.exit.label.to_string()));
        attempt.input = shown(&inbound.json);
        self.entry.attempts.push(attempt);
    }

    /// By a keyword or an intent, or by `when` alone when none is listed; `when` must hold in any case. `caller` is the
    /// depth of the calling flow whose interrupt it is.
    fn hears(
        &mut self,
        interrupt: &'a CompiledInterrupt,
        inbound: &Inbound,
        said: Option<&Said>,
        caller: Option<usize>,
    ) -> Result<bool, StepError> {
        let by_keyword = match said {
            Some(said) => interrupt.heard.keyword(said, &mut self.run.evaluator.fuel)?.is_some(),
            None => false,
        };
        let by_intent = inbound
            .intent
            .as_deref()
            .is_some_and(|intent| interrupt.intents.iter().any(|known| known == intent));
        let lists_none = interrupt.heard.is_empty() && interrupt.intents.is_empty();
        if !by_keyword && !by_intent && !lists_none {
            return Ok(false);
        }
        match (&interrupt.when, caller) {
            (None, _) => Ok(true),
            (Some(when), None) => self.condition(when),
            (Some(when), Some(depth)) => self.holds_for_caller(when, depth),
        }
    }

    /// The truth of a condition of a calling flow, which sees that flow's variables and steps.
    fn holds_for_caller(&mut self, when: &'a CompiledExpression, depth: usize) -> Result<bool, StepError> {
        self.run.refresh(self.frame, when.source());
        let caller = &self.run.callers[depth];
        let mut shared = self.frame.scope.shared.clone();
        shared.zone = caller.zone;
        shared.now = Value::from(self.run.clock.text_in(caller.zone));
        shared.today = Value::from(date_text(self.run.clock.date_in(caller.zone)));
        let scope =
            EvaluationScope { shared, flow: caller.flow.clone(), ..EvaluationScope::clone(&caller.scope) };
        match when.evaluate(&Arc::new(scope), &mut self.run.evaluator) {
            Err(error) if error.code == code::EXPR_UNDEFINED && caller.program.names.missing_is_empty => {
                self.warn_missing(&error.message, when.source());
                Ok(false)
            }
            result => Ok(result?.is_true()),
        }
    }
}
