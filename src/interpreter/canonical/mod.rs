//! Canonical JSON (RFC 8785) written in one pass: our structures declare their members in the order the
//! standard wants, values keep theirs sorted, so only numbers need care. A test holds the result against
//! the crate that the registry uses for documents.

mod serializer;

use std::fmt::{self, Write};

use minijinja::value::ValueKind;
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use self::serializer::Canonical;
use super::value::{self, DEPTH_MAX, Value};

/// The longest number JSON writes: a sign, `0.`, five zeros and seventeen digits.
const NUMBER_BYTES_MAX: usize = 25;

/// A run's value as JSON: `undefined` is null, objects are sorted, what is no data is null.
#[derive(Debug)]
pub struct Json<'a>(pub &'a Value);

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let value = self.0;
        match value.kind() {
            ValueKind::Bool => serializer.serialize_bool(value.is_true()),
            ValueKind::Number => serialize_number(value, serializer),
            ValueKind::String => serializer.serialize_str(value.as_str().unwrap_or_default()),
            ValueKind::Seq | ValueKind::Iterable => serialize_list(value, serializer),
            ValueKind::Map => serialize_object(value, serializer),
            _ => serializer.serialize_unit(),
        }
    }
}

fn serialize_number<S: Serializer>(value: &Value, serializer: S) -> Result<S::Ok, S::Error> {
    if value.is_integer()
        && let Ok(integer) = i64::try_from(value.clone())
    {
        return serializer.serialize_i64(integer);
    }
    match value::as_float(value).and_then(value::number) {
        Some(number) if number.is_integer() => {
            serializer.serialize_i64(value::as_integer(&number).unwrap_or(0))
        }
        Some(number) => serializer.serialize_f64(value::as_float(&number).unwrap_or(0.0)),
        None => serializer.serialize_unit(),
    }
}

fn serialize_list<S: Serializer>(value: &Value, serializer: S) -> Result<S::Ok, S::Error> {
    if let Some(items) = value::items(value) {
        return serializer.collect_seq(items.iter().map(Json));
    }
    let mut seq = serializer.serialize_seq(None)?;
    for item in value.try_iter().into_iter().flatten() {
        seq.serialize_element(&Json(&item))?;
    }
    seq.end()
}

fn serialize_object<S: Serializer>(value: &Value, serializer: S) -> Result<S::Ok, S::Error> {
    if let Some(members) = value::members(value) {
        return serializer.collect_map(members.iter().map(|(key, value)| (key, Json(value))));
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
    let mut map = serializer.serialize_map(Some(members.len()))?;
    for (key, member) in &members {
        map.serialize_entry(key, &Json(member))?;
    }
    map.end()
}

/// Writes a structure whose members are declared in canonical order. Fails as `out` does.
pub fn write<W: Write, T: Serialize + ?Sized>(out: &mut W, value: &T) -> fmt::Result {
    value.serialize(&mut Canonical::new(out))
}

/// The canonical JSON text of a value.
pub fn text(value: &Value) -> String {
    let mut text = String::with_capacity(64);
    write(&mut text, &Json(value)).expect("a string takes all text");
    text
}

/// The length of the canonical JSON in bytes, counted no further than just past `limit`.
pub fn len_up_to<T: Serialize + ?Sized>(value: &T, limit: usize) -> usize {
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
            prop_assert_eq!(len_up_to(&Json(&value), usize::MAX), expected.len());
            prop_assert!(len_at_most(&value).unwrap() >= expected.len());
        }
    }
}
