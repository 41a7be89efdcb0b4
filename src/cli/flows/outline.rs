//! A document as an outline: what starts it, its variables, and its steps with what they say and where they lead.

use super::line::{leads, words};
use super::step;
use crate::cli::screen::{FAINT, STRONG, indented, paint, plain};
use crate::flow::document::{Canonical, Document, Variable, VariableScope};

pub fn outline(canonical: &Canonical) -> String {
    let document = &canonical.document;
    let mut text = trigger(canonical);
    if let Some(number) = &document.phone_number_id {
        text += &fact("number ", number);
    }
    if !document.variables.is_empty() {
        let variables: Vec<_> = document.variables.iter().map(variable).collect();
        text += &format!("\n{}\n{}", paint(STRONG, "Variables"), indented("  ", &variables.join(", ")));
    }
    text += &format!("\n{}\n", paint(STRONG, "Steps"));
    if document.steps.is_empty() {
        text += "  none\n";
    }
    for index in 0..document.steps.len() {
        text += &step::outline(document, index);
    }
    text + &everywhere(document)
}

fn fact(name: &str, value: &str) -> String {
    format!("{} {}\n", paint(FAINT, name), plain(value))
}

/// The type and the configuration as it is written: clients keep keys of their own in it.
fn trigger(canonical: &Canonical) -> String {
    let kind = canonical.document.trigger.kind.as_str();
    let config = canonical.value["triggerConfig"].as_object();
    let members = config.into_iter().flatten().map(|(name, value)| format!("{name} {}", words(value)));
    let line = [kind.to_owned()].into_iter().chain(members).collect::<Vec<_>>().join(", ");
    fact("trigger", &line)
}

fn variable(variable: &Variable) -> String {
    let mut text = format!("{} {}", variable.name, variable.kind.as_str());
    if !variable.default.is_null() {
        text += &format!(" = {}", variable.default);
    }
    match variable.scope {
        VariableScope::Local => {}
        scope => text += &format!(" ({})", scope.as_str()),
    }
    text
}

/// What holds at every step: interrupts and settings.
fn everywhere(document: &Document) -> String {
    let mut text = String::new();
    for interrupt in &document.interrupts {
        let mut said: Vec<String> = interrupt.keywords.iter().chain(&interrupt.intents).cloned().collect();
        said.extend(interrupt.when.iter().map(|when| format!("when {when}")));
        text += &leads(&said.join(" | "), interrupt.next.as_str());
    }
    let settings = &document.settings;
    if let Some(target) = &settings.on_error {
        text += &leads("on error", target.as_str());
    }
    if let Some(timeout) = &settings.timeout {
        let target = timeout.next.as_ref().map_or("$end", |target| target.as_str());
        text += &leads(&format!("after {}", timeout.after), target);
    }
    if text.is_empty() { text } else { format!("\n{}\n{text}", paint(STRONG, "From every step")) }
}
