//! The query parameters of the flow endpoints, and what they mean to the registry.

use std::fmt::Write as _;

use chrono::{DateTime, TimeDelta, Utc};

use super::percent;
use super::problem::Problem;
use super::query::{FromQuery, Query};
use super::wire::View;
use crate::flow::json::INTEGER_MAX;
use crate::flow::text;
use crate::registry::{Deleted, ListFilter, Moment, Selector};

const PAGE_ENTRIES_MAX: i64 = 1000;

/// Which state of one flow is asked for.
#[derive(Debug)]
pub struct GetQuery {
    pub selector: Selector,
}

impl FromQuery for GetQuery {
    fn take(query: &mut Query) -> Result<Self, Problem> {
        let version = query.value("version", "a positive integer, draft or published", selector)?;
        let as_of = as_of(query)?;
        let selector = match (version, as_of) {
            (Some(_), Some(_)) => {
                return Err(Problem::parameter("asOf", "cannot be given together with version"));
            }
            (Some(selector), None) => selector,
            (None, Some(moment)) => Selector::AsOf(moment),
            (None, None) => Selector::Current,
        };
        Ok(Self { selector })
    }
}

fn selector(text: &str) -> Option<Selector> {
    match text {
        "draft" => Some(Selector::Draft),
        "published" => Some(Selector::Published),
        number => positive(number).map(Selector::Version),
    }
}

/// An instant, which includes all of itself, or a position of the log.
fn as_of(query: &mut Query) -> Result<Option<Moment>, Problem> {
    query.value("asOf", "now, an instant such as 2026-05-01T03:42:18.123Z, or position:41", |text| {
        match text.strip_prefix("position:") {
            // 0 is before the first event: there was nothing yet.
            _ if text == "now" => Some(Moment::NOW),
            Some("0") => Some(Moment::Position(0)),
            Some(number) => positive(number).map(Moment::Position),
            None => just_after(text).map(Moment::Before),
        }
    })
}

/// An integer from 1, in digits alone.
pub fn positive(text: &str) -> Option<i64> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| is_number && (1..=INTEGER_MAX).contains(number))
}

/// The first instant that no longer belongs to the one that is written: a millisecond includes all of itself, as
/// answers show no more of a time than that; finer instants, from histories, count their microsecond.
pub fn just_after(text: &str) -> Option<DateTime<Utc>> {
    // A `+` that nobody encoded arrives as a space.
    let text = text.replace(' ', "+");
    let instant = DateTime::parse_from_rfc3339(&text).ok()?.with_timezone(&Utc);
    let decimals =
        text.split_once('.').map_or(0, |(_, rest)| rest.bytes().take_while(u8::is_ascii_digit).count());
    let step = if decimals <= 3 { TimeDelta::milliseconds(1) } else { TimeDelta::microseconds(1) };
    instant.checked_add_signed(step)
}

/// Which flows are listed, how much of each, and which part of them.
#[derive(Debug)]
pub struct ListQuery {
    pub filter: ListFilter,
    pub view: View,
    /// `None`: as it is now.
    pub as_of: Option<Moment>,
    /// `None`: all flows at once.
    pub page: Option<PageQuery>,
    /// The filter as a query string, always written alike.
    pub written: String,
}

#[derive(Debug)]
pub struct PageQuery {
    pub limit: i64,
    pub cursor: Option<String>,
}

impl FromQuery for ListQuery {
    fn take(query: &mut Query) -> Result<Self, Problem> {
        let mut filter = ListFilter::default();
        let mut written = String::new();
        let mut note = |name: &str, value: &str| {
            let separator = if written.is_empty() { "" } else { "&" };
            let _ = write!(written, "{separator}{name}={}", percent::encode(value));
        };
        if let Some(number) = query.text("phoneNumberId") {
            note("phoneNumberId", &number);
            filter.phone_number_id = Some(number);
        }
        if let Some(status) = query.value("status", "draft, published or deleted", status)? {
            note("status", status.name);
            (filter.published, filter.deleted) = (status.published, status.deleted);
        }
        if let Some(searched) = query.text("q") {
            note("q", &searched);
            filter.search = Some(text::searched(&searched)).filter(|folded| !folded.is_empty());
        }
        let include = query.value("include", "deleted", |text| (text == "deleted").then_some(()))?;
        if include.is_some() && filter.deleted == Deleted::Excluded && filter.published.is_none() {
            note("include", "deleted");
            filter.deleted = Deleted::Included;
        }
        if query.value("version", "draft or published", in_force)? == Some(true) {
            note("version", "published");
            filter.in_force = true;
        }
        let view = query.value("view", "summary", |text| (text == "summary").then_some(View::Summary))?;
        let view = view.unwrap_or(View::Whole);
        Ok(Self { filter, view, as_of: as_of(query)?, page: page(query)?, written })
    }
}

/// A page of a list that always pages.
#[derive(Debug)]
pub struct RunsQuery {
    pub limit: i64,
    pub cursor: Option<String>,
}

