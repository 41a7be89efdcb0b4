//! Test runs on the wire: labels and results, and beside them the members of the trace, spliced in as they are.

use serde::Serialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::{instant, spliced};
use crate::flow::digest::Digest;
use crate::registry::{RunAnswer, StoredRunAnswer, StoredRunEntry};

/// What is said of a run beside its trace.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RunEntry<'a> {
    id: Uuid,
    flow_id: Uuid,
    version: Option<i64>,
    /// Null where it read no values of the organization, or had its own.
    env_position: Option<i64>,
    name: Option<&'a str>,
    description: Option<&'a str>,
    executed_at: String,
    duration_ms: i64,
    digest: Digest,
    passed: Option<bool>,
    /// In lists alone: a run that is read has it in its trace.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_by: Option<&'a RawValue>,
    /// Where no trace says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    engine: Option<&'a str>,
    /// Absent but for a run that is read; null there for one by other rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    reproducible: Option<Option<bool>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expectations: Option<&'a RawValue>,
}

/// A run in a list.
pub fn listed_run(run: &StoredRunEntry) -> RunEntry<'_> {
    RunEntry { status: Some(&run.status), engine: Some(&run.engine), ..RunEntry::new(run) }
}

impl<'a> RunEntry<'a> {
    fn new(run: &'a StoredRunEntry) -> Self {
        Self {
            id: run.run_id,
            flow_id: run.flow_id,
            version: run.version,
            env_position: run.env_position,
            name: run.name.as_deref(),
            description: run.description.as_deref(),
            executed_at: instant(run.executed_at),
            duration_ms: run.duration_ms,
            digest: run.digest,
            passed: run.passed,
            status: None,
            created_by: raw(&run.author),
            engine: None,
            reproducible: None,
            expectations: None,
        }
    }
}

/// JSON that was written by us and is passed on as it is.
fn raw(json: &[u8]) -> Option<&RawValue> {
    serde_json::from_slice(json).ok()
}

/// A run that was carried out now.
pub fn run(answer: &RunAnswer) -> Vec<u8> {
    let head = RunEntry {
        id: answer.run_id,
        flow_id: answer.flow_id,
        version: answer.version,
        env_position: answer.env_position,
        name: answer.name.as_deref(),
        description: answer.description.as_deref(),
        executed_at: instant(answer.executed_at),
        duration_ms: answer.duration_ms,
        digest: answer.digest,
        passed: answer.passed,
        status: None,
        created_by: None,
        engine: None,
        reproducible: None,
        expectations: raw(&answer.expectations),
    };
    with_trace(&head, &answer.trace)
}

/// A stored run, run again; one by other rules as it was noted.
pub fn stored_run(answer: &StoredRunAnswer) -> Vec<u8> {
    let head = RunEntry { reproducible: Some(answer.reproducible), ..RunEntry::new(&answer.run) };
    match &answer.ran {
        Some(ran) => with_trace(&RunEntry { expectations: raw(&ran.expectations), ..head }, &ran.trace),
        None => {
            let (status, engine) = (Some(&*answer.run.status), Some(&*answer.run.engine));
            with_trace(&RunEntry { status, engine, ..head }, b"{}")
        }
    }
}

fn with_trace(head: &RunEntry<'_>, trace: &[u8]) -> Vec<u8> {
    let head = serde_json::to_vec(head).expect("our own wire types always serialize");
    spliced(&head, trace)
}
