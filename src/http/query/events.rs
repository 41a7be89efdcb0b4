//! Query parameters of histories and of the audit log: which events, and which page of them.

use std::fmt::Write as _;

use chrono::{DateTime, Days, Utc};
use serde_json::{Value, json};

use super::page::{CURSOR, LIMIT, PageQuery};
use super::values::{day, instant, instant_schema, just_after, text_schema};
use super::{FromQuery, Query};
use crate::flow::event::{EventType, StreamKind};
use crate::http::endpoint::Parameter;
use crate::http::percent;
use crate::http::problem::Problem;
use crate::registry::{AuditFilter, HistoryFilter};

pub const ACTION: Parameter =
    Parameter::new("action", || names_schema(event_names(StreamKind::ALL)), "Only events of this type.");
/// `action` where a page is asked for: what clients name that never happens here leaves an empty one.
const ACTION_OF_PAGE: Parameter = Parameter::new(
    "action",
    || json!({"type": "string", "examples": event_names(StreamKind::ALL).collect::<Vec<_>>()}),
    "Only events of exactly this type. Of a type that there is not the page is empty.",
);
pub const RESOURCE: Parameter = Parameter::new(
    "resource",
    || names_schema(StreamKind::ALL.iter().map(|kind| kind.as_str())),
    "Only events of this kind of thing.",
);
pub const ACTOR_USER_ID: Parameter = Parameter::new("actorUserId", text_schema, "Only events by this user.");
pub const DATE_FROM: Parameter =
    Parameter::new("dateFrom", instant_schema, "A day or an instant, inclusive.");
pub const DATE_TO: Parameter =
    Parameter::new("dateTo", instant_schema, "A day, whole, or an instant, inclusive.");

/// Which events of a flow, and which page of them.
#[derive(Debug)]
pub struct HistoryQuery {
    pub filter: HistoryFilter,
    /// The filter, always written alike.
    pub written: String,
    pub page: PageQuery,
}

impl FromQuery for HistoryQuery {
    const PARAMETERS: &'static [Parameter] = &[
        Parameter::new(
            "type",
            || names_schema(event_names(&[StreamKind::Flow])),
            "Only events of this type.",
        ),
        Parameter::new("actor", text_schema, "Only events by this key or user."),
        Parameter::new("from", instant_schema, "A day or an instant, inclusive."),
        Parameter::new("to", instant_schema, "A day, whole, or an instant, inclusive."),
        LIMIT,
        CURSOR,
    ];

    fn take(query: &mut Query) -> Result<Self, Problem> {
        let event_type = event_type(query, "type", &[StreamKind::Flow])?;
        let actor = query.text("actor");
        let (from, until) = range(query, "from", "to")?;
        let written = written(&[("type", &event_type), ("actor", &actor)], from, until);
        let actors = actor.map(|actor| opaque_ids(&actor)).unwrap_or_default();
        let filter = HistoryFilter { event_type, actors, from, until, ..HistoryFilter::default() };
        Ok(Self { filter, written, page: PageQuery::take(query)? })
    }
}

/// Which events of an organization, and which page of them.
#[derive(Debug)]
pub struct AuditQuery {
    pub filter: AuditFilter,
    /// The filter, always written alike.
    pub written: String,
    pub page: PageQuery,
}

impl FromQuery for AuditQuery {
    const PARAMETERS: &'static [Parameter] =
        &[ACTION_OF_PAGE, RESOURCE, ACTOR_USER_ID, DATE_FROM, DATE_TO, LIMIT, CURSOR];

    fn take(query: &mut Query) -> Result<Self, Problem> {
        let action = query.text("action");
        let (filter, written) = filter_of(query, action)?;
        Ok(Self { filter, written, page: PageQuery::take(query)? })
    }
}

/// Reads which events of an organization's log are asked for; the text is the same filter, always written alike.
pub fn audit_filter(query: &mut Query) -> Result<(AuditFilter, String), Problem> {
    let action = event_type(query, "action", StreamKind::ALL)?;
    filter_of(query, action)
}

fn filter_of(query: &mut Query, action: Option<String>) -> Result<(AuditFilter, String), Problem> {
    let resource = resource(query)?;
    let user = query.text("actorUserId");
    let (from, until) = range(query, "dateFrom", "dateTo")?;
    let kind = resource.map(|kind| kind.as_str().to_owned());
    let names = [("action", &action), ("resource", &kind), ("actorUserId", &user)];
    let written = written(&names, from, until);
    let types = types(action, resource);
    let actors = user.map(|user| vec![format!("user:{user}")]);
    Ok((AuditFilter { types, actors, from, until, ..AuditFilter::default() }, written))
}

/// The event types that are of an action and of a kind of thing; an action of another kind leaves none.
fn types(action: Option<String>, resource: Option<StreamKind>) -> Option<Vec<String>> {
    let Some(kind) = resource else { return action.map(|action| vec![action]) };
    let kinds = [kind];
    let names = event_names(&kinds).map(str::to_owned);
    Some(names.filter(|name| action.as_ref().is_none_or(|action| action == name)).collect())
}

/// Reads the stored name of an event. A misspelled one is refused: it would match nothing and look as if nothing had
/// happened.
fn event_type(query: &mut Query, name: &str, kinds: &[StreamKind]) -> Result<Option<String>, Problem> {
    let known: Vec<&str> = event_names(kinds).collect();
    let expected = format!("one of {}", known.join(", "));
    query.value(name, &expected, |text| known.contains(&text).then(|| text.to_owned()))
}

fn event_names(kinds: &[StreamKind]) -> impl Iterator<Item = &'static str> {
    let of_kinds = EventType::ALL.iter().filter(|event_type| kinds.contains(&event_type.stream_kind()));
    of_kinds.map(|event_type| event_type.as_str())
}

fn names_schema(names: impl Iterator<Item = &'static str>) -> Value {
    json!({"type": "string", "enum": names.collect::<Vec<_>>()})
}

fn resource(query: &mut Query) -> Result<Option<StreamKind>, Problem> {
    let names: Vec<&str> = StreamKind::ALL.iter().map(|kind| kind.as_str()).collect();
    query.value("resource", &format!("one of {}", names.join(", ")), StreamKind::parse)
}

/// The ids that filters keep of an actor, who is given by the id that answers show, or by that with its kind.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::query;

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
            "access.refused",
            "access.read",
            "session.opened",
            "session.closed",
        ];
        check("resource=organization", Ok(Some(&of_organizations)));
        check("action=flow.created&resource=api_key", Ok(Some(&[])));
        check("resource=flows", Err("resource: must be one of flow, api_key, organization"));
        check("action=flow.publish", Ok(Some(&["flow.publish"])));
        check("action=flow.publish&resource=flow", Ok(Some(&[])));
        let problem = query::read::<HistoryQuery>(Some("type=published")).unwrap_err();
        assert!(problem.detail.contains("flow.published") && !problem.detail.contains("api_key"));
        assert!(query::read::<HistoryQuery>(Some("type=api_key.created")).is_err(), "no flow's");
    }
}
