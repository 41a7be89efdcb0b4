//! Where a feed begins: behind the event that the client names, as one that comes back does, or at the head.

use axum::http::HeaderMap;

use super::super::headers::LAST_EVENT_ID;
use super::super::problem::Problem;
use super::super::query::feed::{EXPECTED, FeedQuery};
use super::super::query::values::non_negative;

/// The position after which to begin, `None` where the client names none; `head` is where the log ends. The header
/// wins: a browser that comes back sends it along with the address it was given at first.
pub fn begin(headers: &HeaderMap, query: &FeedQuery, head: i64) -> Result<Option<i64>, Problem> {
    let refuse = |message: String| Err(Problem::header(LAST_EVENT_ID.as_str(), message));
    let beyond = || format!("is beyond the end of the log, which is at {head}");
    let mut values = headers.get_all(LAST_EVENT_ID).iter().filter(|value| !value.is_empty());
    match (values.next(), values.next(), query.after) {
        (Some(_), Some(_), _) => refuse("is given more than once".to_owned()),
        (Some(value), None, _) => match value.to_str().ok().and_then(non_negative) {
            Some(position) if position <= head => Ok(Some(position)),
            Some(_) => refuse(beyond()),
            None => refuse(format!("must be {EXPECTED}")),
        },
        (None, _, Some((name, position))) if position > head => Err(Problem::parameter(name, beyond())),
        (None, _, after) => Ok(after.map(|(_, position)| position)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::query;
    use super::*;

    #[test]
    fn behind_what_the_client_has_seen() {
        let check = |ids: &[&str], raw: &str, expected: Result<Option<i64>, &str>| {
            let headers = ids.iter().map(|id| (LAST_EVENT_ID, id.parse().unwrap())).collect();
            let begun = query::read(Some(raw)).and_then(|query| begin(&headers, &query, 41));
            let begun = begun.map_err(|problem| problem.detail);
            assert_eq!(begun, expected.map_err(str::to_owned), "{ids:?} {raw}");
        };
        check(&[], "", Ok(None));
        check(&[""], "lastEventId=", Ok(None));
        check(&["0"], "", Ok(Some(0)));
        check(&["41"], "", Ok(Some(41)));
        check(&[], "lastEventId=7", Ok(Some(7)));
        check(&[], "after=7", Ok(Some(7)));
        check(&["9"], "after=7", Ok(Some(9)));
        check(&["9"], "after=99", Ok(Some(9)));
        let beyond = "last-event-id: is beyond the end of the log, which is at 41";
        check(&["42"], "", Err(beyond));
        check(&["9007199254740991"], "", Err(beyond));
        let beyond = "after: is beyond the end of the log, which is at 41";
        check(&[], "after=42", Err(beyond));
        for bad in ["-1", "+1", "1.5", "latest", "0x7", "9223372036854775808", "7,8", "ñ"] {
            check(&[bad], "", Err("last-event-id: must be the id of an event of this feed, or 0"));
        }
        check(&[], "after=-1", Err("after: must be the id of an event of this feed, or 0"));
        check(&["7", "8"], "", Err("last-event-id: is given more than once"));
        check(&[], "after=1&lastEventId=1", Err("after: says the same as lastEventId: give one"));
    }
}
