//! The audit log of an organization: every event of its one log, newest first, and exports of it.

use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use serde_json::json;

use super::call::{AuditRead, LinkedRead, Read, RecordedRead};
use super::log_query::{AuditQuery, ExportQuery};
use super::problem::Problem;
use super::state::App;
use super::{cursor, export, media, wire};
use crate::registry::{AuditPage, ExportFormat, ExportOrder};

type Answer = Result<Response, Problem>;

pub async fn list(State(app): State<App>, call: Read<AuditRead, (), AuditQuery>) -> Answer {
    let AuditQuery { filter, written, limit, cursor } = &call.query;
    let org_id = call.caller.org_id;
    let list = cursor::List::new(org_id, format!("audit?{written}"));
    let position = cursor.as_deref().map(|cursor| list.position(cursor)).transpose()?;
    // One more than is asked for tells whether there is a next page.
    let wanted = AuditPage::Before { position, limit: limit + 1 };
    let mut entries = app.registry.history.audit(&call.caller, filter.clone(), wanted).await?;
    let size = usize::try_from(*limit).expect("limits are small and positive");
    let has_next_page = entries.len() > size;
    entries.truncate(size);
    let end_cursor = entries.last().map(|entry| list.cursor(entry.position));
    let data = entries.iter().map(|entry| wire::audit_entry(org_id, entry)).collect();
    Ok(wire::envelope(StatusCode::OK, &wire::page(data, end_cursor, has_next_page)))
}

/// The export itself where a format is given, else a link to it.
pub async fn export(
    State(app): State<App>,
    method: Method,
    headers: HeaderMap,
    call: RecordedRead<AuditRead, ExportQuery>,
) -> Answer {
    let RecordedRead { intent, query, .. } = call;
    // Before anything is recorded of an export that its client would not take. A format that is named was chosen, whatever
    // a library sends as `Accept` unasked.
    if query.format.is_none() {
        media::check_accept(&headers)?;
    }
    if method == Method::HEAD {
        return export::head(&app.registry.exports, &intent, &query.order, query.format).await;
    }
    match query.format {
        Some(ExportFormat::Csv) => export::csv(&app.registry.exports, &intent, &query.order).await,
        Some(ExportFormat::Ndjson) => export::bundle(&app.registry.exports, &intent, &query.order).await,
        None => {
            let link = app.registry.exports.make_link(&intent, query.written()).await?;
            let (base, org_id) = (&app.public_url, intent.caller.org_id);
            let url = format!("{base}/organizations/{org_id}/audit/export/{}", link.ticket);
            let link = json!({"url": url, "expiresAt": wire::instant(link.expires_at)});
            Ok(wire::envelope(StatusCode::OK, &link))
        }
    }
}

/// What a link leads to, for whoever has it.
pub async fn linked_export(State(app): State<App>, method: Method, call: LinkedRead<ExportQuery>) -> Answer {
    if method == Method::HEAD {
        return export::head(&app.registry.exports, &call.intent, &call.query.order, Some(ExportFormat::Csv))
            .await;
    }
    let order = ExportOrder { by_link: true, ..call.query.order };
    export::csv(&app.registry.exports, &call.intent, &order).await
}
