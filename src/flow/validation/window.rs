//! Free text that would reach nobody: WhatsApp takes it for 24 hours after the person has written, later templates only.

use super::collect::Findings;
use super::graph::Graph;
use crate::flow::document::{
    Document, Edge, MessageBody, Prompt, Step, StepKind, Timeout, TriggerType, WaitFor, WaitTime,
};
use crate::flow::finding::Finding;
use crate::flow::text::is_blank;

/// Free text reaches a person this long after they have written.
const WINDOW_MS: u64 = 24 * 60 * 60 * 1000;
/// Longer silence counts as this long.
const SILENCE_MAX_MS: u64 = WINDOW_MS + 1;

pub fn check(document: &Document, graph: &Graph<'_>, findings: &mut Findings) {
    if document.steps.is_empty() {
        return;
    }
    let silence = silences(document, graph);
    for (index, step) in document.steps.iter().enumerate() {
        let Some(silent_ms) = silence[index] else { continue };
        if silent_ms > WINDOW_MS && sends_free_text(&step.kind) {
            let message =
                "The person may not have written for 24 hours: only an approved template reaches them then.";
            findings.push(Finding::warning("OUTSIDE_SERVICE_WINDOW", format!("/steps/{index}"), message));
        }
        let Some(timeout) = step.timeout() else { continue };
        for (reminder, due) in timeout.reminders.iter().enumerate() {
            if silent_ms <= WINDOW_MS && silent_ms + due.after.as_ms() > WINDOW_MS {
                let message =
                    "A reminder after 24 hours of silence reaches nobody: only an approved template does.";
                let pointer = format!("/steps/{index}/timeout/reminders/{reminder}");
                findings.push(Finding::warning("OUTSIDE_SERVICE_WINDOW", pointer, message));
            }
        }
    }
}

fn sends_free_text(kind: &StepKind) -> bool {
    let is_there = |text: &Option<String>| text.as_deref().is_some_and(|text| !is_blank(text));
    match kind {
        StepKind::Message(message) => !matches!(message.body, MessageBody::Template(_)),
        StepKind::Ask(ask) => matches!(ask.prompt, Some(Prompt::Text(_) | Prompt::Media(_))),
        StepKind::Choice(_) => true,
        StepKind::Handoff(handoff) => is_there(&handoff.text),
        StepKind::End(end) => is_there(&end.text),
        _ => false,
    }
}

/// For each step that can be reached, the longest silence of the person on some way to it, as far as it is written down.
fn silences(document: &Document, graph: &Graph<'_>) -> Vec<Option<u64>> {
    let mut triggers = document.trigger.each();
    let is_unasked = triggers.any(|(_, trigger)| matches!(trigger.kind, TriggerType::Event { .. }));
    let mut silence: Vec<Option<u64>> = vec![None; document.steps.len()];
    let mut raised = vec![0; document.steps.len()];
    silence[0] = Some(if is_unasked { SILENCE_MAX_MS } else { 0 });
    let mut pending = vec![0];
    while let Some(index) = pending.pop() {
        let step = &document.steps[index];
        let entered = silence[index].expect("a step is pending once it is reached");
        for hop in &graph.hops[index] {
            let Some(to) = hop.to.step() else { continue };
            let mut left = (entered.saturating_add(passed(document, step, &hop.edge))).min(SILENCE_MAX_MS);
            if hears_the_person(step, &hop.edge) {
                left = 0;
            }
            if silence[to].is_none_or(|known| known < left) {
                raised[to] += 1;
                // What grows again and again grows without end.
                silence[to] = Some(if raised[to] > document.steps.len() { SILENCE_MAX_MS } else { left });
                pending.push(to);
            }
        }
    }
    silence
}

/// Whether the person has written when a step is left this way.
fn hears_the_person(step: &Step, edge: &Edge) -> bool {
    match edge {
        Edge::Interrupt(_) => true,
        Edge::Next | Edge::Option(_) | Edge::RetriesExhausted => step.asks(),
        _ => false,
    }
}

/// How much time a step takes that is left this way.
fn passed(document: &Document, step: &Step, edge: &Edge) -> u64 {
    let after = |timeout: &Timeout| timeout.after.as_ms();
    match (edge, &step.kind) {
        (Edge::Timeout, _) => step.timeout().or(document.settings.timeout.as_ref()).map_or(0, after),
        (Edge::Next, StepKind::Wait(wait)) => match &wait.until {
            WaitFor::Duration(WaitTime::Fixed(duration)) => duration.as_ms(),
            _ => 0,
        },
        _ => 0,
    }
}
