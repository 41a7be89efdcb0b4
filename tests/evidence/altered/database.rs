//! A log that the service wrote, in a database whose administrator does as he likes; and the way back from that.

use std::collections::HashMap;

use flow_registry::evidence::{BundleWriter, KeptNote, PublicKey, Report};
use flow_registry::flow::chain::chain_start;
use flow_registry::flow::event::RestoreMode;
use flow_registry::registry::access::KeyMode;
use flow_registry::registry::caller::Intent;
use flow_registry::registry::checkpoints::Signer;
use flow_registry::registry::erasure::{ErasureOrder, Erasures, Selection};
use flow_registry::registry::projections::Projections;
use flow_registry::registry::verification::LiveVerification;
use flow_registry::registry::{DuplicateOrder, PublishOrder, Registry, RestoreOrder, RestoreSource};
use serde_json::json;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use crate::evidence::sample::{keyring, public_keys};
use crate::registry::hand::{Hand, hand, sound};

/// The tables an administrator may alter, in an order in which they can be filled again.
const TABLES: [&str; 8] =
    ["event", "document", "log_head", "checkpoint", "flow_view", "flow_search", "flow_reference", "api_key"];

pub struct Database {
    pub hand: Hand,
    registry: Registry,
    pub org: Uuid,
    /// The signed notes, in order.
    pub notes: Vec<String>,
}

/// Sixteen events of all kinds by the use cases themselves, signed after the ninth and the last.
pub async fn database() -> Database {
    let hand = hand().await;
    let (store, org) = (hand.registry.store().clone(), hand.caller.org_id);
    let registry = Registry::signing(store, Signer::new(keyring(1), None));
    let keys = &registry.keys;
    let because = || Intent { reason: Some("la última edición falló".into()), ..hand.intent() };
    let key = keys.create(hand.intent(), KeyMode::Live, &json!({"name": "bot"})).await.unwrap().key.id;
    let flow = hand.create(sound("Alta")).await;
    for name in ["Alta de clientes", "Alta 🎆"] {
        registry.commands.update(hand.intent(), flow, json!({"name": name}), None).await.unwrap();
    }
    registry.commands.publish(hand.intent(), flow, PublishOrder::default()).await.unwrap();
    registry.commands.duplicate(hand.intent(), flow, DuplicateOrder::default()).await.unwrap();
    registry.commands.update(hand.intent(), flow, json!({"enabled": false}), None).await.unwrap();
    registry.commands.update(hand.intent(), flow, json!({"description": "d"}), None).await.unwrap();
    registry.commands.unpublish(hand.intent(), flow).await.unwrap();
    let mut notes = vec![registry.checkpoints.sign_head(org).await.unwrap().unwrap().note];
    registry.commands.delete(hand.intent(), flow).await.unwrap();
    let back = RestoreOrder { source: RestoreSource::Version(2), mode: RestoreMode::Live };
    registry.commands.restore(because(), flow, back).await.unwrap();
    keys.revoke(hand.intent(), key).await.unwrap();
    for name in ["Baja", "Cambio"] {
        let other = hand.create(sound(name)).await;
        registry.commands.publish(hand.intent(), other, PublishOrder::default()).await.unwrap();
    }
    notes.push(registry.checkpoints.sign_head(org).await.unwrap().unwrap().note);
    let database = Database { hand, registry, org, notes };
    for table in TABLES {
        let sql = format!(
            "ALTER TABLE {table} DISABLE TRIGGER ALL; CREATE TABLE {table}_original AS TABLE {table}"
        );
        database.administer(&sql).await.unwrap();
    }
    database
}

impl Database {
    /// Statements of somebody whom no trigger stops.
    pub async fn administer(&self, sql: &str) -> Result<u64, sqlx::Error> {
        let pool = self.hand.registry.store().pool();
        Ok(sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(pool).await?.rows_affected())
    }

    pub async fn undo(&self) {
        self.put_back(&TABLES).await;
    }

    /// Makes some tables what they were, in an order in which they can be filled again.
    pub async fn put_back(&self, tables: &[&str]) {
        let sql: String = tables
            .iter()
            .map(|table| format!("DELETE FROM {table}; INSERT INTO {table} SELECT * FROM {table}_original;"))
            .collect();
        self.administer(&sql).await.unwrap();
    }

    /// Whether events or documents are not what they were.
    pub async fn is_altered(&self) -> bool {
        let altered = "SELECT EXISTS (TABLE event EXCEPT TABLE event_original) \
             OR (SELECT count(*) FROM document) <> (SELECT count(*) FROM document_original) \
             OR EXISTS (TABLE document EXCEPT TABLE document_original)";
        sqlx::query_scalar(altered).fetch_one(self.hand.registry.store().pool()).await.unwrap()
    }

