//! Stored runs: listed as they were noted, read by running them again.

use std::collections::BTreeSet;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use tokio::time::timeout;
use uuid::Uuid;

use super::execution::{Execution, Ran};
use super::record::record_digest;
use super::{READ_TURN_WITHIN, Runs};
use crate::flow::document::{Canonical, FlowVersion};
use crate::flow::event::canonical_bytes;
use crate::interpreter::{ENGINE, RunRequest, Subject, mask_personal};
use crate::registry::RegistryError;
use crate::registry::caller::Caller;
use crate::registry::env;
use crate::registry::reads::{Selector, Shown};
use crate::store::TestRun;

/// A run as the list shows it.
pub type StoredRunEntry = TestRun;

/// A stored run, run again.
#[derive(Debug, Clone)]
pub struct StoredRunAnswer {
    pub run: TestRun,
    /// Whether the trace still has the digest that was noted; `None` for a run by other rules.
    pub reproducible: Option<bool>,
    /// What it came to now; `None` for a run by other rules, which nobody runs again.
    pub ran: Option<RanAgain>,
}

/// What a run came to, with the values of personal variables masked.
#[derive(Debug, Clone)]
pub struct RanAgain {
    pub expectations: Bytes,
    pub trace: Bytes,
}

/// A called flow as it was resolved when the run was stored.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResolvedCallee {
    flow_id: Uuid,
    asked: Value,
    version: i64,
}

impl Runs {
    /// The runs of a flow, newest first, before the one where the last page ended.
    pub async fn list(
        &self,
        caller: &Caller,
        flow_id: Uuid,
        limit: i64,
        before: Option<Uuid>,
    ) -> Result<Vec<StoredRunEntry>, RegistryError> {
        self.visible(caller, flow_id).await?;
        Ok(self.store.runs(caller.org_id, flow_id, limit, before).await?)
    }

    /// Reads a stored run by running it again.
    pub async fn read(&self, caller: &Caller, run_id: Uuid) -> Result<StoredRunAnswer, RegistryError> {
        let run = self.stored_run(caller, run_id).await?;
        if run.engine != ENGINE {
            return Ok(StoredRunAnswer { run, reproducible: None, ran: None });
        }
        let execution = self.rerun(caller, &run).await?;
        let personal = execution.personal_variables();
        let ran = timeout(READ_TURN_WITHIN, async {
            let slot = self.queue.slot(caller.org_id, READ_TURN_WITHIN).await?;
            execution.run(slot, &self.threads).await
        });
        // A run that has begun goes on to its end without whoever asked.
        let ran = ran.await.map_err(|_| RegistryError::Overloaded)??;
        let reproducible = Some(ran.digest == run.digest);
        let (trace, expectations) = masked(&ran, &personal)?;
        Ok(StoredRunAnswer { run, reproducible, ran: Some(RanAgain { expectations, trace }) })
    }

    pub(super) async fn stored_run(&self, caller: &Caller, run_id: Uuid) -> Result<TestRun, RegistryError> {
        let run = self.store.run(caller.org_id, run_id).await?.ok_or(RegistryError::RunNotFound)?;
        match self.visible(caller, run.flow_id).await {
            Err(RegistryError::FlowNotFound) => Err(RegistryError::RunNotFound),
            Err(error) => Err(error),
            Ok(()) if run.record_digest.is_some_and(|recorded| recorded != record_digest(&run)) => {
                Err(altered(&run))
            }
            Ok(()) => Ok(run),
        }
    }

    /// Runs a stored run again: its request on the versions that were resolved then.
    pub(super) async fn rerun(&self, caller: &Caller, run: &TestRun) -> Result<Execution, RegistryError> {
        let corrupt = |what: String| RegistryError::corrupt(format!("test run {}", run.run_id), what);
        let body: Value = serde_json::from_slice(&run.request).map_err(|error| corrupt(error.to_string()))?;
        let request = RunRequest::read(&body).map_err(|findings| corrupt(format!("{findings:?}")))?;
        let callees: Vec<ResolvedCallee> =
            serde_json::from_value(run.callees.clone()).map_err(|error| corrupt(error.to_string()))?;
        let resolved = callees.into_iter().map(|callee| {
            let asked = callee.asked.as_i64().map_or(FlowVersion::Published, FlowVersion::Number);
            (callee.flow_id, asked, callee.version)
        });
        let callees = self.reads.callees_at(caller, resolved).await?;
        let program = match &request.subject {
            Subject::Inline(canonical) => {
                self.program(canonical.digest, || Ok(Canonical::clone(canonical)))?
            }
            Subject::Version(version) => {
                let then = self.reads.get(caller, run.flow_id, Selector::Version(*version)).await?;
                self.program(then.document.digest(), || then.document.canonical())?
            }
            Subject::Draft | Subject::Published => {
                return Err(corrupt("the version is not resolved".into()));
            }
        };
        let mut execution = self.execution(run.flow_id, request, program, run.version, &callees)?;
        if let Some(position) = run.env_position {
            execution.have_env(env::at(&self.store, caller, Some(position)).await?);
        }
        Ok(execution)
    }

    /// Whether the caller may know of a flow, deleted or not.
    async fn visible(&self, caller: &Caller, flow_id: Uuid) -> Result<(), RegistryError> {
        self.reads.current(caller, flow_id, Shown::Draft).await.map(drop)
    }
}

/// Says that a test run that was read is not the one that was stored. A run that comes to another trace is none of it.
fn altered(run: &TestRun) -> RegistryError {
    let (flow, run) = (run.flow_id, run.run_id);
    metrics::gauge!("integrity_failures").increment(1);
    tracing::error!(%flow, %run, "a test run is not the one that was stored");
    RegistryError::Altered(format!("the test run {run}"))
}

/// Trace and expectations with personal values masked; expectations repeat what the trace holds.
fn masked(ran: &Ran, personal: &BTreeSet<String>) -> Result<(Bytes, Bytes), RegistryError> {
    let read = |bytes: &Bytes| {
        serde_json::from_slice::<Value>(bytes)
            .map_err(|error| RegistryError::corrupt("a trace", error.to_string()))
    };
    let mut trace = read(&ran.trace)?;
    trace["expectations"] = read(&ran.expectations)?;
    mask_personal(&mut trace, &personal.iter().map(String::as_str).collect());
    let expectations = trace.as_object_mut().and_then(|members| members.remove("expectations"));
    Ok((canonical_bytes(&trace).into(), canonical_bytes(&expectations).into()))
}
