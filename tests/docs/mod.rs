//! The documentation is held against the program: what a page shows as an example is run, what it lists is compared.

mod api;
mod evidence;
mod format;
mod guides;
mod operations;
mod page;

use std::fs;
use std::path::Path;

use regex::Regex;

/// Every kind of block that some test looks at. Others need no test: commands and plain text.
const HELD: &[(&str, &[&str])] = &[
    (
        "json",
        &[
            "flow", "step", "part", "graph", "steps", "run", "trace", "broken", "findings", "request",
            "answer",
        ],
    ),
    ("http", &[""]),
    ("answers", &[""]),
    ("variables", &[""]),
    ("expressions", &[""]),
    ("templates", &[""]),
    ("ndjson", &["export"]),
    ("bytes", &[""]),
    ("sh", &["", "sample"]),
    // `make test-clients` runs samples; those in PHP are only read.
    ("js", &["sample"]),
    ("python", &["sample"]),
    ("php", &["sample"]),
    ("text", &["", "key", "note", "verdict", "verifier"]),
];

#[test]
fn every_block_says_what_it_is() {
    for page in page::names() {
        for block in page::blocks(&page) {
            let kinds = HELD.iter().find(|(language, _)| *language == block.language);
            let is_held = kinds.is_some_and(|(_, kinds)| kinds.contains(&&*block.kind));
            assert!(is_held, "{}: no test knows {} {}", block.place, block.language, block.kind);
        }
    }
}

/// Relative links of the pages and of the README name files that are there.
#[test]
fn links_lead_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let link = Regex::new(r"\]\(([^)#:]+)(?:#[^)]*)?\)").unwrap();
    let pages = page::names().into_iter().map(|name| root.join("docs").join(name));
    let mut followed = 0;
    for page in pages.chain(["README.md", "ARCHITECTURE.md", "CHANGELOG.md"].map(|name| root.join(name))) {
        let text = fs::read_to_string(&page).unwrap();
        // What begins with a slash is an address of the service.
        for found in link.captures_iter(&text).filter(|found| !found[1].starts_with('/')) {
            let target = page.parent().unwrap().join(&found[1]);
            assert!(target.exists(), "{}: {}", page.display(), &found[1]);
            followed += 1;
        }
    }
    assert!(followed > 9, "{followed}");
}
