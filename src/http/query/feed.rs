//! Query parameters of the feed: the event behind which it begins.

use super::values::{non_negative, position_schema};
use super::{FromQuery, Query};
use crate::http::endpoint::Parameter;
use crate::http::problem::Problem;

/// What the id of an event must be, in refusals.
pub const EXPECTED: &str = "the id of an event of this feed, or 0";

/// Where a client that cannot set `Last-Event-ID` begins: the name of the parameter it gave, and the position.
#[derive(Debug)]
pub struct FeedQuery {
    pub after: Option<(&'static str, i64)>,
}

impl FromQuery for FeedQuery {
    const NEGOTIATES: bool = true;
    const PARAMETERS: &'static [Parameter] = &[
        Parameter::new(
            "lastEventId",
            position_schema,
            "`Last-Event-ID`, for clients that cannot set headers.",
        ),
        Parameter::new("after", position_schema, "Another name of `lastEventId`."),
    ];

    fn take(query: &mut Query) -> Result<Self, Problem> {
        let mut of =
            |name| query.value(name, EXPECTED, non_negative).map(|after| after.map(|after| (name, after)));
        match (of("lastEventId")?, of("after")?) {
            (Some(_), Some(_)) => Err(Problem::parameter("after", "says the same as lastEventId: give one")),
            (one, other) => Ok(Self { after: one.or(other) }),
        }
    }
}
