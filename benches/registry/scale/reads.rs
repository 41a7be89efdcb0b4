//! What is read of an organization of some size: pages of its list as it is and as it was, of its log, flows' pasts.

use std::ops::Range;

use anyhow::Context as _;
use chrono::SecondsFormat;

use super::Size;
use super::document::{ALIKE, phone_number, word};
use super::growth::Grown;
use super::place::{OFTEN, Place, SELDOM, body};
use crate::answer;
use crate::requests::flows_path;

pub const BY_TEXT: &str = "list page, q";
/// Requests that a load draws from, where they are easily made.
const DRAWN: usize = 2_000;
/// Words and numbers that are asked for: as many as the small organization has, because a page that is asked for again
/// before anything was written is remembered.
const FILTERS: usize = Size::SMALL.flows / ALIKE;
/// Moments of which the last page is looked for.
const MOMENTS: usize = 10;
/// Pages that a list is walked in to find places in it.
const PLACES: usize = 20;
const PAGE_MAX: usize = 1_000;
/// Filtered pages of the past are held to the target so close to the log's end.
const NEAR: i64 = 10_000;

type Drawn = anyhow::Result<Vec<Vec<u8>>>;
type Draw = fn(&Place) -> Drawn;

/// By their names; of each, the requests it draws from.
pub const READS: &[(&str, Draw)] = &[
    ("list page", list_pages),
    ("list page, status=published", |place| listed(place, || "status=published".to_owned())),
    ("list page, version=published", |place| listed(place, || "version=published".to_owned())),
    ("list page, phoneNumberId", |place| listed(place, of_number)),
    (BY_TEXT, |place| listed(place, || format!("q={}", word(drawn(FILTERS))))),
    ("asOf near the end, first page", |place| as_of(place, near(place), "")),
    ("asOf half of the log, first page", |place| as_of(place, share(place, 45..55), "")),
    ("asOf a tenth of the log, first page", |place| as_of(place, share(place, 5..15), "")),
    ("asOf near the end, last page of 1,000", |place| last_pages(place, near(place))),
    ("asOf half of the log, last page of 1,000", |place| last_pages(place, share(place, 45..55))),
    ("asOf a tenth of the log, last page of 1,000", |place| last_pages(place, share(place, 5..15))),
    ("asOf near the end, status=published", |place| as_of(place, near(place), "&status=published")),
    ("asOf near the end, phoneNumberId", |place| as_of(place, near(place), &format!("&{}", of_number()))),
    ("history page", |place| of_flows(place, |_| "/events?limit=50".to_owned())),
    ("audit page", |place| audit(place, "")),
    ("audit page, action of most", |place| audit(place, "&action=flow.updated")),
    ("audit page, action of few", |place| audit(place, "&action=flow.deleted")),
    ("audit page, resource of most", |place| audit(place, "&resource=flow")),
    ("audit page, resource of few", |place| audit(place, "&resource=api_key")),
    ("audit page, person of many", |place| audit(place, &format!("&actorUserId={OFTEN}"))),
    ("audit page, person of few", |place| audit(place, &format!("&actorUserId={SELDOM}"))),
    ("audit page, dates", |place| {
        let [from, to] = place.middle.map(|at| at.to_rfc3339_opts(SecondsFormat::Micros, true));
        audit(place, &format!("&dateFrom={from}&dateTo={to}"))
    }),
    ("version", |place| of_flows(place, |flow| format!("/versions/{}", any_version(flow)))),
    ("diff", |place| {
        of_flows(place, |flow| format!("/diff?from={}&to={}", any_version(flow), any_version(flow)))
    }),
];

fn drawn(below: usize) -> usize {
    rand::random_range(0..below)
}

fn of_number() -> String {
    format!("phoneNumberId={}", phone_number(drawn(FILTERS)))
}

fn any_version(flow: &Grown) -> i64 {
    rand::random_range(1..=flow.version)
}

/// First pages, each of another filter where there is a choice.
fn listed(place: &Place, filter: impl Fn() -> String) -> Drawn {
    let path = flows_path(&place.tenant);
    let request = |_| place.get(&format!("{path}?view=summary&limit=50&{}", filter()));
    Ok((0..DRAWN).map(request).collect())
}

/// Pages at places all over the list.
fn list_pages(place: &Place) -> Drawn {
    let first = |limit| format!("{}?view=summary&limit={limit}", flows_path(&place.tenant));
    let walked = (place.flows.len() / PLACES).min(PAGE_MAX);
    let (mut connection, mut next) = (place.connect()?, Some(first(walked)));
    let mut requests = vec![place.get(&first(50))];
    while let Some(path) = next {
        let answer = connection.exchange(&place.get(&path))?;
        next = next_page(answer);
        requests.extend(next.iter().map(|path| place.get(&with_limit(path, walked, 50))));
    }
    Ok(requests)
}

/// Where the link of a page leads.
fn next_page(answer: &str) -> Option<String> {
    let (path, _) = answer::header(answer.as_bytes(), "link")?.strip_prefix('<')?.split_once('>')?;
    Some(path.to_owned())
}

fn with_limit(path: &str, from: usize, to: usize) -> String {
    path.replace(&format!("limit={from}&"), &format!("limit={to}&"))
}

/// Positions not far from the log's end, and not before half of it.
fn near(place: &Place) -> Range<i64> {
    place.head - NEAR.min(place.head / 2)..place.head
}

/// Positions between two hundredths of the log.
fn share(place: &Place, hundredths: Range<i64>) -> Range<i64> {
    place.head * hundredths.start / 100..place.head * hundredths.end / 100
}

fn as_of(place: &Place, positions: Range<i64>, filter: &str) -> Drawn {
    let path = flows_path(&place.tenant);
    let request = |_| {
        let position = rand::random_range(positions.clone());
        place.get(&format!("{path}?view=summary&limit=50&asOf=position:{position}{filter}"))
    };
    Ok((0..DRAWN).map(request).collect())
}

/// Of the first 1,000 flows there were at a position, or of all if they were fewer, the last whole page of ten.
fn last_pages(place: &Place, positions: Range<i64>) -> Drawn {
    let mut connection = place.connect()?;
    let mut request = |_| {
        let position = rand::random_range(positions.clone());
        let page = |limit: usize| {
            let path = flows_path(&place.tenant);
            format!("{path}?view=summary&limit={limit}&asOf=position:{position}")
        };
        let all = body(connection.exchange(&place.get(&page(PAGE_MAX)))?)?;
        let before = all["data"].as_array().context("a list has flows")?.len() / 10 * 10 - 10;
        let next = next_page(connection.exchange(&place.get(&page(before)))?);
        anyhow::Ok(place.get(&with_limit(&next.context("a page has a next one")?, before, 10)))
    };
    (0..MOMENTS).map(&mut request).collect()
}

fn of_flows(place: &Place, rest: impl Fn(&Grown) -> String) -> Drawn {
    let path = flows_path(&place.tenant);
    let request = |_| {
        let flow = &place.flows[drawn(place.flows.len())];
        place.get(&format!("{path}/{}{}", flow.id, rest(flow)))
    };
    Ok((0..DRAWN).map(request).collect())
}

fn audit(place: &Place, filter: &str) -> Drawn {
    Ok(vec![place.get(&format!("/organizations/{}/audit?limit=50{filter}", place.tenant.org_id))])
}
