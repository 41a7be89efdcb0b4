//! Query parameters of the endpoints on flows: which state of one flow, and which flows a list has.

use std::fmt::Write as _;

use serde_json::json;

use super::page::{CURSOR, LIMIT_OF_WHOLE, PageQuery};
use super::values::{AS_OF, as_of, positive, text_schema};
use super::{FromQuery, Query};
use crate::flow::text;
use crate::http::endpoint::Parameter;
use crate::http::percent;
use crate::http::problem::Problem;
use crate::http::wire::View;
use crate::registry::{Deleted, ListFilter, Moment, Selector};

/// Which state of one flow is asked for.
#[derive(Debug)]
pub struct GetQuery {
    pub selector: Selector,
    /// Whether the document alone is asked for.
    pub is_document: bool,
}

impl FromQuery for GetQuery {
    const NEGOTIATES: bool = true;
    const PARAMETERS: &'static [Parameter] = &[
        Parameter::new(
            "version",
            || json!({"oneOf": [{"type": "integer", "minimum": 1}, {"type": "string", "enum": ["draft", "published"]}]}),
            "A version, `draft` or `published`. With it, or with `asOf`, deleted flows are found too; without both \
             the flow is as it is now, and a deleted one is not found.",
        ),
        AS_OF,
        Parameter::new(
            "view",
            || json!({"type": "string", "enum": ["document"]}),
            "`document`: the document alone, without the state of the flow.",
        ),
    ];

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
        let view = query.value("view", "document", |text| (text == "document").then_some(()))?;
        Ok(Self { selector, is_document: view.is_some() })
    }
}

fn selector(text: &str) -> Option<Selector> {
    match text {
        "draft" => Some(Selector::Draft),
        "published" => Some(Selector::Published),
        number => positive(number).map(Selector::Version),
    }
}

/// Characters of a number's id, as the member of a document has them.
const NUMBER_CHARS_MAX: usize = 64;

/// Which flows are listed, how much of each, and which part of them.
#[derive(Debug)]
pub struct ListQuery {
    pub filter: ListFilter,
    pub view: View,
    /// The moment the list is of; `None`: now.
    pub as_of: Option<Moment>,
    /// `None`: all flows at once.
    pub page: Option<PageQuery>,
    /// The filter as a query string, always written alike.
    pub written: String,
}

impl FromQuery for ListQuery {
    const PARAMETERS: &'static [Parameter] = &[
        Parameter::new(
            "phoneNumberId",
            || json!({"type": "string", "minLength": 1, "maxLength": NUMBER_CHARS_MAX}),
            "Only flows whose draft is bound to exactly this number.",
        ),
        Parameter::new(
            "status",
            || json!({"type": "string", "enum": ["draft", "published", "deleted"]}),
            "Only flows of this status.",
        ),
        Parameter::new(
            "q",
            text_schema,
            "Only flows with this text in name or description; case and accents do not matter.",
        ),
        Parameter::new(
            "version",
            || json!({"type": "string", "enum": ["draft", "published"]}),
            "`published`: the flows in force, with the documents in force.",
        ),
        Parameter::new(
            "view",
            || json!({"type": "string", "enum": ["summary"]}),
            "`summary` leaves out variables, steps, settings, interrupts, translations, meta and findings.",
        ),
        Parameter::new(
            "include",
            || json!({"type": "string", "enum": ["deleted"]}),
            "`deleted`: deleted flows too.",
        ),
        AS_OF,
        LIMIT_OF_WHOLE,
        CURSOR,
    ];

    fn take(query: &mut Query) -> Result<Self, Problem> {
        let mut filter = ListFilter::default();
        let mut written = String::new();
        let mut note = |name: &str, value: &str| {
            let separator = if written.is_empty() { "" } else { "&" };
            let _ = write!(written, "{separator}{name}={}", percent::encode(value));
        };
        let number = query.value("phoneNumberId", "text of 1 to 64 characters", |text| {
            (text.chars().count() <= NUMBER_CHARS_MAX).then(|| text.to_owned())
        })?;
        if let Some(number) = number {
            note("phoneNumberId", &number);
            filter.phone_number_id = Some(number);
        }
        if let Some(status) = query.value("status", "draft, published or deleted", status)? {
            note("status", status.name);
            (filter.published, filter.deleted) = (status.published, status.deleted);
        }
        if let Some(searched) = query.text("q") {
            note("q", &searched);
            filter.search = Some(text::fold(&searched)).filter(|folded| !folded.is_empty());
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
        Ok(Self { filter, view, as_of: as_of(query)?, page: PageQuery::take_optional(query)?, written })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::query;

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
        check(
            &format!("phoneNumberId={}", "1".repeat(65)),
            "phoneNumberId: must be text of 1 to 64 characters",
        );
        check("limit=-1", "limit: must be an integer from 1 to 1000");
        check("limit=1001", "limit: must be an integer from 1 to 1000");
        check("cursor=x", "cursor: is given together with limit");
        check("version=3", "version: must be draft or published");
    }
}
