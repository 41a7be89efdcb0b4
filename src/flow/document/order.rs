//! The order of findings: by place in the order of the format's tables, then by offset, then by code.

use serde_json::Value;

use super::schema::Part;
use crate::flow::finding::{FINDINGS_MAX, Finding};
use crate::flow::pointer;

/// Sorts the findings of a value that is meant to be `part`, and keeps as many as are told.
pub fn sort(findings: &mut Vec<Finding>, value: &Value, part: Part) {
    findings.sort_by_cached_key(|finding| {
        let offset = finding.position.map_or(0, |position| position.offset);
        (ranks(&finding.pointer, value, part), offset, finding.code)
    });
    findings.truncate(FINDINGS_MAX);
}

/// The place of one token among its neighbours: items by index, known members by the format's order,
/// others after them by name.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank(usize, String);

fn ranks(pointer: &str, root: &Value, part: Part) -> Vec<Rank> {
    let (mut value, mut part, mut kind) = (Some(root), Some(part), None);
    pointer::tokens(pointer)
        .map(|token| {
            kind = value.and_then(|value| value.get("type")).and_then(Value::as_str).or(kind);
            let fields = part.and_then(|part| part.fields(value, kind));
            let index = token.parse::<usize>().ok().filter(|_| !matches!(value, Some(Value::Object(_))));
            let rank = index.or_else(|| fields.and_then(|fields| fields.rank_of(&token)));
            part = match part {
                Some(list) if list.item().is_some() => list.item(),
                _ => fields.and_then(|fields| fields.part_of(&token)),
            };
            value = value.and_then(|value| match index {
                Some(index) => value.get(index),
                None => value.get(token.as_ref()),
            });
            Rank(rank.unwrap_or(usize::MAX), if rank.is_some() { String::new() } else { token.into_owned() })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::flow::document::schema::CHANGE;

    #[test]
    fn places_stand_in_the_order_of_the_tables() {
        let value = json!({ "steps": [{ "type": "http" }, { "type": "ask" }] });
        let ordered = [
            "",
            "/name",
            "/triggerConfig/keywords/2",
            "/variables/9/name",
            "/variables/10/type",
            "/steps/0/id",
            "/steps/0/next",
            "/steps/0/headers/a",
            "/steps/0/headers/b",
            "/steps/0/timeout",
            "/steps/0/saveTo",
            "/steps/1/saveTo",
            "/steps/1/retry/text",
            "/steps/1/retry/next",
            "/steps/1/timeout/after",
            "/steps/1/nonsense",
            "/settings/onError",
            "/translations/en/a/text",
            "/enabled",
            "/json/nodes/0/id",
        ];
        let mut findings: Vec<Finding> =
            ordered.iter().rev().map(|&pointer| Finding::error("X", pointer, "")).collect();
        sort(&mut findings, &value, CHANGE);
        assert_eq!(findings.iter().map(|finding| finding.pointer.as_str()).collect::<Vec<_>>(), ordered);
    }
}
