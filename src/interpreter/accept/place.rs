//! Places, typed as coordinates or given as values.

use crate::interpreter::value::{self, Value};

/// `lat,lon` in degrees, with decimal points.
pub fn location(text: &str) -> Option<Value> {
    let (latitude, longitude) = text.split_once(',')?;
    let degrees = |text: &str, most: f64| {
        let text = text.trim();
        let shape = text.strip_prefix('-').unwrap_or(text);
        let is_number = shape.starts_with(|c: char| c.is_ascii_digit())
            && shape.chars().all(|c| c.is_ascii_digit() || c == '.');
        let degrees = text.parse::<f64>().ok().filter(|degrees| is_number && degrees.abs() <= most)?;
        value::number(degrees)
    };
    Some(value::object([
        ("latitude", degrees(latitude, 90.0)?),
        ("longitude", degrees(longitude, 180.0)?),
        ("name", Value::UNDEFINED),
        ("address", Value::UNDEFINED),
    ]))
}

/// `{latitude, longitude, name, address}` of a value that has coordinates on the globe.
pub fn of_value(value: &Value) -> Option<Value> {
    let degrees = |name: &str, most: f64| {
        let degrees = value::member(value, name);
        value::as_float(&degrees).filter(|number| number.abs() <= most).map(|_| degrees)
    };
    let text = |name: &str| Some(value::member(value, name)).filter(|text| text.as_str().is_some());
    Some(value::object([
        ("latitude", degrees("latitude", 90.0)?),
        ("longitude", degrees("longitude", 180.0)?),
        ("name", text("name").unwrap_or_default()),
        ("address", text("address").unwrap_or_default()),
    ]))
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;
    use crate::flow::document::Input;

    #[test]
    fn coordinates_are_within_the_globe() {
        check(
            Input::Location,
            &[
                (
                    "19.43, -99.13",
                    "es",
                    r#"{"address":null,"latitude":19.43,"longitude":-99.13,"name":null}"#,
                ),
                ("91,0", "es", "-"),
                ("0,181", "es", "-"),
                ("Zócalo", "es", "-"),
                ("inf,0", "es", "-"),
            ],
        );
    }
}
