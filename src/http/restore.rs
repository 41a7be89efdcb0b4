//! The endpoint that puts back what was, or says what that would do.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::body::{FromBody, Members};
use super::call::{Command, FlowsRestore};
use super::headers::REASON_CHARS_MAX;
use super::path::FlowId;
use super::problem::Problem;
use super::state::App;
use super::{answer, wire};
use crate::flow::event::RestoreMode;
use crate::flow::json::INTEGER_MAX;
use crate::registry::{Rehearsal, RestoreOrder, RestoreSource};

/// `{version, reason, mode?, dryRun?}`.
#[derive(Debug)]
pub struct RestoreBody {
    order: RestoreOrder,
    dry_run: bool,
    reason: Option<String>,
}

impl FromBody for RestoreBody {
    fn from_body(body: Option<Value>) -> Result<Self, Problem> {
        let mut members = Members::new(body)?;
        // Given as null it is as good as missing.
        let version = members.take("version", "", Some).unwrap_or_default();
        let source = source(version);
        if source.is_none() {
            members.refuse("INVALID_VALUE", "version", "must be a positive integer or \"published\"");
        }
        let mode = members.take("mode", "draft or live", |value| serde_json::from_value(value).ok());
        let dry_run = members.take("dryRun", "true or false", |value| value.as_bool()).unwrap_or(false);
        let reason = members.text("reason", 3, REASON_CHARS_MAX);
        members.finish()?;
        let source = source.expect("what is no version was refused");
        let order = RestoreOrder { source, mode: mode.unwrap_or(RestoreMode::Draft) };
        Ok(Self { order, dry_run, reason })
    }

    fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }
}

fn source(value: Value) -> Option<RestoreSource> {
    if value.as_str() == Some("published") {
        return Some(RestoreSource::Published);
    }
    let version = value.as_i64().filter(|version| (1..=INTEGER_MAX).contains(version))?;
    Some(RestoreSource::Version(version))
}

pub async fn restore(
    State(app): State<App>,
    call: Command<FlowsRestore, FlowId, RestoreBody>,
) -> Result<Response, Problem> {
    let RestoreBody { order, dry_run, .. } = call.body;
    if dry_run {
        let rehearsal = app.registry.commands.rehearse_restore(call.intent, call.id.0, order).await;
        return Ok(wire::envelope(StatusCode::OK, &rehearsed(&rehearsal.map_err(Problem::of_version)?)));
    }
    let written = app.registry.commands.restore(call.intent, call.id.0, order).await;
    answer::written(&app, StatusCode::CREATED, &written.map_err(Problem::of_version)?, call.returned).await
}

fn rehearsed(rehearsal: &Rehearsal) -> Value {
    let after = &rehearsal.after;
    json!({
        "dryRun": true,
        "flowId": rehearsal.flow_id,
        "restoredFrom": rehearsal.from_version,
        "version": rehearsal.version,
        "refused": rehearsal.is_refused,
        "enabled": after.enabled,
        "publishedVersion": after.published_version,
        "inForce": after.published_version.is_some() && after.enabled && !after.deleted,
        "diff": rehearsal.diff,
        "findings": rehearsal.findings,
    })
}
