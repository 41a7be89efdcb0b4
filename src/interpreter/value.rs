//! Values of a run: JSON as the expression language sees it. Null is `undefined`, a whole number is an
//! integer, members of objects are kept in the order RFC 8785 writes them.
//! What may be done with values belongs to `expression`, what may be stored where to `write`.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use minijinja::value::{Enumerator, Object, ObjectExt, ValueKind};

use crate::expression::INTEGER_MAX;

pub use crate::expression::as_integer;
pub use minijinja::Value;

/// So few members are compared one by one faster than by halves.
const FEW: usize = 8;

/// An object: members sorted by [`key_order`], each name once.
#[derive(Debug, Default)]
pub struct ObjectMembers(Vec<(Arc<str>, Value)>);

impl ObjectMembers {
    pub fn get(&self, name: &str) -> Option<&Value> {
        if self.0.len() <= FEW {
            return self.0.iter().find(|(key, _)| **key == *name).map(|(_, value)| value);
        }
        self.place(name).ok().map(|place| &self.0[place].1)
    }

    /// Where the member is, or would have to be.
    fn place(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(key, _)| key_order(key, name))
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> {
        self.0.iter().map(|(key, value)| (&**key, value))
    }

    /// The object with one member replaced; null takes it away.
    pub fn with(&self, name: &str, value: Value) -> Value {
        let mut members = self.0.clone();
        match self.place(name) {
            Ok(place) if value.is_undefined() => drop(members.remove(place)),
            Ok(place) => members[place].1 = value,
            Err(_) if value.is_undefined() => {}
            Err(place) => members.insert(place, (name.into(), value)),
        }
        Value::from_object(Self(members))
    }
}

impl Object for ObjectMembers {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    /// Null members answer like absent ones, so that the engine can say which name was undefined.
    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        self.get(key).filter(|value| !value.is_undefined()).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        self.mapped_enumerator(|members| Box::new(members.0.iter().map(|(key, _)| Value::from(&**key))))
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        Some(self.0.len())
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("object")
    }
}

/// The order of member names in RFC 8785: by UTF-16 code units.
pub fn key_order(a: &str, b: &str) -> Ordering {
    // Bytes of UTF-8 sort the same unless both names leave ASCII.
    if a.is_ascii() || b.is_ascii() { a.cmp(b) } else { a.encode_utf16().cmp(b.encode_utf16()) }
}

/// An object of these members; of two with one name the last stays.
pub fn object<K: Into<Arc<str>>>(members: impl IntoIterator<Item = (K, Value)>) -> Value {
    let mut members: Vec<(Arc<str>, Value)> = members.into_iter().map(|(k, v)| (k.into(), v)).collect();
    members.sort_by(|(a, _), (b, _)| key_order(a, b));
    members.dedup_by(|later, earlier| {
        let same = later.0 == earlier.0;
        if same {
            std::mem::swap(later, earlier);
        }
        same
    });
    Value::from_object(ObjectMembers(members))
}

pub fn list(items: Vec<Value>) -> Value {
    Value::from(items)
}

/// The members, when the value is an object of ours.
pub fn members(value: &Value) -> Option<&ObjectMembers> {
    value.downcast_object_ref::<ObjectMembers>()
}

/// The items, when the value is a list of ours.
pub fn items(value: &Value) -> Option<&[Value]> {
    value.downcast_object_ref::<Vec<Value>>().map(Vec::as_slice)
}

/// A member of an object, `undefined` when there is none.
pub fn member(value: &Value, name: &str) -> Value {
    members(value).and_then(|members| members.get(name)).cloned().unwrap_or_default()
}

/// A finite number, as an integer when it is whole and every JSON reader would carry it exactly.
pub fn number(float: f64) -> Option<Value> {
    if !float.is_finite() {
        return None;
    }
    let whole = float.fract() == 0.0 && float.abs() <= INTEGER_MAX as f64;
    Some(if whole { Value::from(float as i64) } else { Value::from(float) })
}

/// The number as a float; `None` for what is no number.
pub fn as_float(value: &Value) -> Option<f64> {
    (value.kind() == ValueKind::Number).then(|| f64::try_from(value.clone()).ok()).flatten()
}

