//! From the claims of a verified token to the caller it stands for.

use serde_json::{Map, Value};

use crate::flow::event::{Actor, ActorKind};
use crate::flow::id::hyphenated;
use crate::registry::caller::{Caller, Scope, Scopes};

/// A subject ends up in every event; issuers use far less.
const SUBJECT_CHARACTERS_MAX: usize = 255;

/// `None` where the token says not whose it is, or for which organization.
pub(super) fn caller(claims: &Map<String, Value>, org_claim: &str) -> Option<Caller> {
    let text = |claim: &str| claims.get(claim).and_then(Value::as_str);
    let org_id = text(org_claim).and_then(hyphenated)?;
    let subject = text("sub").filter(|subject| is_recordable(subject))?;
    let name = text("name").filter(|name| is_recordable(name));
    Some(Caller {
        org_id,
        actor: Actor { kind: ActorKind::User, id: subject.to_owned(), name: name.map(str::to_owned) },
        key_prefix: None,
        token_id: text("jti").filter(|id| is_recordable(id)).map(str::to_owned),
        scopes: scopes(claims),
        phone_number_ids: [].into(),
    })
}

fn is_recordable(text: &str) -> bool {
    !text.is_empty() && text.chars().count() <= SUBJECT_CHARACTERS_MAX && !text.contains(char::is_control)
}

/// RFC 8693 has `scope`, names between spaces; others have `scp`, the same or a list. What is not ours, such as
/// `openid`, grants nothing here.
fn scopes(claims: &Map<String, Value>) -> Scopes {
    match claims.get("scope").or_else(|| claims.get("scp")) {
        Some(Value::String(names)) => names.split(' ').filter_map(Scope::parse).collect(),
        Some(Value::Array(names)) => {
            names.iter().filter_map(Value::as_str).filter_map(Scope::parse).collect()
        }
        _ => Scopes::default(),
    }
}
