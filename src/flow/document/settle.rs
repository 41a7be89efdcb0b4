//! Settling: the first pass over what a client sent. FieldSet that are null go, an empty array where an object
//! is meant becomes one, steps without an id get theirs, and members the format does not know are reported.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::schema::{FieldSet, Part};
use crate::flow::finding::Finding;
use crate::flow::pointer::Path;
use crate::flow::report::ShapeReport;
use crate::flow::text::nearest;

/// Where the walk is.
#[derive(Clone, Copy)]
pub struct SettlePlace<'a> {
    path: Path<'a>,
    /// The innermost step's id.
    step: Option<&'a str>,
    /// The innermost `type`, which says what members a step has.
    kind: Option<&'a str>,
    report: &'a ShapeReport,
}

impl<'a> SettlePlace<'a> {
    pub fn new(path: Path<'a>, report: &'a ShapeReport) -> Self {
        Self { path, step: None, kind: None, report }
    }
}

/// Settles a value that is meant to be `part`.
pub fn settle(value: &mut Value, part: Part, place: SettlePlace<'_>) {
    if part.takes_empty_array_as_object(value) {
        *value = Value::Object(Map::new());
    }
    let own = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let (kind, step) = (own("type"), own("id").filter(|_| matches!(part, Part::Step { .. } | Part::Node(_))));
    let place =
        SettlePlace { kind: kind.as_deref().or(place.kind), step: step.as_deref().or(place.step), ..place };
    let fields = part.fields(Some(value), place.kind);
    match (part, value) {
        (Part::List { .. } | Part::Either(_), Value::Array(items)) => {
            let Some(item) = part.item() else { return };
            for (index, value) in items.iter_mut().enumerate() {
                settle(value, item, SettlePlace { path: place.path.index(index), ..place });
            }
        }
        (Part::Keyed(member), Value::Object(values)) => {
            values.retain(|_, value| !value.is_null());
            for (key, value) in values {
                settle(value, *member, SettlePlace { path: place.path.member(key), ..place });
            }
        }
        (_, Value::Object(values)) => {
            if let Some(fields) = fields {
                settle_members(values, fields, place);
            }
        }
        _ => {}
    }
}

fn settle_members(values: &mut Map<String, Value>, fields: FieldSet, place: SettlePlace<'_>) {
    values.retain(|name, value| match fields.part_of(name) {
        Some(Part::NullableJson) | None => true,
        Some(_) => !value.is_null(),
    });
    for (name, value) in values {
        let place = SettlePlace { path: place.path.member(name), ..place };
        match fields.part_of(name) {
            Some(part) => settle(value, part, place),
            None if fields.is_closed => report_unknown(name, fields, place),
            None => {}
        }
    }
}

/// Reports a member the format does not have, with the name that may have been meant.
fn report_unknown(name: &str, fields: FieldSet, place: SettlePlace<'_>) {
    if place.report.is_full() {
        return;
    }
    let finding = Finding::error("UNKNOWN_FIELD", place.path.to_string(), "is not a member of this object");
    let finding = finding.did_you_mean(nearest(name, fields.names()));
    place.report.add(match place.step {
        Some(id) => finding.in_step(id),
        None => finding,
    });
}

/// Gives each step without an id the smallest free `step_<n>`, in array order.
pub fn assign_step_ids(steps: &mut Value) {
    let Value::Array(steps) = steps else { return };
    let id_of = |step: &Value| step.get("id").and_then(Value::as_str).map(str::to_owned);
    let taken: HashSet<String> = steps.iter().filter_map(id_of).collect();
    let mut free = (1..).map(|n| format!("step_{n}")).filter(|id| !taken.contains(id));
    for step in steps.iter_mut().filter_map(Value::as_object_mut) {
        if step.get("id").is_none_or(Value::is_null) {
            step.insert("id".to_owned(), free.next().map_or(Value::Null, Value::String));
        }
    }
}
