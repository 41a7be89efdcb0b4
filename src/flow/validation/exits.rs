//! Exits that a careful author gives: for when nobody answers well, nobody answers at all, or a call fails.

use super::collect::Findings;
use crate::flow::document::{Ask, Document, Input, StepKind};
use crate::flow::finding::Finding;

pub fn check(document: &Document, findings: &mut Findings) {
    let settings = &document.settings;
    for (index, step) in document.steps.iter().enumerate() {
        let mut warn = |code, message: &str| {
            findings.push(Finding::warning(code, format!("/steps/{index}"), message));
        };
        if step.asks() {
            let can_reject = !matches!(&step.kind, StepKind::Ask(ask) if takes_anything(ask));
            let retry_next =
                step.retry().and_then(|retry| retry.next.as_ref()).or(settings.retry.next.as_ref());
            if can_reject && retry_next.is_none() && step.on_error.is_none() {
                warn(
                    "NO_RETRY_EXIT",
                    "When the last chance is used up the run fails: \"retry.next\" is not set.",
                );
            }
            if step.timeout().is_none() && settings.timeout.is_none() {
                warn("NO_TIMEOUT", "Without a timeout the run may wait for ever.");
            }
        }
        let has_ways = match &step.kind {
            StepKind::Http(http) => !http.on.is_empty(),
            StepKind::Action(action) => !action.outcomes.is_empty(),
            _ => continue,
        };
        if !has_ways && step.on_error.is_none() && settings.on_error.is_none() {
            warn("NO_ERROR_EXIT", "When the call fails so does the run: \"onError\" is not set.");
        }
    }
}

/// Whether no answer is ever rejected.
fn takes_anything(ask: &Ask) -> bool {
    ask.input == Input::Any && ask.validation.is_empty() && ask.pattern.is_none()
}
