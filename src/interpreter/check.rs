//! Holds a trace against what its request expects. Expectations see whole values, not what a trace shows.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value as Json, json};

use super::canonical;
use super::expression::{EvaluationScope, Evaluator, Local};
use super::mock::fits_glob;
use super::pace::RunPace;
use super::request::{CallExpect, Expect, MessageExpect, TextTest, VariableExpect, WarningsExpect};
use super::trace::{Speaker, StepStatus, Trace, TranscriptLine};
use super::value::{Value, items, member, same};

/// One expectation and whether the run met it. What was expected and found is told only when it did not.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    pub check: String,
    pub passed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actual: Option<Json>,
    /// Index of the entry in `steps` that decided, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step_index: Option<usize>,
}

impl Check {
    fn new(
        check: impl Into<String>,
        passed: bool,
        expected: impl FnOnce() -> Json,
        actual: impl FnOnce() -> Json,
    ) -> Self {
        Self {
            check: check.into(),
            passed,
            expected: (!passed).then(expected),
            actual: (!passed).then(actual),
            step_index: None,
        }
    }

    fn at(mut self, step_index: Option<usize>) -> Self {
        self.step_index = step_index.filter(|_| !self.passed);
        self
    }
}

/// Checks every expectation, in the order of the format, at the pace of the run.
pub fn expectations(trace: &Trace<'_>, expect: &Expect, pace: &dyn RunPace) -> Vec<Check> {
    let mut checks = Vec::new();
    checks.extend(text("status", &expect.status, Some(trace.status.as_str())));
    checks.extend(text("outcome", &expect.outcome, trace.outcome.as_str()));
    checks.extend(path(trace, expect));
    checks.extend(messages(trace, expect));
    checks.extend(expect.variables.iter().map(|(name, wanted)| variable(trace, name, wanted, pace)));
    checks.extend(contact(trace, expect));
    let calls = expect.calls.iter().enumerate();
    checks.extend(calls.map(|(index, wanted)| call(trace, index, wanted)));
    let queue = trace.handoff.as_ref().and_then(|handoff| handoff.queue.as_str());
    checks.extend(text("handoffQueue", &expect.handoff_queue, queue));
    checks.extend(text("errorCode", &expect.error_code, trace.error.as_ref().map(|error| error.code)));
    if let Some(most) = expect.messages_max {
        let sent = trace.stats.messages_out;
        checks.push(Check::new("maxMessages", sent <= most, || json!(most), || json!(sent)));
    }
    checks.extend(expect.warnings.as_ref().map(|wanted| warnings(trace, wanted)));
    if let Some(wanted) = &expect.digest {
        let digest = trace.digest().to_string();
        checks.push(Check::new("digest", digest == *wanted, || json!(wanted), || json!(digest)));
    }
    checks
}

fn text(name: &str, wanted: &Option<String>, found: Option<&str>) -> Option<Check> {
    let wanted = wanted.as_deref()?;
    Some(Check::new(name, found == Some(wanted), || json!(wanted), || json!(found)))
}

fn path(trace: &Trace<'_>, expect: &Expect) -> Vec<Check> {
    let executed = |status: StepStatus| !matches!(status, StepStatus::Skipped | StepStatus::Stopped);
    let entries = trace
        .steps
        .iter()
        .enumerate()
        .filter(|(_, entry)| entry.flow_path.is_empty() && executed(entry.status));
    let visits: Vec<(usize, &str)> = entries.map(|(index, entry)| (index, entry.step_id)).collect();
    let ids: Vec<&str> = visits.iter().map(|(_, id)| *id).collect();
    let mut checks = Vec::new();
    if let Some(wanted) = &expect.visits {
        let mut rest = ids.iter();
        let in_order = wanted.iter().all(|wanted| rest.any(|id| id == wanted));
        checks.push(Check::new("path.visits", in_order, || json!(wanted), || json!(ids)));
    }
    if let Some(unwanted) = &expect.avoids {
        let met = visits.iter().find(|(_, id)| unwanted.iter().any(|unwanted| unwanted == id));
        let check =
            Check::new("path.avoids", met.is_none(), || json!(unwanted), || json!(met.map(|(_, id)| id)));
        checks.push(check.at(met.map(|(index, _)| *index)));
    }
    if let Some(wanted) = &expect.exact {
        checks.push(Check::new("path.exact", ids == *wanted, || json!(wanted), || json!(ids)));
    }
    checks
}

fn messages(trace: &Trace<'_>, expect: &Expect) -> Vec<Check> {
    let sent: Vec<&TranscriptLine<'_>> =
        trace.transcript.iter().filter(|line| line.from == Speaker::Bot).collect();
    let texts = || json!(sent.iter().map(|line| line.message.text()).collect::<Vec<_>>());
    let mut checks = Vec::new();
    let mut from = 0;
    for (index, wanted) in expect.messages.iter().enumerate() {
        let found = sent[from..].iter().position(|line| meets(line, wanted));
        checks.push(Check::new(format!("messages[{index}]"), found.is_some(), || told(wanted), texts));
        from += found.map_or(0, |at| at + 1);
    }
    if let Some(wanted) = &expect.last_message {
        let last = sent.last();
        let passed = last.is_some_and(|line| meets(line, wanted));
        let actual = || json!(last.and_then(|line| line.message.text()));
        checks.push(Check::new("lastMessage", passed, || told(wanted), actual));
    }
    for (index, unwanted) in expect.no_message.iter().enumerate() {
        let met = sent.iter().find(|line| line.message.text().is_some_and(|text| text.contains(&**unwanted)));
        let actual = || json!(met.and_then(|line| line.message.text()));
        checks.push(Check::new(format!("noMessage[{index}]"), met.is_none(), || json!(unwanted), actual));
    }
    checks
}

