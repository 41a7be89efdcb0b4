//! Erasure of content on legal demand.

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};
use uuid::Uuid;

use super::body::{FromBody, Members};
use super::call::{AuditErase, Command, FollowingErasure, Read};
use super::headers::REASON_CHARS_MAX;
use super::path::ErasureId;
use super::position;
use super::problem::{HandlerResult, Problem};
use super::state::App;
use super::wire;
use crate::flow::finding::Finding;
use crate::flow::id::hyphenated;
use crate::registry::erasure::{ErasureOrder, ErasurePlan, ErasureRow, Person, Selection};

const REASON_CHARS_MIN: usize = 3;
/// Versions that a dry run lists.
const LISTED_MAX: usize = 1000;

/// `{flowId, from?, to?}` or `{person}`, with `{reason, alsoShared?, dryRun?}`.
#[derive(Debug)]
pub struct ErasureBody {
    selection: Selection,
    reason: Option<String>,
    also_shared: bool,
    is_dry: bool,
}

impl FromBody for ErasureBody {
    fn from_body(body: Option<Value>) -> Result<Self, Problem> {
        let mut members = Members::new(body)?;
        let version = |value: Value| value.as_i64().filter(|version| *version >= 1);
        let flow_id = members.take("flowId", "a UUID", |value| hyphenated(value.as_str()?));
        let from = members.take("from", "a positive integer", version).unwrap_or(1);
        let to = members.take("to", "a positive integer, not below `from`", |value| {
            version(value).filter(|to| *to >= from)
        });
        let person = members.take("person", "a list of texts that name somebody", texts);
        let person = person.and_then(|texts| {
            Person::named(texts).map_err(|why| members.refuse("INVALID_VALUE", "person", why)).ok()
        });
        let reason = members.text("reason", REASON_CHARS_MIN, REASON_CHARS_MAX);
        let flag = |value: Value| value.as_bool();
        let also_shared = members.take("alsoShared", "true or false", flag).unwrap_or(false);
        let is_dry = members.take("dryRun", "true or false", flag).unwrap_or(false);
        members.finish()?;
        let selection = match (flow_id, person) {
            (Some(flow_id), None) => Selection::Versions { flow_id, from, to: to.unwrap_or(i64::MAX) },
            (None, Some(person)) => Selection::Person(person),
            _ => {
                let message = "must be there, or `person`, and not both";
                return Err(Problem::validation(vec![Finding::error("INVALID_VALUE", "/flowId", message)]));
            }
        };
        Ok(Self { selection, reason, also_shared, is_dry })
    }

    fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }
}

fn texts(value: Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|text| text.as_str().map(str::to_owned)).collect()
}

pub async fn begin(State(app): State<App>, call: Command<AuditErase, (), ErasureBody>) -> HandlerResult {
    let (intent, body) = (call.intent, call.body);
    let erasures = &app.registry.erasures;
    if body.is_dry {
        let plan = erasures.plan_for(&intent.caller, &body.selection).await?;
        return Ok(wire::envelope(StatusCode::OK, &planned(&plan)));
    }
    let Some(reason) = intent.reason.clone().filter(|reason| reason.chars().count() >= REASON_CHARS_MIN)
    else {
        let missing = Finding::error("MISSING_FIELD", "/reason", "is missing: say why, it stays on record");
        return Err(Problem::validation(vec![missing]));
    };
    let order = ErasureOrder { also_shared: body.also_shared, ..ErasureOrder::new(body.selection, &reason) };
    let (org_id, begun) = (intent.caller.org_id, erasures.begin(intent, order).await?);
    let mut response = wire::envelope(StatusCode::ACCEPTED, &shown(&begun));
    let location = format!("/organizations/{org_id}/audit/erasures/{}", begun.id);
    let location = HeaderValue::try_from(location).expect("ids are header text");
    response.headers_mut().insert(header::LOCATION, location);
    position::tell(&app, org_id, None, &mut response).await;
    Ok(response)
}

pub async fn progress(State(app): State<App>, call: Read<FollowingErasure, ErasureId, ()>) -> HandlerResult {
    let found = app.registry.erasures.progress(call.caller.org_id, call.id.0).await?;
    Ok(wire::envelope(StatusCode::OK, &shown(&found)))
}

fn shown(erasure: &ErasureRow) -> Value {
    let ErasureRow { id, status, erased, remaining, problem } = erasure;
    json!({
        "id": id, "status": status, "erased": erased, "remaining": remaining, "problem": problem, "plan": null,
    })
}

fn planned(plan: &ErasurePlan) -> Value {
    let version = |(flow_id, version): &(Uuid, i64)| json!({"flowId": flow_id, "version": version});
    json!({
        "id": null, "status": "planned", "erased": 0, "remaining": plan.len(), "problem": null,
        "plan": {
            "contexts": plan.contexts.len(),
            "payloads": plan.payloads.len(),
            "documents": plan.documents.len(),
            "testRuns": plan.rows.runs.len(),
            "idempotencyKeys": plan.rows.idempotency_keys.len(),
            "actors": plan.rows.actors.len(),
            "sessions": plan.rows.sessions.len(),
            "keyNames": plan.renamed_keys(),
            "versions": plan.shared.iter().take(LISTED_MAX).map(version).collect::<Vec<_>>(),
        },
    })
}
