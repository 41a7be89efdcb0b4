//! Tokens and keys at one door: each is known by its kind, wherever a client may put it.

use std::sync::Arc;

use flow_registry::registry::access::{
    ApiKeyVerifier, CredentialVerifier, JwtAlgorithm, JwtKey, JwtSettings, JwtVerifier,
};
use flow_registry::store::Store;
use jsonwebtoken::{Algorithm, EncodingKey, Header, get_current_timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::api::{Api, api, router_over, state_over};

pub fn token(org_id: Uuid, lasts_seconds: i64, scope: &str) -> String {
    let claims = json!({
        "iss": "https://id.example", "aud": "flow-registry", "sub": "user-7", "name": "Ana", "org_id": org_id,
        "exp": get_current_timestamp().checked_add_signed(lasts_seconds), "scope": scope,
    });
    let key = EncodingKey::from_ed_pem(include_bytes!("keys/eddsa.pem")).unwrap();
    jsonwebtoken::encode(&Header::new(Algorithm::EdDSA), &claims, &key).unwrap()
}

/// The service with the public key of an issuer.
pub async fn api_with_tokens() -> Api {
    let material = include_bytes!("keys/eddsa.pub.pem").to_vec().into();
    api_believing(vec![JwtKey { algorithm: JwtAlgorithm::EdDsa, key_id: None, material }], None).await
}

pub async fn api_believing(keys: Vec<JwtKey>, key_set_url: Option<String>) -> Api {
    let mut api = api().await;
    let store = Store::new(api.database.pool.clone());
    let tokens = JwtVerifier::new(&JwtSettings {
        keys,
        key_set_url,
        audience: "flow-registry".to_owned(),
        issuer: "https://id.example".to_owned(),
        org_claim: "org_id".to_owned(),
    });
    let mut state = state_over(store.clone());
    let api_keys = ApiKeyVerifier::new(store);
    state.verifier = CredentialVerifier { api_keys, tokens: Some(tokens.unwrap()) };
    api.router = router_over(Arc::new(state));
    api
}

impl Api {
    pub async fn create_as(&self, header: &str, value: &str) -> crate::api::Answer {
        let request = self.ask_openly("POST", self.flows("")).header(header, value);
        request.json(&json!({"name": "Uno"})).send().await
    }
}

pub fn bearer(credential: &str) -> String {
    format!("Bearer {credential}")
}

#[tokio::test]
async fn a_token_acts_as_its_user() {
    let api = api_with_tokens().await;
    let token = token(api.org_id, 300, "openid flows:write");
    let flow = api.create_as("authorization", &bearer(&token)).await.expect(201).data();
    assert_eq!(flow["createdBy"], json!({"type": "user", "id": "user-7", "name": "Ana"}));
    let (actor, context): (String, Value) = sqlx::query_as(
        "SELECT a.subject, convert_from(e.context, 'UTF8')::json FROM event e \
             JOIN actor a ON a.org_id = e.org_id AND a.id = e.actor WHERE e.stream_kind = 1",
    )
    .fetch_one(&api.database.pool)
    .await
    .unwrap();
    assert_eq!(actor, "user:user-7");
    assert_eq!(context["keyPrefix"], Value::Null);
}

#[tokio::test]
async fn a_key_is_a_key_in_either_header() {
    let api = api_with_tokens().await;
    api.create_as("x-api-key", &api.key).await.expect(201);
    api.create_as("authorization", &bearer(&api.key)).await.expect(201);
    let token = token(api.org_id, 300, "flows:write");
    api.create_as("x-api-key", &token).await.expect_problem(401, "invalid_credentials");
}

#[tokio::test]
async fn tokens_open_nothing_more_than_they_say() {
    let api = api_with_tokens().await;
    let elsewhere = token(Uuid::new_v4(), 300, "flows:write");
    let reader = token(api.org_id, 300, "flows:read");
    let expired = token(api.org_id, -300, "flows:write");
    let events = api.events().await;
    for (token, status, code) in [
        (elsewhere, 403, "wrong_organization"),
        (reader, 403, "insufficient_scope"),
        (expired, 401, "invalid_credentials"),
    ] {
        api.create_as("authorization", &bearer(&token)).await.expect_problem(status, code);
    }
    assert_eq!(api.events().await, events);
}

#[tokio::test]
async fn without_a_configured_key_no_token_is_believed() {
    let api = api().await;
    let token = token(api.org_id, 300, "flows:write");
    api.create_as("authorization", &bearer(&token)).await.expect_problem(401, "invalid_credentials");
}