const PAGE_DEFAULT: i64 = 100;

impl FromQuery for RunsQuery {
    fn take(query: &mut Query) -> Result<Self, Problem> {
        Ok(Self { limit: limit(query)?.unwrap_or(PAGE_DEFAULT), cursor: query.text("cursor") })
    }
}

struct Status {
    name: &'static str,
    published: Option<bool>,
    deleted: Deleted,
}

fn status(text: &str) -> Option<Status> {
    let (name, published, deleted) = match text {
        "draft" => ("draft", Some(false), Deleted::Excluded),
        "published" => ("published", Some(true), Deleted::Excluded),
        "deleted" => ("deleted", None, Deleted::Only),
        _ => return None,
    };
    Some(Status { name, published, deleted })
}

fn in_force(text: &str) -> Option<bool> {
    match text {
        "published" => Some(true),
        "draft" => Some(false),
        _ => None,
    }
}

fn page(query: &mut Query) -> Result<Option<PageQuery>, Problem> {
    let limit = limit(query)?;
    let cursor = query.text("cursor");
    match (limit, cursor) {
        (Some(limit), cursor) => Ok(Some(PageQuery { limit, cursor })),
        (None, Some(_)) => Err(Problem::parameter("cursor", "is given together with limit")),
        (None, None) => Ok(None),
    }
}

pub fn limit(query: &mut Query) -> Result<Option<i64>, Problem> {
    query.value("limit", "an integer from 1 to 1000", |text| {
        text.parse().ok().filter(|limit| (1..=PAGE_ENTRIES_MAX).contains(limit))
    })
}

#[cfg(test)]
mod tests {
    use super::super::query;
    use super::*;

    fn list(raw: &str) -> Result<String, String> {
        let query: ListQuery = query::read(Some(raw)).map_err(|problem| problem.detail)?;
        let limit = query.page.map(|page| page.limit);
        let ListFilter { in_force, phone_number_id, search, published, deleted, .. } = query.filter;
        Ok(format!(
            "{in_force} {phone_number_id:?} {search:?} {published:?} {deleted:?} {limit:?} {}",
            query.written
        ))
    }

    #[test]
    fn selectors() {
        let check = |raw: &str, expected: Option<Selector>| {
            let read = query::read(Some(raw)).ok().map(|query: GetQuery| query.selector);
            assert_eq!(read, expected, "{raw}");
        };
        check("", Some(Selector::Current));
        check("version=", Some(Selector::Current));
        check("version=draft", Some(Selector::Draft));
        check("version=7", Some(Selector::Version(7)));
        check("version=published", Some(Selector::Published));
        for bad in ["version=0", "version=-1", "version=%2B1", "version=1.0", "version=9007199254740992"] {
            check(bad, None);
        }
        let before = |text: &str| Some(Selector::AsOf(Moment::Before(text.parse().unwrap())));
        check("asOf=2026-05-01T03:42:18.123Z", before("2026-05-01T03:42:18.124Z"));
        check("asOf=2026-05-01T03:42:18Z", before("2026-05-01T03:42:18.001Z"));
        check("asOf=2026-05-01T03:42:18.123456Z", before("2026-05-01T03:42:18.123457Z"));
        check("asOf=2026-05-01T05:42:18.123+02:00", before("2026-05-01T03:42:18.124Z"));
        check("asOf=position:41", Some(Selector::AsOf(Moment::Position(41))));
        check("asOf=now", Some(Selector::AsOf(Moment::NOW)));
        check("asOf=position:0", Some(Selector::AsOf(Moment::Position(0))));
        check("asOf=position:-1", None);
        check("asOf=position:00", None);
        for bad in ["asOf=yesterday", "asOf=2026-05-01", "asOf=2026-05-01T03:42:18Z&version=1"] {
            check(bad, None);
        }
    }

    #[test]
    fn lists() {
        let check = |raw: &str, expected: &str| {
            assert_eq!(list(raw).unwrap_or_else(|detail| detail), expected, "{raw}");
        };
        check("", "false None None None Excluded None ");
        check(
            "q=%C2%A1Hola!&phoneNumberId=+1&limit=5",
            "false Some(\" 1\") Some(\"hola\") None Excluded Some(5) phoneNumberId=%201&q=%C2%A1Hola%21",
        );
        check("q=!!", "false None Some(\"!!\") None Excluded None q=%21%21");
        check("status=deleted", "false None None None Only None status=deleted");
        check("status=draft&include=deleted", "false None None Some(false) Excluded None status=draft");
        check("include=deleted&view=summary", "false None None None Included None include=deleted");
        check("version=published", "true None None None Excluded None version=published");
        check("status=live", "status: must be draft, published or deleted");
        check("limit=-1", "limit: must be an integer from 1 to 1000");
        check("limit=1001", "limit: must be an integer from 1 to 1000");
        check("cursor=x", "cursor: is given together with limit");
        check("version=3", "version: must be draft or published");
    }
}