fn meets(line: &TranscriptLine<'_>, wanted: &MessageExpect) -> bool {
    let text = line.message.text().unwrap_or_default();
    wanted.step_id.as_deref().is_none_or(|id| line.step_id == Some(id))
        && match &wanted.test {
            TextTest::Equals(wanted) => text == wanted,
            TextTest::Contains(part) => text.contains(&**part),
            TextTest::Matches(_, pattern) => pattern.is_match(text),
        }
}

fn told(wanted: &MessageExpect) -> Json {
    match &wanted.test {
        TextTest::Equals(text) => json!({ "equals": text }),
        TextTest::Contains(text) => json!({ "contains": text }),
        TextTest::Matches(source, _) => json!({ "matches": source }),
    }
}

/// The value as JSON, whole.
fn json_of(value: &Value) -> Json {
    serde_json::from_str(&canonical::text(value)).unwrap_or(Json::Null)
}

fn variable(trace: &Trace<'_>, name: &str, wanted: &VariableExpect, pace: &dyn RunPace) -> Check {
    let found = trace.final_variables.get(name).cloned().unwrap_or_default();
    let (passed, expected) = match wanted {
        VariableExpect::Equals(wanted) => (same(&found, wanted), json_of(wanted)),
        VariableExpect::Holds(expression) => {
            let scope = EvaluationScope {
                local: Local { value: found.clone(), ..Local::default() },
                ..EvaluationScope::default()
            };
            let result = expression.evaluate(&Arc::new(scope), &mut Evaluator::new(pace));
            (result.is_ok_and(|value| value.is_true()), json!({ "expr": expression.source().text() }))
        }
    };
    let wrote = |index: &usize| {
        let entry = &trace.steps[*index];
        entry.flow_path.is_empty() && entry.changes.iter().any(|change| change.variable == name)
    };
    let last_write = (0..trace.steps.len()).rev().find(wrote);
    Check::new(format!("variables.{name}"), passed, || expected, || json_of(&found)).at(last_write)
}

fn contact(trace: &Trace<'_>, expect: &Expect) -> Vec<Check> {
    let tags: Vec<&str> =
        items(&trace.contact.tags).unwrap_or_default().iter().filter_map(Value::as_str).collect();
    let mut checks = Vec::new();
    if let Some(wanted) = &expect.has_tags {
        let passed = wanted.iter().all(|tag| tags.contains(&&**tag));
        checks.push(Check::new("contact.hasTags", passed, || json!(wanted), || json!(tags)));
    }
    if let Some(unwanted) = &expect.lacks_tags {
        let passed = !unwanted.iter().any(|tag| tags.contains(&&**tag));
        checks.push(Check::new("contact.lacksTags", passed, || json!(unwanted), || json!(tags)));
    }
    for (name, wanted) in &expect.attributes {
        let found = member(&trace.contact.attributes, name);
        let check = format!("contact.attributes.{name}");
        checks.push(Check::new(check, same(&found, wanted), || json_of(wanted), || json_of(&found)));
    }
    checks
}

fn call(trace: &Trace<'_>, index: usize, wanted: &CallExpect) -> Check {
    let is_meant = |entry: &&super::trace::StepEntry<'_>| {
        let request = member(&entry.call, "request");
        let url = member(&request, "url");
        let fits_url = |glob: &str| url.as_str().is_some_and(|url| fits_glob(glob, url));
        let body = entry.sent_body.as_deref().unwrap_or_default();
        entry.step_id == wanted.step_id
            && !entry.call.is_undefined()
            && wanted.url.as_deref().is_none_or(fits_url)
            && wanted.body_contains.as_deref().is_none_or(|part| body.contains(part))
    };
    let times = trace.steps.iter().map(|entry| &**entry).filter(is_meant).count();
    let passed = wanted.times.map_or(times > 0, |wanted| wanted as usize == times);
    let expected =
        || json!({ "stepId": wanted.step_id, "times": wanted.times.map_or(json!("at least 1"), Json::from) });
    Check::new(format!("calls[{index}]"), passed, expected, || json!({ "times": times }))
}

fn warnings(trace: &Trace<'_>, wanted: &WarningsExpect) -> Check {
    let codes: Vec<&str> = trace.warnings.iter().map(|warning| warning.code).collect();
    let (passed, expected) = match wanted {
        WarningsExpect::None => (codes.is_empty(), json!("none")),
        WarningsExpect::Only(allowed) => {
            (codes.iter().all(|code| allowed.iter().any(|allowed| allowed == code)), json!(allowed))
        }
    };
    Check::new("warnings", passed, || expected, || json!(codes))
}
