//! `docs/guides`: its lists are compared with the program's, and its samples are there in every language.

use std::collections::{BTreeMap, BTreeSet};

use flow_registry::flow::document::{STEP_TYPES, TriggerType};
use flow_registry::flow::event::EventType;
use flow_registry::registry::caller::{Scope, Scopes};

use super::page;

const FLOWS: &str = "guides/flows.md";
const LANGUAGES: [&str; 4] = ["sh", "js", "python", "php"];

fn owned<'n>(names: impl IntoIterator<Item = &'n str>) -> BTreeSet<String> {
    names.into_iter().map(str::to_owned).collect()
}

/// What the first cell of each row of a marked table quotes.
fn first_cells(page: &str, mark: &str, pattern: &str) -> BTreeSet<String> {
    let table = page::marked(page, mark);
    let rows = table.lines().filter(|line| line.starts_with('|')).skip(2);
    rows.flat_map(|row| page::quoted(row[1..].split('|').next().unwrap(), pattern)).collect()
}

#[test]
fn step_types_and_triggers_are_those_of_the_program() {
    let rows = STEP_TYPES.iter().map(|known| [format!("`{}`", known.name), known.docs.to_owned()]);
    page::check_made(FLOWS, "steps", &page::table(["type", "what it does"], rows));
    let triggers = first_cells(FLOWS, "triggers", "[A-Z_]+");
    assert_eq!(triggers, owned(TriggerType::WRITTEN.iter().copied()));
}

#[test]
fn events_are_those_of_the_program() {
    let rows = EventType::ALL.iter().map(|event| [format!("`{}`", event.as_str()), event.docs().to_owned()]);
    page::check_made("guides/events.md", "events", &page::table(["type", "when"], rows));
}

#[test]
fn roles_are_those_of_the_program() {
    let table = page::marked("guides/roles.md", "roles");
    let mut rows = table.lines().filter(|line| line.starts_with('|'));
    let cells = |row: &str| -> Vec<String> {
        row.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`').to_owned()).collect()
    };
    let sets = cells(rows.next().unwrap()).split_off(2);
    let mut listed: BTreeMap<String, BTreeSet<String>> =
        sets.iter().map(|set| (set.clone(), BTreeSet::new())).collect();
    let mut scopes = Vec::new();
    for row in rows.skip(1) {
        let cells = cells(row);
        for (set, _) in sets.iter().zip(&cells[2..]).filter(|(_, cell)| *cell == "✓") {
            listed.get_mut(set).unwrap().insert(cells[0].clone());
        }
        scopes.push(cells[0].clone());
    }
    assert_eq!(scopes, Scope::ALL.iter().map(|scope| scope.as_str()).collect::<Vec<_>>());
    for (set, scopes) in listed {
        let known = Scopes::named(&set).unwrap_or_else(|| panic!("no set {set:?}"));
        assert_eq!(scopes, owned(known.iter().map(|scope| scope.as_str())), "{set}");
    }
}

/// Where a page has a sample in one language of programs it has as many in the others.
#[test]
fn samples_are_there_in_every_language() {
    let mut found = 0;
    for page in page::names().into_iter().filter(|name| name.starts_with("guides/")) {
        let blocks = page::blocks(&page);
        let count = |language: &&str| {
            blocks.iter().filter(|block| block.kind == "sample" && block.language == *language).count()
        };
        let counts: Vec<usize> = LANGUAGES.iter().map(count).collect();
        let programs = &counts[1..];
        assert!(programs.iter().all(|count| *count == programs[0]), "{page}: {counts:?}");
        found += programs[0];
    }
    assert!(found > 10, "{found}");
}
