//! The query parameters of histories, the audit log and differences.

use std::fmt::Write as _;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use uuid::Uuid;

use super::parameters::{just_after, limit, positive};
use super::path::hyphenated;
use super::percent;
use super::problem::Problem;
use super::query::{FromQuery, Query};
use crate::flow::event::{EventType, StreamKind};
use crate::registry::{AuditFilter, ExportFormat, ExportOrder, HistoryFilter, Point, Side};

const PAGE_DEFAULT: i64 = 100;

/// Which events of a flow, and which part of them.
#[derive(Debug)]
pub struct HistoryQuery {
    pub filter: HistoryFilter,
    /// The filter, always written alike.
    pub written: String,
    pub limit: i64,
    pub cursor: Option<String>,
}

impl FromQuery for HistoryQuery {
    fn take(query: &mut Query) -> Result<Self, Problem> {
        let event_type = event_type(query, "type", &[StreamKind::Flow])?;
        let actor = query.text("actor");
        let (from, until) = range(query, "from", "to")?;
        let written = written(&[("type", &event_type), ("actor", &actor)], from, until);
        let actors = actor.map(|actor| opaque_ids(&actor)).unwrap_or_default();
        let filter = HistoryFilter { event_type, actors, from, until };
        let limit = limit(query)?.unwrap_or(PAGE_DEFAULT);
        Ok(Self { filter, written, limit, cursor: query.text("cursor") })
    }
}

/// Which events of an organization, and which part of them.
#[derive(Debug)]
pub struct AuditQuery {
    pub filter: AuditFilter,
    pub written: String,
    pub limit: i64,
    pub cursor: Option<String>,
}

impl FromQuery for AuditQuery {
    fn take(query: &mut Query) -> Result<Self, Problem> {
        let (filter, written) = audit_filter(query)?;
        let limit = limit(query)?.unwrap_or(PAGE_DEFAULT);
        Ok(Self { filter, written, limit, cursor: query.text("cursor") })
    }
}

/// What is let through of an organization's log, and the same written down.
fn audit_filter(query: &mut Query) -> Result<(AuditFilter, String), Problem> {
    let action = event_type(query, "action", StreamKind::ALL)?;
    let resource = resource(query)?;
    let user = query.text("actorUserId");
    let (from, until) = range(query, "dateFrom", "dateTo")?;
    let kind = resource.map(|kind| kind.as_str().to_owned());
    let names = [("action", &action), ("resource", &kind), ("actorUserId", &user)];
    let written = written(&names, from, until);
    let types = types(action, resource);
    let actors = user.map(|user| vec![format!("user:{user}")]);
    Ok((AuditFilter { types, actors, from, until, confined_to: Vec::new() }, written))
}

/// Which events are exported, in which form.
#[derive(Debug)]
pub struct ExportQuery {
    /// `None`: a link to the export is asked for.
    pub format: Option<ExportFormat>,
    pub order: ExportOrder,
}

impl FromQuery for ExportQuery {
    const NEGOTIATES: bool = true;

