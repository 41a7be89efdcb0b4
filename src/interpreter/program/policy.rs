//! Retries, timeouts and reminders of a waiting step: its own, or those of the settings.

use super::{CompiledExit, Localized, StepCompiler};
use crate::flow::document::{Edge, Retry, Target, Timeout, default_invalid_input_text};
use crate::interpreter::expression::Uncompilable;

#[derive(Debug)]
pub struct WaitPolicy {
    pub allow_interrupts: bool,
    /// Of steps that judge answers.
    pub retry: Option<RetryPolicy>,
    pub timeout: Option<TimeoutPolicy>,
}

#[derive(Debug)]
pub struct RetryPolicy {
    /// Rejected inputs that get another chance.
    pub max: u32,
    /// What is said then, best first: the first that does not render empty.
    pub texts: Vec<Localized>,
    pub repeat_prompt: bool,
    /// Where the run goes when the chances are used up.
    pub exhausted: Option<CompiledExit>,
}

#[derive(Debug)]
pub struct TimeoutPolicy {
    pub after_ms: u64,
    pub exit: CompiledExit,
    /// Whether the run then ends as expired, because the timeout leads nowhere.
    pub expires: bool,
    pub reminders: Vec<ReminderPolicy>,
}

#[derive(Debug)]
pub struct ReminderPolicy {
    pub after_ms: u64,
    pub text: Localized,
}

impl WaitPolicy {
    pub fn compile(step: &StepCompiler<'_, '_>, allow_interrupts: bool) -> Result<Self, Uncompilable> {
        let settings = &step.compiler.document.settings;
        let retry = step.step.asks().then(|| RetryPolicy::compile(step)).transpose()?;
        let timeout = match step.step.timeout() {
            Some(own) => Some(TimeoutPolicy::compile(step, own, true)?),
            None if step.step.can_time_out() => {
                let lent = settings.timeout.as_ref();
                lent.map(|lent| TimeoutPolicy::compile(step, lent, false)).transpose()?
            }
            None => None,
        };
        Ok(Self { allow_interrupts, retry, timeout })
    }
}

impl RetryPolicy {
    fn compile(step: &StepCompiler<'_, '_>) -> Result<Self, Uncompilable> {
        let settings = &step.compiler.document.settings;
        let none = Retry::default();
        let (own, lent) = (step.step.retry().unwrap_or(&none), &settings.retry);
        let mut texts = Vec::with_capacity(3);
        match (&own.text, &lent.text) {
            (Some(text), _) => texts.push(step.localized(text, "retry.text", "retry/text")?),
            (None, Some(text)) => texts.push(step.lent(text, "retry.text", "retry.text")?),
            (None, None) => {}
        }
        // The step's own translation is of the first text only.
        let own_path = if texts.is_empty() { "retry.text" } else { "invalidInputText" };
        texts.push(step.lent(&settings.invalid_input_text, "invalidInputText", own_path)?);
        let usual = default_invalid_input_text(&settings.locale);
        texts.push(Localized { base: step.text(usual, "retry/text")?, translated: Vec::new() });
        let exhausted = match (&own.next, &lent.next) {
            (Some(_), _) => Some(step.exit(&Edge::RetriesExhausted)),
            (None, Some(target)) => {
                Some(step.compiler.uncounted(&Edge::RetriesExhausted, target, Some(step.index)))
            }
            (None, None) => None,
        };
        Ok(Self {
            max: own.max.or(lent.max).unwrap_or(Retry::MAX_DEFAULT),
            texts,
            repeat_prompt: own.repeat_prompt.or(lent.repeat_prompt).unwrap_or(false),
            exhausted,
        })
    }
}

impl TimeoutPolicy {
    fn compile(step: &StepCompiler<'_, '_>, timeout: &Timeout, own: bool) -> Result<Self, Uncompilable> {
        let target = timeout.next.as_ref().unwrap_or(&Target::End);
        let exit = match own {
            true => step.exit(&Edge::Timeout),
            false => step.compiler.uncounted(&Edge::Timeout, target, Some(step.index)),
        };
        let base = if own { step.at("timeout") } else { "/settings/timeout".to_owned() };
        let reminders = timeout.reminders.iter().enumerate().map(|(index, reminder)| {
            let path = format!("timeout.reminders.{index}.text");
            let pointer = format!("{base}/reminders/{index}/text");
            let text = step.localized_at(&reminder.text, &path, pointer)?;
            Ok(ReminderPolicy { after_ms: reminder.after.as_ms(), text })
        });
        let reminders = reminders.collect::<Result<_, _>>()?;
        Ok(Self { after_ms: timeout.after.as_ms(), exit, expires: timeout.next.is_none(), reminders })
    }
}
