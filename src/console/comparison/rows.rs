//! Rows of a comparison: one member each, what it said before beside what it says after.

use serde_json::Value;

use super::lines::{ValueLine, plain, value_lines};
use super::marks::{MarkedPart, WordMark, WordMarker, part};
use crate::flow::diff::ValueChange;

/// What became of one member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComparedRow {
    /// The path below the heading of the block, in the author's terms; empty where the heading says it.
    pub path: String,
    /// `None` where the side has no such member.
    pub old: Option<Vec<MarkedPart>>,
    pub new: Option<Vec<MarkedPart>>,
    /// The places of an entry that stands elsewhere among its neighbours, from 1.
    pub moved: Option<(usize, usize)>,
}

/// The rows of a difference, with paths below `prefix`.
pub fn rows_of_change(change: &ValueChange, prefix: &str, marker: &mut WordMarker) -> Vec<ComparedRow> {
    let path = below(change.path(), prefix);
    match change {
        ValueChange::Moved { from, to, .. } => {
            vec![ComparedRow { path: path.to_owned(), old: None, new: None, moved: Some((*from, *to)) }]
        }
        ValueChange::Added { after, .. } => rows_of_side(path, value_lines(after), WordMark::New),
        ValueChange::Removed { before, .. } => rows_of_side(path, value_lines(before), WordMark::Gone),
        ValueChange::Changed { before, after, .. } => rows_of_values(path, before, after, marker),
    }
}

/// A path without the heading that it stands under.
pub fn below<'p>(path: &'p str, prefix: &str) -> &'p str {
    path.strip_prefix(prefix).map_or(path, |rest| rest.trim_start_matches('.'))
}

/// The rows of what one side alone has.
pub fn rows_of_side(path: &str, lines: Vec<ValueLine>, mark: WordMark) -> Vec<ComparedRow> {
    let row = |line: ValueLine| {
        let said = Some(vec![part(mark, &line.text)]);
        let (old, new) = if mark == WordMark::Gone { (said, None) } else { (None, said) };
        ComparedRow { path: joined(path, &line.path), old, new, moved: None }
    };
    lines.into_iter().map(row).collect()
}

fn rows_of_values(path: &str, before: &Value, after: &Value, marker: &mut WordMarker) -> Vec<ComparedRow> {
    match (before, after) {
        (Value::Null, after) => rows_of_side(path, value_lines(after), WordMark::New),
        (before, Value::Null) => rows_of_side(path, value_lines(before), WordMark::Gone),
        (before, after) if is_plain(before) && is_plain(after) => {
            let marked = marker.mark(&plain(before), &plain(after));
            let row = |old, new| ComparedRow { path: path.to_owned(), old, new, moved: None };
            vec![row(Some(marked.old), Some(marked.new))]
        }
        (before, after) => matched(path, value_lines(before), value_lines(after), marker),
    }
}

fn is_plain(value: &Value) -> bool {
    matches!(&value_lines(value)[..], [ValueLine { path, .. }] if path.is_empty())
}

/// The rows of two values that are told apart as wholes: lines of one path stand beside each other.
fn matched(
    path: &str,
    before: Vec<ValueLine>,
    mut after: Vec<ValueLine>,
    marker: &mut WordMarker,
) -> Vec<ComparedRow> {
    let mut rows = Vec::new();
    for old in before {
        match after.iter().position(|new| new.path == old.path) {
            None => rows.extend(rows_of_side(path, vec![old], WordMark::Gone)),
            Some(index) => {
                let new = after.remove(index);
                if new.text != old.text {
                    let marked = marker.mark(&old.text, &new.text);
                    let path = joined(path, &new.path);
                    rows.push(ComparedRow {
                        path,
                        old: Some(marked.old),
                        new: Some(marked.new),
                        moved: None,
                    });
                }
            }
        }
    }
    rows.extend(rows_of_side(path, after, WordMark::New));
    rows
}

fn joined(path: &str, inner: &str) -> String {
    match (path.is_empty(), inner.is_empty()) {
        (true, _) => inner.to_owned(),
        (_, true) => path.to_owned(),
        (false, false) => format!("{path}.{inner}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Rows as `path: old > new`, with `-` for an absent side.
    #[track_caller]
    fn check(change: ValueChange, expected: &[&str]) {
        let said = |side: &Option<Vec<MarkedPart>>| match side {
            None => "-".to_owned(),
            Some(parts) => parts.iter().map(|part| part.text.as_str()).collect(),
        };
        let rows: Vec<String> = rows_of_change(&change, "steps.a", &mut WordMarker::default())
            .iter()
            .map(|row| match row.moved {
                Some((from, to)) => format!("{} {from} > {to}", row.path),
                None => format!("{}: {} > {}", row.path, said(&row.old), said(&row.new)),
            })
            .collect();
        assert_eq!(rows, expected);
    }

    fn changed(before: Value, after: Value) -> ValueChange {
        ValueChange::Changed { path: "steps.a.text".to_owned(), before, after }
    }

    #[test]
    fn values_stand_beside_each_other() {
        check(changed(json!("Hola"), json!("Hola, {{nombre}}")), &["text: Hola > Hola, {{nombre}}"]);
        check(changed(json!(null), json!("Hola")), &["text: - > Hola"]);
        check(changed(json!(3), json!(null)), &["text: 3 > -"]);
        check(changed(json!(["hola"]), json!(["hola", "alta"])), &["text: hola > hola, alta"]);
        check(
            changed(json!({ "a": 1, "b": 2, "c": 3 }), json!({ "a": 1, "b": 4, "d": 5 })),
            &["text.b: 2 > 4", "text.c: 3 > -", "text.d: - > 5"],
        );
        check(changed(json!("x"), json!({ "a": 1 })), &["text: x > -", "text.a: - > 1"]);
    }

    #[test]
    fn entries_come_go_and_move() {
        let path = "steps.a.options.pro".to_owned();
        check(
            ValueChange::Added { path: path.clone(), after: json!({ "id": "pro", "title": "Pro" }) },
            &["options.pro.id: - > pro", "options.pro.title: - > Pro"],
        );
        check(ValueChange::Moved { path, from: 1, to: 2 }, &["options.pro 1 > 2"]);
    }
}
