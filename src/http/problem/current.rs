//! Where a flow is, as a problem tells it to a client that came with another version in mind.

use serde_json::{Value, json};

use super::super::wire::instant;
use crate::registry::{ChangedSince, CurrentVersion, LatestChange};

/// What is known of the current version. Who made it, for whom and why is for those who may see people.
pub(super) fn shown(current: &CurrentVersion, shows_people: bool) -> Value {
    let author = shows_people.then_some(&current.updated_by);
    let updated_by: Option<Value> = author.and_then(|author| serde_json::from_slice(author).ok());
    let mut shown = json!({
        "version": current.version,
        "updatedAt": instant(current.updated_at),
        "updatedBy": updated_by,
    });
    if let Some(latest) = &current.latest {
        let of_people = |text: &Option<String>| text.clone().filter(|_| shows_people);
        shown["onBehalfOf"] = of_people(&latest.on_behalf_of).into();
        shown["reason"] = of_people(&latest.reason).into();
        shown["since"] =
            latest.since.as_ref().map_or(Value::Null, |since| changed_since(since, latest, current.version));
    }
    shown
}

fn changed_since(since: &ChangedSince, latest: &LatestChange, current: i64) -> Value {
    let (org_id, flow_id, seen) = (latest.org_id, latest.flow_id, since.version);
    json!({
        "version": seen,
        "changed": since.changed,
        "changedMore": since.changed_more,
        "diff": format!("/organizations/{org_id}/bot/flows/{flow_id}/diff?from={seen}&to={current}"),
    })
}
