//! What a document says about where its steps lead, with the words that stand at each exit. All of it is read off the
//! declarations of the step types, so a new type needs nothing here.

use std::collections::HashMap;

use serde_json::Value;

use super::words::PictureWords;
use crate::flow::document::schema::{Leads, Part, STEP, walk};
use crate::flow::document::{Canonical, Document, Edge, Interrupt, Step, Target};

/// One version of a flow.
#[derive(Debug)]
pub(super) struct DrawnVersion<'d> {
    pub steps: Vec<VersionStep<'d>>,
    /// Where settings and interrupts lead, from any step.
    pub everywhere: Vec<VersionExit<'d>>,
}

#[derive(Debug)]
pub(super) struct VersionStep<'d> {
    pub id: &'d str,
    pub kind: &'static str,
    /// The step's name, or the beginning of what it says.
    pub says: String,
    pub exits: Vec<VersionExit<'d>>,
}

/// One exit.
#[derive(Debug)]
pub(super) struct VersionExit<'d> {
    /// What tells the exit from the others of its step in both versions of a flow.
    pub key: String,
    /// `None` for the normal way on.
    pub label: Option<String>,
    pub to: ExitTarget<'d>,
    /// Whether it leads to the step that follows in the document.
    pub follows: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ExitTarget<'d> {
    Step(&'d str),
    End,
    Resume,
    /// A step that does not exist.
    Missing(&'d str),
}

impl<'d> DrawnVersion<'d> {
    pub fn of(flow: &'d Canonical, words: &PictureWords) -> Self {
        let document = &*flow.document;
        let values = flow.value.get("steps").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let places: HashMap<&str, usize> =
            document.steps.iter().enumerate().map(|(index, step)| (step.id.as_str(), index)).collect();
        let steps = document.steps.iter().zip(values).enumerate();
        let steps = steps.map(|(index, (step, value))| VersionStep {
            id: &step.id,
            kind: step.kind.as_str(),
            says: says(step, value),
            exits: exits(document, &places, index, value, words),
        });
        Self { steps: steps.collect(), everywhere: everywhere(document, &places, words) }
    }
}

fn exits<'d>(
    document: &'d Document,
    places: &HashMap<&str, usize>,
    index: usize,
    value: &Value,
    words: &PictureWords,
) -> Vec<VersionExit<'d>> {
    let names = entry_names(value);
    let exits = document.steps[index].exits().iter();
    exits
        .map(|exit| {
            let to = destination(document, places, index, &exit.target);
            let following = document.steps.get(index + 1).map(|step| ExitTarget::Step(&step.id));
            VersionExit {
                key: exit.edge.to_string(),
                label: label(&exit.edge, &names, words),
                follows: following == Some(to),
                to,
            }
        })
        .collect()
}

fn destination<'d>(
    document: &'d Document,
    places: &HashMap<&str, usize>,
    index: usize,
    target: &'d Target,
) -> ExitTarget<'d> {
    match target {
        Target::Next => match document.steps.get(index + 1) {
            Some(step) => ExitTarget::Step(&step.id),
            None => ExitTarget::End,
        },
        Target::End => ExitTarget::End,
        Target::Resume => ExitTarget::Resume,
        Target::Step(id) if places.contains_key(id.as_str()) => ExitTarget::Step(id),
        Target::Step(id) => ExitTarget::Missing(id),
    }
}

