//! Query parameters of the list of flows: which flows it has, in which order, and how much of each.

use std::fmt::Write as _;

use serde_json::json;
use uuid::Uuid;

use super::page::{CURSOR, LIMIT_OF_WHOLE, PageQuery};
use super::values::{AS_OF, as_of, moment, text_schema};
use super::{FromQuery, Query};
use crate::flow::document::{TriggerType, TriggerTypes};
use crate::flow::id::hyphenated;
use crate::flow::text;
use crate::http::endpoint::Parameter;
use crate::http::percent;
use crate::http::problem::Problem;
use crate::http::wire::View;
use crate::registry::{Deleted, ListFilter, LogMoment};

/// Characters of a number's id, as the member of a document has them.
const NUMBER_CHARS_MAX: usize = 64;
/// Flows that a list may be asked for by their ids.
const IDS_MAX: usize = 100;

/// Flows of a page that many ask for at once.
const LIMIT_USUAL: i64 = 100;

/// What a list is ordered by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ListOrder {
    /// Last change first.
    #[default]
    Updated,
    /// Newest flow first.
    Created,
    /// By name, without regard to case and accents.
    Name,
}

/// Which flows are listed, how much of each, and which part of them.
#[derive(Debug)]
pub struct ListQuery {
    pub filter: ListFilter,
    pub view: View,
    pub order: ListOrder,
    /// The moment the list is of; `None`: now.
    pub as_of: Option<LogMoment>,
    /// `None`: all flows at once.
    pub page: Option<PageQuery>,
    /// In place of flows, what changed after a moment.
    pub changes: Option<(LogMoment, PageQuery)>,
    /// The filter as a query string, always written alike.
    pub written: String,
    /// All that is asked, always written alike.
    pub asked: String,
}

impl ListQuery {
    /// Whether the list changes only with what is in force. Its order and some members of its flows change with drafts
    /// too, which who runs what is in force need not know.
    pub fn is_of_what_is_in_force(&self) -> bool {
        self.filter.in_force && self.as_of.is_none() && self.filter.unpublished_changes.is_none()
    }
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
            "triggerType",
            || json!({"type": "string", "enum": TriggerType::WRITTEN}),
            "Only flows that start by such a trigger, be it their own or a further one.",
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
        Parameter::new(
            "hasUnpublishedChanges",
            || json!({"type": "boolean"}),
            "`true`: only published flows whose draft says something else than what is published. `false`: only others.",
        ),
        Parameter::new(
            "ids",
            || json!({"type": "string", "examples": ["0192f0c1-2d3e-7f4a-8b5c-6d7e8f9a0b1c,0192f0c1-2d3e-7f4a-8b5c-6d7e8f9a0b1d"]}),
            "Only these flows: at most 100 ids between commas. Ids that nothing has are passed over.",
        ),
        Parameter::new(
            "sort",
            || json!({"type": "string", "enum": ["updated", "created", "name"], "default": "updated"}),
            "`updated`: last change first. `created`: newest flow first. `name`: by name, without regard to case and \
             accents, as names are now.",
        ),
        AS_OF,
        Parameter::new(
            "updatedAfter",
            || json!({"type": "string", "examples": ["position:41", "2026-05-01T03:42:18.123Z"]}),
            "What changed after a position of the log or an instant, oldest change first: flows as they are now, and of \
             deleted ones `id`, `version`, `status` and `deletedAt`. With `version=published` what changed of the flows in \
             force, and the same of those that no longer are. Always in pages; `endCursor` of the last one is where the \
             next round begins. Goes together with `version`, `view`, `limit` and `cursor` alone.",
        ),
        LIMIT_OF_WHOLE,
        CURSOR,
    ];

    fn take(query: &mut Query) -> Result<Self, Problem> {
        let asked = query.written();
        let beside_changes = query.other_than(&["updatedAfter", "version", "view", "limit", "cursor"]);
        let mut written = Written::default();
        let filter = filter(query, &mut written)?;
        let view = query.value("view", "summary", |text| (text == "summary").then_some(View::Summary))?;
        let view = view.unwrap_or(View::Whole);
        let order = query.value("sort", "updated, created or name", order)?.unwrap_or_default();
        match order {
            ListOrder::Updated => {}
            ListOrder::Created => written.note("sort", "created"),
            ListOrder::Name => written.note("sort", "name"),
        }
        let as_of = as_of(query)?;
        let changes = changes(query, beside_changes)?;
        if as_of.is_some() && order == ListOrder::Name {
            return Err(Problem::parameter("asOf", "cannot be given together with sort=name"));
        }
        let page = if changes.is_some() { None } else { PageQuery::take_optional(query)? };
        Ok(Self { filter, view, order, as_of, page, changes, written: written.0, asked })
    }

    /// Whole lists, and pages that are longer than those that people turn.
    fn is_long(&self) -> bool {
        self.changes.is_none() && self.page.as_ref().is_none_or(|page| page.limit > LIMIT_USUAL)
    }
}

/// Parameters as a query string, in the order in which they are noted.
#[derive(Debug, Default)]
struct Written(String);

impl Written {
    fn note(&mut self, name: &str, value: &str) {
        let separator = if self.0.is_empty() { "" } else { "&" };
        let _ = write!(self.0, "{separator}{name}={}", percent::encode(value));
    }
}

