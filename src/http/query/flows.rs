//! Query parameters of the endpoint on one flow: which state of it is asked for.

use serde_json::json;

use super::values::{AS_OF, as_of, positive};
use super::{FromQuery, Query};
use crate::http::endpoint::Parameter;
use crate::http::problem::Problem;
use crate::registry::Selector;

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::query;
    use crate::registry::LogMoment;

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
        let before = |text: &str| Some(Selector::AsOf(LogMoment::Before(text.parse().unwrap())));
        check("asOf=2026-05-01T03:42:18.123Z", before("2026-05-01T03:42:18.124Z"));
        check("asOf=2026-05-01T03:42:18Z", before("2026-05-01T03:42:18.001Z"));
        check("asOf=2026-05-01T03:42:18.123456Z", before("2026-05-01T03:42:18.123457Z"));
        check("asOf=2026-05-01T05:42:18.123+02:00", before("2026-05-01T03:42:18.124Z"));
        check("asOf=position:41", Some(Selector::AsOf(LogMoment::Position(41))));
        check("asOf=now", Some(Selector::AsOf(LogMoment::NOW)));
        check("asOf=position:0", Some(Selector::AsOf(LogMoment::Position(0))));
        check("asOf=position:-1", None);
        check("asOf=position:00", None);
        for bad in ["asOf=yesterday", "asOf=2026-05-01", "asOf=2026-05-01T03:42:18Z&version=1"] {
            check(bad, None);
        }
    }
}
