//! Where keys are made: the use cases over a database of their own, with the verifier that serves beside them.

use flow_registry::flow::digest::Digest;
use flow_registry::registry::Registry;
use flow_registry::registry::access::{
    AccessError, ApiKeyVerifier, ApiKeys, CreatedKey, Credential, CredentialVerifier, KeyMode, operator,
};
use flow_registry::registry::caller::{Caller, Idempotency, Intent};
use flow_registry::store::Store;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{self, TestDatabase};

pub struct Desk {
    pub org_id: Uuid,
    pub keys: ApiKeys,
    pub verifier: ApiKeyVerifier,
    pub database: TestDatabase,
}

pub async fn desk() -> Desk {
    let database = support::database().await;
    let (keys, verifier) = replica(&database);
    Desk { org_id: Uuid::new_v4(), keys, verifier, database }
}

/// What another process on the same database has.
pub fn replica(database: &TestDatabase) -> (ApiKeys, ApiKeyVerifier) {
    let keys = Registry::new(Store::new(database.pool.clone())).keys;
    let verifier = keys.verifier().clone();
    (keys, verifier)
}

impl Desk {
    pub fn intent(&self) -> Intent {
        operator(self.org_id, "ana")
    }

    pub fn intent_with_key(&self, key: &str, request: &str) -> Intent {
        let idempotency = Idempotency { key: key.into(), request: Digest::of(request.as_bytes()) };
        Intent { idempotency: Some(idempotency), ..self.intent() }
    }

    pub async fn make(&self, mode: KeyMode, body: Value) -> CreatedKey {
        self.keys.create(self.intent(), mode, &body).await.unwrap()
    }

    pub async fn make_any(&self) -> CreatedKey {
        self.make(KeyMode::Live, json!({"name": "backend"})).await
    }

    pub async fn revoke(&self, key: &CreatedKey) {
        self.keys.revoke(self.intent(), key.key.id).await.unwrap();
    }

    pub async fn verify(&self, text: &str) -> Option<Caller> {
        verify(&self.verifier, text).await
    }
}

pub fn secret(key: &CreatedKey) -> &str {
    key.secret.expose_secret()
}

/// The caller, if the key is believed in both places it can be sent in.
pub async fn verify(verifier: &ApiKeyVerifier, text: &str) -> Option<Caller> {
    let verifier = CredentialVerifier { api_keys: verifier.clone(), tokens: None };
    let mut callers = Vec::new();
    for credential in [Credential::ApiKey(text.into()), Credential::Bearer(text.into())] {
        match verifier.verify(&credential, None).await {
            Ok(caller) => callers.push(caller),
            Err(AccessError::Invalid) => {}
            Err(error) => panic!("{error}"),
        }
    }
    assert_ne!(callers.len(), 1, "both places are alike");
    callers.pop()
}

/// A key that ends in the right checksum: its digits are no secret.
pub fn with_checksum(covered: &str) -> String {
    const DIGITS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut number = crc32fast::hash(covered.as_bytes()) as usize;
    let mut digits = [0; 6];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[number % 62];
        number /= 62;
    }
    format!("{covered}{}", std::str::from_utf8(&digits).unwrap())
}