    /// Makes head and views those of the log as it is now, and leaves no checkpoint beyond its end.
    pub async fn cover_tracks(&self) {
        self.administer(
            "DELETE FROM log_head; DELETE FROM flow_view; DELETE FROM flow_search; DELETE FROM flow_reference; \
             DELETE FROM checkpoint WHERE position > (SELECT coalesce(max(position), 0) FROM event); \
             INSERT INTO log_head SELECT org_id, position, chain_hash, recorded_at FROM event \
               ORDER BY position DESC LIMIT 1",
        )
        .await
        .unwrap();
        // The service itself puts rows in place as they should be.
        let projections = Projections::new(self.registry.store().clone());
        let Some(mut walk) = projections.walk(Some(self.org)).await.unwrap() else { return };
        while let Some(batch) = walk.next().await.unwrap() {
            projections.mend(batch).await.unwrap();
        }
    }

    /// Puts on record what was erased by hand, and signs that.
    pub async fn record_what_is_absent(&self) {
        let erasures = Erasures::new(self.registry.store().clone());
        let intent = self.hand.intent();
        erasures.erase(&intent, &ErasureOrder::new(Selection::Absent, "erased in May")).await.unwrap();
        self.sign_as_service().await;
    }

    /// Signs the log as it is now with another key than the service's.
    pub async fn sign_as_somebody_else(&self) {
        let forger = Registry::signing(self.registry.store().clone(), Signer::new(keyring(9), None));
        forger.checkpoints.sign_head(self.org).await.unwrap().unwrap();
    }

    /// Signs the log as it is now with the service's key, and without the service's memory of what it signed.
    pub async fn sign_with_the_stolen_key(&self) {
        let thief = Registry::signing(self.registry.store().clone(), Signer::new(keyring(1), None));
        thief.checkpoints.sign_head(self.org).await.unwrap().unwrap();
    }

    /// The tree head of the log as it is now, by the service.
    pub async fn tree_head(&self) -> String {
        self.registry.checkpoints.tree_head(self.org).await.unwrap().unwrap().note
    }

    pub async fn sign_as_service(&self) {
        self.registry.checkpoints.sign_head(self.org).await.unwrap().unwrap();
    }

    /// Computes every digest and hash anew.
    pub async fn rewrite_chain(&self) {
        self.administer(include_str!("event_hash.sql")).await.unwrap();
        self.administer(
            "DO $$ DECLARE e event; chain bytea; BEGIN \
             FOR e IN SELECT * FROM event ORDER BY position LOOP \
               chain := coalesce(chain, sha256('flow-registry/log/1'::bytea || uuid_send(e.org_id))); \
               e.payload_digest := coalesce(sha256(e.payload), e.payload_digest); \
               e.context_digest := coalesce(sha256(e.context), e.context_digest); \
               e.event_hash := event_hash_1(e.org_id, e.stream_kind, e.stream_id, e.event_id, e.version, \
                 e.position, e.recorded_at, e.schema_version, e.document_digest, e.enabled, e.deleted, \
                 e.published_version, e.published_by_version, e.payload_digest, e.context_digest, e.type); \
               chain := sha256(chain || e.event_hash); \
               UPDATE event SET payload_digest = e.payload_digest, context_digest = e.context_digest, \
                 event_hash = e.event_hash, chain_hash = chain WHERE position = e.position; \
             END LOOP; END $$",
        )
        .await
        .unwrap();
    }

    /// The export of the log as the database holds it now.
    pub async fn export(&self) -> Vec<u8> {
        let store = self.registry.store();
        let events = store.reading().await.unwrap().events(self.org, 0, 1000).await.unwrap();
        let digests: Vec<_> = events.iter().filter_map(|event| event.state.document).collect();
        let documents = store.documents(self.org, &digests).await.unwrap();
        let documents: HashMap<_, _> =
            documents.into_iter().map(|document| (document.digest, document.bytes)).collect();
        let notes = store.checkpoints(self.org, 0, i64::MAX).await.unwrap();
        let notes: HashMap<_, _> = notes.into_iter().map(|kept| (kept.position, kept.note)).collect();
        let mut bundle = BundleWriter::new(Vec::new(), self.org, 0, chain_start(self.org)).unwrap();
        for event in &events {
            let wanted = event.state.document.filter(|document| bundle.wants(document));
            if let Some((document, bytes)) = wanted.and_then(|wanted| documents.get_key_value(&wanted)) {
                bundle.document(*document, bytes.as_deref()).unwrap();
            }
            bundle.event(event).unwrap();
            if let Some(note) = notes.get(&event.position) {
                bundle.checkpoint(note).unwrap();
            }
        }
        bundle.finish().unwrap()
    }

    /// What the live verification says.
    pub async fn verify_live(&self, kept: &[String]) -> Report {
        let keys: Vec<PublicKey> = public_keys(1);
        let kept = kept.iter().map(|note| KeptNote::open(note, &keys).unwrap()).collect();
        let mut live = LiveVerification::begin(self.registry.store(), keys, kept).await.unwrap();
        live.log(self.org, |_| {}).await.unwrap()
    }
}
