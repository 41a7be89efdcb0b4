//! The map, `ARCHITECTURE.md`: short, true of the files it names, and complete where it says how to add a step type.

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

/// Whoever adds a step type looks into every file that tells types apart: the compiler names only some of them.
#[test]
fn the_map_names_every_file_that_tells_step_types_apart() {
    let map = map();
    let checklist =
        map.split("* **A step type.**").nth(1).expect("the checklist").split("\n* **").next().unwrap();
    let is_named = |path: &str| {
        checklist.contains(&format!("`{path}`"))
            || path
                .strip_prefix("flow/validation/")
                .is_some_and(|name| checklist.contains(&format!("`{name}`")))
    };
    let telling = sources().into_iter().filter(|source| source.code.contains("StepKind"));
    let paths: Vec<String> = telling.map(|source| source.path).collect();
    assert!(paths.len() > 10, "some files tell step types apart");
    let missing: Vec<String> = paths.into_iter().filter(|path| !is_named(path)).collect();
    assert_none(&missing, "files that the checklist for a step type lacks");
}
