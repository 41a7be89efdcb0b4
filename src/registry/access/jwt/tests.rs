//! Every way a token can be wrong, and the few in which it is right.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::FutureExt as _;
use jsonwebtoken::{EncodingKey, Header, get_current_timestamp};
use serde_json::json;

use super::*;
use crate::registry::caller::{Scope, Scopes};

macro_rules! pem {
    ($name:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/access/keys/", $name, ".pem"))
    };
}

const SECRET: &[u8] = b"a secret of more than thirty-two bytes";
const ORG: &str = "4c5f3f0e-0d7c-4b51-9a55-0a3a9f6a6c1e";
const ALGORITHMS: [Algorithm; 4] = [Algorithm::HS256, Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA];

fn key(algorithm: JwtAlgorithm, key_id: Option<&str>, material: &[u8]) -> JwtKey {
    JwtKey { algorithm, key_id: key_id.map(str::to_owned), material: material.to_vec().into() }
}

fn settings(keys: Vec<JwtKey>) -> JwtSettings {
    JwtSettings {
        keys,
        key_set_url: None,
        audience: "flow-registry".to_owned(),
        issuer: "https://id.example".to_owned(),
        org_claim: "org_id".to_owned(),
    }
}

fn trusted(algorithm: Algorithm) -> JwtKey {
    match algorithm {
        Algorithm::HS256 => key(JwtAlgorithm::Hs256, None, SECRET),
        Algorithm::RS256 => key(JwtAlgorithm::Rs256, None, pem!("rs256.pub")),
        Algorithm::ES256 => key(JwtAlgorithm::Es256, None, pem!("es256.pub")),
        _ => key(JwtAlgorithm::EdDsa, None, pem!("eddsa.pub")),
    }
}

fn signer(algorithm: Algorithm) -> EncodingKey {
    match algorithm {
        Algorithm::HS256 => EncodingKey::from_secret(SECRET),
        Algorithm::RS256 => EncodingKey::from_rsa_pem(pem!("rs256")).unwrap(),
        Algorithm::ES256 => EncodingKey::from_ec_pem(pem!("es256")).unwrap(),
        _ => EncodingKey::from_ed_pem(pem!("eddsa")).unwrap(),
    }
}

fn foreign_signer(algorithm: Algorithm) -> EncodingKey {
    match algorithm {
        Algorithm::HS256 => EncodingKey::from_secret(b"another secret of thirty-two bytes or more"),
        Algorithm::RS256 => EncodingKey::from_rsa_pem(pem!("foreign_rs256")).unwrap(),
        Algorithm::ES256 => EncodingKey::from_ec_pem(pem!("foreign_es256")).unwrap(),
        _ => EncodingKey::from_ed_pem(pem!("foreign_eddsa")).unwrap(),
    }
}

/// Good claims with some of them replaced, or removed by null.
fn claims(changes: Value) -> Value {
    let mut claims = json!({
        "iss": "https://id.example", "aud": "flow-registry", "sub": "user-7", "name": "Ana",
        "exp": get_current_timestamp() + 300, "org_id": ORG, "scope": "openid flows:read flows:write",
    });
    let members = claims.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => members.remove(name),
            value => members.insert(name.clone(), value.clone()),
        };
    }
    claims
}

fn sign(header: &Header, claims: &Value, signer: &EncodingKey) -> String {
    jsonwebtoken::encode(header, claims, signer).unwrap()
}

fn verifier(keys: Vec<JwtKey>) -> JwtVerifier {
    JwtVerifier::new(&settings(keys)).unwrap()
}

fn verify(verifier: &JwtVerifier, token: &str) -> Option<Caller> {
    verifier.verify(token).now_or_never().expect("nothing is fetched").ok()
}

/// A token of good claims but for `changes`, signed and verified with HS256.
fn with(changes: Value) -> Option<Caller> {
    let token = sign(&Header::default(), &claims(changes), &signer(Algorithm::HS256));
    verify(&verifier(vec![trusted(Algorithm::HS256)]), &token)
}

#[test]
fn a_good_token_of_each_algorithm_is_a_user() {
    for algorithm in ALGORITHMS {
        let token = sign(&Header::new(algorithm), &claims(json!({})), &signer(algorithm));
        let caller = verify(&verifier(vec![trusted(algorithm)]), &token).expect("a good token");
        assert_eq!(caller.org_id.to_string(), ORG);
        assert_eq!(caller.actor.kind, crate::flow::event::ActorKind::User);
        assert_eq!((caller.actor.id.as_str(), caller.actor.name.as_deref()), ("user-7", Some("Ana")));
        assert_eq!(caller.scopes, [Scope::FlowsRead, Scope::FlowsWrite].into_iter().collect());
        assert_eq!(caller.key_prefix, None);
    }
}

