//! `docs/api.md`: its examples are sent, in their order, to a service over a fresh database; its lists are compared.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use flow_registry::flow::event::EventType;
use flow_registry::registry::caller::{Scope, Scopes};
use regex::Regex;

use super::page::{self, Block, difference};
use crate::api::tenants::routes;
use crate::api::{Api, Request, api};

const PAGE: &str = "api.md";
/// Pages whose examples are sent, each to a service of its own.
const PAGES: [&str; 3] = [PAGE, "guides/errors.md", "guides/conditional-requests.md"];

/// A request as it is shown: its line, headers, an empty line, a body.
fn request(api: &Api, block: &Block, flow_id: &str) -> Request {
    let text = block.text.replace("{orgId}", &api.org_id.to_string()).replace("{flowId}", flow_id);
    let (head, body) = text.split_once("\n\n").unwrap_or((text.trim_end(), ""));
    let mut lines = head.lines();
    let (method, path) = lines.next().and_then(|line| line.split_once(' ')).expect("a method and a path");
    let headers = lines.map(|line| line.split_once(": ").expect("a header"));
    let request = headers.fold(api.ask(method, path), |request, (name, value)| request.header(name, value));
    request.body(body.trim_end().to_owned())
}

#[tokio::test]
async fn requests_are_answered_as_shown() {
    for page in PAGES {
        let sent = send_all(page).await;
        assert!(sent > 1, "{page}: {sent}");
    }
}

/// Sends the examples of a page in their order, and compares the answers. Returns how many there are.
async fn send_all(page: &str) -> usize {
    let api = api().await;
    let mut flow_id = String::new();
    let mut blocks = page::blocks(page).into_iter();
    let mut sent = 0;
    while let Some(block) = blocks.next() {
        if block.language != "http" {
            continue;
        }
        let shown = blocks.next().filter(|shown| shown.kind == "answer");
        let shown = shown.unwrap_or_else(|| panic!("{}: no answer behind it", block.place));
        let status: u16 = shown.attribute("status").expect("a status").parse().unwrap();
        let answer = request(&api, &block, &flow_id).send().await.expect(status).json();
        assert_eq!(difference(&shown.json(), &answer, ""), None, "{}", shown.place);
        if flow_id.is_empty() {
            answer["data"]["id"].as_str().expect("the first request makes a flow").clone_into(&mut flow_id);
        }
        sent += 1;
    }
    sent
}

/// The rows of a marked table of this page: what the first cell quotes, and what the second does.
fn rows(name: &str) -> Vec<(Vec<String>, Vec<String>)> {
    let table = page::marked(PAGE, name);
    let quoted = Regex::new("`([^`]+)`").unwrap();
    let cell = |cell: Option<&str>| -> Vec<String> {
        quoted.captures_iter(cell.unwrap_or_default()).map(|found| found[1].to_owned()).collect()
    };
    let rows = table.lines().filter(|line| line.starts_with('|')).skip(2);
    rows.map(|row| {
        let mut cells = row.trim_matches('|').split('|');
        (cell(cells.next()), cell(cells.next()))
    })
    .collect()
}

fn names(scopes: Scopes) -> Vec<String> {
    scopes.iter().map(|scope| scope.as_str().to_owned()).collect()
}

#[test]
fn scopes_and_sets_are_those_of_the_program() {
    let listed: Vec<String> = rows("scopes").into_iter().flat_map(|(scope, _)| scope).collect();
    assert_eq!(listed, Scope::ALL.iter().map(|scope| scope.as_str()).collect::<Vec<_>>());
    let sets = rows("sets");
    for (set, scopes) in &sets {
        let set = Scopes::named(&set[0]).unwrap_or_else(|| panic!("no set {set:?}"));
        assert_eq!(*scopes, names(set));
    }
    let text = Scopes::parse("").unwrap_err();
    assert!(sets.iter().all(|(set, _)| text.contains(&set[0])) && sets.len() == 4, "{text}");
}

#[test]
fn endpoints_are_those_of_the_program() {
    let listed: Vec<(String, Vec<String>)> =
        rows("endpoints").into_iter().map(|(path, scopes)| (path.concat(), scopes)).collect();
    let routes = routes().into_iter().map(|route| {
        let scopes = route.scopes.iter().map(|scope| (*scope).to_owned()).collect::<Vec<_>>();
        (format!("{} {}", route.method, route.path), scopes)
    });
    let sorted = |listed: Vec<(String, Vec<String>)>| -> BTreeMap<String, Vec<String>> {
        let count = listed.len();
        let map = BTreeMap::from_iter(listed);
        assert_eq!(map.len(), count, "a path is listed twice");
        map
    };
    assert_eq!(sorted(listed), sorted(routes.collect()));
}

/// The snapshot of the table of codes is held against the table itself.
#[test]
fn codes_are_those_of_the_program() {
    let snapshot = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots/api/problem_codes.snap");
    let line = Regex::new(r"(?m)^(\d{3}) ([a-z_]+) \(").unwrap();
    let text = fs::read_to_string(snapshot).unwrap();
    let known: BTreeMap<&str, &str> = line
        .captures_iter(&text)
        .map(|found| found.extract())
        .map(|(_, [status, code])| (code, status))
        .collect();
    let table = page::marked(PAGE, "codes");
    let code = Regex::new("`([a-z_]+)`").unwrap();
    let mut listed = BTreeMap::new();
    for row in table.lines().filter(|line| line.starts_with("| 4") || line.starts_with("| 5")) {
        let (status, rest) = row[2..].split_once(" | ").unwrap();
        for found in code.captures_iter(rest) {
            // `scope`, `current`, `callers` and `findings` are members that come along.
            let name = found.get(1).unwrap().as_str();
            if !["scope", "current", "callers", "findings"].contains(&name) {
                listed.insert(name, status);
            }
        }
    }
    assert_eq!(listed, known);
}

#[test]
fn events_are_those_of_the_program() {
    let names: Vec<String> = EventType::ALL.iter().map(|event| format!("`{}`", event.as_str())).collect();
    page::check_made(PAGE, "events", &names.join(" "));
}
