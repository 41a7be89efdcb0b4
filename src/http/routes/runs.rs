//! Endpoints that judge or try a flow and change none: validation and test runs.

use serde_json::json;

use super::super::endpoint::{Endpoint, Tag, get, json, post};
use super::super::{runs, validate};
use super::headers::{IDEMPOTENCY_KEY, LINK, REPLAYED};

pub fn endpoints() -> Vec<Endpoint> {
    vec![
        post("/organizations/{orgId}/bot/flows/validate", "validateDocument", validate::document)
            .about(
                Tag::Flows,
                "Validate a document that is no flow yet",
                "Nothing is kept. Everything that is wrong or doubtful is a finding with a pointer into the document.",
            )
            .takes("UnvalidatedDocument", json!({"name": "a", "steps": []}))
            .responds(json(200, "What is wrong or doubtful.", "VerdictAnswer")),
        post("/organizations/{orgId}/bot/flows/{flowId}/validate", "validateFlow", validate::flow)
            .about(
                Tag::Flows,
                "Validate a flow's draft",
                "The answer has the findings that the flow itself shows too.",
            )
            .may_take("EmptyObject", json!({}))
            .responds(json(200, "What is wrong or doubtful.", "VerdictAnswer"))
            .refuses(&[404]),
        post("/organizations/{orgId}/bot/flows/{flowId}/test-run", "testRun", runs::run)
            .about(
                Tag::TestRuns,
                "Run a version in the sandbox",
                "A scripted conversation is played against a version, the draft, or a document in the request. \
                 Nothing leaves the service: HTTP calls and actions are answered by mocks. The same request against \
                 the same version leads to the same trace.",
            )
            .headers(&[IDEMPOTENCY_KEY])
            .may_take("RunRequest", json!({"name": "saludo", "messages": ["hola"], "version": "draft"}))
            .responds(json(201, "The trace.", "RunAnswer").with(&[REPLAYED]))
            .refuses(&[404]),
        get("/organizations/{orgId}/bot/flows/{flowId}/test-runs", "listTestRuns", runs::list)
            .about(
                Tag::TestRuns,
                "List a flow's runs of the last 30 days, newest first",
                "Each entry has the labels and the outcome of a run; its trace is read by its id.",
            )
            .responds(json(200, "A page of runs.", "RunPageAnswer").with(&[LINK]))
            .refuses(&[404]),
        get("/organizations/{orgId}/bot/test-runs/{runId}", "getTestRun", runs::read)
            .about(
                Tag::TestRuns,
                "Read a run by running it again",
                "Only the request of a run is kept, and it is run again when it is read. `reproducible` says whether \
                 that led to the trace of then. Of a run by the rules of another engine only what was noted is told. \
                 Personal values are masked.",
            )
            .responds(json(200, "The trace, personal values masked.", "StoredRunAnswer"))
            .refuses(&[404]),
    ]
}
