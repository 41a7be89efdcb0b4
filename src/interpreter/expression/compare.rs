//! How values compare: within one kind only, and texts that are datetimes by the instant they name.
//! Two texts are instants where both have the whole form of a datetime and at least one of them an offset; the
//! other is then read on the flow's clock. All other texts are texts.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use minijinja::value::ValueKind;

use crate::interpreter::moment::Moment;
use crate::interpreter::value::{self, Value};

/// Two values that have no order, by what they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} and {1} have no order")]
pub struct Unordered(&'static str, &'static str);

/// The order of two values of one kind. `zone` tells the flow's zone, where it is needed.
pub fn order(left: &Value, right: &Value, zone: impl Fn() -> Tz + Copy) -> Result<Ordering, Unordered> {
    match (left.kind(), right.kind()) {
        (ValueKind::Number, ValueKind::Number) | (ValueKind::Bool, ValueKind::Bool) => Ok(left.cmp(right)),
        (ValueKind::String, ValueKind::String) => {
            let (left, right) = (left.as_str().unwrap_or_default(), right.as_str().unwrap_or_default());
            Ok(instants(left, right, zone).map_or_else(|| left.cmp(right), |(left, right)| left.cmp(&right)))
        }
        (ValueKind::Seq | ValueKind::Iterable, ValueKind::Seq | ValueKind::Iterable) => {
            let (Ok(mut left_items), Ok(mut right_items)) = (left.try_iter(), right.try_iter()) else {
                return Err(Unordered(kind_name(left), kind_name(right)));
            };
            loop {
                match (left_items.next(), right_items.next()) {
                    (Some(left), Some(right)) => match order(&left, &right, zone)? {
                        Ordering::Equal => {}
                        decided => return Ok(decided),
                    },
                    (left, right) => return Ok(left.is_some().cmp(&right.is_some())),
                }
            }
        }
        _ => Err(Unordered(kind_name(left), kind_name(right))),
    }
}

/// Whether two values are the same: kinds never mix, numbers compare by amount, datetimes by their instant.
pub fn equal(left: &Value, right: &Value, zone: impl Fn() -> Tz + Copy) -> bool {
    value::same_by(left, right, &|left, right| {
        left == right || instants(left, right, zone).is_some_and(|(left, right)| left == right)
    })
}

fn instants(left: &str, right: &str, zone: impl Fn() -> Tz) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let (left, right) = (Moment::parse_datetime(left)?, Moment::parse_datetime(right)?);
    if let (Moment::Local(_), Moment::Local(_)) = (left, right) {
        return None;
    }
    Some((utc(left, &zone)?, utc(right, &zone)?))
}

fn utc(moment: Moment, zone: &impl Fn() -> Tz) -> Option<DateTime<Utc>> {
    match moment {
        Moment::Instant(instant) => Some(instant.to_utc()),
        local => local.on_clock(zone()).map(|at| at.to_utc()),
    }
}

/// What a person calls the kind of a value, with its article.
pub fn kind_name(value: &Value) -> &'static str {
    match value.kind() {
        ValueKind::Undefined | ValueKind::None => "nothing",
        ValueKind::Bool => "a boolean",
        ValueKind::Number => "a number",
        ValueKind::String => "a text",
        ValueKind::Seq | ValueKind::Iterable => "a list",
        ValueKind::Map => "an object",
        _ => "a function",
    }
}

/// What an item of a list is sorted and told apart by. Keys have a total order, also across kinds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SortKey {
    Nothing,
    Boolean(bool),
    Number(Value),
    Text(String),
    Instant(DateTime<Utc>),
    List(Vec<SortKey>),
    Object(Vec<(String, SortKey)>),
    Function,
}

