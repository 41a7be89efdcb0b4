//! Test runs: a version replayed from the log into the interpreter. What was asked is stored with every version
//! resolved and the digest of what came out; the trace itself is made again whenever it is read.

mod execution;
mod lines;
mod programs;
mod queue;
mod record;
mod request;
mod stored;
mod threads;

use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use self::execution::Ran;
use self::programs::ProgramCache;
use self::queue::RunQueue;
use self::record::record_digest;
use self::threads::RunThreads;
use super::RegistryError;
use super::caller::Intent;
use super::reads::FlowReads;
use crate::flow::canonical_json;
use crate::flow::digest::Digest;
use crate::flow::event::canonical_bytes;
use crate::interpreter::RunRequest;
use crate::store::{NewRun, Store, StoreError, StoredRun, TestRun, Writer};

pub use self::stored::{StoredRunAnswer, StoredRunEntry};

/// A run that was carried out now.
#[derive(Debug, Clone)]
pub struct RunAnswer {
    pub run_id: Uuid,
    pub flow_id: Uuid,
    /// The resolved version; `None` for an inline definition.
    pub version: Option<i64>,
    /// The position of the log whose values of the organization it had.
    pub env_position: Option<i64>,
    pub name: Option<String>,
    pub description: Option<String>,
    pub executed_at: DateTime<Utc>,
    pub duration_ms: i64,
    pub digest: Digest,
    /// Whether all expectations hold; `None` without any.
    pub passed: Option<bool>,
    /// One result for each expectation, as a JSON array.
    pub expectations: Bytes,
    /// The trace as one canonical JSON object.
    pub trace: Bytes,
    /// The answer repeats an earlier one, given under the same idempotency key.
    pub replayed: bool,
}

/// Test runs: carried out, stored, listed and run again.
#[derive(Debug, Clone)]
pub struct Runs {
    store: Store,
    reads: FlowReads,
    writer: Writer<NewRun>,
    programs: ProgramCache,
    queue: RunQueue,
    threads: RunThreads,
}

/// How long a run that is asked for waits for its turn.
const TURN_WITHIN: Duration = Duration::from_secs(20);
/// How long one that is read waits and runs: less than a read may take in all.
const READ_TURN_WITHIN: Duration = Duration::from_secs(4);
/// How long it may take to find what is to be run, where the database stalls.
const FOUND_WITHIN: Duration = Duration::from_secs(5);

impl Runs {
    /// Forgets the programs of documents, which are compiled anew.
    pub(super) fn forget_programs(&self) {
        self.programs.forget();
    }

    pub(super) fn new(store: Store, reads: FlowReads) -> Self {
        let (queue, begun_max) = RunQueue::of_this_machine();
        Self {
            writer: Writer::start(&store),
            programs: ProgramCache::new(),
            queue,
            threads: RunThreads::new(begun_max),
            store,
            reads,
        }
    }

    /// Runs a version of a flow in the sandbox and stores what was asked.
    pub async fn run(
        &self,
        intent: Intent,
        flow_id: Uuid,
        body: serde_json::Value,
    ) -> Result<RunAnswer, RegistryError> {
        if let Some(idempotency) = &intent.idempotency {
            match self.store.answered_run(intent.caller.org_id, idempotency).await? {
                Some(StoredRun::Replayed(run_id)) => return self.repeat_run(&intent, run_id).await,
                Some(_) => return Err(RegistryError::IdempotencyKeyReused),
                None => {}
            }
        }
        let request = RunRequest::read(&body).map_err(RegistryError::Invalid)?;
        let found = self.prepare_run(&intent.caller, flow_id, request);
        let execution = tokio::time::timeout(FOUND_WITHIN, found).await.map_err(|_| StoreError::late())??;
        let (version, callees) = (execution.version, execution.callees_json());
        let env_position = execution.env_position;
        let (name, description) = (execution.request.name.clone(), execution.request.description.clone());
        let slot = self.queue.slot(intent.caller.org_id, TURN_WITHIN).await?;
        let executed_at = Utc::now();
        let ran = execution.run(slot, &self.threads).await?;
        let run = TestRun {
            org_id: intent.caller.org_id,
            run_id: Uuid::now_v7(),
            flow_id,
            version,
            name,
            description,
            request: canonical_json::to_vec(&request::to_store(body, version)).into(),
            callees,
            env_position,
            digest: ran.digest,
            engine: crate::interpreter::ENGINE.to_owned(),
            status: ran.status.to_owned(),
            passed: ran.passed,
            executed_at,
            duration_ms: ran.duration_ms,
            author: canonical_bytes(&intent.caller.actor).into(),
            record_digest: None,
        };
        let run = TestRun { record_digest: Some(record_digest(&run)), ..run };
        let answered = answer(run.clone(), ran);
        let row = NewRun { run, idempotency: intent.idempotency.clone() };
        match self.writer.append(row).await? {
            StoredRun::Stored => Ok(answered),
            StoredRun::Replayed(run_id) => self.repeat_run(&intent, run_id).await,
            StoredRun::KeyReused => Err(RegistryError::IdempotencyKeyReused),
        }
    }

    /// The answer that was given under an idempotency key, made again.
    async fn repeat_run(&self, intent: &Intent, run_id: Uuid) -> Result<RunAnswer, RegistryError> {
        let run = self.stored_run(&intent.caller, run_id).await?;
        let execution = self.rerun(&intent.caller, &run).await?;
        let slot = self.queue.slot(intent.caller.org_id, TURN_WITHIN).await?;
        let ran = execution.run(slot, &self.threads).await?;
        Ok(RunAnswer { replayed: true, ..answer(run, ran) })
    }
}

fn answer(run: TestRun, ran: Ran) -> RunAnswer {
    RunAnswer {
        run_id: run.run_id,
        flow_id: run.flow_id,
        version: run.version,
        env_position: run.env_position,
        name: run.name,
        description: run.description,
        executed_at: run.executed_at,
        duration_ms: run.duration_ms,
        digest: ran.digest,
        passed: ran.passed,
        expectations: ran.expectations,
        trace: ran.trace,
        replayed: false,
    }
}
