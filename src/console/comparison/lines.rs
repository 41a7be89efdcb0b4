//! Values as lines: what a value says, member by member in the order of the format, and where it leads left out.

use serde_json::Value;

use crate::flow::document::schema::{Part, STEP};

/// One member of a value, by its path in the author's terms, with what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueLine {
    /// Empty when the value itself is meant.
    pub path: String,
    pub text: String,
}

/// Members of a step that say nothing of what a run does, or are said in its heading.
const UNSAID_OF_STEPS: &[&str] = &["id", "type", "meta"];
/// What names an entry of a list stands in its path.
const UNSAID_OF_ENTRIES: &[&str] = &["id"];

/// The lines of a step, without its id, its type, and its targets.
pub fn step_lines(step: &Value) -> Vec<ValueLine> {
    Lines::of_step(step).found
}

/// The paths of the targets that a step writes down.
pub fn target_paths(step: &Value) -> Vec<String> {
    Lines::of_step(step).leads
}

/// The lines of any other value.
pub fn value_lines(value: &Value) -> Vec<ValueLine> {
    let mut lines = Lines { kind: None, found: Vec::new(), leads: Vec::new() };
    lines.value("", value, Part::Data, &[]);
    lines.found
}

/// What a value without members says.
pub fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) if items.iter().all(|item| !item.is_object() && !item.is_array()) => {
            items.iter().map(plain).collect::<Vec<_>>().join(", ")
        }
        value => value.to_string(),
    }
}

struct Lines<'v> {
    kind: Option<&'v str>,
    found: Vec<ValueLine>,
    /// The paths of targets.
    leads: Vec<String>,
}

impl<'v> Lines<'v> {
    fn of_step(step: &'v Value) -> Self {
        let kind = step.get("type").and_then(Value::as_str);
        let mut lines = Self { kind, found: Vec::new(), leads: Vec::new() };
        lines.value("", step, STEP, UNSAID_OF_STEPS);
        lines
    }

    fn value(&mut self, path: &str, value: &Value, part: Part, unsaid: &[&str]) {
        let part = part.meant_by(value);
        if matches!(part, Part::Target(_)) {
            self.leads.push(path.to_owned());
            return;
        }
        match value {
            Value::Object(members) if !members.is_empty() => {
                let fields = part.fields(Some(value), self.kind);
                let rank = |name: &str| fields.and_then(|fields| fields.rank_of(name)).unwrap_or(usize::MAX);
                let mut names: Vec<&String> = members.keys().collect();
                names.sort_by_key(|name| rank(name));
                for name in names.into_iter().filter(|name| !unsaid.contains(&name.as_str())) {
                    let inner = fields.and_then(|fields| fields.part_of(name)).or(part.item());
                    self.value(&join(path, name), &members[name], inner.unwrap_or(Part::Data), &[]);
                }
            }
            Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
                for (index, item) in items.iter().enumerate() {
                    let inner = part.item().unwrap_or(Part::Data);
                    self.value(&join(path, &entry_name(item, index)), item, inner, UNSAID_OF_ENTRIES);
                }
            }
            value => self.found.push(ValueLine { path: path.to_owned(), text: plain(value) }),
        }
    }
}

/// What the entry of a list is called in paths: its id or name, else its place from 0.
pub fn entry_name(entry: &Value, index: usize) -> String {
    let named = ["id", "name"].into_iter().find_map(|key| entry.get(key)?.as_str());
    named.map_or_else(|| index.to_string(), str::to_owned)
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn steps_are_said_in_the_order_of_the_format_without_their_targets() {
        let step = json!({
            "id": "plan", "type": "choice", "text": "?", "meta": {"x": 1}, "next": "b", "display": "list",
            "options": [{ "id": "a", "title": "A", "next": "x", "match": ["uno", "dos"] }, { "id": "b", "title": "B" }],
            "timeout": { "after": "PT1H", "next": "late" },
        });
        let lines: Vec<String> =
            step_lines(&step).into_iter().map(|line| format!("{}={}", line.path, line.text)).collect();
        assert_eq!(
            lines,
            [
                "text=?",
                "display=list",
                "options.a.title=A",
                "options.a.match=uno, dos",
                "options.b.title=B",
                "timeout.after=PT1H",
            ]
        );
        let mut leads = target_paths(&step);
        leads.sort();
        assert_eq!(leads, ["next", "options.a.next", "timeout.next"]);
    }

    #[test]
    fn a_value_without_members_is_one_line() {
        assert_eq!(value_lines(&json!(3)), [ValueLine { path: String::new(), text: "3".to_owned() }]);
        assert_eq!(plain(&json!(["hola", 2, true])), "hola, 2, true");
        assert_eq!(plain(&json!({})), "{}");
    }
}
