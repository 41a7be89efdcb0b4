//! A document as an outline: what starts it, its variables, and its steps with what they say and where they lead.

use super::changes::words;
use crate::cli::screen::{FAINT, NAME, STRONG, hanging, indented, paint, plain};
use crate::flow::document::{Canonical, Edge, Variable, VariableScope};
use crate::outline::DisplayLanguage;
use crate::outline::member::Holds;
use crate::outline::steps::{self, OutlinedStep, StepFact};
use crate::outline::texts::OutlineTexts;
use crate::outline::trigger::trigger;
use crate::outline::ways::{WayOut, WayTarget, Ways};

/// The language of the commands.
const LANGUAGE: DisplayLanguage = DisplayLanguage::En;
const INDENT: &str = "      ";

pub fn outline(canonical: &Canonical) -> String {
    let document = &canonical.document;
    let mut text = head_line("trigger", &trigger(&document.trigger, LANGUAGE).plain());
    // All keywords, and keys that clients keep in it.
    if let Some(config) = canonical.value["triggerConfig"].as_object().filter(|config| !config.is_empty()) {
        let members = config.iter().map(|(name, value)| format!("{name} {}", words(value)));
        text += &head_line("       ", &members.collect::<Vec<_>>().join(", "));
    }
    if let Some(number) = &document.phone_number_id {
        text += &head_line("number ", number);
    }
    if !document.variables.is_empty() {
        let variables: Vec<_> = document.variables.iter().map(variable).collect();
        text += &format!("\n{}\n{}", paint(STRONG, "Variables"), indented("  ", &variables.join(", ")));
    }
    text += &format!("\n{}\n", paint(STRONG, "Steps"));
    if document.steps.is_empty() {
        text += "  none\n";
    }
    text.extend(steps::outline(canonical, LANGUAGE).iter().map(step));
    let everywhere: String =
        Ways { document, language: LANGUAGE }.everywhere(usize::MAX).iter().map(way).collect();
    if !everywhere.is_empty() {
        text += &format!("\n{}\n{everywhere}", paint(STRONG, "From every step"));
    }
    text
}

fn head_line(name: &str, value: &str) -> String {
    format!("{} {}\n", paint(FAINT, name), plain(value))
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

fn step(step: &OutlinedStep) -> String {
    let name = step.name.as_ref().map(|name| format!("  ({name})")).unwrap_or_default();
    let kind = format!("{}{name}", step.kind);
    let mut text = format!("{:>3}  {}  {}\n", step.number, paint(NAME, plain(&step.id)), plain(&kind));
    text.extend(step.facts.iter().map(fact));
    text.extend(step.ways.iter().map(way));
    text
}

fn fact(fact: &StepFact) -> String {
    let held = match &fact.holds {
        Holds::Said(text) | Holds::Text(text) | Holds::Code(text) => text.as_str(),
        Holds::Json { text, is_cut: false } => text,
        Holds::Json { text, is_cut: true } => &format!("{text}…"),
        Holds::Word(word) => word,
        Holds::YesNo(true) => "yes",
        Holds::YesNo(false) => "no",
        // Facts are the innermost, and where a target leads the ways say.
        Holds::Target(_) | Holds::Members(_) => "",
    };
    let label = fact.label().plain();
    hanging(&format!("{INDENT}{} ", paint(FAINT, format!("{}:", plain(&label)))), INDENT, held)
}

/// When it is gone, and where to.
fn way(way: &WayOut) -> String {
    let texts = OutlineTexts::of(LANGUAGE);
    let target = match &way.to {
        WayTarget::Step { id, exists: true } => id.clone(),
        WayTarget::Step { id, exists: false } => format!("{id} (does not exist)"),
        WayTarget::End => texts.to_end.to_owned(),
        WayTarget::Resume => texts.to_resume.to_owned(),
    };
    let option = match &way.edge {
        Edge::Option(id) => format!(" ({id})"),
        _ => String::new(),
    };
    let when = way.when.plain() + &option;
    format!("{INDENT}{} → {}\n", plain(&when), paint(NAME, plain(&target)))
}
