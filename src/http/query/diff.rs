//! Query parameters of a comparison: the two states that are compared.

use serde_json::{Value, json};
use uuid::Uuid;

use super::values::positive;
use super::{FromQuery, Query};
use crate::flow::id::hyphenated;
use crate::http::endpoint::Parameter;
use crate::http::problem::Problem;
use crate::registry::{Point, Side};

/// The two states to compare. Without parameters they are the published one and the draft: what a publish would change.
#[derive(Debug)]
pub struct DiffQuery {
    pub from: ComparedState,
    pub to: ComparedState,
}

/// A state of the flow in the path, or of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ComparedState {
    other: Option<Uuid>,
    side: Side,
}

impl ComparedState {
    pub fn point(self, flow_id: Uuid) -> Point {
        Point { flow_id: self.other.unwrap_or(flow_id), side: self.side }
    }
}

impl FromQuery for DiffQuery {
    const NEGOTIATES: bool = true;
    const PARAMETERS: &'static [Parameter] = &[
        Parameter::new(
            "from",
            side_schema,
            "The state before: a version, `draft`, `published` (the default), or one of them behind another flow's id \
             and `:`.",
        ),
        Parameter::new("to", side_schema, "The state after, in the same form. Without it the draft."),
    ];

    fn take(query: &mut Query) -> Result<Self, Problem> {
        const EXPECTED: &str =
            "a positive integer, draft, published, or one of them behind another flow's id and :";
        let own = |side| ComparedState { other: None, side };
        let from = query.value("from", EXPECTED, which)?.unwrap_or(own(Side::Published));
        let to = query.value("to", EXPECTED, which)?.unwrap_or(own(Side::Draft));
        Ok(Self { from, to })
    }
}

fn side_schema() -> Value {
    json!({"type": "string", "examples": ["3", "draft", "published", "0192f0c1-2d3e-7f4a-8b5c-6d7e8f9a0b1c:3"]})
}

fn which(text: &str) -> Option<ComparedState> {
    let (other, side) = match text.split_once(':') {
        Some((id, side)) => (Some(hyphenated(id)?), side),
        None => (None, text),
    };
    let side = match side {
        "draft" => Side::Draft,
        "published" => Side::Published,
        number => Side::Version(positive(number)?),
    };
    Some(ComparedState { other, side })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_to_compare() {
        let id = "0192f0c1-2d3e-7f4a-8b5c-6d7e8f9a0b1c";
        let check = |text: &str, other: bool, side| {
            let other = other.then(|| id.parse().unwrap());
            assert_eq!(which(text), Some(ComparedState { other, side }), "{text}");
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
