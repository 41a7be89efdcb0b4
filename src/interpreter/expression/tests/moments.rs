//! Datetimes compare as instants, and calculating with them keeps to clocks and calendars.

use serde_json::json;

use super::*;

fn in_madrid(source: &str) -> String {
    let mut scope = scope(&json!({
        "z": "2025-06-01T10:00:00Z", "same": "2025-06-01T04:00:00-06:00", "later": "2025-06-01T11:00+02:00",
        "local": "2025-06-01T12:00", "day": "2025-06-01",
    }));
    Arc::get_mut(&mut scope).unwrap().shared.zone = chrono_tz::Tz::Europe__Madrid;
    outcome(evaluate(source, &scope))
}

fn check(cases: &[(&str, &str)]) {
    for (source, expected) in cases {
        assert_eq!(in_madrid(source), *expected, "{source}");
    }
}

#[test]
fn datetimes_are_compared_as_instants() {
    check(&[
        ("z == same", "true"),
        ("z != same", "false"),
        ("z == '2025-06-01T12:00+02:00'", "true"),
        ("z == '2025-06-01T10:00:00.000000Z' and z == '2025-06-01T10:00+0000'", "true"),
        ("later < z", "true"),
        ("z <= same and z >= same and not z < same", "true"),
        ("later < z <= same", "true"),
        // What has no offset is on the flow's clock, when the other has one.
        ("local == z and z == local", "true"),
        ("local == '2025-06-01T12:00:00'", "false"),
        ("local < '2025-06-01T12:00:00'", "true"),
        // Shorter forms are texts.
        ("day < z", "true"),
        ("day == z", "false"),
        ("z in [same]", "true"),
        ("z not in [later, day]", "true"),
        ("z is in [same]", "true"),
        ("{'at': z} == {'at': same} and [[z]] == [[same]]", "true"),
        ("['x', z] == ['x', same]", "true"),
        ("[z, later] | min", "\"2025-06-01T11:00+02:00\""),
        ("[later, z] | max", "\"2025-06-01T10:00:00Z\""),
        (
            "[z, later, local] | sort",
            "[\"2025-06-01T11:00+02:00\",\"2025-06-01T10:00:00Z\",\"2025-06-01T12:00\"]",
        ),
        ("[z, same, local, later] | unique", "[\"2025-06-01T10:00:00Z\",\"2025-06-01T11:00+02:00\"]"),
        (
            "[{'t': z}, {'t': later}] | sort(attribute='t') | map(attribute='t') | first",
            "\"2025-06-01T11:00+02:00\"",
        ),
        ("[{'t': z}, {'t': same}] | unique(attribute='t') | length", "1"),
        ("[{'t': z}] | selectattr('t', 'in', [same]) | list | length", "1"),
        // Where one of them is no datetime they are texts, all of them.
        ("[later, z, 'mañana'] | min", "\"2025-06-01T10:00:00Z\""),
        ("now | add('PT0S') == now", "true"),
    ]);
}

