//! The audit log of an organization: every event of its one log, newest first, and exports of it.

use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode};
use serde_json::json;

use super::call::{AuditRead, LinkedRead, Read, RecordedRead};
use super::problem::HandlerResult;
use super::query::events::AuditQuery;
use super::query::export::ExportQuery;
use super::state::App;
use super::{answer, cursor, export, media, position, wire};
use crate::registry::{AuditPage, ExportFormat, ExportOrder};

pub async fn list(State(app): State<App>, call: Read<AuditRead, (), AuditQuery>) -> HandlerResult {
    let call = &call;
    let AuditQuery { filter, written, page } = &call.query;
    let org_id = call.caller.org_id;
    let list = cursor::List::new(org_id, format!("audit?{written}"));
    let before: Option<i64> = list.behind(page)?;
    let wanted = AuditPage::Before { position: before, limit: page.limit + 1 };
    let entries = position::ask(&app, call, Some(before.unwrap_or(0)), |reads| async move {
        Ok(reads.history.audit(&call.caller, filter.clone(), wanted).await?)
    });
    let entries = entries.await?;
    let page = list.page(entries, page, |entry| entry.position);
    Ok(answer::page(&call.uri, &page.shown(|entry| wire::audit_entry(org_id, entry))))
}

/// The export itself where a format is given, else a link to it.
pub async fn export(
    State(app): State<App>,
    method: Method,
    headers: HeaderMap,
    call: RecordedRead<AuditRead, ExportQuery>,
) -> HandlerResult {
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
pub async fn linked_export(
    State(app): State<App>,
    method: Method,
    call: LinkedRead<ExportQuery>,
) -> HandlerResult {
    if method == Method::HEAD {
        return export::head(&app.registry.exports, &call.intent, &call.query.order, Some(ExportFormat::Csv))
            .await;
    }
    let order = ExportOrder { by_link: true, ..call.query.order };
    export::csv(&app.registry.exports, &call.intent, &order).await
}
