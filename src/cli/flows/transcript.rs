//! A run as people read it: the conversation as a chat, how it ended, and what was expected of it.

use anstyle::Style;
use serde::Deserialize;
use serde_json::Value;

use crate::cli::screen::{ADDED, FAINT, NAME, NOTE, REMOVED, STRONG, hanging, indented, paint, plain};

/// The members of a run that are shown.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ShownRun {
    version: Option<i64>,
    status: String,
    outcome: Option<String>,
    passed: Option<bool>,
    expectations: Option<Vec<Check>>,
    error: Option<RunError>,
    waiting_for: Option<Waiting>,
    handoff: Option<Handoff>,
    transcript: Vec<Line>,
    final_variables: Value,
    warnings: Vec<Warning>,
}

#[derive(Debug, Deserialize)]
struct Check {
    check: String,
    passed: bool,
    #[serde(default)]
    expected: Value,
    #[serde(default)]
    actual: Value,
}

#[derive(Debug, Deserialize)]
struct RunError {
    code: String,
    message: String,
    pointer: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Waiting {
    step_id: String,
}

#[derive(Debug, Deserialize)]
struct Handoff {
    queue: Option<String>,
    note: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Warning {
    code: String,
    message: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    from: String,
    kind: String,
    step_id: Option<String>,
    text: Option<String>,
    header: Option<Value>,
    footer: Option<String>,
    #[serde(default)]
    buttons: Vec<Titled>,
    #[serde(default)]
    sections: Vec<Section>,
    /// What the other kinds bring along.
    #[serde(flatten)]
    payload: serde_json::Map<String, Value>,
}

#[derive(Debug, Deserialize)]
struct Section {
    rows: Vec<Titled>,
}

#[derive(Debug, Deserialize)]
struct Titled {
    title: String,
}

impl ShownRun {
    /// A run that was expected to end as it did is good, however it ended.
    pub fn is_good(&self) -> bool {
        let says_how = |check: &Check| ["status", "errorCode"].contains(&check.check.as_str());
        let foreseen = self.expectations.iter().flatten().any(says_how);
        let failed = ["failed", "budget_exhausted"].contains(&self.status.as_str());
        self.passed != Some(false) && (!failed || foreseen)
    }

    /// `name` is the flow's.
    pub fn shown(&self, name: &str) -> String {
        let speakers = self.transcript.iter().filter_map(|line| line.step_id.as_ref());
        let margin = speakers.map(|id| id.chars().count()).max().unwrap_or_default();
        let mut text: String = self.transcript.iter().map(|line| line.shown(margin)).collect();
        if !text.is_empty() {
            text.push('\n');
        }
        text += &self.ending(name);
        for Warning { code, message } in &self.warnings {
            text += &hanging(&paint(NOTE, "warning "), "    ", &format!("{code}: {message}"));
        }
        for check in self.expectations.iter().flatten() {
            text += &check.shown();
        }
        text
    }

    fn ending(&self, name: &str) -> String {
        let version = self.version.map_or("a definition".to_owned(), |version| format!("version {version}"));
        let version = format!("{version} of {}", plain(name));
        let style = if self.is_good() { ADDED } else { REMOVED };
        let outcome = self.outcome.as_ref().filter(|outcome| **outcome != self.status);
        let outcome = outcome.map(|outcome| format!(", {}", plain(outcome))).unwrap_or_default();
        let status = paint(style, self.status.replace('_', " "));
        let mut text = format!("{} {version}: {status}{outcome}\n", paint(STRONG, "Ran"));
        if let Some(error) = &self.error {
            let place = error.pointer.as_deref().unwrap_or_default();
            text += &indented("  ", &format!("{} {place}: {}", error.code, error.message));
        }
        if let Some(waiting) = &self.waiting_for {
            text += &format!("  waits at {}\n", paint(NAME, plain(&waiting.step_id)));
        }
        if let Some(Handoff { queue, note }) = &self.handoff {
            let note = note.as_ref().map(|note| format!(": {note}")).unwrap_or_default();
            text += &indented("  ", &format!("handed to {}{note}", queue.as_deref().unwrap_or("anyone")));
        }
        let variables = self.final_variables.as_object().into_iter().flatten();
        for (name, value) in variables.filter(|(_, value)| !value.is_null()) {
            text += &indented("  ", &format!("{name} = {value}"));
        }
        text
    }
}

impl Line {
    /// The step that speaks stands before its words, `margin` wide; the person is moved in.
    fn shown(&self, margin: usize) -> String {
        let indent = " ".repeat(margin + 2);
        let speaker = self.step_id.as_deref().unwrap_or_default();
        let (first, indent, style) = match self.from.as_str() {
            "user" => (format!("{indent}    > "), indent + "    > ", NAME),
            "system" => (format!("{indent}* "), indent + "* ", FAINT),
            _ => (paint(FAINT, format!("{:margin$}  ", plain(speaker))), indent, Style::new()),
        };
        let shown = hanging(&first, &indent, &self.words().join("\n"));
        paint(style, shown.trim_end()) + "\n"
    }

    fn words(&self) -> Vec<String> {
        let header = self.header.as_ref().and_then(Value::as_str).map(str::to_owned);
        let text = self.text.clone().unwrap_or_else(|| self.described());
        let rows = self.sections.iter().flat_map(|section| &section.rows);
        let titles = self.buttons.iter().chain(rows).map(|option| option.title.as_str());
        let link = self.payload.get("cta").and_then(|cta| cta.get("label")?.as_str());
        let offered = titles.chain(link).map(|title| format!("[{title}]"));
        header.into_iter().chain([text]).chain(self.footer.clone()).chain(offered).collect()
    }

    /// What has no text: the kind, and what comes with it.
    fn described(&self) -> String {
        let payload = self.payload.get(&self.kind).unwrap_or(&Value::Null);
        match (payload.get("kind").and_then(Value::as_str), payload.get("url").and_then(Value::as_str)) {
            (Some(kind), Some(url)) => format!("[{kind}] {url}"),
            _ => format!("[{}] {payload}", self.kind),
        }
    }
}

impl Check {
    fn shown(&self) -> String {
        if self.passed {
            return format!("{} {}\n", paint(ADDED, "✓"), plain(&self.check));
        }
        let head = format!("{} {}\n", paint(REMOVED, "✗"), plain(&self.check));
        let expected = indented("    ", &format!("expected {}", self.expected));
        head + &expected + &indented("    ", &format!("was      {}", self.actual))
    }
}
