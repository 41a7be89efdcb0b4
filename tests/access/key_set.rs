//! Tokens of an issuer that publishes its keys: a new key counts at once, one that is withdrawn no longer than it is
//! remembered, and nobody makes the service ask the issuer again and again.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, get_current_timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use super::tokens::{api_believing, bearer};

const PRIVATE: &[u8] = include_bytes!("keys/eddsa.pem");
const PUBLIC: &str = include_str!("keys/eddsa.pub.pem");

/// An issuer that answers every request with one text, and counts them.
struct Issuer {
    url: String,
    answer: Arc<Mutex<(u16, String)>>,
    asked: Arc<AtomicUsize>,
}

impl Issuer {
    fn with(status: u16, body: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        let answer = Arc::new(Mutex::new((status, body.to_owned())));
        let asked = Arc::new(AtomicUsize::new(0));
        let (served, counted) = (Arc::clone(&answer), Arc::clone(&asked));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let _ = stream.read(&mut [0; 4096]);
                counted.fetch_add(1, Ordering::SeqCst);
                let (status, body) = served.lock().unwrap().clone();
                let length = body.len();
                let head =
                    format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
                let _ = stream.write_all((head + &body).as_bytes());
            }
        });
        Self { url, answer, asked }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

/// The public key as a JWK, under an id. What comes before the last 32 bytes of its DER says that it is an Ed25519 key.
fn jwk(key_id: &str) -> Value {
    let base64: String = PUBLIC.lines().filter(|line| !line.starts_with('-')).collect();
    let der = STANDARD.decode(base64).unwrap();
    let x = URL_SAFE_NO_PAD.encode(&der[der.len() - 32..]);
    json!({"kty": "OKP", "crv": "Ed25519", "x": x, "kid": key_id, "use": "sig"})
}

fn set(keys: &[Value]) -> String {
    json!({ "keys": keys }).to_string()
}

fn token(org_id: Uuid, key_id: &str) -> String {
    let claims = json!({
        "iss": "https://id.example", "aud": "flow-registry", "sub": "user-7", "org_id": org_id,
        "exp": get_current_timestamp() + 300, "scope": "flows:write",
    });
    let header = Header { kid: Some(key_id.to_owned()), ..Header::new(Algorithm::EdDSA) };
    jsonwebtoken::encode(&header, &claims, &EncodingKey::from_ed_pem(PRIVATE).unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_published_key_counts_and_others_in_the_set_do_no_harm() {
    let mut encrypting = jwk("k1");
    encrypting["use"] = "enc".into();
    let others =
        [json!({"kty": "PQ"}), json!(7), json!({"kty": "oct", "k": "AAAA", "kid": "k1"}), encrypting];
    let issuer = Issuer::with(200, &set(&[&others[..], &[jwk("k1")]].concat()));
    let api = api_believing(Vec::new(), Some(issuer.url.clone())).await;
    for _ in 0..3 {
        api.create_as("authorization", &bearer(&token(api.org_id, "k1"))).await.expect(201);
    }
    assert_eq!(issuer.asked(), 1);
}

/// A key that is not known may be new, so the issuer is asked; but not for every token that names one.
#[tokio::test(flavor = "multi_thread")]
async fn unknown_keys_are_asked_for_once() {
    let issuer = Issuer::with(200, &set(&[jwk("k1")]));
    let api = api_believing(Vec::new(), Some(issuer.url.clone())).await;
    for key_id in ["k2", "k3", "k4"] {
        let refused = api.create_as("authorization", &bearer(&token(api.org_id, key_id))).await;
        refused.expect_problem(401, "invalid_credentials");
    }
    assert_eq!(issuer.asked(), 1);
    api.create_as("authorization", &bearer(&token(api.org_id, "k1"))).await.expect(201);
    let (header, claims) = ("eyJhbGciOiJub25lIn0", "e30");
    let refused = api.create_as("authorization", &format!("Bearer {header}.{claims}.")).await;
    refused.expect_problem(401, "invalid_credentials");
    assert_eq!(issuer.asked(), 1);
}

/// What nobody can tell is not called a wrong token, and API keys go on.
#[tokio::test(flavor = "multi_thread")]
async fn without_the_keys_nobody_can_tell() {
    let many: Vec<_> = (0..101).map(|n| jwk(&n.to_string())).collect();
    let wrong = [
        (500, set(&[jwk("k1")])),
        (302, String::new()),
        (200, "<html>".to_owned()),
        (200, format!("{}{}", set(&[jwk("k1")]), " ".repeat(300_000))),
        (200, set(&many)),
    ];
    for (status, body) in wrong {
        let issuer = Issuer::with(status, &body);
        let api = api_believing(Vec::new(), Some(issuer.url.clone())).await;
        let asked = api.create_as("authorization", &bearer(&token(api.org_id, "k1"))).await;
        assert_eq!(asked.expect_problem(503, "token_keys_unavailable").header("retry-after"), Some("30"));
        api.create_as("x-api-key", &api.key).await.expect(201);
        *issuer.answer.lock().unwrap() = (200, set(&[jwk("k1")]));
        let again = api.create_as("authorization", &bearer(&token(api.org_id, "k1"))).await;
        again.expect_problem(503, "token_keys_unavailable");
        assert_eq!(issuer.asked(), 1);
    }
}