    fn take(query: &mut Query) -> Result<Self, Problem> {
        let names = ["action", "resource", "actorUserId", "dateFrom", "dateTo"];
        let asked = names.into_iter().filter_map(|name| Some((name, query.shown(name)?.to_owned())));
        let asked = asked.collect();
        let format = query.value("format", "csv or ndjson", |text| match text {
            "csv" => Some(ExportFormat::Csv),
            "ndjson" => Some(ExportFormat::Ndjson),
            _ => None,
        })?;
        let after = query.value("after", "a position of the log, or 0", |text| match text {
            "0" => Some(0),
            number => positive(number),
        })?;
        let is_marked = query.value("bom", "1 or 0", |text| match text {
            "1" => Some(true),
            "0" => Some(false),
            _ => None,
        })?;
        let is_marked = is_marked.unwrap_or(false);
        if is_marked && format == Some(ExportFormat::Ndjson) {
            return Err(Problem::parameter("bom", "goes with format=csv"));
        }
        let (filter, _) = audit_filter(query)?;
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

/// The types an action and a resource leave; an action of another kind leaves none.
fn types(action: Option<String>, resource: Option<StreamKind>) -> Option<Vec<String>> {
    let Some(kind) = resource else { return action.map(|action| vec![action]) };
    let kinds = [kind];
    let names = event_names(&kinds).map(str::to_owned);
    Some(names.filter(|name| action.as_ref().is_none_or(|action| action == name)).collect())
}

/// The stored name of an event. What is misspelled would match nothing and look as if nothing had happened.
fn event_type(query: &mut Query, name: &str, kinds: &[StreamKind]) -> Result<Option<String>, Problem> {
    let known: Vec<&str> = event_names(kinds).collect();
    let expected = format!("one of {}", known.join(", "));
    query.value(name, &expected, |text| known.contains(&text).then(|| text.to_owned()))
}

fn event_names(kinds: &[StreamKind]) -> impl Iterator<Item = &'static str> {
    let of_kinds = EventType::ALL.iter().filter(|event_type| kinds.contains(&event_type.stream_kind()));
    of_kinds.map(|event_type| event_type.as_str())
}

fn resource(query: &mut Query) -> Result<Option<StreamKind>, Problem> {
    let names: Vec<&str> = StreamKind::ALL.iter().map(|kind| kind.as_str()).collect();
    query.value("resource", &format!("one of {}", names.join(", ")), StreamKind::parse)
}

/// An actor is given as answers show its id, or as filters keep it, with its kind.
fn opaque_ids(actor: &str) -> Vec<String> {
    let of_kind = ["api_key", "user", "operator"].map(|kind| format!("{kind}:{actor}"));
    [actor.to_owned()].into_iter().chain(of_kind).collect()
}

fn written(
    names: &[(&str, &Option<String>)],
    from: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
) -> String {
    let mut written = String::new();
    for (name, value) in names {
        if let Some(value) = value {
            let _ = write!(written, "{name}={}&", percent::encode(value));
        }
    }
    let _ = write!(written, "{from:?}&{until:?}");
    written
}

type Range = (Option<DateTime<Utc>>, Option<DateTime<Utc>>);

/// The first instant that counts and the first that no longer does. Days are whole and, like instants, inclusive.
fn range(query: &mut Query, from_name: &str, to_name: &str) -> Result<Range, Problem> {
    const EXPECTED: &str = "a day such as 2026-05-01 or an instant such as 2026-05-01T03:42:18.123Z";
    let from = query.value(from_name, EXPECTED, |text| day(text).or_else(|| instant(text)))?;
    let until = query.value(to_name, EXPECTED, |text| match day(text) {
        Some(day) => day.checked_add_days(Days::new(1)),
        None => just_after(text),
    })?;
    match (from, until) {
        (Some(from), Some(until)) if from >= until => {
            Err(Problem::parameter(to_name, format!("must not be before {from_name}")))
        }
        range => Ok(range),
    }
}

fn day(text: &str) -> Option<DateTime<Utc>> {
    Some(text.parse::<NaiveDate>().ok()?.and_time(NaiveTime::MIN).and_utc())
}

fn instant(text: &str) -> Option<DateTime<Utc>> {
    Some(DateTime::parse_from_rfc3339(&text.replace(' ', "+")).ok()?.with_timezone(&Utc))
}

/// The two states to compare; without them, what a publish would change.
#[derive(Debug)]
pub struct DiffQuery {
    pub from: Which,
    pub to: Which,
}

/// A state of the flow in the path, or of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Which {
    other: Option<Uuid>,
    side: Side,
}

impl Which {
    pub fn point(self, flow_id: Uuid) -> Point {
        Point { flow_id: self.other.unwrap_or(flow_id), side: self.side }
    }
}

impl FromQuery for DiffQuery {
    const NEGOTIATES: bool = true;

    fn take(query: &mut Query) -> Result<Self, Problem> {
        const EXPECTED: &str =
            "a positive integer, draft, published, or one of them behind another flow's id and :";
        let own = |side| Which { other: None, side };
        let from = query.value("from", EXPECTED, which)?.unwrap_or(own(Side::Published));
        let to = query.value("to", EXPECTED, which)?.unwrap_or(own(Side::Draft));
        Ok(Self { from, to })
    }
}

