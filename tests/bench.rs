//! The arithmetic of the benchmark, and how it reads answers. What it measures is no matter of tests.

#[path = "../benches/registry/answer.rs"]
mod answer;
#[path = "../benches/registry/figure.rs"]
mod figure;
#[path = "../benches/registry/stats.rs"]
mod stats;

use anyhow::anyhow;
use proptest::prelude::*;

use answer::{Answer, Malformed, body, complete, header};
use figure::{Figure, Target, Unit, grouped, table};
use stats::{Spread, percentile};

#[test]
fn a_spread_lies_around_its_median() {
    let spread = |median, least, most| Some(Spread { median, least, most });
    assert_eq!(Spread::of([]), None);
    assert_eq!(Spread::of([7.0]), Some(Spread::once(7.0)));
    assert_eq!(Spread::of([9.0, 1.0, 2.0]), spread(2.0, 1.0, 9.0));
    assert_eq!(Spread::of([4.0, 1.0, 2.0, 9.0]), spread(3.0, 1.0, 9.0));
    // Within a round, not of medians: 4/2, 1/1 and 9/3.
    assert_eq!(Spread::of_ratios(&[4.0, 1.0, 9.0], &[2.0, 1.0, 3.0]), spread(2.0, 1.0, 3.0));
}

#[test]
fn a_percentile_is_a_value_that_was_measured() {
    let hundred: Vec<u32> = (1..=100).collect();
    assert_eq!([0.0, 0.5, 0.99, 1.0].map(|share| percentile(&hundred, share)), [1, 50, 99, 100]);
    assert_eq!(percentile(&[5], 0.99), 5);
    assert_eq!(percentile(&[], 0.5), 0);
}

#[test]
fn a_table_says_what_is_met_and_what_could_not_be_measured() {
    let figure = |name: &str, unit, target, outcome| Figure::new(name, unit, target, outcome);
    let ratio = Spread { median: 1.25, least: 1.2, most: 1.3 };
    let figures = [
        figure("a / b", Unit::Ratio, Target::AtLeast(1.2), Ok((ratio, "beside".to_owned()))),
        figure("start", Unit::Seconds, Target::AtMost(0.3), Ok((Spread::once(0.4), String::new()))),
        figure("memory", Unit::Mebibytes, Target::Shown, Ok((Spread::once(16.0), String::new()))),
        figure("each", Unit::Kibibytes, Target::AtMost(64.0), Ok((Spread::once(63.6), String::new())))
            .named("base"),
        figure("steps", Unit::PerSecond, Target::AtLeast(1.5e6), Err(anyhow!("no such flow\nand more"))),
    ];
    let expected = "\
figure      median  spread      target                measured
a / b         1.25  1.20..1.30  ≥ 1.20       met      beside
start      0.400 s              ≤ 0.300 s    not met
memory      16.0 MiB
each, base    64 KiB              ≤ 64 KiB     met
steps                           ≥ 1,500,000/s  failed   no such flow
targets met: 2 of 4
";
    assert_eq!(squeezed(&table(&figures)), squeezed(expected));
    assert_eq!(figures[0].to_json()["met"], true);
    assert_eq!(figures[4].to_json()["error"], "no such flow\nand more");
}

/// Widths are for the eye.
fn squeezed(text: &str) -> Vec<Vec<&str>> {
    text.lines().map(|line| line.split_whitespace().collect()).collect()
}

#[test]
fn rates_are_grouped_by_thousands() {
    assert_eq!([0.4, 999.0, 1000.0, 1_234_567.0].map(grouped), ["0", "999", "1,000", "1,234,567"]);
}

const WHOLE: [&[u8]; 3] = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    b"HTTP/1.1 204 No Content\r\netag: \"1\"\r\n\r\n",
    b"HTTP/1.1 400 Bad Request\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n",
];

#[test]
fn an_answer_is_complete_with_its_last_byte() {
    let bodies: [&[u8]; 3] = [b"{}", b"", b"abc0123456789"];
    for ((bytes, status), whole) in WHOLE.into_iter().zip([200, 204, 400]).zip(bodies) {
        assert_eq!(body(bytes).as_deref(), Ok(whole));
        for length in 0..bytes.len() {
            assert_eq!(complete(&bytes[..length]), Ok(None), "{length} bytes of {status}");
        }
        let answer = Answer { status, length: bytes.len() };
        assert_eq!(complete(bytes), Ok(Some(answer)));
        assert_eq!(complete(&[bytes, b"HTTP"].concat()), Ok(Some(answer)));
    }
    assert_eq!(complete(b"SSH-2.0-OpenSSH\r\n\r\n"), Err(Malformed));
}

#[test]
fn a_header_is_found_by_its_name_in_the_head_alone() {
    let answer = b"HTTP/1.1 201 Created\r\nLocation: /flows/1\r\nContent-Length: 13\r\n\r\nlink: nowhere";
    assert_eq!(header(answer, "location"), Some("/flows/1"));
    assert_eq!(header(answer, "link"), None);
    assert_eq!(header(b"HTTP/1.1 200 OK\r\nlink: <x>\r\n", "link"), None);
}

proptest! {
    #[test]
    fn nothing_that_arrives_stops_the_reader(bytes: Vec<u8>, at in 0usize..3) {
        let _ = complete(&bytes);
        let _ = complete(&[WHOLE[at], &bytes].concat());
        let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        let _ = complete(&[&head[..], &bytes].concat());
        let _ = body(&[&head[..], &bytes].concat());
    }
}
