//! Query parameters of exports: the format, which events, and behind which position of the log.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::json;
use uuid::Uuid;

use super::events::{ACTION, ACTOR_USER_ID, DATE_FROM, DATE_TO, RESOURCE, audit_filter};
use super::values::{non_negative, position_schema};
use super::{FromQuery, Query};
use crate::http::endpoint::Parameter;
use crate::http::percent;
use crate::http::problem::Problem;
use crate::registry::{AuditFilter, ExportFormat, ExportOrder};

/// Which events are exported, in which form.
#[derive(Debug)]
pub struct ExportQuery {
    /// `None`: a link to the export is asked for.
    pub format: Option<ExportFormat>,
    pub order: ExportOrder,
}

impl FromQuery for ExportQuery {
    const NEGOTIATES: bool = true;
    const PARAMETERS: &'static [Parameter] = &[
        Parameter::new(
            "format",
            || json!({"type": "string", "enum": ["csv", "ndjson"]}),
            "`csv`: rows for people. `ndjson`: evidence that verifies offline. Without it the answer is a link to the rows.",
        ),
        ACTION,
        RESOURCE,
        ACTOR_USER_ID,
        DATE_FROM,
        DATE_TO,
        Parameter::new(
            "flow",
            || json!({"type": "string", "format": "uuid"}),
            "Only events of this flow, with the proof that they are all there are. Goes with format=ndjson and no other \
             filter.",
        ),
        Parameter::new("after", position_schema, "Only events behind this position of the log."),
        Parameter::new(
            "bom",
            || json!({"type": "string", "enum": ["1", "0"]}),
            "`1`: the CSV begins with a byte order mark, as some spreadsheets need.",
        ),
    ];

    fn take(query: &mut Query) -> Result<Self, Problem> {
        let names = ["action", "resource", "actorUserId", "dateFrom", "dateTo", "flow"];
        let asked = names.into_iter().filter_map(|name| Some((name, query.shown(name)?.to_owned())));
        let asked: BTreeMap<_, _> = asked.collect();
        let format = query.value("format", "csv or ndjson", |text| match text {
            "csv" => Some(ExportFormat::Csv),
            "ndjson" => Some(ExportFormat::Ndjson),
            _ => None,
        })?;
        let after = query.value("after", "a position of the log, or 0", non_negative)?;
        let is_marked = query.value("bom", "1 or 0", |text| match text {
            "1" => Some(true),
            "0" => Some(false),
            _ => None,
        })?;
        let is_marked = is_marked.unwrap_or(false);
        if is_marked && format == Some(ExportFormat::Ndjson) {
            return Err(Problem::parameter("bom", "goes with format=csv"));
        }
        let flow = query.value("flow", "the id of a flow", |text| text.parse::<Uuid>().ok())?;
        if flow.is_some() && (format != Some(ExportFormat::Ndjson) || after.is_some() || asked.len() > 1) {
            return Err(Problem::parameter("flow", "goes with format=ndjson and no other filter"));
        }
        let (filter, _) = audit_filter(query)?;
        let filter = AuditFilter { stream_id: flow, ..filter };
        let order = ExportOrder { filter, after: after.unwrap_or(0), asked, by_link: false, is_marked };
        Ok(Self { format, order })
    }
}

impl ExportQuery {
    /// The query that asks for the same part of the log.
    pub fn written(&self) -> String {
        let ExportOrder { asked, after, is_marked, .. } = &self.order;
        let mut written = format!("after={after}");
        if *is_marked {
            written.push_str("&bom=1");
        }
        for (name, value) in asked {
            let _ = write!(written, "&{name}={}", percent::encode(value));
        }
        written
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::query;

    #[test]
    fn an_export_is_written_as_it_was_asked_for() {
        let raw = "dateTo=2026-05-31&format=csv&actorUserId=ana%26eva&action=";
        let read: ExportQuery = query::read(Some(raw)).unwrap();
        assert_eq!((read.format, read.order.after), (Some(ExportFormat::Csv), 0));
        assert_eq!(read.written(), "after=0&actorUserId=ana%26eva&dateTo=2026-05-31");
        let again: ExportQuery = query::read(Some(&read.written())).unwrap();
        assert_eq!((again.order, again.format), (read.order, None));
        let flow = "00000000-0000-0000-0000-000000000001";
        assert!(query::read::<ExportQuery>(Some(&format!("format=ndjson&flow={flow}"))).is_ok());
        for other in ["format=csv", "format=ndjson&after=0", "format=ndjson&resource=flow", ""] {
            assert!(query::read::<ExportQuery>(Some(&format!("{other}&flow={flow}"))).is_err(), "{other}");
        }
        for bad in ["format=xml", "format=CSV", "after=-1", "after=1.5", "after=%2B1", "limit=3", "cursor=x"]
        {
            assert!(query::read::<ExportQuery>(Some(bad)).is_err(), "{bad}");
        }
    }
}
