//! What makes two requests under one idempotency key the same request.

use axum::http::request::Parts;
use serde_json::{Value, json};

use super::media;
use crate::flow::digest::Digest;
use crate::registry::caller::{IfMatch, Intent};

/// The digest of what a request asks for. Who sends it from where does not matter.
pub fn of(parts: &Parts, intent: &Intent, media_type: &str, body: Option<Value>) -> Digest {
    let if_match = intent.if_match.as_ref().map(|wanted| match wanted {
        IfMatch::Any => json!("*"),
        IfMatch::Versions(versions) => json!(versions),
        IfMatch::Except(versions) => json!({"except": versions}),
    });
    let mut request =
        json!([parts.method.as_str(), parts.uri.path(), body, if_match, intent.on_behalf_of, intent.reason]);
    if let (Value::Array(parts_of_it), Some(query)) = (&mut request, parts.uri.query()) {
        parts_of_it.push(query.into());
    }
    if let (Value::Array(parts_of_it), false) = (&mut request, media_type == media::JSON) {
        parts_of_it.push(json!({"mediaType": media_type}));
    }
    Digest::of(&serde_json_canonicalizer::to_vec(&request).expect("strict JSON always has a canonical form"))
}
