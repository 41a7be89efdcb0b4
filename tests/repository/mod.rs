//! The rules of this repository: who imports whom, what rooms may use, where snapshots lie.

mod circles;
mod map;
mod shape;
mod sources;
mod statements;

use regex::Regex;

use sources::{Source, assert_none, files, sources};

/// Room, and what of ours it may import. `main` and `lib` are outside the house.
const MAY_IMPORT: [(&str, &[&str]); 15] = [
    ("expression", &[]),
    ("flow", &["expression"]),
    ("interpreter", &["flow", "expression"]),
    ("picture", &["flow"]),
    ("outline", &["flow"]),
    ("evidence", &["flow"]),
    ("store", &["flow"]),
    ("postgres", &[]),
    ("log", &[]),
    ("registry", &["flow", "interpreter", "evidence", "store"]),
    ("config", &["registry"]),
    ("http", &["registry", "flow"]),
    ("console", &["registry", "flow", "picture", "outline"]),
    ("cli", &["registry", "flow", "outline", "config"]),
    (
        "app",
        &[
            "cli",
            "config",
            "console",
            "evidence",
            "flow",
            "http",
            "interpreter",
            "log",
            "postgres",
            "registry",
            "store",
        ],
    ),
];

/// A crate or a source of effects, and the only rooms where it may appear.
const ONLY_IN: [(&str, &[&str]); 10] = [
    (r"\bminijinja::machinery\b", &["expression"]),
    (r"\bsqlx::", &["store"]),
    (r"\baxum::", &["http", "console", "app"]),
    (r"\baskama::", &["console"]),
    (r"\bclap::", &["cli", "config"]),
    (r"\bgovernor::", &["http"]),
    (r"\bopentelemetry", &["http", "log"]),
    (r"\btar::", &["app"]),
    (r"\banyhow::", &["main", "app", "cli"]),
    (r"allow\(unsafe_code\)", &["postgres"]),
];

/// What would make a pure room depend on when, where or how often it runs.
const IMPURE: &str = r"\b(tokio|rand|rustix|ureq|hyper)::|std::(fs|env|process|thread)\b|Tcp(Stream|Listener)|UdpSocket|Instant::now|SystemTime|Utc::now|Local::now|Uuid::(now_v7|new_v4)";
const PURE: [&str; 6] = ["expression", "flow", "interpreter", "picture", "outline", "evidence"];

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
fn snapshots_lie_in_one_place() {
    let elsewhere = ["src", "tests", "benches"].into_iter().flat_map(|under| files(under, "snap"));
    let elsewhere: Vec<String> = elsewhere.map(|file| file.display().to_string()).collect();
    assert_none(&elsewhere, "snapshots belong under snapshots/<area>/");
}