impl SortKey {
    /// The keys of all items of a list. Texts that stand at one place in all of the items are of one mind about what a
    /// datetime is: if all of them have its form and one has an offset, they are instants. Case counts in the items
    /// themselves only where it is asked for.
    pub fn of_all(values: &[Value], zone: Tz, is_case_sensitive: bool) -> Vec<Self> {
        let instants_in = are_instants(values.iter().filter_map(Value::as_str)).then_some(zone);
        let keys = values.iter().map(|value| Self::of(value, instants_in, is_case_sensitive));
        let mut keys: Vec<Self> = keys.collect();
        if keys.iter().any(|key| matches!(key, Self::List(_) | Self::Object(_))) {
            for (place, Inside { of, values }) in inside(values) {
                for (item, key) in of.into_iter().zip(Self::of_all(&values, zone, true)) {
                    keys[item].put(&place, key);
                }
            }
        }
        keys
    }

    /// The key of a value; of a list or an object without what is in it. With a zone, texts are instants in it.
    fn of(value: &Value, zone: Option<Tz>, is_case_sensitive: bool) -> Self {
        match value.kind() {
            ValueKind::Undefined | ValueKind::None => Self::Nothing,
            ValueKind::Bool => Self::Boolean(value.is_true()),
            ValueKind::Number => Self::Number(value.clone()),
            ValueKind::String => {
                let text = value.as_str().unwrap_or_default();
                let instant = zone.and_then(|zone| utc(Moment::parse_datetime(text)?, &|| zone));
                match instant {
                    Some(instant) => Self::Instant(instant),
                    None if is_case_sensitive => Self::Text(text.to_owned()),
                    None => Self::Text(text.to_lowercase()),
                }
            }
            ValueKind::Seq | ValueKind::Iterable => Self::List(Vec::new()),
            ValueKind::Map => Self::Object(Vec::new()),
            _ => Self::Function,
        }
    }

    /// Adds the key of what stands at a place inside a list or an object. Places come in their order.
    fn put(&mut self, place: &Place, key: Self) {
        match (self, place) {
            (Self::List(items), Place::Item(_)) => items.push(key),
            (Self::Object(members), Place::Member(name)) => members.push((name.clone(), key)),
            _ => {}
        }
    }

    /// Whether one of two keys comes before the other because of what they are worth, not of their kinds.
    pub fn is_ordered_with(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::List(left), Self::List(right)) => {
                // The first items that differ decide.
                let differ = left.iter().zip(right).find(|(left, right)| left != right);
                differ.is_none_or(|(left, right)| left.is_ordered_with(right))
            }
            (Self::Boolean(_), Self::Boolean(_))
            | (Self::Number(_), Self::Number(_))
            | (Self::Text(_), Self::Text(_))
            | (Self::Instant(_), Self::Instant(_)) => true,
            _ => false,
        }
    }
}

/// Where something stands in a list or an object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Item(usize),
    Member(String),
}

/// What stands at one place inside values.
#[derive(Debug, Default)]
struct Inside {
    /// By index, the values that have something there.
    of: Vec<usize>,
    values: Vec<Value>,
}

fn inside(values: &[Value]) -> BTreeMap<Place, Inside> {
    let mut found: BTreeMap<Place, Inside> = BTreeMap::new();
    for (index, value) in values.iter().enumerate() {
        let parts = match value.kind() {
            ValueKind::Seq | ValueKind::Iterable | ValueKind::Map => value.try_iter().into_iter().flatten(),
            _ => continue,
        };
        let is_object = value.kind() == ValueKind::Map;
        for (at, part) in parts.enumerate() {
            let (place, inner) = match is_object {
                true => (Place::Member(part.to_string()), value.get_item(&part).unwrap_or_default()),
                false => (Place::Item(at), part),
            };
            let there = found.entry(place).or_default();
            there.of.push(index);
            there.values.push(inner);
        }
    }
    found
}

/// Whether all of these texts have the form of a datetime, and one an offset.
fn are_instants<'t>(texts: impl Iterator<Item = &'t str>) -> bool {
    let mut has_offset = false;
    let are_datetimes = texts.map(Moment::parse_datetime).all(|moment| {
        has_offset |= matches!(moment, Some(Moment::Instant(_)));
        moment.is_some()
    });
    are_datetimes && has_offset
}
