//! The map, `ARCHITECTURE.md`: short, true of the files it names, and complete where it says how to add something.

use std::fs;

use regex::Regex;

use super::sources::{assert_none, root, sources};

const LINES_MAX: usize = 150;

fn map() -> String {
    fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap()
}

#[test]
fn the_map_is_short() {
    let lines = map().lines().count();
    assert!(lines <= LINES_MAX, "{lines} lines, of {LINES_MAX}");
}

#[test]
fn the_map_names_files_that_are_there() {
    let map = map();
    let path = Regex::new(r"`([a-z_/]+/[a-z_./-]+)`").unwrap();
    let named: Vec<&str> =
        path.captures_iter(&map).map(|found| found.extract::<1>().1[0].trim_end_matches('/')).collect();
    assert!(named.len() > 40, "the map names files");
    let is_there = |path: &&str| root().join(path).exists() || root().join("src").join(path).exists();
    let gone: Vec<String> =
        named.iter().filter(|path| !is_there(path)).map(|path| (*path).to_owned()).collect();
    assert_none(&gone, "files that the map names and that are not there");
}

/// What the map says of how to add something.
fn checklist(of: &str) -> String {
    let map = map();
    let items = map.split(&format!("* **{of}.**")).nth(1).expect("the checklist");
    items.split("\n* **").next().unwrap().to_owned()
}

/// Whether a checklist names a file: by its path, by its path below a folder or room that it names, or by a folder of a room.
fn names(checklist: &str, path: &str) -> bool {
    let is_there = |name: &str| checklist.contains(&format!("`{name}`"));
    is_there(path)
        || path.match_indices('/').any(|(at, _)| {
            let (folder, below) = (&path[..at], &path[at + 1..]);
            is_there(folder) && (is_there(below) || folder.contains('/'))
        })
}

/// Whoever adds a step type looks into every file that tells types apart: the compiler names only some of them.
#[test]
fn the_map_names_every_file_that_tells_step_types_apart() {
    let telling = sources().into_iter().filter(|source| source.code.contains("StepKind"));
    lists("A step type", telling.map(|source| source.path).collect());
}

/// A flow's `restored_from` is a mark: another one goes through the same files.
#[test]
fn the_map_names_every_file_that_a_member_of_a_flow_passes() {
    let passes = |code: &str| code.contains("restored_from") || code.contains("\"restoredFrom\"");
    // A rehearsal of a restore has a member of that name too.
    let is_other = |path: &str| path.ends_with("/restore.rs");
    let passing = sources().into_iter().filter(|source| !is_other(&source.path) && passes(&source.code));
    lists("A member of a flow that events set", passing.map(|source| source.path).collect());
}

/// Whoever adds an event finds every file that tells an event of this kind apart; some of them have a word for all others.
#[test]
fn the_map_names_every_file_that_tells_events_apart() {
    let tells =
        |code: &str| code.contains("EventType::FlowUnpublished") || code.contains("\"flow.unpublished\"");
    let telling = sources().into_iter().filter(|source| tells(&source.code));
    lists("An event", telling.map(|source| source.path).collect());
}

fn lists(of: &str, paths: Vec<String>) {
    assert!(paths.len() > 3, "the files of {of:?} are where this test looks: {paths:?}");
    let checklist = checklist(of);
    let missing: Vec<String> = paths.into_iter().filter(|path| !names(&checklist, path)).collect();
    assert_none(&missing, &format!("files that the checklist {of:?} lacks"));
}
