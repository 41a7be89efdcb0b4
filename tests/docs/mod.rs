//! The documentation is held against the program: what a page shows as an example is run, what it lists is compared.

mod api;
mod evidence;
mod format;
mod page;

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
    ("sh", &[""]),
    ("text", &["", "key", "note", "verdict"]),
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
