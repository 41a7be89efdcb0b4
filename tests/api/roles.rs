//! A credential does what its scopes say and no more, on no route; and what that makes of the named sets of scopes.

use std::fmt::Write as _;

use flow_registry::registry::access::{KeyMode, operator};
use secrecy::ExposeSecret as _;
use serde_json::json;

use super::tenants::{Ids, Route, routes, send};
use super::{Api, api};

const SCOPES: [&str; 8] = [
    "flows:read",
    "flows:write",
    "flows:publish",
    "flows:test",
    "flows:restore",
    "audit:read",
    "keys:manage",
    "audit:erase",
];

/// What a role may do. An auditor changes nothing; support restores, and does not edit.
const ROLES: [(&str, &[&str]); 4] = [
    ("consumer", &["flows:read", "flows:write", "flows:publish", "flows:test"]),
    ("auditor", &["flows:read", "audit:read"]),
    ("support", &["flows:read", "flows:test", "flows:restore", "audit:read"]),
    ("admin", SCOPES.split_at(7).0),
];

/// The status a route answers a key with, which must be what the scopes of the key say.
async fn status(api: &Api, route: &Route, key: &str, scopes: &[&str]) -> u16 {
    let needed = &route.scopes;
    let ids = Ids::of(api).await;
    let events = api.events().await;
    let answer = send(api, route, api.org_id, &ids, key).await;
    let status = answer.status.as_u16();
    if needed.iter().any(|needed| scopes.contains(needed)) {
        assert!(answer.status.is_success(), "{route:?} {scopes:?}: {}", answer.shown());
        return status;
    }
    let refused = answer.expect_problem(403, "insufficient_scope");
    assert_eq!(refused.json()["scope"], needed[0], "{route:?} {scopes:?}");
    let challenge = format!("error=\"insufficient_scope\", scope=\"{}\"", needed[0]);
    let told = refused.header("www-authenticate").unwrap();
    assert_eq!(told, format!("Bearer realm=\"flow-registry\", {challenge}"));
    assert_eq!(api.events().await, events, "{route:?} {scopes:?}");
    status
}

#[tokio::test]
async fn every_route_needs_its_scope_and_no_other() {
    let api = api().await;
    for route in &routes() {
        for scope in SCOPES {
            status(&api, route, &api.key_with(&[scope]).await, &[scope]).await;
        }
        let others: Vec<_> = SCOPES.into_iter().filter(|scope| !route.scopes.contains(scope)).collect();
        // A list of no scopes stands for all of its maker's.
        if !others.is_empty() {
            status(&api, route, &api.key_with(&others).await, &others).await;
        }
    }
}

/// Every route with what it answers each role, and test keys: a new route shows here, and is decided on.
#[tokio::test]
async fn roles() {
    let api = api().await;
    let mut keys = Vec::new();
    for (role, scopes) in ROLES {
        keys.push((api.key_with(&[role]).await, scopes));
    }
    let test = api.keys.create(operator(api.org_id, "test"), KeyMode::Test, &json!({"name": "CI"})).await;
    keys.push((test.unwrap().secret.expose_secret().to_owned(), &["flows:read", "flows:test"]));
    let mut table = format!("{:50} consumer auditor support admin test key\n", "");
    for route in &routes() {
        write!(table, "{:50}", format!("{} {}", route.method, route.path)).unwrap();
        for (column, (key, scopes)) in keys.iter().enumerate() {
            let width = [9, 8, 8, 6, 9][column];
            write!(table, "{:>width$}", status(&api, route, key, scopes).await).unwrap();
        }
        table.push('\n');
    }
    insta::with_settings!(
        {snapshot_path => concat!(env!("CARGO_MANIFEST_DIR"), "/snapshots/api"), prepend_module_to_snapshot => false,
            omit_expression => true},
        { insta::assert_snapshot!("roles", table) }
    );
}
