//! The endpoint that merges a client's document with what became of the draft meanwhile.

use axum::extract::State;
use axum::http::{StatusCode, header};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::body::{FromBody, Members};
use super::call::{Command, FlowsRead};
use super::etag;
use super::path::FlowId;
use super::problem::{HandlerResult, Problem};
use super::state::App;
use super::wire::{self, SERVICE_MEMBERS};
use super::within::in_time;
use crate::flow::finding::Finding;
use crate::flow::json::INTEGER_MAX;
use crate::flow::merge::Conflict;

/// `{base, document}`
#[derive(Debug)]
pub struct MergeBody {
    base: i64,
    document: Map<String, Value>,
}

impl FromBody for MergeBody {
    fn from_body(body: Option<Value>) -> Result<Self, Problem> {
        let mut members = Members::new(body)?;
        let base =
            members.need("base", "a positive integer, the version the document was made of", |value| {
                value.as_i64().filter(|version| (1..=INTEGER_MAX).contains(version))
            });
        let document = members.need("document", "a flow document", |value| match value {
            Value::Object(members) => Some(members),
            _ => None,
        });
        members.finish()?;
        // A flow may be sent as it was read; what only the service sets says nothing of the document.
        let mut document = document.unwrap_or_default();
        document.retain(|name, _| name != "enabled" && !SERVICE_MEMBERS.contains(&name.as_str()));
        Ok(Self { base: base.unwrap_or_default(), document })
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Merged<'m> {
    flow_id: Uuid,
    base: i64,
    version: i64,
    document: Option<&'m RawValue>,
    findings: Vec<Finding>,
    conflicts: Vec<Conflict>,
}

pub async fn merge(State(app): State<App>, call: Command<FlowsRead, FlowId, MergeBody>) -> HandlerResult {
    let (flow_id, MergeBody { base, document }) = (call.id.0, call.body);
    let merging = app.registry.history.merge(&call.intent.caller, flow_id, base, document.into());
    let merged = in_time(merging).await?;
    let merged = merged.map_err(|error| Problem::of_version_in(error, "/base"))?;
    let (canonical, findings) = merged.merged.unzip();
    let document = canonical.as_ref().map(|canonical| {
        serde_json::from_slice::<&RawValue>(&canonical.bytes).expect("canonical documents are JSON")
    });
    let (version, conflicts) = (merged.version, merged.conflicts);
    let shown =
        Merged { flow_id, base, version, document, findings: findings.unwrap_or_default(), conflicts };
    let mut response = wire::envelope(StatusCode::OK, &shown);
    response.headers_mut().insert(header::ETAG, etag::of(version));
    Ok(response)
}
