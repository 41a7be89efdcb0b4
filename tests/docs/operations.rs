//! `docs/operations.md`: the settings are those of `--help`, the metrics those that the program counts.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use flow_registry::cli;
use regex::Regex;

use super::page;
use crate::support::{Scratch, Service};

const PAGE: &str = "operations.md";

/// The table of settings as it stands between its two marks.
fn settings() -> String {
    let mut lines = vec!["| flag | variable | default | |".to_owned(), "|---|---|---|---|".to_owned()];
    let command = cli::command();
    let serve = command.find_subcommand("serve").unwrap();
    for argument in serve.get_arguments().chain(command.get_arguments()) {
        let (Some(flag), Some(variable)) = (argument.get_long(), argument.get_env()) else { continue };
        let help = argument.get_help().unwrap().to_string().replace('|', "\\|");
        let (help, stated) = match help.split_once(" [default: ") {
            Some((help, stated)) => (help.to_owned(), Some(stated.trim_end_matches(']').to_owned())),
            None => (help, None),
        };
        let is_switch = !argument.get_action().takes_values();
        let default = argument.get_default_values().first().filter(|_| !is_switch);
        let default = stated.or(default.map(|value| format!("`{}`", value.to_str().unwrap())));
        let variable = variable.to_str().unwrap();
        lines.push(format!("| `--{flag}` | `{variable}` | {} | {help} |", default.unwrap_or_default()));
    }
    lines.join("\n")
}

#[test]
fn every_setting_is_listed() {
    let text = page::read(PAGE);
    let (_, rest) = text.split_once("<!-- settings -->\n").unwrap();
    let (listed, _) = rest.split_once("\n<!-- end of settings -->").unwrap();
    let expected = settings();
    assert!(
        listed == expected,
        "the settings in docs/{PAGE} are not those of --help; they are:\n\n{expected}\n"
    );
}

/// All of the program's sources.
fn sources() -> String {
    let mut sources = String::new();
    let mut left = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(path) = left.pop() {
        match path.is_dir() {
            true => left.extend(path.read_dir().unwrap().map(|entry| entry.unwrap().path())),
            false => sources += &fs::read_to_string(path).unwrap(),
        }
    }
    sources
}

/// The names in the first column.
fn listed_metrics() -> BTreeSet<String> {
    let table = page::marked(PAGE, "metrics");
    let name = Regex::new(r"(?m)^\| `([a-z_]+)` \|").unwrap();
    name.captures_iter(&table).map(|found| found[1].to_owned()).collect()
}

/// Some are there only once something has happened, so the sources say which there are.
#[test]
fn every_metric_is_listed() {
    let counted = Regex::new(r#"metrics::(?:counter|gauge|histogram)!\(\s*"([a-z_]+)""#).unwrap();
    let known = counted.captures_iter(&sources()).map(|found| found[1].to_owned()).collect();
    assert_eq!(listed_metrics(), known);
}

#[test]
fn the_lines_to_watch_are_written_somewhere() {
    let sources = sources();
    let table = page::marked(PAGE, "log lines");
    let first_cells: String = table.lines().skip(3).filter_map(|row| row.split('|').nth(1)).collect();
    let lines = page::quoted(&first_cells, "[^`]+");
    assert!(lines.len() > 9, "{lines:?}");
    let unknown: Vec<_> = lines.iter().filter(|line| !sources.contains(&format!("\"{line}\""))).collect();
    assert!(unknown.is_empty(), "no source writes {unknown:?}");
}

#[test]
fn a_service_tells_no_other_metrics() {
    let data = Scratch::new();
    let service = Service::start(&["--data-dir", data.path().join("data").to_str().unwrap()]);
    assert_eq!(service.status("/metrics"), 404, "only those who run the service see them");
    service.metrics();
    let told = Regex::new(r"(?m)^# TYPE ([a-z_]+) ").unwrap();
    let told: BTreeSet<String> =
        told.captures_iter(&service.metrics()).map(|found| found[1].to_owned()).collect();
    assert!(told.contains("http_requests_total") && told.is_subset(&listed_metrics()), "{told:?}");
}
