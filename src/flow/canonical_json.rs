//! Canonical JSON (RFC 8785) of values, fast: maps are kept sorted by UTF-8, which is the order of the standard but for
//! keys with rare characters, and then the crate for the standard is asked.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{Formatter, Serializer};

/// Writes numbers as ECMAScript does, everything else compact.
#[derive(Debug)]
struct Numbers;

impl Formatter for Numbers {
    fn write_f64<W: ?Sized + Write>(&mut self, writer: &mut W, float: f64) -> io::Result<()> {
        writer.write_all(ryu_js::Buffer::new().format_finite(float).as_bytes())
    }
}

/// The canonical bytes of a value read by [`super::json::parse`]: its numbers are all representable.
pub fn to_vec(value: &Value) -> Vec<u8> {
    if !is_sorted(value) {
        return serde_json_canonicalizer::to_vec(value).expect("strict JSON always has a canonical form");
    }
    write(value)
}

/// What serializes its members in the order of the standard.
pub trait Sorted: Serialize {}

/// The canonical bytes of something that need not be sorted.
pub fn of_sorted(value: &impl Sorted) -> Vec<u8> {
    let bytes = write(value);
    debug_assert_eq!(serde_json_canonicalizer::to_vec(value).ok().as_ref(), Some(&bytes));
    bytes
}

fn write(value: &impl Serialize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(512);
    value.serialize(&mut Serializer::with_formatter(&mut bytes, Numbers)).expect("memory takes all bytes");
    bytes
}

/// Whether the order of UTF-8 is that of UTF-16 for all keys. From U+E000 on the two can differ.
fn is_sorted(value: &Value) -> bool {
    match value {
        Value::Object(members) => {
            members.iter().all(|(key, value)| key.bytes().all(|byte| byte < 0xEE) && is_sorted(value))
        }
        Value::Array(items) => items.iter().all(is_sorted),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (-9_007_199_254_740_991i64..=9_007_199_254_740_991).prop_map(Value::from),
            any::<f64>().prop_filter("finite", |float| float.is_finite()).prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                proptest::collection::btree_map(any::<String>(), inner, 0..6)
                    .prop_map(|members| members.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn is_what_the_standard_says(value in any_json()) {
            prop_assert_eq!(to_vec(&value), serde_json_canonicalizer::to_vec(&value).unwrap());
        }
    }

    #[test]
    fn rare_keys_are_sorted_by_utf_16() {
        let value = json!({"\u{e000}": 1, "\u{10000}": 2, "a": -0.0, "b": 1e21});
        assert_eq!(to_vec(&value), "{\"a\":0,\"b\":1e+21,\"\u{10000}\":2,\"\u{e000}\":1}".as_bytes());
    }
}
