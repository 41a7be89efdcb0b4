//! Rows for appends, with no more in them than a test needs to say.

use bytes::Bytes;
use flow_registry::flow::chain::{chain_next, chain_start};
use flow_registry::flow::digest::Digest;
use flow_registry::flow::event::{EventType, State, StreamKind};
use flow_registry::store::{
    Append, Appended, Content, CurrentFlow, DecidedOn, FlowAtVersion, FlowChange, FlowRecord, FoundFlow,
    Idempotency, ListFilter, ListPage, NewEvent, Outcome, Reader, Store, ViewChange,
};
use uuid::Uuid;

/// An event of a flow at `expected`, with `text` as its document.
pub fn row(org_id: Uuid, flow_id: Uuid, expected: i64, text: &str) -> Append {
    let document = Bytes::copy_from_slice(text.as_bytes());
    let digest = Digest::of(&document);
    let event_type = if expected == 0 { EventType::FlowCreated } else { EventType::FlowUpdated };
    let event = NewEvent {
        stream_kind: StreamKind::Flow,
        stream_id: flow_id,
        expected,
        event_id: Uuid::now_v7(),
        event_type,
        payload: Bytes::from_static(br#"{"changed":["name"]}"#),
        context: Bytes::from(format!(
            r#"{{"actor":{{"id":"k1","name":"backend","type":"api_key"}},"salt":"{}"}}"#,
            Uuid::new_v4().simple()
        )),
        actor: "api_key:k1".to_owned(),
        state: State {
            document: Some(digest),
            enabled: true,
            deleted: false,
            published_version: None,
            published_by_version: None,
        },
        document_bytes: Some(document),
        view: ViewChange::Flow(Box::new(FlowChange {
            author: Bytes::from_static(br#"{"id":"k1","name":"backend","type":"api_key"}"#),
            phone_number_id: Some(format!("phone of {}", text.chars().take(40).collect::<String>())),
            search: Some(text.to_lowercase()),
            ..FlowChange::default()
        })),
    };
    Append::event(org_id, event, None)
}

/// What the one event of a row changes in the views of its flow.
pub fn change(row: &mut Append) -> &mut FlowChange {
    match &mut row.events[0].view {
        ViewChange::Flow(change) => change,
        _ => unreachable!("a row of a flow"),
    }
}

/// The flows of one page of the list, in its order.
pub async fn listed(store: &Store, org_id: Uuid, filter: &ListFilter, page: ListPage) -> Vec<FlowRecord> {
    let keys = store.list_keys(org_id, filter, page).await.unwrap().flows;
    let mut records = store.flows_still_at(org_id, &keys).await.unwrap();
    let place = |record: &FlowRecord| keys.iter().position(|key| key.flow_id == record.flow_id);
    assert!(records.len() == keys.len() && records.iter().all(|record| place(record).is_some()));
    records.sort_by_key(place);
    records
}

/// The same row, decided on the flow as it is now.
pub async fn decided(store: &Store, mut row: Append) -> Append {
    let stream_id = row.events[0].stream_id;
    let (record, bytes) = now(store, row.org_id, stream_id).await.expect("the flow is there");
    change(&mut row).decided_on = Some(DecidedOn {
        state: record.state(),
        published_document: record.published.as_ref().map(|published| published.document),
        is_erased: bytes.is_none(),
    });
    row
}

pub fn idempotency(key: &str, request: &str) -> Idempotency {
    Idempotency { key: key.to_owned(), request: Digest::of(request.as_bytes()) }
}

/// The same row, under an idempotency key for a request.
pub fn with_key(row: Append, key: &str, request: &str) -> Append {
    let [event] = <[NewEvent; 1]>::try_from(row.events).expect("a row of one event");
    Append::event(row.org_id, event, Some(idempotency(key, request)))
}

/// The place of the one event of an append.
pub fn place(outcome: &Outcome) -> Appended {
    match outcome {
        Outcome::Appended(places) if places.len() == 1 => places[0],
        other => panic!("expected an event, got {other:?}"),
    }
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

/// Events whose stored hashes are not what their columns lead to, or that do not continue their chain.
pub async fn wrong_hashes(store: &Store) -> usize {
    let organizations: Vec<Uuid> =
        sqlx::query_scalar("SELECT org_id FROM log_head").fetch_all(store.pool()).await.unwrap();
    let mut wrong = 0;
    for organization in organizations {
        let mut chain = chain_start(organization);
        let mut before = i64::MIN;
        for event in store.reading().await.unwrap().events(organization, 0, i64::MAX).await.unwrap() {
            let content = |bytes: Option<&[u8]>| bytes.map(Digest::of);
            let hash = event.hash(organization).unwrap();
            chain = chain_next(chain, hash);
            let is_right = (hash, chain) == (event.event_hash, event.chain_hash)
                && content(event.payload.as_deref()).is_none_or(|digest| digest == event.payload_digest)
                && content(event.context.as_deref()).is_none_or(|digest| digest == event.context_digest)
                && before < event.recorded_at_us;
            before = event.recorded_at_us;
            wrong += usize::from(!is_right);
        }
    }
    wrong
}