#[test]
fn foreign_keys_are_refused() {
    for algorithm in ALGORITHMS {
        let token = sign(&Header::new(algorithm), &claims(json!({})), &foreign_signer(algorithm));
        assert!(verify(&verifier(vec![trusted(algorithm)]), &token).is_none(), "{algorithm:?}");
    }
}

#[test]
fn every_altered_part_is_refused() {
    let forged = URL_SAFE_NO_PAD.encode(claims(json!({"sub": "root"})).to_string());
    for algorithm in ALGORITHMS {
        let token = sign(&Header::new(algorithm), &claims(json!({})), &signer(algorithm));
        let [header, body, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!("{token}") };
        let verifier = verifier(vec![trusted(algorithm)]);
        for altered in [
            format!("{header}.{forged}.{signature}"),
            format!("{header}.{body}."),
            format!("{header}.{body}"),
            format!("{header}.{body}.{signature}."),
            format!("{header}.{body}.{signature}A"),
            format!("{header}.{body}.{}", URL_SAFE_NO_PAD.encode([0; 64])),
            format!(" {token}"),
            String::new(),
            "..".to_owned(),
        ] {
            assert!(verify(&verifier, &altered).is_none(), "{algorithm:?} {altered}");
        }
        assert!(verify(&verifier, &token).is_some());
    }
}

/// A token signed with any algorithm is good for the key of that algorithm alone.
#[test]
fn a_token_cannot_choose_its_algorithm() {
    for signed in ALGORITHMS {
        let token = sign(&Header::new(signed), &claims(json!({})), &signer(signed));
        for configured in ALGORITHMS.into_iter().filter(|configured| *configured != signed) {
            assert!(
                verify(&verifier(vec![trusted(configured)]), &token).is_none(),
                "{signed:?} {configured:?}"
            );
        }
    }
    let other_hash = sign(&Header::new(Algorithm::HS512), &claims(json!({})), &signer(Algorithm::HS256));
    assert!(verify(&verifier(vec![trusted(Algorithm::HS256)]), &other_hash).is_none());
    let other_padding = sign(&Header::new(Algorithm::PS256), &claims(json!({})), &signer(Algorithm::RS256));
    assert!(verify(&verifier(vec![trusted(Algorithm::RS256)]), &other_padding).is_none());
}

/// The public key is public: whoever signs an HS256 token with its bytes must get nowhere.
#[test]
fn a_public_key_is_no_shared_secret() {
    for algorithm in [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA] {
        let public = trusted(algorithm);
        let pem = public.material.expose_secret().to_vec();
        let trimmed = pem.trim_ascii_end().to_vec();
        let verifier = verifier(vec![public]);
        let der = verifier.keys[0].key.try_get_as_bytes().unwrap().to_vec();
        for secret in [pem, trimmed, der] {
            let forged = sign(&Header::default(), &claims(json!({})), &EncodingKey::from_secret(&secret));
            assert!(verify(&verifier, &forged).is_none(), "{algorithm:?}");
        }
    }
}

#[test]
fn unsigned_tokens_are_refused() {
    let body = URL_SAFE_NO_PAD.encode(claims(json!({})).to_string());
    for alg in ["none", "None", "NONE", "nOnE", "", "HS256"] {
        let header = URL_SAFE_NO_PAD.encode(json!({"alg": alg, "typ": "JWT"}).to_string());
        for algorithm in ALGORITHMS {
            let verifier = verifier(vec![trusted(algorithm)]);
            assert!(verify(&verifier, &format!("{header}.{body}.")).is_none(), "{alg}");
            assert!(verify(&verifier, &format!("{header}.{body}")).is_none(), "{alg}");
        }
    }
    let nameless = URL_SAFE_NO_PAD.encode(json!({"typ": "JWT"}).to_string());
    assert!(verify(&verifier(vec![trusted(Algorithm::HS256)]), &format!("{nameless}.{body}.")).is_none());
}

