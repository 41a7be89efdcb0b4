//! Paging parameters: how many entries a page has, and the cursor behind which it begins.

use serde_json::json;

use super::values::text_schema;
use super::{FromQuery, Query};
use crate::http::endpoint::Parameter;
use crate::http::problem::Problem;

const LIMIT_MAX: i64 = 1000;
const LIMIT_DEFAULT: i64 = 100;

/// `limit` of lists that always come in pages.
pub const LIMIT: Parameter = Parameter::new(
    "limit",
    || json!({"type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT_DEFAULT}),
    "How many entries a page has at most.",
);
/// `limit` of lists that come whole without it.
pub const LIMIT_OF_WHOLE: Parameter = Parameter::new(
    "limit",
    || json!({"type": "integer", "minimum": 1, "maximum": LIMIT_MAX}),
    "How many entries a page has at most. Without it the list comes whole.",
);
pub const CURSOR: Parameter = Parameter::new(
    "cursor",
    text_schema,
    "Where the page begins: `endCursor` of the page before, or its `Link`.",
);

/// Which page of a list is asked for.
#[derive(Debug)]
pub struct PageQuery {
    /// How many entries the page has at most; from 1 to 1000.
    pub limit: i64,
    pub cursor: Option<String>,
}

impl PageQuery {
    /// Reads the page of a list that comes whole without `limit`; `None`: the whole list.
    pub fn take_optional(query: &mut Query) -> Result<Option<Self>, Problem> {
        match (limit(query)?, query.text("cursor")) {
            (Some(limit), cursor) => Ok(Some(Self { limit, cursor })),
            (None, Some(_)) => Err(Problem::parameter("cursor", "needs limit beside it")),
            (None, None) => Ok(None),
        }
    }
}

impl FromQuery for PageQuery {
    const PARAMETERS: &'static [Parameter] = &[LIMIT, CURSOR];

    fn take(query: &mut Query) -> Result<Self, Problem> {
        Ok(Self { limit: limit(query)?.unwrap_or(LIMIT_DEFAULT), cursor: query.text("cursor") })
    }
}

fn limit(query: &mut Query) -> Result<Option<i64>, Problem> {
    query.value("limit", "an integer from 1 to 1000", |text| {
        text.parse().ok().filter(|limit| (1..=LIMIT_MAX).contains(limit))
    })
}