#[test]
fn hours_are_elapsed_time_and_days_are_of_the_calendar() {
    check(&[
        ("'2025-10-26T02:30+02:00' | add('PT1H')", "\"2025-10-26T02:30+01:00\""),
        ("'2025-10-26T02:30+01:00' | add('PT30M')", "\"2025-10-26T03:00+01:00\""),
        ("'2025-10-26T02:30+01:00' | add('-PT1H')", "\"2025-10-26T02:30+02:00\""),
        ("'2025-10-26T02:30+01:00' | add('P0D')", "\"2025-10-26T02:30+01:00\""),
        ("'2025-10-25T02:30' | add('P1D')", "\"2025-10-26T02:30+02:00\""),
        ("'2025-03-30T01:30+01:00' | add('PT1H')", "\"2025-03-30T03:30+02:00\""),
        ("'2025-03-29T02:30' | add('P1D')", "\"2025-03-30T03:30+02:00\""),
        ("'2025-03-29T12:00+01:00' | add('P1D')", "\"2025-03-30T12:00+02:00\""),
        ("'2025-03-29T12:00+01:00' | add('PT24H')", "\"2025-03-30T13:00+02:00\""),
        ("'2025-03-30T12:00+02:00' | add('-P1W')", "\"2025-03-23T12:00+01:00\""),
        ("'2025-03-29T12:00+01:00' | add('P1DT1H')", "\"2025-03-30T13:00+02:00\""),
        ("'2025-03-30T01:30' | add('PT1H')", "\"2025-03-30T03:30+02:00\""),
        ("'2025-06-01T12:00:45.123456Z' | add('PT0.5S')", "\"2025-06-01T14:00:45.623456+02:00\""),
        ("'12:00:45' | add('PT10S')", "\"12:00:55\""),
        ("day | add('P1DT36H')", "\"2025-06-03\""),
        ("'9999-12-31T12:00Z' | add('P1D')", "NUMBER_RANGE"),
        // What was added is what is between.
        ("'2025-03-29T12:00' | add('P1D') | diff('2025-03-29T12:00', 'days')", "1"),
        ("'2025-03-29T12:00' | add('P1D') | diff('2025-03-29T12:00', 'hours')", "23"),
        ("'2025-03-29T12:00' | add('PT23H') | diff('2025-03-29T12:00', 'days')", "1"),
        ("'2025-10-25T12:00' | add('PT24H') | diff('2025-10-25T12:00', 'days')", "0"),
        ("'2025-10-26T02:30+01:00' | diff('2025-10-26T02:30+02:00', 'minutes')", "60"),
        ("'2025-03-31' | diff('2025-03-30', 'hours')", "24"),
        ("'2025-03-31' | diff('2025-03-30T00:00', 'hours')", "23"),
        ("z | diff(same, 'weeks')", "0"),
        ("'10:00' | diff('12:30', 'minutes')", "-150"),
        ("'10:00' | diff(day, 'days')", "EXPR_TYPE"),
    ]);
}

#[test]
fn every_form_of_a_datetime_is_read_by_every_filter() {
    let zoned =
        ["T10:00Z", "T10:00:00Z", "T10:00:00.5Z", "T12:00+02:00", "T12:00+0200", "T12:00:00.123456789+02"];
    for form in zoned.iter().chain(&["T12:00", "T12:00:00", "T12:00:00.25"]) {
        let text = format!("2025-06-01{form}");
        let kind = crate::flow::document::VariableType::Datetime;
        assert!(kind.coerce(&json!(text)).is_some(), "{text}");
        check(&[
            (&format!("'{text}' | date('%H:%M')"), "\"12:00\""),
            (&format!("('{text}' | add('PT1H')) > z"), "true"),
            (&format!("'{text}' | diff(z, 'hours')"), "0"),
            (&format!("'{text}' | weekday"), "7"),
        ]);
    }
}

#[test]
fn dates_are_written_by_the_codes_people_use() {
    check(&[
        (
            "z | date('%a %A %b %B %d %e %H %I %M %S %p %y %Y %j %%')",
            "\"dom domingo jun junio 01  1 12 12 00 00 p. m. 25 2025 152 %\"",
        ),
        ("z | date('%Z %z')", "\"CEST +0200\""),
        ("'2025-10-26T02:30+01:00' | date('%H:%M %z')", "\"02:30 +0100\""),
        ("local | date('%z')", "\"+0200\""),
        ("day | date('%H:%M %Z')", "\"00:00 CEST\""),
        ("'15:04' | date('%I:%M %p')", "\"03:04 p. m.\""),
        ("'00:04' | date('%I')", "\"12\""),
        ("'15:04' | date('%j')", "EXPR_TYPE"),
        ("'15:04' | date('%z')", "EXPR_TYPE"),
        ("z | date('%Q')", "EXPR_TYPE"),
        ("z | date('100%')", "EXPR_TYPE"),
    ]);
}
