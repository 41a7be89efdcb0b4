//! The sources of the program: their text, their code without tests, and the room each belongs to.

use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;
use syn::{Attribute, Item};

pub struct Source {
    /// Below `src`.
    pub path: String,
    pub room: String,
    pub text: String,
    /// The text without comments and without what only tests see.
    pub code: String,
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files below a folder that have an extension, sorted.
pub fn files(under: &str, extension: &str) -> Vec<PathBuf> {
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

pub fn sources() -> Vec<Source> {
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

impl Source {
    /// The items of the file, without those that only tests see.
    pub fn items(&self) -> Vec<Item> {
        let file = syn::parse_file(if self.code.is_empty() { "" } else { &self.text });
        let items = file.unwrap_or_else(|error| panic!("{}: {error}", self.path)).items;
        items.into_iter().filter(|item| !attributes(item).iter().any(is_for_tests)).collect()
    }

    /// The module that the file is, as names below the crate.
    pub fn module(&self) -> Vec<String> {
        let path = self.path.trim_end_matches(".rs").trim_end_matches("/mod");
        path.split('/').map(str::to_owned).collect()
    }
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

fn is_for_tests(attribute: &Attribute) -> bool {
    attribute.path().is_ident("cfg") && attribute.parse_args::<syn::Ident>().is_ok_and(|name| name == "test")
}

/// Fails with the list of what breaks a rule.
pub fn assert_none(broken: &[String], rule: &str) {
    assert!(broken.is_empty(), "{rule}:\n{}", broken.join("\n"));
}
