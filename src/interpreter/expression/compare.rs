//! How values compare: within one kind only, and texts that are datetimes by the instant they name.
//! Two texts are instants where both have the whole form of a datetime and at least one of them an offset; the
//! other is then read on the flow's clock. All other texts are texts.

use std::cmp::Ordering;

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
    /// The keys of all items of a list, which are of one mind about what a datetime is: if all texts among them
    /// are datetimes and one has an offset, they are instants. Case counts only where it is asked for.
    pub fn of_all<'v>(
        values: impl Iterator<Item = &'v Value> + Clone,
        zone: Tz,
        is_case_sensitive: bool,
    ) -> Vec<Self> {
        let mut texts = values.clone().filter_map(Value::as_str).map(Moment::parse_datetime);
        let mut has_offset = false;
        let are_datetimes = texts.all(|moment| {
            has_offset |= matches!(moment, Some(Moment::Instant(_)));
            moment.is_some()
        });
        let zone = (are_datetimes && has_offset).then_some(zone);
        values.map(|value| Self::of(value, zone, is_case_sensitive)).collect()
    }

    /// With a zone, texts are instants where they can be.
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
            ValueKind::Seq | ValueKind::Iterable => {
                let items: Vec<Value> = value.try_iter().into_iter().flatten().collect();
                Self::List(Self::of_all(items.iter(), zone.unwrap_or_default(), true))
            }
            ValueKind::Map => {
                let names = value.try_iter().into_iter().flatten();
                let member = |name: Value| {
                    let member = value.get_item(&name).unwrap_or_default();
                    (
                        name.to_string(),
                        Self::of_all([&member].into_iter(), zone.unwrap_or_default(), true).remove(0),
                    )
                };
                let mut members: Vec<_> = names.map(member).collect();
                members.sort();
                Self::Object(members)
            }
            _ => Self::Function,
        }
    }

    /// Whether one of two keys comes before the other because of what they are worth, not of their kinds.
    pub fn is_ordered_with(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::List(left), Self::List(right)) => {
                left.iter().zip(right).all(|(left, right)| left.is_ordered_with(right))
            }
            (Self::Boolean(_), Self::Boolean(_))
            | (Self::Number(_), Self::Number(_))
            | (Self::Text(_), Self::Text(_))
            | (Self::Instant(_), Self::Instant(_)) => true,
            _ => false,
        }
    }
}
