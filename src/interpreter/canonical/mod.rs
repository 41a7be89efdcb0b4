//! Canonical JSON (RFC 8785) written in one pass: structures write their members in the order the standard wants,
//! values keep theirs sorted, so only numbers need care. A test holds the result against the crate that the
//! registry uses for documents.

mod escape;
mod page;

use std::fmt::{self, Write};

use minijinja::value::ValueKind;

pub use self::page::{CanonicalPage, WriteJson};
use super::value::{self, Value};
use crate::flow::json::DEPTH_MAX;

/// The longest number JSON writes: a sign, `0.`, five zeros and seventeen digits.
const NUMBER_BYTES_MAX: usize = 25;

/// Amounts up to this have fifteen digits at most.
const HUNDREDTHS_MAX: f64 = 1e15;

/// Writes a run's value: `undefined` is null, objects are sorted, what is no data is null. Fails as `out` does.
pub fn write<W: Write>(out: &mut W, value: &Value) -> fmt::Result {
    match value.kind() {
        ValueKind::Bool => out.write_str(if value.is_true() { "true" } else { "false" }),
        ValueKind::Number => write_number(out, value),
        ValueKind::String => escape::write_text(out, value.as_str().unwrap_or_default()),
        ValueKind::Seq | ValueKind::Iterable => write_list(out, value),
        ValueKind::Map => write_object(out, value),
        _ => out.write_str("null"),
    }
}

/// Numbers stand as ECMAScript writes them.
fn write_number<W: Write>(out: &mut W, value: &Value) -> fmt::Result {
    if value.is_integer()
        && let Ok(integer) = i64::try_from(value.clone())
    {
        return out.write_str(itoa::Buffer::new().format(integer));
    }
    match value::as_float(value).and_then(value::number) {
        Some(number) if number.is_integer() => {
            out.write_str(itoa::Buffer::new().format(value::as_integer(&number).unwrap_or(0)))
        }
        Some(number) => write_float(out, value::as_float(&number).unwrap_or(0.0)),
        None => out.write_str("null"),
    }
}

/// A number that is not whole.
fn write_float<W: Write>(out: &mut W, float: f64) -> fmt::Result {
    let hundredths = (float.abs() * 100.0).round();
    // Of numbers with so few digits none other is the same float: these digits are the shortest.
    if hundredths < HUNDREDTHS_MAX && hundredths / 100.0 == float.abs() {
        let hundredths = hundredths as u64;
        let (whole, cents) = (hundredths / 100, hundredths % 100);
        out.write_str(if float < 0.0 { "-" } else { "" })?;
        out.write_str(itoa::Buffer::new().format(whole))?;
        out.write_str(if cents < 10 { ".0" } else { "." })?;
        return out.write_str(itoa::Buffer::new().format(if cents % 10 == 0 { cents / 10 } else { cents }));
    }
    out.write_str(ryu_js::Buffer::new().format_finite(float))
}

fn write_list<W: Write>(out: &mut W, value: &Value) -> fmt::Result {
    let mut mark = "[";
    let mut item = |out: &mut W, item: &Value| {
        out.write_str(std::mem::replace(&mut mark, ","))?;
        write(out, item)
    };
    match value::items(value) {
        Some(items) => items.iter().try_for_each(|value| item(out, value))?,
        None => value.try_iter().into_iter().flatten().try_for_each(|value| item(out, &value))?,
    }
    out.write_str(if mark == "[" { "[]" } else { "]" })
}

fn write_object<W: Write>(out: &mut W, value: &Value) -> fmt::Result {
    if let Some(members) = value::members(value) {
        return write_members(out, members.iter());
    }
    let keys: Vec<Value> = value.try_iter().into_iter().flatten().collect();
    let mut members: Vec<(String, Value)> = keys
        .into_iter()
        .map(|key| {
            let member = value.get_item(&key).unwrap_or_default();
            (key.as_str().map_or_else(|| key.to_string(), str::to_owned), member)
        })
        .collect();
    members.sort_by(|(a, _), (b, _)| value::key_order(a, b));
    write_members(out, members.iter().map(|(name, member)| (&**name, member)))
}

/// Writes an object of members that are in order.
fn write_members<'v, W: Write>(
    out: &mut W,
    members: impl Iterator<Item = (&'v str, &'v Value)>,
) -> fmt::Result {
    let mut mark = "{";
    for (name, member) in members {
        out.write_str(std::mem::replace(&mut mark, ","))?;
        escape::write_text(out, name)?;
        out.write_str(":")?;
        write(out, member)?;
    }
    out.write_str(if mark == "{" { "{}" } else { "}" })
}

/// The canonical JSON text of a value.
pub fn text(value: &Value) -> String {
    let mut text = String::with_capacity(64);
    write(&mut text, value).expect("a string takes all text");
    text
}

/// A text as JSON writes it, in quotes.
pub fn quoted(text: &str) -> String {
    let mut json = String::with_capacity(text.len() + 2);
    escape::write_text(&mut json, text).expect("a string takes all text");
    json
}

/// The length of a value's canonical JSON in bytes, counted no further than just past `limit`.
pub fn len_up_to(value: &Value, limit: usize) -> usize {
    let mut counter = Counter { bytes: 0, limit };
    // The counter refuses to go on once the limit is passed; what it has counted by then is the answer.
    let _ = write(&mut counter, value);
    counter.bytes
}

/// An upper bound for the length of the canonical JSON, found without writing it; `None` when the value nests deeper
/// than JSON may, or is not made of our own objects and lists.
pub fn len_at_most(value: &Value) -> Option<usize> {
    bound(value, DEPTH_MAX)
}

fn bound(value: &Value, levels: usize) -> Option<usize> {
    if let Some(text) = value.as_str() {
        return Some(text_bound(text));
    }
    if value.as_object().is_none() {
        return Some(NUMBER_BYTES_MAX);
    }
    let levels = levels.checked_sub(1)?;
    if let Some(members) = value::members(value) {
        let mut sum = 2;
        for (name, member) in members.iter() {
            sum += text_bound(name) + 2 + bound(member, levels)?;
        }
        return Some(sum);
    }
    let mut sum = 2;
    for item in value::items(value)? {
        sum += 1 + bound(item, levels)?;
    }
    Some(sum)
}

/// JSON may need six bytes for one of a text.
fn text_bound(text: &str) -> usize {
    2 + 6 * text.len()
}

struct Counter {
    bytes: usize,
    limit: usize,
}

impl Write for Counter {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.bytes += text.len();
        if self.bytes > self.limit { Err(fmt::Error) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn any_json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(json!(null)),
            any::<bool>().prop_map(|b| json!(b)),
            (-9_007_199_254_740_991i64..=9_007_199_254_740_991).prop_map(|i| json!(i)),
            any::<f64>().prop_filter("finite", |f| f.is_finite()).prop_map(|f| json!(f)),
            (-1_000_000_000_000_000i64..=1_000_000_000_000_000).prop_map(|i| json!(i as f64 / 100.0)),
            (-100_000i32..=100_000).prop_map(|i| json!(f64::from(i) / 1000.0)),
            ".{0,12}".prop_map(|s| json!(s)),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(serde_json::Value::from),
                prop::collection::btree_map(".{0,6}", inner, 0..6)
                    .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn equals_the_canonicalizer(json in any_json()) {
            let expected = serde_json_canonicalizer::to_string(&json).unwrap();
            let value = value::from_json(&json);
            prop_assert_eq!(text(&value), &*expected);
            prop_assert_eq!(len_up_to(&value, usize::MAX), expected.len());
            prop_assert!(len_at_most(&value).unwrap() >= expected.len());
        }
    }
}
