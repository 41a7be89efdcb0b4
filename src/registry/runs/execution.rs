//! A run with everything it needs at hand, and its way through the interpreter.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Runs;
use super::queue::{RunSlot, RunTurns};
use super::threads::RunThreads;
use crate::flow::digest::Digest;
use crate::flow::document::{Canonical, FlowVersion};
use crate::flow::finding::Finding;
use crate::flow::validation;
use crate::interpreter::{
    CalledFlow, CalledFlows, Identity, Program, RanVersion, RunRequest, Subject, expectations, run,
};
use crate::registry::RegistryError;
use crate::registry::callees::{Callees, Instead};
use crate::registry::caller::Caller;
use crate::registry::env::{self, EnvAnswer};
use crate::registry::reads::Selector;

/// Errors that keep a flow from being published, but not from being tried.
const TRIED_ALL_THE_SAME: [&str; 3] = ["EMPTY_FLOW", "NO_END_REACHABLE", "MISSING_TRIGGER_CONFIG"];

/// A run, ready to start.
pub(super) struct Execution {
    pub(super) request: RunRequest,
    pub(super) version: Option<i64>,
    /// The position whose values of the organization it has.
    pub(super) env_position: Option<i64>,
    program: Arc<Program>,
    identity: Identity,
    called: CalledFlows,
    resolved: Vec<(Uuid, FlowVersion, i64)>,
}

/// What a run came to.
pub(super) struct Ran {
    pub(super) trace: Bytes,
    pub(super) digest: Digest,
    pub(super) status: &'static str,
    pub(super) passed: Option<bool>,
    pub(super) expectations: Bytes,
    pub(super) duration_ms: i64,
}

impl Runs {
    /// Resolves what a request names: the document, and every flow it calls as it is now.
    pub(super) async fn prepare_run(
        &self,
        caller: &Caller,
        flow_id: Uuid,
        request: RunRequest,
    ) -> Result<Execution, RegistryError> {
        let (program, version) = self.subject(caller, flow_id, &request.subject).await?;
        // For a flow that leads to itself what runs is what is published.
        let known = HashMap::from([(flow_id, program.calls().to_vec())]);
        let instead = Instead { known, drafts: request.drafts };
        let callees = self.reads.callees(caller, program.calls(), instead).await?;
        let mut execution = self.execution(flow_id, request, program, version, &callees)?;
        if execution.reads_env() {
            execution.have_env(env::at(&self.store, caller, None).await?);
        }
        Ok(execution)
    }

    /// What a request asks to run, and its number.
    async fn subject(
        &self,
        caller: &Caller,
        flow_id: Uuid,
        subject: &Subject,
    ) -> Result<(Arc<Program>, Option<i64>), RegistryError> {
        let selector = match subject {
            Subject::Draft | Subject::Inline(_) => Selector::Current,
            Subject::Published => Selector::Published,
            Subject::Version(version) => Selector::Version(*version),
        };
        let answer = self.reads.get(caller, flow_id, selector).await?;
        if let Subject::Inline(canonical) = subject {
            return Ok((self.program(canonical.digest, || Ok(Canonical::clone(canonical)))?, None));
        }
        if answer.document.is_erased() {
            return Err(RegistryError::Erased);
        }
        let published = answer.record.published.as_ref().filter(|_| selector == Selector::Published);
        let version = published.map_or(answer.record.version, |published| published.version);
        let document = &answer.document;
        Ok((self.program(document.digest(), || document.canonical())?, Some(version)))
    }

    /// The program of a document, which is read and judged only where its program is not known yet.
    pub(super) fn program(
        &self,
        digest: Digest,
        canonical: impl FnOnce() -> Result<Canonical, RegistryError>,
    ) -> Result<Arc<Program>, RegistryError> {
        if let Some(program) = self.programs.known(digest) {
            return Ok(program);
        }
        let canonical = canonical()?;
        let mut findings = validation::findings(&canonical);
        if findings.iter().any(stops_a_run) {
            // Errors that do not stop it are no reason.
            findings.retain(|finding| !finding.is_error() || stops_a_run(finding));
            return Err(RegistryError::NotRunnable(findings));
        }
        self.programs.compile(&canonical)
    }

