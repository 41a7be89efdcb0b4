//! Rows for appends, with no more in them than a test needs to say.

use bytes::Bytes;
use flow_registry::flow::digest::Digest;
use flow_registry::flow::event::{EventType, StreamKind};
use flow_registry::store::{
    Append, Content, CurrentFlow, DecidedOn, FlowAtVersion, FlowRecord, FlowRow, FoundFlow, Idempotency,
    NewEvent, Projection, Reader, Store,
};
use uuid::Uuid;

/// An event of a flow at `expected`, with `text` as its document.
pub fn row(org_id: Uuid, flow_id: Uuid, expected: i64, text: &str) -> Append {
    let document = Bytes::copy_from_slice(text.as_bytes());
    let digest = Digest::of(&document);
    let event_type = if expected == 0 { EventType::FlowCreated } else { EventType::FlowUpdated };
    Append {
        org_id,
        stream_kind: StreamKind::Flow,
        stream_id: flow_id,
        expected,
        event: Some(NewEvent {
            event_id: Uuid::now_v7(),
            event_type,
            payload: Bytes::from_static(br#"{"changed":["name"]}"#),
            context: Bytes::from(format!(
                r#"{{"actor":{{"id":"k1","name":"backend","type":"api_key"}},"salt":"{}"}}"#,
                Uuid::new_v4().simple()
            )),
            actor: "api_key:k1".to_owned(),
            author: Bytes::from_static(br#"{"id":"k1","name":"backend","type":"api_key"}"#),
            document: Some(digest),
            document_bytes: Some(document),
            enabled: true,
            deleted: false,
            published_version: None,
            published_by_version: None,
        }),
        projection: Projection::Flow(FlowRow {
            phone_number_id: Some(format!("phone of {text}")),
            search: text.to_lowercase(),
            ..FlowRow::default()
        }),
        idempotency: None,
    }
}

/// The same row, decided on the flow as it is now.
pub async fn decided(store: &Store, mut row: Append) -> Append {
    let (record, bytes) = now(store, row.org_id, row.stream_id).await.expect("the flow is there");
    let Projection::Flow(flow) = &mut row.projection else { unreachable!("a row of a flow") };
    let published = record.published.as_ref().map(|published| published.document);
    flow.decided_on = Some(DecidedOn::new(&record.state(), published, bytes.is_none()));
    row
}

/// The same row, under an idempotency key for a request.
pub fn with_key(mut row: Append, key: &str, request: &str) -> Append {
    row.idempotency = Some(Idempotency { key: key.to_owned(), request: Digest::of(request.as_bytes()) });
    row
}

/// Two organizations in ascending order, as calls want their rows.
pub fn two_organizations() -> (Uuid, Uuid) {
    let (a, b) = (Uuid::new_v4(), Uuid::new_v4());
    (a.min(b), a.max(b))
}

/// A flow as it is now, with its draft's bytes.
pub async fn now(store: &Store, org_id: Uuid, flow_id: Uuid) -> Option<(FlowRecord, Option<Bytes>)> {
    let wanted = CurrentFlow { org_id, flow_id, in_force: false, version: None, known: None };
    stored(Reader::start(store).ask(wanted).await.unwrap())
}

/// A flow as it stood after a version, with its document's bytes.
pub async fn then(
    store: &Store,
    org_id: Uuid,
    flow_id: Uuid,
    version: i64,
) -> Option<(FlowRecord, Option<Bytes>)> {
    let wanted = FlowAtVersion { org_id, flow_id, version, known: None, bound_to: None };
    stored(Reader::start(store).ask(wanted).await.unwrap())
}

fn stored(found: FoundFlow) -> Option<(FlowRecord, Option<Bytes>)> {
    match found {
        FoundFlow::Stored(record, content) => Some((*record, bytes(content))),
        FoundFlow::Missing | FoundFlow::Unchanged => None,
    }
}

fn bytes(content: Content) -> Option<Bytes> {
    match content {
        Content::Bytes(bytes) => Some(bytes),
        Content::Known | Content::Erased => None,
    }
}
