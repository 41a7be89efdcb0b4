//! Endpoints on the values of an organization, which its flows read as `env.<NAME>`.

use serde_json::json;

use super::super::endpoint::{Endpoint, Parameter, ResponseKind, Tag, empty, get, put};
use super::super::env;
use super::headers::{COMMAND, IF_MATCH, IF_NONE_MATCH, POSITION, REPLAYED};

const ENV: &str = "/organizations/{orgId}/bot/env";

const ETAG: Parameter = Parameter::new(
    "ETag",
    || json!({"type": "string", "examples": ["\"7\""]}),
    "The position of the log at which they were changed last, quoted; 0 before.",
);

fn values(description: &'static str) -> ResponseKind {
    super::super::endpoint::json(200, description, "EnvAnswer").with(&[ETAG])
}

pub fn endpoints() -> Vec<Endpoint> {
    vec![
        get(ENV, "getEnv", env::get)
            .about(
                Tag::Flows,
                "Get the values that flows read as `env.<NAME>`",
                "They are not secret: whoever may read flows may read them.",
            )
            .headers(&[IF_MATCH, IF_NONE_MATCH])
            .responds(values("The values."))
            .responds(empty(304, "The reader has these.").with(&[ETAG]))
            .refuses(&[412]),
        put(ENV, "putEnv", env::put)
            .about(
                Tag::Flows,
                "Replace all values that flows read as `env.<NAME>`",
                "What is left out is gone. Values that are the same already are no event.",
            )
            .headers(COMMAND)
            .takes("Env", json!({"API_BASE": "https://api.example.com"}))
            .responds(values("The values from now on.").with(&[POSITION, REPLAYED])),
    ]
}
