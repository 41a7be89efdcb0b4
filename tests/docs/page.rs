//! The pages under `docs/`, taken apart: fenced blocks with their info strings, and lists between two marks.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use regex::Regex;
use serde_json::Value;

/// A fenced block: ` ```json run flow=hello ` is of language `json` and kind `run`, with one attribute.
#[derive(Debug)]
pub struct Block {
    /// Page and line, for messages.
    pub place: String,
    pub language: String,
    pub kind: String,
    attributes: BTreeMap<String, String>,
    pub text: String,
}

impl Block {
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{}: {error}", self.place))
    }

    /// The lines `left => right`.
    pub fn pairs(&self) -> Vec<(&str, &str)> {
        let pair = |line| str::rsplit_once(line, " => ").unwrap_or_else(|| panic!("{}: {line}", self.place));
        self.text.lines().map(pair).collect()
    }

    fn open(page: &str, line: usize, info: &str) -> Self {
        let (names, attributes): (Vec<&str>, Vec<&str>) =
            info.split_whitespace().partition(|word| !word.contains('='));
        let attributes = attributes.into_iter().filter_map(|word| word.split_once('='));
        Self {
            place: format!("docs/{page}:{line}"),
            language: names.first().copied().unwrap_or_default().to_owned(),
            kind: names.get(1).copied().unwrap_or_default().to_owned(),
            attributes: attributes.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            text: String::new(),
        }
    }
}

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs")
}

/// The names of all pages; those of the guides begin with their folder.
pub fn names() -> Vec<String> {
    let within = |folder: &Path, before: &str| -> Vec<String> {
        let files = folder.read_dir().unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        files.filter(|name| name.ends_with(".md")).map(|name| format!("{before}{name}")).collect()
    };
    let mut names = within(&folder(), "");
    names.extend(within(&folder().join("guides"), "guides/"));
    names.sort();
    names
}

pub fn read(page: &str) -> String {
    fs::read_to_string(folder().join(page)).unwrap_or_else(|error| panic!("docs/{page}: {error}"))
}

/// The fenced blocks of a page, in order.
pub fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (index, line) in read(page).lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (Some(_), Some("")) => blocks.extend(open.take()),
            (Some(block), _) => block.text += &format!("{line}\n"),
            (None, Some(info)) => open = Some(Block::open(page, index + 1, info)),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "docs/{page}: a block is not closed");
    blocks
}

/// What stands between `<!-- name -->` and `<!-- end -->`.
pub fn marked(page: &str, name: &str) -> String {
    let text = read(page);
    let (_, rest) = text.split_once(&format!("<!-- {name} -->")).unwrap_or_else(|| panic!("{page}: {name}"));
    rest.split_once("<!-- end -->").unwrap_or_else(|| panic!("{page}: {name} has no end")).0.to_owned()
}

/// Compares what stands between two marks with what the program makes of its declarations. `INSTA_UPDATE=always` writes it.
pub fn check_made(page: &str, name: &str, made: &str) {
    let shown = marked(page, name);
    if shown != made && std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        let mark = format!("<!-- {name} -->");
        let text = read(page).replacen(&format!("{mark}{shown}"), &format!("{mark}{made}"), 1);
        return fs::write(folder().join(page), text).unwrap();
    }
    assert_eq!(shown, made, "docs/{page}, {name}: INSTA_UPDATE=always writes what is declared");
}

/// A table as pages have it, between two marks.
pub fn table<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let head = line(&head.map(str::to_owned));
    let rows: String = rows.into_iter().map(|row| line(&row.map(|cell| cell.replace('|', "\\|")))).collect();
    format!("\n{head}|{}\n{rows}", "---|".repeat(N))
}

/// Everything between backticks that a pattern matches whole.
pub fn quoted(text: &str, pattern: &str) -> BTreeSet<String> {
    let pattern = Regex::new(&format!("`({pattern})`")).unwrap();
    pattern.captures_iter(text).map(|found| found[1].to_owned()).collect()
}

/// How `actual` differs from what is shown of it: objects may have further members, an array that ends in `"…"`
/// further items, and a text that ends in `…` goes on.
pub fn difference(shown: &Value, actual: &Value, at: &str) -> Option<String> {
    match (shown, actual) {
        (Value::Object(shown), Value::Object(actual)) => shown.iter().find_map(|(name, value)| {
            let at = format!("{at}/{name}");
            match actual.get(name) {
                Some(actual) => difference(value, actual, &at),
                None => Some(format!("{at} is not there")),
            }
        }),
        (Value::Array(shown), Value::Array(actual)) => {
            let goes_on = shown.last().is_some_and(|last| last == "…");
            let shown = &shown[..shown.len() - usize::from(goes_on)];
            if shown.len() > actual.len() || (!goes_on && shown.len() < actual.len()) {
                return Some(format!("{at} has {} items", actual.len()));
            }
            let mut pairs = shown.iter().zip(actual).enumerate();
            pairs.find_map(|(index, (shown, actual))| difference(shown, actual, &format!("{at}/{index}")))
        }
        (Value::String(shown), Value::String(actual)) if shown.ends_with('…') => {
            let begins = actual.starts_with(shown.trim_end_matches('…'));
            (!begins).then(|| format!("{at} is {actual}"))
        }
        // `1` and `1.0` are one number.
        (Value::Number(shown), Value::Number(actual)) if shown.as_f64() == actual.as_f64() => None,
        _ => (shown != actual).then(|| format!("{at} is {actual}")),
    }
}
