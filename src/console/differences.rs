//! What is different between two versions of a flow, line by line: the short form that a history opens. The page that
//! compares shows it by steps.

use serde_json::Value;

use crate::flow::diff::{Diff, DiffEntry, ListDiff, ValueChange};
use crate::outline::DisplayLanguage;
use crate::outline::member::Label;
use crate::outline::words::{member, pick};

/// Lines that a history opens at most.
const LINES_MAX: usize = 40;
/// Characters of a value that stand on a line.
const VALUE_CHARS_MAX: usize = 400;

/// Something that differs.
#[derive(Debug, Clone, PartialEq)]
pub struct DifferenceLine {
    /// The step it is in.
    pub step: Option<String>,
    /// What it is called, from the outside in.
    pub place: Vec<Label>,
    pub kind: DifferenceKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DifferenceKind {
    Added(String),
    Removed(String),
    Changed { before: String, after: String },
    Moved { from: usize, to: usize },
}

/// The lines, and how many more there are.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Differences {
    pub lines: Vec<DifferenceLine>,
    pub more: usize,
    /// Whether data of editors differ, which is no change for anybody else.
    pub layout: bool,
}

/// What a comparison found, in the order of the format.
pub fn differences(diff: &Diff, language: DisplayLanguage) -> Differences {
    let mut lines: Vec<DifferenceLine> = Vec::new();
    let mut say = |changes: &[ValueChange]| lines.extend(changes.iter().map(|change| line(change, language)));
    say(&diff.document);
    say(&diff.trigger);
    lists(&diff.variables, "variables", language, &mut lines);
    lists(&diff.steps, "steps", language, &mut lines);
    let mut say = |changes: &[ValueChange]| lines.extend(changes.iter().map(|change| line(change, language)));
    say(&diff.settings);
    say(&diff.interrupts);
    say(&diff.translations);
    let more = lines.len().saturating_sub(LINES_MAX);
    lines.truncate(LINES_MAX);
    Differences { lines, more, layout: diff.layout }
}

fn lists(list: &ListDiff, section: &str, language: DisplayLanguage, lines: &mut Vec<DifferenceLine>) {
    let mut whole = |entry: &DiffEntry, kind: fn(String) -> DifferenceKind| {
        let (step, place) = place(&format!("{section}.{}", entry.id), language);
        lines.push(DifferenceLine { step, place, kind: kind(value(&entry.value)) });
    };
    list.added.iter().for_each(|entry| whole(entry, DifferenceKind::Added));
    list.removed.iter().for_each(|entry| whole(entry, DifferenceKind::Removed));
    for moved in &list.moved {
        let (step, place) = place(&format!("{section}.{}", moved.id), language);
        lines.push(DifferenceLine {
            step,
            place,
            kind: DifferenceKind::Moved { from: moved.from, to: moved.to },
        });
    }
    let changes = list.changed.iter().flat_map(|entry| &entry.changes);
    lines.extend(changes.map(|change| line(change, language)));
}

fn line(change: &ValueChange, language: DisplayLanguage) -> DifferenceLine {
    let (step, place) = place(change.path(), language);
    let kind = match change {
        ValueChange::Changed { before: Value::Null, after, .. } | ValueChange::Added { after, .. } => {
            DifferenceKind::Added(value(after))
        }
        ValueChange::Changed { before, after: Value::Null, .. } | ValueChange::Removed { before, .. } => {
            DifferenceKind::Removed(value(before))
        }
        ValueChange::Changed { before, after, .. } => {
            DifferenceKind::Changed { before: value(before), after: value(after) }
        }
        ValueChange::Moved { from, to, .. } => DifferenceKind::Moved { from: *from, to: *to },
    };
    DifferenceLine { step, place, kind }
}

/// The step a path is in, and what its other names are called. Names of the author's stay as they are.
fn place(path: &str, language: DisplayLanguage) -> (Option<String>, Vec<Label>) {
    let mut names = path.split('.').peekable();
    let step = match names.peek() {
        Some(&"steps") => {
            names.next();
            names.next().map(str::to_owned)
        }
        _ => None,
    };
    let label = |name: &str| match (name.parse::<usize>(), member(name)) {
        (Ok(index), _) => Label::Entry(index + 1),
        (_, Some(both)) => Label::Known(pick(both, language)),
        _ => Label::Own(name.to_owned()),
    };
    (step, names.map(label).collect())
}

/// A text as it is, anything else as JSON, cut where a line would drown in it.
fn value(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    };
    match text.char_indices().nth(VALUE_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::flow::diff::diff;

    fn said(line: &DifferenceLine) -> String {
        let label = |label: &Label| match label {
            Label::Known(label) => (*label).to_owned(),
            Label::Own(key) => format!("«{key}»"),
            Label::Entry(number) => number.to_string(),
        };
        let place: Vec<String> = line.step.iter().cloned().chain(line.place.iter().map(label)).collect();
        format!("{}: {:?}", place.join(" / "), line.kind)
    }

    #[test]
    fn lines_say_what_differs_and_where() {
        let before = json!({ "name": "A", "steps": [
            { "id": "a", "type": "message", "text": "hola" }, { "id": "b", "type": "end" },
            { "id": "c", "type": "choice", "options": [{ "id": "x", "title": "X" }] } ] });
        let after = json!({ "name": "B", "variables": [{ "name": "v", "type": "any" }], "steps": [
            { "id": "a", "type": "message", "text": "HOLA", "footer": "f" },
            { "id": "c", "type": "choice", "options": [{ "id": "x", "title": "Y" }] },
            { "id": "d", "type": "end" } ] });
        let found = differences(&diff(&before, &after), DisplayLanguage::En);
        let lines: Vec<String> = found.lines.iter().map(said).collect();
        assert_eq!(
            lines,
            [
                "Name: Changed { before: \"A\", after: \"B\" }",
                "Variables / «v»: Added(\"{\\\"name\\\":\\\"v\\\",\\\"type\\\":\\\"any\\\"}\")",
                "d: Added(\"{\\\"id\\\":\\\"d\\\",\\\"type\\\":\\\"end\\\"}\")",
                "b: Removed(\"{\\\"id\\\":\\\"b\\\",\\\"type\\\":\\\"end\\\"}\")",
                "a / Footer: Added(\"f\")",
                "a / Text: Changed { before: \"hola\", after: \"HOLA\" }",
                "c / Options / «x» / Title: Changed { before: \"X\", after: \"Y\" }",
            ]
        );
        assert_eq!((found.more, found.layout), (0, false));
    }

    #[test]
    fn many_and_long_ones_are_cut() {
        let flow = |text: &str| {
            let steps: Vec<Value> =
                (0..100).map(|n| json!({ "id": format!("s{n}"), "text": text })).collect();
            json!({ "steps": steps })
        };
        let found = differences(&diff(&flow("a"), &flow(&"b".repeat(5000))), DisplayLanguage::Es);
        assert_eq!((found.lines.len(), found.more), (40, 60));
        let DifferenceKind::Changed { after, .. } = &found.lines[0].kind else { panic!("changed") };
        assert_eq!(after.chars().count(), VALUE_CHARS_MAX + 1);
    }
}
