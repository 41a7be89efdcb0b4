//! The differences of two documents as people read them: by step, the old in red, the new in green.

use serde_json::Value;

use crate::cli::screen::{ADDED, FAINT, NAME, NOTE, REMOVED, STRONG, indented, paint, plain};
use crate::flow::diff::{Diff, DiffEntry, ListDiff, ValueChange};

pub fn changes(diff: &Diff) -> String {
    if *diff == Diff::default() {
        return "No differences.\n".to_owned();
    }
    let mut text = plainly(&diff.document) + &plainly(&diff.trigger);
    text += &list("Variables", "variables", &diff.variables);
    text += &list("Steps", "steps", &diff.steps);
    for section in [&diff.settings, &diff.interrupts, &diff.translations] {
        text += &plainly(section);
    }
    if diff.layout {
        text += &paint(FAINT, "The layout in the editor (meta) differs.\n");
    }
    text
}

/// Members of the flow itself.
fn plainly(changes: &[ValueChange]) -> String {
    changes.iter().map(|change| member("", change.path(), change)).collect()
}

fn list(title: &str, section: &str, list: &ListDiff) -> String {
    if *list == ListDiff::default() {
        return String::new();
    }
    let mut text = format!("{}\n", paint(STRONG, title));
    for entry in &list.removed {
        text += &format!("  {} {}\n", paint(REMOVED, "-"), paint(NAME, plain(&entry.id)));
        text += &members(entry, |line| paint(REMOVED, line));
    }
    for entry in &list.added {
        let place = paint(FAINT, format!("at {}", entry.position));
        text += &format!("  {} {} {place}\n", paint(ADDED, "+"), paint(NAME, plain(&entry.id)));
        text += &members(entry, |line| paint(ADDED, line));
    }
    for moved in &list.moved {
        let way = ValueChange::Moved { path: moved.id.clone(), from: moved.from, to: moved.to }.in_words();
        text += &format!("  {} {}\n", paint(NOTE, "~"), plain(&way));
    }
    for entry in &list.changed {
        text += &format!("  {} {}\n", paint(NOTE, "~"), paint(NAME, plain(&entry.id)));
        let inside = format!("{section}.{}.", entry.id);
        for change in &entry.changes {
            let path = change.path();
            text += &member("      ", path.strip_prefix(&inside).unwrap_or(path), change);
        }
    }
    text
}

/// An entry that one side lacks, member by member; its id is said already.
fn members(entry: &DiffEntry, style: impl Fn(String) -> String) -> String {
    let members = entry.value.as_object().into_iter().flatten();
    let shown = members.filter(|(name, _)| !["id", "name", "meta"].contains(&name.as_str()));
    let lines = shown.map(|(name, value)| indented("      ", &format!("{name}: {}", words(value))));
    lines.map(|lines| style(lines.trim_end().to_owned()) + "\n").collect()
}

/// One change: its path, then what was, then what is.
fn member(indent: &str, path: &str, change: &ValueChange) -> String {
    let line = |mark: &str, value: &Value| {
        let lines = indented(&format!("{indent}  {mark} "), &words(value));
        lines.trim_end().to_owned()
    };
    let old = |value| paint(REMOVED, line("-", value)) + "\n";
    let new = |value| paint(ADDED, line("+", value)) + "\n";
    let head = |remark: &str| format!("{indent}{}{remark}\n", plain(path));
    match change {
        ValueChange::Changed { before, after, .. } => {
            let sides = [before, after].map(|value| !value.is_null());
            let (before, after) = (sides[0].then(|| old(before)), sides[1].then(|| new(after)));
            head("") + &before.unwrap_or_default() + &after.unwrap_or_default()
        }
        ValueChange::Added { after, .. } => head(" added") + &new(after),
        ValueChange::Removed { before, .. } => head(" removed") + &old(before),
        ValueChange::Moved { from, to, .. } => head(&format!(" moved from {from} to {to}")),
    }
}

/// `"hola", "alta"` for a list of texts, JSON for the rest.
pub fn words(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) if !items.is_empty() && items.iter().all(Value::is_string) => {
            items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" | ")
        }
        value => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::flow::diff::diff;

    #[test]
    fn both_values_are_shown_and_nothing_steers() {
        let before =
            json!({"name": "a", "steps": [{"id": "hola", "type": "message", "text": "Hola\u{1b}[2J"}]});
        let after = json!({"name": "b", "steps": [
            {"id": "hola", "type": "message", "text": "Buenas\ntardes", "meta": {"x": 1}},
            {"id": "fin", "type": "end"},
        ]});
        let shown = anstream::adapter::strip_str(&changes(&diff(&before, &after))).to_string();
        let expected = "name\n  - a\n  + b\nSteps\n  + fin at 2\n      type: end\n  ~ hola\n      text\n        - Hola␛[2J\n        + Buenas\n        + tardes\nThe layout in the editor (meta) differs.\n";
        assert_eq!(shown, expected);
        assert_eq!(changes(&diff(&before, &before)), "No differences.\n");
    }
}