/// Reads which flows are wanted.
fn filter(query: &mut Query, written: &mut Written) -> Result<ListFilter, Problem> {
    let mut filter = ListFilter::default();
    let number = query.value("phoneNumberId", "text of 1 to 64 characters", |text| {
        (text.chars().count() <= NUMBER_CHARS_MAX).then(|| text.to_owned())
    })?;
    if let Some(number) = number {
        written.note("phoneNumberId", &number);
        filter.phone_number_id = Some(number);
    }
    if let Some(status) = query.value("status", "draft, published or deleted", status)? {
        written.note("status", status.name);
        (filter.published, filter.deleted) = (status.published, status.deleted);
    }
    let one_of = TriggerType::WRITTEN.join(", ");
    if let Some((name, types)) = query.value("triggerType", &format!("one of {one_of}"), trigger_type)? {
        written.note("triggerType", &name);
        filter.trigger_types = Some(types);
    }
    if let Some(searched) = query.text("q") {
        written.note("q", &searched);
        filter.search = Some(text::fold(&searched)).filter(|folded| !folded.is_empty());
    }
    let include = query.value("include", "deleted", |text| (text == "deleted").then_some(()))?;
    if include.is_some() && filter.deleted == Deleted::Excluded && filter.published.is_none() {
        written.note("include", "deleted");
        filter.deleted = Deleted::Included;
    }
    if query.value("version", "draft or published", in_force)? == Some(true) {
        written.note("version", "published");
        filter.in_force = true;
    }
    if let Some(differs) = query.value("hasUnpublishedChanges", "true or false", boolean)? {
        written.note("hasUnpublishedChanges", if differs { "true" } else { "false" });
        filter.unpublished_changes = Some(differs);
    }
    if let Some(ids) = query.value("ids", "1 to 100 ids between commas", ids)? {
        let text: Vec<String> = ids.iter().map(Uuid::to_string).collect();
        written.note("ids", &text.join(","));
        filter.ids = Some(ids);
    }
    Ok(filter)
}

/// Reads `updatedAfter` and the page of the changes after it. Other filters would hide that a flow no longer meets them.
fn changes(query: &mut Query, other: Option<String>) -> Result<Option<(LogMoment, PageQuery)>, Problem> {
    let expected = "an instant such as 2026-05-01T03:42:18.123Z, or position:41";
    let Some(moment) = query.value("updatedAfter", expected, moment)? else { return Ok(None) };
    match other {
        Some(name) => Err(Problem::parameter(&name, "cannot be given together with updatedAfter")),
        None => Ok(Some((moment, PageQuery::take(query)?))),
    }
}

fn boolean(text: &str) -> Option<bool> {
    match text {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// Ids in one form and order, each once.
fn ids(text: &str) -> Option<Vec<Uuid>> {
    let mut ids = text.split(',').map(hyphenated).collect::<Option<Vec<Uuid>>>()?;
    ids.sort_unstable();
    ids.dedup();
    Some(ids).filter(|ids| ids.len() <= IDS_MAX)
}

fn trigger_type(text: &str) -> Option<(String, TriggerTypes)> {
    Some((text.to_owned(), TriggerTypes::of_name(text)?))
}

fn order(text: &str) -> Option<ListOrder> {
    match text {
        "updated" => Some(ListOrder::Updated),
        "created" => Some(ListOrder::Created),
        "name" => Some(ListOrder::Name),
        _ => None,
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
        check("sort=updated", "false None None None Excluded None ");
        check("sort=name&q=a", "false None Some(\"a\") None Excluded None q=a&sort=name");
        check("triggerType=EVENT", "false None None None Excluded None triggerType=EVENT");
        check(
            "triggerType=event",
            "triggerType: must be one of MANUAL, KEYWORD, INTENT, AUTO_REPLY, ANY_MESSAGE, EVENT, REFERRAL",
        );
        check("sort=size", "sort: must be updated, created or name");
        check("sort=name&asOf=now", "asOf: cannot be given together with sort=name");
        check("hasUnpublishedChanges=1", "hasUnpublishedChanges: must be true or false");
        let (a, b) = ("0192f0c1-2d3e-7f4a-8b5c-6d7e8f9a0b1c", "0192F0C1-2d3e-7f4a-8b5c-6d7e8f9a0b1b");
        let written = format!("ids={}%2C{a}", b.to_lowercase());
        check(&format!("ids={a},{b},{a}"), &format!("false None None None Excluded None {written}"));
        let many = vec![a; 101].join(",");
        check(&format!("ids={many}"), &format!("false None None None Excluded None ids={a}"));
        for bad in ["x", &format!("{a},"), &a[1..]] {
            check(&format!("ids={bad}"), "ids: must be 1 to 100 ids between commas");
        }
        check("status=live", "status: must be draft, published or deleted");
        check(
            &format!("phoneNumberId={}", "1".repeat(65)),
            "phoneNumberId: must be text of 1 to 64 characters",
        );
        check("limit=-1", "limit: must be an integer from 1 to 1000");
        check("limit=1001", "limit: must be an integer from 1 to 1000");
        check("cursor=x", "cursor: needs limit beside it");
        check("version=3", "version: must be draft or published");
    }
}
