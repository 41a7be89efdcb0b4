//! What is there before anything is measured: 100 organizations with a key each, 10,000 flows in them, one flow with
//! 10,000 versions and one with 10. Keys and flows are made by the use cases; long histories are appended to the log
//! in batches, as the writer would append them.

use bytes::Bytes;
use flow_registry::flow::document::Canonical;
use flow_registry::flow::event::{
    Actor, ActorKind, Context, EventType, Payload, StreamKind, canonical_bytes,
};
use flow_registry::flow::text;
use flow_registry::registry::Registry;
use flow_registry::registry::access::{ApiKeys, KeyMode, operator};
use flow_registry::store::{self, Append, FlowRow, NewEvent, Projection, Store};
use futures_util::future::try_join_all;
use secrecy::ExposeSecret as _;
use serde_json::json;
use uuid::Uuid;

use crate::document::Body;

pub const ORGANIZATIONS: usize = 100;
pub const FLOWS: usize = 10_000;
pub const DEEP: i64 = 10_000;
pub const SHALLOW: i64 = 10;
const OPERATOR: &str = "bench";
/// Creates under way at once: what the writer takes in one call.
const TOGETHER: usize = 64;

#[derive(Debug)]
pub struct Tenant {
    pub org_id: Uuid,
    pub key: String,
}

/// A flow, and which of the tenants it belongs to.
#[derive(Debug, Clone, Copy)]
pub struct Flow {
    pub tenant: usize,
    pub id: Uuid,
}

#[derive(Debug)]
pub struct Seeded {
    pub tenants: Vec<Tenant>,
    pub flows: Vec<Flow>,
    pub deep: Flow,
    pub shallow: Flow,
}

pub async fn seed(store: &Store) -> anyhow::Result<Seeded> {
    store::migrate(store.pool()).await?;
    let registry = Registry::new(store.clone());
    let mut tenants = Vec::with_capacity(ORGANIZATIONS);
    for _ in 0..ORGANIZATIONS {
        tenants.push(tenant(&registry.keys).await?);
    }
    let body = Body::new();
    let mut flows = Vec::with_capacity(FLOWS);
    for numbers in (0..FLOWS).collect::<Vec<_>>().chunks(TOGETHER) {
        let creates = numbers.iter().map(|&number| {
            let tenant = number % ORGANIZATIONS;
            let created = registry
                .commands
                .create(operator(tenants[tenant].org_id, OPERATOR), body.value(number as u64));
            async move { created.await.map(|written| Flow { tenant, id: written.flow.record.flow_id }) }
        });
        flows.extend(try_join_all(creates).await?);
    }
    let deep = Flow { tenant: 0, id: Uuid::now_v7() };
    let shallow = Flow { tenant: 0, id: Uuid::now_v7() };
    for (flow, versions) in [(deep, DEEP), (shallow, SHALLOW)] {
        append_histories(store, tenants[0].org_id, &[flow.id], versions).await?;
    }
    registry.finish().await;
    Ok(Seeded { tenants, flows, deep, shallow })
}

/// A new organization with a key that may do everything.
pub async fn tenant(keys: &ApiKeys) -> anyhow::Result<Tenant> {
    let org_id = Uuid::new_v4();
    let created = keys.create(operator(org_id, OPERATOR), KeyMode::Live, &json!({"name": "bench"})).await?;
    Ok(Tenant { org_id, key: created.secret.expose_secret().to_owned() })
}

/// New flows and their edits, each with a document of its own.
pub async fn append_histories(
    store: &Store,
    org_id: Uuid,
    flow_ids: &[Uuid],
    versions: i64,
) -> anyhow::Result<()> {
    let body = Body::new();
    for version in 1..=versions {
        for (chunk, flow_ids) in flow_ids.chunks(TOGETHER).enumerate() {
            let document = |index: usize| {
                let flow = (chunk * TOGETHER + index) as u64;
                body.canonical(flow << 32 | version.unsigned_abs())
            };
            let row = |(index, flow_id): (usize, &Uuid)| row(org_id, *flow_id, version, &document(index));
            store.append(&flow_ids.iter().enumerate().map(row).collect::<Vec<_>>()).await?;
        }
    }
    Ok(())
}

fn row(org_id: Uuid, flow_id: Uuid, version: i64, canonical: &Canonical) -> Append {
    let actor = Actor { kind: ActorKind::Operator, id: OPERATOR.to_owned(), name: None };
    let (event_type, payload) = match version {
        1 => (EventType::FlowCreated, Payload::default()),
        _ => (EventType::FlowUpdated, Payload::default().with_changed(vec!["description".to_owned()])),
    };
    let event = NewEvent {
        event_id: Uuid::now_v7(),
        event_type,
        payload: canonical_bytes(&payload).into(),
        context: context(&actor),
        actor: actor.opaque_id(),
        author: canonical_bytes(&actor).into(),
        document: Some(canonical.digest),
        document_bytes: Some(canonical.bytes.clone()),
        enabled: true,
        deleted: false,
        published_version: None,
        published_by_version: None,
    };
    let document = &canonical.document;
    let flow = FlowRow {
        phone_number_id: document.phone_number_id.clone(),
        search: text::search_text(&document.name, document.description.as_deref()),
        ..FlowRow::default()
    };
    Append {
        org_id,
        stream_kind: StreamKind::Flow,
        stream_id: flow_id,
        expected: version - 1,
        event: Some(event),
        projection: Projection::Flow(flow),
        idempotency: None,
    }
}

fn context(actor: &Actor) -> Bytes {
    let context = Context {
        salt: hex::encode(rand::random::<[u8; 16]>()),
        actor: actor.clone(),
        key_prefix: None,
        on_behalf_of: None,
        reason: None,
        label: None,
        request_id: Some(Uuid::now_v7().to_string()),
        address: None,
        user_agent: None,
    };
    canonical_bytes(&context).into()
}