/// Builds a value from parsed JSON. Nothing JSON can say is refused.
pub fn from_json(json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::UNDEFINED,
        serde_json::Value::Bool(bool) => Value::from(*bool),
        serde_json::Value::Number(json) => match json.as_i64() {
            Some(integer) => Value::from(integer),
            None => json.as_f64().and_then(number).unwrap_or_default(),
        },
        serde_json::Value::String(text) => Value::from(text.as_str()),
        serde_json::Value::Array(items) => list(items.iter().map(from_json).collect()),
        serde_json::Value::Object(map) => object(map.iter().map(|(k, v)| (k.as_str(), from_json(v)))),
    }
}

/// Whether two values are the same JSON: kinds never mix, numbers compare by amount.
pub fn same(a: &Value, b: &Value) -> bool {
    same_by(a, b, &|a, b| a == b)
}

/// True if two values are equal, with texts compared by `same_text`.
pub fn same_by(a: &Value, b: &Value, same_text: &dyn Fn(&str, &str) -> bool) -> bool {
    match (a.kind(), b.kind()) {
        (ValueKind::Undefined | ValueKind::None, ValueKind::Undefined | ValueKind::None) => true,
        (ValueKind::String, ValueKind::String) => {
            same_text(a.as_str().unwrap_or_default(), b.as_str().unwrap_or_default())
        }
        (ValueKind::Seq | ValueKind::Iterable, ValueKind::Seq | ValueKind::Iterable) => {
            same_items(a, b, same_text)
        }
        (ValueKind::Map, ValueKind::Map) => same_members(a, b, same_text),
        (one, other) => one == other && a == b,
    }
}

fn same_items(a: &Value, b: &Value, same_text: &dyn Fn(&str, &str) -> bool) -> bool {
    match (a.try_iter(), b.try_iter()) {
        (Ok(mut left), Ok(mut right)) => loop {
            match (left.next(), right.next()) {
                (None, None) => return true,
                (Some(one), Some(other)) if same_by(&one, &other, same_text) => {}
                _ => return false,
            }
        },
        _ => false,
    }
}

fn same_members(a: &Value, b: &Value, same_text: &dyn Fn(&str, &str) -> bool) -> bool {
    let Ok(mut keys) = a.try_iter() else { return false };
    a.len() == b.len()
        && keys.all(|key| match (a.get_item(&key), b.get_item(&key)) {
            (Ok(one), Ok(other)) => same_by(&one, &other, same_text),
            _ => false,
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::interpreter::canonical;

    #[test]
    fn whole_floats_are_integers_and_nulls_undefined() {
        let value = from_json(&json!({"a": 5.0, "b": null, "c": 1.5, "d": 1e300}));
        assert!(member(&value, "a").is_integer());
        assert!(member(&value, "b").is_undefined());
        assert_eq!(as_float(&member(&value, "c")), Some(1.5));
        assert_eq!(as_integer(&member(&value, "d")), None);
        assert_eq!(canonical::text(&value), r#"{"a":5,"b":null,"c":1.5,"d":1e+300}"#);
    }

    #[test]
    fn kinds_never_compare_equal() {
        for (a, b) in [
            (json!(1), json!(true)),
            (json!("5"), json!(5)),
            (json!([1]), json!([true])),
            (json!({}), json!([])),
        ] {
            assert!(!same(&from_json(&a), &from_json(&b)), "{a} {b}");
        }
        assert!(same(
            &from_json(&json!({"a": [1.0, {"b": null}]})),
            &from_json(&json!({"a": [1, {"b": null}]}))
        ));
    }

    #[test]
    fn of_two_members_with_one_name_the_last_stays() {
        let value = object([("a", Value::from(1)), ("b", Value::from(2)), ("a", Value::from(3))]);
        assert_eq!(canonical::text(&value), r#"{"a":3,"b":2}"#);
    }

    proptest! {
        #[test]
        fn names_sort_as_utf16_sorts_them(a in ".{0,4}", b in ".{0,4}") {
            prop_assert_eq!(key_order(&a, &b), a.encode_utf16().cmp(b.encode_utf16()));
        }
    }
}
