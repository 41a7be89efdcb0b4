//! What is read as JSON, and what is refused, with its place.

use proptest::prelude::*;

use super::*;

fn check(text: impl AsRef<[u8]>, kind: JsonErrorKind, pointer: Option<&str>) {
    let text = text.as_ref();
    let error = parse(text).expect_err(&String::from_utf8_lossy(text));
    assert_eq!((error.kind, error.pointer.as_deref()), (kind, pointer), "{}", String::from_utf8_lossy(text));
}

#[test]
fn what_is_not_json_is_refused() {
    for text in ["", " ", "{", "[1,]", "{\"a\":1,}", "'a'", "NaN", "[Infinity]", "-", "01", "1.", "+1", "nul"]
    {
        check(text, JsonErrorKind::Syntax, None);
    }
    for text in [&b"\xef\xbb\xbf{}"[..], b"\"\xff\"", b"\"\xed\xa0\x80\"", b"\"a\nb\"", b"\"\\x\""] {
        check(text, JsonErrorKind::Syntax, None);
    }
    for text in ["{} {}", "1 2", "[]]", "null,"] {
        check(text, JsonErrorKind::Trailing, None);
    }
}

#[test]
fn what_would_be_lost_is_refused() {
    check(r#"{"a":1,"b":{"c":1,"c":2}}"#, JsonErrorKind::DuplicateKey, Some("/b/c"));
    check(r#"[{"a/~":[{"x":1,"\u0078":2}]}]"#, JsonErrorKind::DuplicateKey, Some("/0/a~1~0/0/x"));
    check(r#"{"a":"x\u0000"}"#, JsonErrorKind::Text, Some("/a"));
    check(r#"{"a":{"\u0000":1}}"#, JsonErrorKind::Text, Some("/a"));
    for lone in [r"\ud800", r"\udc00", r"\ud800\ud800", r"\ud800x\udc00", r"\ud800\n", r"\ude00\ud83d"] {
        check(format!(r#"{{"a":["ok","{lone}"]}}"#), JsonErrorKind::Text, Some("/a/1"));
    }
    assert_eq!(parse(br#""\\ud800 \ud83d\ude00 \"""#).unwrap(), "\\ud800 😀 \"");
    check(r#""\ud83d\ude00"#, JsonErrorKind::Syntax, None);
}

#[test]
fn sixty_four_levels_are_enough() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert!(parse(nested(64).as_bytes()).is_ok());
    check(nested(65), JsonErrorKind::TooDeep, Some(&"/0".repeat(64)));
    check("[".repeat(100_000), JsonErrorKind::TooDeep, Some(&"/0".repeat(64)));
}

#[test]
fn numbers_are_exact_or_refused() {
    for beyond in [
        "9007199254740992",
        "-9007199254740992",
        "9223372036854775807",
        "-9223372036854775808",
        "18446744073709551615",
        "18446744073709551616",
        "1000000000000000000000",
        "-1000000000000000000000000",
        "1e20",
        "9007199254740992.0",
        "1e400",
        "-1e400",
        "1e99999999999",
    ] {
        check(
            format!(r#"{{"é 1e2 \" 5":[true,{{"n":-0.5e-1}},{beyond}]}}"#),
            JsonErrorKind::Number,
            Some("/é 1e2 \" 5/2"),
        );
    }
    for (text, canonical) in [
        ("9007199254740991", "9007199254740991"),
        ("-9007199254740991.0", "-9007199254740991"),
        ("-0", "0"),
        ("-0.0", "0"),
        ("1e2", "100"),
        ("0.1", "0.1"),
        ("1e-400", "0"),
        ("1e300", "1e+300"),
        ("1E21", "1e+21"),
        ("1.5", "1.5"),
    ] {
        let value = parse(text.as_bytes()).unwrap();
        assert_eq!(serde_json_canonicalizer::to_string(&value).unwrap(), canonical, "{text}");
    }
}

proptest! {
    #[test]
    fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..64), text in r#"[\[\]{}",:\\ud8c0-9eE.+ -]{0,40}"#) {
        let _ = parse(&bytes);
        let _ = parse(text.as_bytes());
    }

    #[test]
    fn canonical_form_reads_back_as_the_same_value(number in any::<f64>(), text in any::<String>()) {
        let body = serde_json::json!({ "n": [number], text.replace('\0', ""): 1 });
        if let Ok(value) = parse(body.to_string().as_bytes()) {
            let canonical = serde_json_canonicalizer::to_vec(&value).unwrap();
            prop_assert_eq!(parse(&canonical).unwrap(), value);
        }
    }
}