#[test]
fn claims_decide() {
    let now = get_current_timestamp();
    let cases = [
        ("nothing changed", json!({}), true),
        ("one audience of several", json!({"aud": ["billing", "flow-registry"]}), true),
        ("another audience", json!({"aud": "billing"}), false),
        ("other audiences", json!({"aud": ["billing"]}), false),
        ("no audience in the list", json!({"aud": []}), false),
        ("an audience that is no text", json!({"aud": 7}), false),
        ("no audience", json!({"aud": null}), false),
        ("another issuer", json!({"iss": "https://evil.example"}), false),
        ("an issuer with a slash more", json!({"iss": "https://id.example/"}), false),
        ("no issuer", json!({"iss": null}), false),
        ("expired within the leeway", json!({"exp": now - 10}), true),
        ("expired", json!({"exp": now - 60}), false),
        ("expired long ago", json!({"exp": 0}), false),
        ("expiry that is text", json!({"exp": "tomorrow"}), false),
        ("negative expiry", json!({"exp": -1}), false),
        ("no expiry", json!({"exp": null}), false),
        ("lasts for a month", json!({"exp": now + 30 * 24 * 3600}), true),
        ("lasts for a year", json!({"exp": now + 365 * 24 * 3600}), false),
        ("issued within the leeway", json!({"iat": now + 10}), true),
        ("issued tomorrow", json!({"iat": now + 24 * 3600}), false),
        ("issued at no time", json!({"iat": "now"}), false),
        ("already good", json!({"nbf": now - 60}), true),
        ("not yet good", json!({"nbf": now + 120}), false),
        ("another organization's form of id", json!({"org_id": "4c5f3f0e0d7c4b519a550a3a9f6a6c1e"}), false),
        ("an id with braces", json!({"org_id": format!("{{{ORG}}}")}), false),
        ("an organization that is no id", json!({"org_id": "acme"}), false),
        ("an organization that is no text", json!({"org_id": 7}), false),
        ("no organization", json!({"org_id": null}), false),
        ("no subject", json!({"sub": null}), false),
        ("an empty subject", json!({"sub": ""}), false),
        ("a subject that is no text", json!({"sub": 7}), false),
        ("a subject with a NUL", json!({"sub": "a\0"}), false),
        ("a subject too long", json!({"sub": "a".repeat(256)}), false),
        ("no name", json!({"name": null}), true),
        ("no scope at all", json!({"scope": null}), true),
    ];
    for (what, changes, is_good) in cases {
        assert_eq!(with(changes).is_some(), is_good, "{what}");
    }
}

#[test]
fn scopes_come_from_scope_or_scp() {
    let check = |changes: Value, expected: &[Scope]| {
        let caller = with(changes.clone()).expect("a good token");
        assert_eq!(caller.scopes, expected.iter().copied().collect::<Scopes>(), "{changes}");
    };
    check(json!({"scope": "flows:read keys:manage"}), &[Scope::FlowsRead, Scope::KeysManage]);
    check(json!({"scope": null, "scp": "flows:read  audit:read"}), &[Scope::FlowsRead, Scope::AuditRead]);
    check(json!({"scope": null, "scp": ["flows:test", "openid", 7]}), &[Scope::FlowsTest]);
    check(json!({"scope": "", "scp": ["flows:test"]}), &[]);
    check(json!({"scope": "admin flows:* Flows:Read"}), &[]);
    check(json!({"scope": 7}), &[]);
    check(json!({"scope": null}), &[]);
}

#[test]
fn the_organization_is_in_the_configured_claim() {
    let mut settings = settings(vec![trusted(Algorithm::HS256)]);
    settings.org_claim = "https://id.example/tenant".to_owned();
    let verifier = JwtVerifier::new(&settings).unwrap();
    let signer = signer(Algorithm::HS256);
    let elsewhere = claims(json!({"https://id.example/tenant": ORG, "org_id": null}));
    assert!(verify(&verifier, &sign(&Header::default(), &elsewhere, &signer)).is_some());
    assert!(verify(&verifier, &sign(&Header::default(), &claims(json!({})), &signer)).is_none());
}

#[test]
fn keys_are_chosen_by_kid() {
    let verifier = verifier(vec![
        key(JwtAlgorithm::Es256, Some("2025"), pem!("es256.pub")),
        key(JwtAlgorithm::EdDsa, Some("2026"), pem!("eddsa.pub")),
        key(JwtAlgorithm::Rs256, None, pem!("rs256.pub")),
    ]);
    let check = |algorithm, kid: Option<&str>, is_good| {
        let header = Header { kid: kid.map(str::to_owned), ..Header::new(algorithm) };
        let token = sign(&header, &claims(json!({})), &signer(algorithm));
        assert_eq!(verify(&verifier, &token).is_some(), is_good, "{algorithm:?} {kid:?}");
    };
    check(Algorithm::ES256, Some("2025"), true);
    check(Algorithm::ES256, Some("2026"), false);
    check(Algorithm::ES256, None, false);
    check(Algorithm::EdDSA, Some("2026"), true);
    check(Algorithm::EdDSA, Some("2025"), false);
    check(Algorithm::RS256, Some("whatever"), true);
    check(Algorithm::RS256, None, true);
}

