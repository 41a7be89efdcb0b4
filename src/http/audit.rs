//! The audit log of an organization: every event of its one log, newest first.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::call::{AuditRead, Read};
use super::log_query::AuditQuery;
use super::problem::Problem;
use super::state::AppState;
use super::{cursor, wire};
use crate::registry::AuditPage;

pub async fn list(
    State(app): State<AppState>,
    call: Read<AuditRead, (), AuditQuery>,
) -> Result<Response, Problem> {
    let AuditQuery { filter, written, limit, cursor } = &call.query;
    let org_id = call.caller.org_id;
    let list = cursor::List::new(org_id, format!("audit?{written}"));
    let position = cursor.as_deref().map(|cursor| list.position(cursor)).transpose()?;
    // One more than is asked for tells whether there is a next page.
    let wanted = AuditPage::Before { position, limit: limit + 1 };
    let mut entries = app.registry.audit(&call.caller, filter.clone(), wanted).await?;
    let size = usize::try_from(*limit).expect("limits are small and positive");
    let has_next_page = entries.len() > size;
    entries.truncate(size);
    let end_cursor = entries.last().map(|entry| list.cursor(entry.position));
    let data = entries.iter().map(|entry| wire::audit_entry(org_id, entry)).collect();
    Ok(wire::envelope(StatusCode::OK, &wire::page(data, end_cursor, has_next_page)))
}