/// What people call the entries of a step's lists that lead somewhere, by the kind of exit and by the entry's own name.
type EntryNames = HashMap<(&'static str, String), String>;

fn entry_names(value: &Value) -> EntryNames {
    let mut names = EntryNames::new();
    walk(value, STEP, None, &mut |found| {
        let (Part::Target(leads), Some(entry)) = (found.part, found.entry) else { return };
        let Some(kind) = list_exit(leads) else { return };
        let name = entry.text("id").or_else(|| entry.text("status"));
        let name = name.map_or_else(|| entry.index.to_string(), str::to_owned);
        let words =
            ["title", "label", "when", "id", "status"].into_iter().find_map(|member| entry.text(member));
        names.insert((kind, name), words.unwrap_or_default().to_owned());
    });
    names
}

/// The first part of the names of exits that are entries of a list.
const fn list_exit(leads: Leads) -> Option<&'static str> {
    Some(match leads {
        Leads::Option => "option",
        Leads::Path => "path",
        Leads::Outcome => "outcome",
        Leads::Status => "status",
        Leads::Case => "case",
        _ => return None,
    })
}

fn label(edge: &Edge, names: &EntryNames, words: &PictureWords) -> Option<String> {
    let entry = |kind: &'static str, name: &str| {
        names.get(&(kind, name.to_owned())).cloned().unwrap_or_else(|| name.to_owned())
    };
    Some(match edge {
        Edge::Next | Edge::End => return None,
        Edge::Option(id) => entry("option", id),
        Edge::Path(id) => entry("path", id),
        Edge::Outcome(id) => entry("outcome", id),
        Edge::Status(status) => entry("status", status),
        Edge::Case(index) => entry("case", &index.to_string()),
        Edge::Else => words.otherwise.to_owned(),
        Edge::RetriesExhausted => words.retries_exhausted.to_owned(),
        Edge::Timeout => words.timeout.to_owned(),
        Edge::Empty => words.empty.to_owned(),
        Edge::Skip => words.skip.to_owned(),
        Edge::Error => words.error.to_owned(),
        Edge::Interrupt(_) => words.interrupt.to_owned(),
    })
}

/// The name of a step, or the first text that says what it does.
fn says(step: &Step, value: &Value) -> String {
    if let Some(name) = step.name.as_ref().filter(|name| !name.trim().is_empty()) {
        return name.clone();
    }
    let (mut sent, mut other) = (None, None);
    walk(value, STEP, None, &mut |found| {
        let Some(text) = found.text().filter(|text| !text.trim().is_empty()) else { return };
        match found.part {
            Part::Shown(_) => _ = sent.get_or_insert_with(|| text.to_owned()),
            Part::Target(_) | Part::StepTypeName | Part::OneOf(_) | Part::DataObject => {}
            _ if ["/id", "/when"].contains(&found.pointer) => {}
            _ => _ = other.get_or_insert_with(|| text.to_owned()),
        }
    });
    sent.or(other).unwrap_or_default()
}

/// Where settings and interrupts lead.
fn everywhere<'d>(
    document: &'d Document,
    places: &HashMap<&str, usize>,
    words: &PictureWords,
) -> Vec<VersionExit<'d>> {
    let last = document.steps.len();
    let exit = |key: String, label: String, target: &'d Target| VersionExit {
        key,
        label: Some(label),
        to: destination(document, places, last, target),
        follows: false,
    };
    let settings = document.settings.targets().map(|(target, pointer)| {
        let label = match pointer {
            "/settings/retry/next" => words.retries_exhausted,
            "/settings/timeout/next" => words.timeout,
            _ => words.error,
        };
        exit(pointer.to_owned(), label.to_owned(), target)
    });
    let interrupts = document.interrupts.iter().enumerate().map(|(index, interrupt)| {
        exit(Edge::Interrupt(index).to_string(), heard(interrupt, words), &interrupt.next)
    });
    settings.chain(interrupts).collect()
}

/// What an interrupt listens for.
fn heard(interrupt: &Interrupt, words: &PictureWords) -> String {
    let listed = interrupt.keywords.iter().chain(&interrupt.intents).map(String::as_str);
    let listed = listed.collect::<Vec<_>>().join(", ");
    match (listed.is_empty(), &interrupt.when) {
        (false, _) => listed,
        (true, Some(when)) => when.clone(),
        (true, None) => words.interrupt.to_owned(),
    }
}
