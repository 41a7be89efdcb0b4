//! Endpoints on API keys, and those for whoever runs the service.

use serde_json::json;

use super::super::endpoint::{Endpoint, Tag, content, delete, empty, get, json, patch, post};
use super::super::{api_keys, operations, problem};
use super::headers::{POSITION, RECORDED, REPLAYED, UNCONDITIONAL};

pub fn api_keys() -> Vec<Endpoint> {
    vec![
        get("/organizations/{orgId}/api-keys", "listApiKeys", api_keys::list)
            .about(Tag::ApiKeys, "List keys that are not revoked", "All keys come on one page, without their secrets.")
            .responds(json(200, "All keys, on one page.", "ApiKeyPageAnswer")),
        get("/organizations/{orgId}/api-keys/self", "getOwnCredential", api_keys::own)
            .about(
                Tag::ApiKeys,
                "See whose credential this is",
                "The organization, the key or user, and what it may do. Any credential may ask.",
            )
            .responds(json(200, "The credential of the request.", "OwnCredentialAnswer")),
        post("/organizations/{orgId}/api-keys", "createApiKey", api_keys::create)
            .about(
                Tag::ApiKeys,
                "Make a key",
                "A key can be given the scopes and numbers of its maker, and no more. Its secret is shown this once, \
                 which is why an idempotency key is refused here.",
            )
            .headers(RECORDED)
            .takes("NewApiKey", json!({"name": "backend"}))
            .responds(json(201, "The key, with its secret this once.", "NewApiKeyAnswer").with(&[POSITION])),
        patch("/organizations/{orgId}/api-keys/{keyId}", "changeApiKey", api_keys::change)
            .about(
                Tag::ApiKeys,
                "Change a key",
                "Members that are left out stay as they are. What a key was given holds for its next request.",
            )
            .headers(UNCONDITIONAL)
            .takes("ApiKeyChange", json!({"name": "backend 2"}))
            .responds(json(200, "The key after the change.", "ApiKeyAnswer").with(&[POSITION, REPLAYED]))
            .refuses(&[404]),
        delete("/organizations/{orgId}/api-keys/{keyId}", "revokeApiKey", api_keys::revoke)
            .about(
                Tag::ApiKeys,
                "Revoke a key",
                "A revoked key is refused from then on, within a few seconds on every replica, and for good.",
            )
            .headers(UNCONDITIONAL)
            .responds(empty(204, "The key is revoked.").with(&[POSITION, REPLAYED]))
            .refuses(&[404]),
    ]
}

pub fn operations() -> Vec<Endpoint> {
    let health = "An orchestrator asks this; it needs no credential.";
    vec![
        post("/auth/refresh", "refresh", operations::refresh)
            .about(
                Tag::Operations,
                "Refuse to refresh a token",
                "Tokens are issued elsewhere, so nothing can be refreshed here: the answer is always 401.",
            )
            .responds(content(401, "Always.", "application/problem+json", "Problem")),
        get("/health", "health", operations::ready)
            .about(Tag::Operations, "Check that the service and its database answer", health)
            .responds(json(200, "Both answer.", "HealthAnswer")),
        get("/health/live", "live", operations::live)
            .about(Tag::Operations, "Check that the service answers", health)
            .responds(json(200, "It answers.", "HealthAnswer")),
        get("/health/ready", "ready", operations::ready)
            .about(Tag::Operations, "Check that the service and its database answer", health)
            .responds(json(200, "Both answer.", "HealthAnswer")),
        get("/health/status", "healthStatus", operations::ready)
            .about(
                Tag::Operations,
                "Check that the service and its database answer",
                "`/health/ready` under the path that some clients ask.",
            )
            .responds(json(200, "Both answer.", "HealthAnswer")),
        get("/problems", "listProblems", problem::list)
            .about(
                Tag::Operations,
                "List all error codes",
                "What each code means and which status it has, on one page.",
            )
            .responds(content(200, "A page for people.", "text/html", "ProblemPage")),
        get("/problems/{code}", "explainProblem", problem::explain)
            .about(
                Tag::Operations,
                "Explain an error code",
                "The `type` of every error leads here: what the code means, and what to do.",
            )
            .responds(content(200, "A page for people.", "text/html", "ProblemPage"))
            .refuses(&[400, 404]),
        get("/openapi.json", "openapi", super::show_description)
            .about(Tag::Operations, "Get this description", "The whole API as OpenAPI 3.1.")
            .responds(json(200, "OpenAPI 3.1.", "Description")),
    ]
}