fn which(text: &str) -> Option<Which> {
    let (other, side) = match text.split_once(':') {
        Some((id, side)) => (Some(hyphenated(id)?), side),
        None => (None, text),
    };
    let side = match side {
        "draft" => Side::Draft,
        "published" => Side::Published,
        number => Side::Version(positive(number)?),
    };
    Some(Which { other, side })
}

#[cfg(test)]
mod tests {
    use super::super::query;
    use super::*;

    #[test]
    fn ranges() {
        let check = |raw: &str, expected: Result<(&str, &str), &str>| {
            let read = query::read::<HistoryQuery>(Some(raw)).map_err(|problem| problem.detail);
            let read = read.map(|query| (query.filter.from.unwrap(), query.filter.until.unwrap()));
            let expected = expected.map(|(from, until)| (from.parse().unwrap(), until.parse().unwrap()));
            assert_eq!(read, expected.map_err(str::to_owned), "{raw}");
        };
        check("from=2026-05-01&to=2026-05-01", Ok(("2026-05-01T00:00:00Z", "2026-05-02T00:00:00Z")));
        check(
            "from=2026-05-01T03:00:00Z&to=2026-05-01T03:00:00.5Z",
            Ok(("2026-05-01T03:00:00Z", "2026-05-01T03:00:00.501Z")),
        );
        check("from=2026-05-02&to=2026-05-01", Err("to: must not be before from"));
    }

    #[test]
    fn actions_and_resources() {
        let check = |raw: &str, expected: Result<Option<&[&str]>, &str>| {
            let read = query::read::<AuditQuery>(Some(raw)).map_err(|problem| problem.detail);
            let expected = expected
                .map(|types| types.map(|types| types.iter().map(|name| (*name).to_owned()).collect()));
            assert_eq!(read.map(|query| query.filter.types), expected.map_err(str::to_owned), "{raw}");
        };
        check("", Ok(None));
        check("action=flow.created", Ok(Some(&["flow.created"])));
        let of_organizations = [
            "audit.exported",
            "content.erased",
            "log.accepted",
            "signing_key.created",
            "signing_key.rotated",
            "signing_key.retired",
            "env.changed",
        ];
        check("resource=organization", Ok(Some(&of_organizations)));
        check("action=flow.created&resource=api_key", Ok(Some(&[])));
        check("resource=flows", Err("resource: must be one of flow, api_key, organization"));
        let problem = query::read::<AuditQuery>(Some("action=flow.publish")).unwrap_err();
        assert!(problem.detail.contains("flow.published") && problem.detail.contains("audit.exported"));
        let problem = query::read::<HistoryQuery>(Some("type=published")).unwrap_err();
        assert!(problem.detail.contains("flow.published") && !problem.detail.contains("api_key"));
        assert!(query::read::<HistoryQuery>(Some("type=api_key.created")).is_err(), "no flow's");
    }

    #[test]
    fn an_export_is_written_as_it_was_asked_for() {
        let raw = "dateTo=2026-05-31&format=csv&actorUserId=ana%26eva&action=";
        let read: ExportQuery = query::read(Some(raw)).unwrap();
        assert_eq!((read.format, read.order.after), (Some(ExportFormat::Csv), 0));
        assert_eq!(read.written(), "after=0&actorUserId=ana%26eva&dateTo=2026-05-31");
        let again: ExportQuery = query::read(Some(&read.written())).unwrap();
        assert_eq!((again.order, again.format), (read.order, None));
        for bad in ["format=xml", "format=CSV", "after=-1", "after=1.5", "after=%2B1", "limit=3", "cursor=x"]
        {
            assert!(query::read::<ExportQuery>(Some(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn states_to_compare() {
        let id = "0192f0c1-2d3e-7f4a-8b5c-6d7e8f9a0b1c";
        let check = |text: &str, other: bool, side| {
            let other = other.then(|| id.parse().unwrap());
            assert_eq!(which(text), Some(Which { other, side }), "{text}");
        };
        check("7", false, Side::Version(7));
        check("draft", false, Side::Draft);
        check(&format!("{id}:published"), true, Side::Published);
        check(&format!("{id}:3"), true, Side::Version(3));
        for bad in ["0", "-1", "1.5", "9223372036854775808", "latest", "x:1", ":1"] {
            assert_eq!(which(bad), None, "{bad}");
        }
    }
}