    pub(super) fn execution(
        &self,
        flow_id: Uuid,
        request: RunRequest,
        program: Arc<Program>,
        version: Option<i64>,
        callees: &Callees,
    ) -> Result<Execution, RegistryError> {
        let mut called = HashMap::new();
        let mut resolved = Vec::new();
        for (id, asked, callee) in callees.found() {
            let canonical = &callee.canonical;
            let program = match self.program(canonical.digest, || Ok(Canonical::clone(canonical))) {
                Ok(program) => program,
                // A version with errors cannot run: the call then leads nowhere, as it would in production.
                Err(RegistryError::NotRunnable(_)) => continue,
                Err(error) => return Err(error),
            };
            called.insert((id, asked), CalledFlow { program, version: RanVersion::Number(callee.version) });
            resolved.push((id, asked, callee.version));
        }
        resolved.sort_by_key(|(id, _, version)| (*id, *version));
        let ran = version.map_or(RanVersion::Inline, RanVersion::Number);
        let own = (flow_id, FlowVersion::Published);
        let leads_back = called.values().map(|called: &CalledFlow| &called.program).chain([&program]);
        if leads_back.into_iter().any(|program| program.calls().contains(&own)) {
            called.insert(own, CalledFlow { program: Arc::clone(&program), version: ran });
        }
        let identity = Identity::new(flow_id, ran);
        let called = CalledFlows(called);
        Ok(Execution { request, version, env_position: None, program, identity, called, resolved })
    }
}

fn stops_a_run(finding: &Finding) -> bool {
    finding.is_error() && !TRIED_ALL_THE_SAME.contains(&finding.code)
}

impl Execution {
    /// The versions called flows were resolved to, to be stored.
    pub(super) fn callees_json(&self) -> Value {
        let entry = |(id, asked, version): &(Uuid, FlowVersion, i64)| {
            let asked = match asked {
                FlowVersion::Published => json!("published"),
                FlowVersion::Number(number) => json!(number),
            };
            json!({"flowId": id, "asked": asked, "version": version})
        };
        self.resolved.iter().map(entry).collect()
    }

    /// Whether it reads values of the organization that its request does not give.
    pub(super) fn reads_env(&self) -> bool {
        let called = self.called.0.values().map(|called| &called.program);
        self.request.env.is_none() && called.chain([&self.program]).any(|program| program.reads_env())
    }

    pub(super) fn have_env(&mut self, env: EnvAnswer) {
        self.env_position = Some(env.position);
        self.request.env = Some(env.values);
    }

    /// The variables whose values are masked when the run is read, in the flow and in those it calls.
    pub(super) fn personal_variables(&self) -> BTreeSet<String> {
        let called = self.called.0.values().map(|called| &called.program);
        let programs = called.chain([&self.program]);
        programs.flat_map(|program| program.personal_variables().map(str::to_owned)).collect()
    }

    /// Runs to the end, away from the threads that serve requests, when its organization has its turns.
    pub(super) async fn run(self, slot: RunSlot, threads: &RunThreads) -> Result<Ran, RegistryError> {
        let run = move || {
            // Whoever waits for the answer may be gone; the processor is not free before the run has ended.
            let pace = RunTurns::new(slot);
            self.run_here(&pace)
        };
        match threads.spawn(run).await {
            Ok(ran) => ran,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }

    fn run_here(&self, pace: &RunTurns) -> Result<Ran, RegistryError> {
        let began = Instant::now();
        let trace = run(&self.program, &self.identity, &self.called, &self.request, pace)
            .map_err(RegistryError::Invalid)?;
        let bytes = trace.to_bytes();
        let digest = Digest::of(&bytes);
        let checks = self.request.expect.as_ref().map(|expect| expectations(&trace, expect, pace));
        let passed = checks.as_ref().map(|checks| checks.iter().all(|check| check.passed));
        let took = began.elapsed().saturating_sub(pace.waited());
        let results = serde_json::to_vec(&checks.unwrap_or_default()).expect("results serialize");
        Ok(Ran {
            trace: bytes.into(),
            digest,
            status: trace.status.as_str(),
            passed,
            expectations: results.into(),
            duration_ms: i64::try_from(took.as_millis()).unwrap_or(i64::MAX),
        })
    }
}
