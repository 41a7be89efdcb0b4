//! The rules of this repository: who imports whom, how long a file may be, where snapshots lie.

use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

const LINES_MAX: usize = 400;
const DOC_LINES_MAX: usize = 5;

/// Room, and what of ours it may import. `main` and `lib` are outside the house.
const MAY_IMPORT: [(&str, &[&str]); 11] = [
    ("flow", &[]),
    ("interpreter", &["flow"]),
    ("evidence", &["flow"]),
    ("store", &["flow"]),
    ("postgres", &[]),
    ("log", &[]),
    ("registry", &["flow", "interpreter", "evidence", "store"]),
    ("config", &["registry"]),
    ("http", &["registry", "flow"]),
    ("cli", &["registry", "flow", "config"]),
    (
        "app",
        &["cli", "config", "evidence", "flow", "http", "interpreter", "log", "postgres", "registry", "store"],
    ),
];

/// A crate or a source of effects, and the only rooms where it may appear.
const ONLY_IN: [(&str, &[&str]); 5] = [
    (r"\bsqlx::", &["store"]),
    (r"\baxum::", &["http", "app"]),
    (r"\bclap::", &["cli", "config"]),
    (r"\banyhow::", &["main", "app", "cli"]),
    (r"allow\(unsafe_code\)", &["postgres"]),
];

/// What would make a pure room depend on when, where or how often it runs.
const IMPURE: &str = r"\b(tokio|rand|rustix|ureq|hyper)::|std::(fs|env|process|thread)\b|Tcp(Stream|Listener)|UdpSocket|Instant::now|SystemTime|Utc::now|Local::now|Uuid::(now_v7|new_v4)";
const PURE: [&str; 3] = ["flow", "interpreter", "evidence"];

struct Source {
    path: String,
    room: String,
    text: String,
    /// Without comments and what only tests see.
    code: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(under: &str, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut left = vec![root().join(under)];
    while let Some(directory) = left.pop() {
        for entry in directory.read_dir().into_iter().flatten() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => left.push(path),
                false if path.extension().is_some_and(|found| found == extension) => found.push(path),
                false => {}
            }
        }
    }
    found.sort();
    found
}

fn sources() -> Vec<Source> {
    let comment = Regex::new(r"(?m)^\s*//.*$").unwrap();
    let sources = files("src", "rs").into_iter().map(|file| {
        let text = fs::read_to_string(&file).unwrap();
        let path = file.strip_prefix(root().join("src")).unwrap().to_str().unwrap().to_owned();
        let room = path.split('/').next().unwrap().trim_end_matches(".rs").to_owned();
        let is_test = path.ends_with("tests.rs") || path.contains("/tests/");
        let code = if is_test { "" } else { text.split("#[cfg(test)]\nmod tests {").next().unwrap() };
        let code = comment.replace_all(code, "").into_owned();
        Source { path, room, text, code }
    });
    let sources: Vec<Source> = sources.collect();
    assert!(sources.len() > 20, "the sources are where this test looks");
    sources
}

fn assert_none(broken: &[String], rule: &str) {
    assert!(broken.is_empty(), "{rule}:\n{}", broken.join("\n"));
}

#[test]
fn rooms_import_only_what_they_may() {
    let import = Regex::new(r"\bcrate::(\{[^}]*\}|[a-z_]+)").unwrap();
    let word = Regex::new(r"[a-z_]+").unwrap();
    let mut broken = Vec::new();
    for Source { path, room, code, .. } in sources() {
        if ["main", "lib"].contains(&room.as_str()) {
            continue;
        }
        let Some((_, allowed)) = MAY_IMPORT.iter().find(|(name, _)| *name == room) else {
            broken.push(format!("{path}: the room {room} is not in the table"));
            continue;
        };
        for found in import.captures_iter(&code) {
            for imported in word.find_iter(&found[1]).map(|word| word.as_str()) {
                let is_room = MAY_IMPORT.iter().any(|(name, _)| *name == imported);
                if is_room && imported != room && !allowed.contains(&imported) {
                    broken.push(format!("{path}: crate::{imported}"));
                }
            }
        }
    }
    assert_none(&broken, "imports that are not in the table");
}

#[test]
fn crates_stay_in_their_rooms() {
    let mut broken = Vec::new();
    for (pattern, rooms) in ONLY_IN {
        let pattern = Regex::new(pattern).unwrap();
        for Source { path, room, code, .. } in sources() {
            if pattern.is_match(&code) && !rooms.contains(&room.as_str()) {
                broken.push(format!("{path}: {pattern}, which only {} may use", rooms.join(", ")));
            }
        }
    }
    assert_none(&broken, "crates out of their rooms");
}

#[test]
fn pure_rooms_are_pure() {
    let impure = Regex::new(IMPURE).unwrap();
    let mut broken = Vec::new();
    for Source { path, code, .. } in
        sources().into_iter().filter(|source| PURE.contains(&source.room.as_str()))
    {
        broken.extend(impure.find_iter(&code).map(|found| format!("{path}: {}", found.as_str())));
    }
    assert_none(&broken, "no clock, randomness, files or network in a pure room");
}

#[test]
fn files_are_short_and_say_what_lives_in_them() {
    let mut broken = Vec::new();
    for Source { path, text, .. } in sources() {
        let doc_lines = text.lines().filter(|line| line.starts_with("//!")).count();
        if doc_lines == 0 || doc_lines > DOC_LINES_MAX || !text.starts_with("//!") {
            broken
                .push(format!("src/{path}: opens with {doc_lines} lines of `//!`, of 1 to {DOC_LINES_MAX}"));
        }
    }
    let all = [("src", "rs"), ("tests", "rs"), ("benches", "rs"), ("migrations", "sql"), ("scripts", "py")];
    for file in all.into_iter().flat_map(|(under, extension)| files(under, extension)) {
        let lines = fs::read_to_string(&file).unwrap().lines().count();
        if lines > LINES_MAX {
            broken.push(format!("{}: {lines} lines, of {LINES_MAX}", file.display()));
        }
    }
    assert_none(&broken, "files that do several jobs");
}

#[test]
fn snapshots_lie_in_one_place() {
    let elsewhere = ["src", "tests", "benches"].into_iter().flat_map(|under| files(under, "snap"));
    let elsewhere: Vec<String> = elsewhere.map(|file| file.display().to_string()).collect();
    assert_none(&elsewhere, "snapshots belong under snapshots/<area>/");
}