/// What a token says of keys is ignored, and what it calls critical is not understood here.
#[test]
fn headers_do_not_help_a_forger() {
    let jwk: jsonwebtoken::jwk::Jwk =
        serde_json::from_value(json!({"kty": "oct", "k": URL_SAFE_NO_PAD.encode("forged key")})).unwrap();
    let forger = EncodingKey::from_secret(b"forged key");
    let verifier = verifier(vec![trusted(Algorithm::HS256)]);
    let own_key = Header { jwk: Some(jwk), ..Header::default() };
    assert!(verify(&verifier, &sign(&own_key, &claims(json!({})), &forger)).is_none());
    let linked = Header { jku: Some("https://evil.example/keys".to_owned()), ..Header::default() };
    assert!(verify(&verifier, &sign(&linked, &claims(json!({})), &forger)).is_none());
    let critical = Header { crit: Some(vec!["exp2".to_owned()]), ..Header::default() };
    assert!(verify(&verifier, &sign(&critical, &claims(json!({})), &signer(Algorithm::HS256))).is_none());
}

#[test]
fn keys_that_cannot_work_are_refused_at_the_start() {
    for (what, key) in [
        ("a short secret", key(JwtAlgorithm::Hs256, None, b"hunter2")),
        ("an RSA key of 1024 bits", key(JwtAlgorithm::Rs256, None, pem!("short_rs256.pub"))),
        ("a private RSA key", key(JwtAlgorithm::Rs256, None, pem!("rs256"))),
        ("a private EC key", key(JwtAlgorithm::Es256, None, pem!("es256"))),
        ("another curve", key(JwtAlgorithm::Es256, None, pem!("es384.pub"))),
        ("a key of another algorithm", key(JwtAlgorithm::EdDsa, None, pem!("rs256.pub"))),
        ("a key of another algorithm", key(JwtAlgorithm::Rs256, None, pem!("eddsa.pub"))),
        ("no key", key(JwtAlgorithm::Es256, None, b"-----BEGIN PUBLIC KEY-----")),
    ] {
        let error = JwtVerifier::new(&settings(vec![trusted(Algorithm::ES256), key])).expect_err(what);
        assert!(error.to_string().starts_with("key 2 "), "{error}");
    }
}

#[test]
fn debug_shows_no_secret() {
    let settings = settings(vec![trusted(Algorithm::HS256)]);
    let shown = format!("{settings:?} {:?}", JwtVerifier::new(&settings).unwrap());
    assert!(!shown.contains("thirty-two") && !shown.contains("97, 32, 115"), "{shown}");
}

/// A token put together by hand, which no library would write.
fn by_hand(header: &str, claims: &str) -> Option<Caller> {
    let said = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = jsonwebtoken::crypto::sign(said.as_bytes(), &signer(Algorithm::HS256), Algorithm::HS256);
    verify(&verifier(vec![trusted(Algorithm::HS256)]), &format!("{said}.{}", signature.unwrap()))
}

#[test]
fn a_token_says_what_it_is_and_says_it_once() {
    let good = claims(json!({"jti": "t-1"})).to_string();
    for (header, is_good) in [
        (r#"{"alg":"HS256"}"#, true),
        (r#"{"alg":"HS256","typ":"JWT"}"#, true),
        (r#"{"alg":"HS256","typ":"application/at+jwt"}"#, true),
        (r#"{"alg":"HS256","typ":"logout+jwt"}"#, false),
        (r#"{"alg":"HS256","typ":7}"#, false),
        (r#"{"alg":"HS256","zip":"DEF"}"#, false),
        (r#"{"alg":"HS256","alg":"HS256"}"#, false),
        (r#"{"alg":"HS256","typ":"JWT","typ":"JWT"}"#, false),
        (r#"["HS256"]"#, false),
    ] {
        let caller = by_hand(header, &good);
        assert_eq!(caller.is_some(), is_good, "{header}");
        assert!(caller.is_none_or(|caller| caller.token_id.as_deref() == Some("t-1")));
    }
    let doubled = good.replacen('{', r#"{"sub":"root","#, 1);
    assert!(by_hand(r#"{"alg":"HS256"}"#, &doubled).is_none());
}
