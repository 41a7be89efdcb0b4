//! Somebody who acts: a caller with all scopes in an organization of its own.

use std::sync::Arc;

use flow_registry::flow::digest::Digest;
use flow_registry::flow::event::{Actor, ActorKind};
use flow_registry::registry::caller::{Caller, Idempotency, IfMatch, Intent, Scopes};
use flow_registry::registry::{FlowAnswer, FlowList, Registry, RegistryError};
use flow_registry::store::Store;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support;

pub struct Hand {
    pub registry: Registry,
    pub caller: Caller,
    database: support::TestDatabase,
}

pub async fn hand() -> Hand {
    let database = support::database().await;
    let registry = Registry::new(Store::new(database.pool.clone()));
    let actor =
        Actor { kind: ActorKind::ApiKey, id: Uuid::new_v4().to_string(), name: Some("backend".into()) };
    let caller = Caller {
        org_id: Uuid::new_v4(),
        actor,
        key_prefix: Some("0123456789".into()),
        token_id: None,
        scopes: Scopes::all(),
        phone_number_ids: Arc::new([]),
    };
    Hand { registry, caller, database }
}

impl Hand {
    /// For a command on the same database.
    pub fn url(&self) -> String {
        self.database.url()
    }

    pub fn intent(&self) -> Intent {
        Intent {
            caller: self.caller.clone(),
            request_id: Uuid::now_v7().to_string(),
            on_behalf_of: Some("ana@example.com".into()),
            reason: None,
            address: Some("127.0.0.1".into()),
            user_agent: None,
            if_match: None,
            forced: false,
            idempotency: None,
        }
    }

    pub fn intent_at(&self, version: i64) -> Intent {
        Intent { if_match: Some(IfMatch::Versions(vec![version])), ..self.intent() }
    }

    pub fn intent_with_key(&self, key: &str, request: &str) -> Intent {
        let idempotency = Idempotency { key: key.into(), request: Digest::of(request.as_bytes()) };
        Intent { idempotency: Some(idempotency), ..self.intent() }
    }

    pub async fn create(&self, body: Value) -> Uuid {
        self.registry.commands.create(self.intent(), body).await.unwrap().flow.record.flow_id
    }

    pub async fn events(&self) -> Vec<(String, i64, i64)> {
        sqlx::query_as("SELECT type, version, position FROM event ORDER BY position")
            .fetch_all(self.registry.store().pool())
            .await
            .unwrap()
    }
}

/// A document that can be published.
pub fn sound(name: &str) -> Value {
    json!({"name": name, "steps": [{"id": "adios", "type": "end", "text": "¡Listo!"}]})
}

/// The flows of a list, to its end.
pub async fn flows_of(mut list: FlowList) -> Result<Vec<Arc<FlowAnswer>>, RegistryError> {
    let mut flows = Vec::new();
    while let Some(chunk) = list.next_chunk().await? {
        flows.extend(chunk);
    }
    Ok(flows)
}
