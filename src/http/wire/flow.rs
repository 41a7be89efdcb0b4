//! A flow as clients see it: the state, and spliced into it, unparsed, the document.

use bytes::{BufMut, BytesMut};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::instant;
use crate::flow::digest::Digest;
use crate::registry::{FlowAnswer, RegistryError};

/// How much of a flow a list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    Whole,
    /// Without variables, steps, settings, interrupts, translations, meta and findings.
    Summary,
}

/// Which flows of a list are told of by no more than that they are gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tombstones {
    None,
    Deleted,
    NotInForce,
}

impl Tombstones {
    pub fn replace(self, answer: &FlowAnswer) -> bool {
        match self {
            Self::None => false,
            Self::Deleted => answer.record.deleted,
            Self::NotInForce => !answer.in_force(),
        }
    }
}

/// A flow that who keeps a copy lets go of.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GoneFlow {
    id: Uuid,
    version: i64,
    status: &'static str,
    deleted_at: Option<String>,
}

/// The members of a flow that are not its author's. Times are UTC with milliseconds.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FlowState<'a> {
    status: &'static str,
    published: bool,
    enabled: bool,
    /// Published, enabled and not deleted: what a bot engine runs.
    in_force: bool,
    /// The version whose document is published.
    published_version: Option<i64>,
    published_at: Option<String>,
    /// Whether the draft differs from what is published.
    has_unpublished_changes: bool,
    /// Counts the flow's events from 1, without holes. Also its `ETag`.
    version: i64,
    /// SHA-256 of the canonical document that is shown.
    document_digest: Digest,
    duplicated_from: Option<DuplicatedFrom>,
    restored_from: Option<i64>,
    created_at: String,
    created_by: &'a RawValue,
    updated_at: String,
    /// Null where whoever reads an earlier version may not know.
    updated_by: Option<&'a RawValue>,
    deleted_at: Option<String>,
}

/// The flow, and its version, that a copy was made of.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DuplicatedFrom {
    flow_id: Uuid,
    version: i64,
}

/// The members of a flow that only the service sets, as clients see them.
pub const SERVICE_MEMBERS: &[&str] = &[
    "id",
    "organizationId",
    "status",
    "published",
    "inForce",
    "publishedVersion",
    "publishedAt",
    "hasUnpublishedChanges",
    "version",
    "documentDigest",
    "duplicatedFrom",
    "restoredFrom",
    "createdAt",
    "createdBy",
    "updatedAt",
    "updatedBy",
    "deletedAt",
    "findings",
];

/// Each of them with its value.
pub fn service_members(answer: &FlowAnswer) -> Result<Map<String, Value>, RegistryError> {
    let mut json = BytesMut::new();
    put_flow(&mut json, answer, View::Whole)?;
    let mut shown: Map<String, Value> =
        serde_json::from_slice(&json).map_err(|error| RegistryError::corrupt("a flow", error.to_string()))?;
    shown.retain(|name, _| SERVICE_MEMBERS.contains(&name.as_str()));
    Ok(shown)
}

/// Writes a flow as JSON. The document's bytes are copied into it as they are stored.
pub fn put_flow(json: &mut BytesMut, answer: &FlowAnswer, view: View) -> Result<(), RegistryError> {
    match view {
        View::Summary => {
            put_members(json, answer, &answer.document.summary_json()?, &state(answer)?);
            json.put_u8(b'}');
            Ok(())
        }
        View::Whole => put_whole(json, answer, &state(answer)?),
    }
}

/// Writes of a flow no more than that it is gone.
pub fn put_gone(json: &mut BytesMut, answer: &FlowAnswer) {
    let record = &answer.record;
    let gone = GoneFlow {
        id: record.flow_id,
        version: record.version,
        status: answer.status().as_str(),
        deleted_at: record.deleted.then(|| instant(record.updated_at)),
    };
    json.put_slice(&serde_json::to_vec(&gone).expect("our own wire types always serialize"));
}

/// The whole of a flow, but not who changed it last.
pub fn put_flow_without_author(json: &mut BytesMut, answer: &FlowAnswer) -> Result<(), RegistryError> {
    put_whole(json, answer, &FlowState { updated_by: None, ..state(answer)? })
}

fn put_whole(json: &mut BytesMut, answer: &FlowAnswer, state: &FlowState<'_>) -> Result<(), RegistryError> {
    put_members(json, answer, &answer.document.bytes(), state);
    json.put_slice(b",\"findings\":");
    json.put_slice(&answer.document.findings()?);
    json.put_u8(b'}');
    Ok(())
}

/// An object that is not closed yet: whose the flow is, the given members of the document, and the state.
fn put_members(json: &mut BytesMut, answer: &FlowAnswer, members: &[u8], state: &FlowState<'_>) {
    let state = serde_json::to_vec(state).expect("our own wire types always serialize");
    json.reserve(members.len() + state.len() + 256);
    json.put_slice(b"{\"id\":\"");
    json.put_slice(answer.record.flow_id.hyphenated().encode_lower(&mut Uuid::encode_buffer()).as_bytes());
    json.put_slice(b"\",\"organizationId\":\"");
    json.put_slice(answer.org_id.hyphenated().encode_lower(&mut Uuid::encode_buffer()).as_bytes());
    json.put_slice(b"\",");
    json.put_slice(inside(members));
    json.put_u8(b',');
    json.put_slice(inside(&state));
}

/// What stands between the braces of an object that has members.
fn inside(object: &[u8]) -> &[u8] {
    object
        .strip_prefix(b"{")
        .and_then(|rest| rest.strip_suffix(b"}"))
        .expect("documents and states are JSON objects without space around them")
}

fn state(answer: &FlowAnswer) -> Result<FlowState<'_>, RegistryError> {
    let record = &answer.record;
    Ok(FlowState {
        status: answer.status().as_str(),
        published: record.published.is_some(),
        enabled: record.enabled,
        in_force: answer.in_force(),
        published_version: record.published.as_ref().map(|published| published.version),
        published_at: record.published.as_ref().map(|published| instant(published.at)),
        has_unpublished_changes: answer.has_unpublished_changes(),
        version: record.version,
        document_digest: answer.document.digest(),
        duplicated_from: record
            .marks
            .duplicated_from
            .as_deref()
            .map(|&(flow_id, version)| DuplicatedFrom { flow_id, version }),
        restored_from: record.marks.restored_from,
        created_at: instant(record.created_at),
        created_by: actor(&record.created_by, "created_by")?,
        updated_at: instant(record.updated_at),
        updated_by: Some(actor(&record.updated_by, "updated_by")?),
        deleted_at: record.deleted.then(|| instant(record.updated_at)),
    })
}

fn actor<'a>(json: &'a [u8], place: &str) -> Result<&'a RawValue, RegistryError> {
    serde_json::from_slice(json).map_err(|error| RegistryError::corrupt(place, error.to_string()))
}
