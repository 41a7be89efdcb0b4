//! What the database holds, and what it should hold after what the model did.

use std::collections::{BTreeMap, BTreeSet};

use flow_registry::flow::document::{TriggerType, TriggerTypes};
use flow_registry::flow::event::StreamKind;
use flow_registry::store::Store;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Model;

/// What a document of the model starts by.
pub fn trigger_types(text: &str) -> TriggerTypes {
    let names = TriggerType::WRITTEN;
    TriggerTypes::of_name(names[text.len() % names.len()]).expect("a name that is written")
}

impl Model {
    /// What views, keys and answers should hold.
    pub fn rows(&self, streams: &[(Uuid, Uuid, StreamKind)]) -> BTreeMap<String, Value> {
        let mut rows = BTreeMap::new();
        for (_, id, kind) in streams {
            let Some(stream) = self.streams.get(id) else { continue };
            let row = match kind {
                StreamKind::Flow => json!([
                    stream.version,
                    stream.position,
                    stream.enabled,
                    stream.deleted,
                    stream.published.as_ref().map(|it| (it.0, it.1)),
                    format!("phone of {}", stream.text),
                    stream.published.as_ref().map(|it| format!("phone of {}", it.2)),
                    trigger_types(&stream.text).bits(),
                    stream.published.as_ref().map(|it| trigger_types(&it.2).bits()),
                    stream.text,
                    stream.published.as_ref().map(|it| it.2.clone()),
                    stream.published.as_ref().map(|it| it.2.clone()),
                ]),
                _ => json!([stream.version, stream.text, stream.deleted]),
            };
            rows.insert(id.to_string(), row);
        }
        for ((org, key), (_, answer)) in &self.answers {
            rows.insert(format!("{org} {key}"), json!(answer));
        }
        rows
    }
}

/// What they do hold.
pub async fn held(store: &Store, streams: &[(Uuid, Uuid, StreamKind)]) -> BTreeMap<String, Value> {
    let known: BTreeSet<String> = streams.iter().map(|(_, id, _)| id.to_string()).collect();
    let read = "SELECT v.flow_id::text, jsonb_build_array(v.version, v.position, v.enabled, v.deleted, \
           CASE WHEN v.published_version IS NOT NULL THEN jsonb_build_array(v.published_version, v.published_by_version) END, \
           v.phone_number_id, v.published_phone_number_id, v.trigger_types, v.published_trigger_types, \
           (SELECT s.text FROM flow_search s WHERE s.org_id = v.org_id AND s.flow_id = v.flow_id AND NOT s.in_force), \
           (SELECT s.text FROM flow_search s WHERE s.org_id = v.org_id AND s.flow_id = v.flow_id AND s.in_force), \
           (SELECT string_agg(r.value, ',') FROM flow_reference r WHERE r.org_id = v.org_id AND r.flow_id = v.flow_id)) \
         FROM flow_view v \
         UNION ALL SELECT a.id::text, jsonb_build_array(a.version, a.name, a.revoked_at IS NOT NULL) FROM api_key a \
         UNION ALL SELECT i.org_id || ' ' || i.key, i.answer FROM idempotency_key i";
    let rows: Vec<(String, Value)> = sqlx::query_as(read).fetch_all(store.pool()).await.unwrap();
    assert!(rows.iter().all(|(name, _)| name.contains(' ') || known.contains(name)), "a row of no stream");
    rows.into_iter().collect()
}
