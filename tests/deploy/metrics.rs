//! The rules for Prometheus and the dashboard for Grafana ask for nothing that a running service does not count.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use promql_parser::label::{MatchOp, Matcher};
use regex::Regex;
use serde_json::Value;

use super::queries::Query;
use super::read;
use crate::support::{Scratch, Service};

const PATIENCE: Duration = Duration::from_secs(30);
/// Labels that Prometheus gives to everything it asks for.
const TARGET_LABELS: [&str; 2] = ["instance", "job"];
/// Labels whose values depend on what clients ask for.
const OPEN_LABELS: [&str; 3] = ["method", "route", "status"];

/// By the name of a sample its labels, and by each of these the values it has.
type Counted = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

fn counted(metrics: &str) -> Counted {
    let sample = Regex::new(r"(?m)^([a-z_]+)(?:\{(.*)\})? \S+$").unwrap();
    let label = Regex::new(r#"([a-z_]+)="((?:[^"\\]|\\.)*)""#).unwrap();
    let mut counted = Counted::new();
    for found in sample.captures_iter(metrics) {
        let labels = counted.entry(found[1].to_owned()).or_default();
        for found in label.captures_iter(found.get(2).map_or("", |labels| labels.as_str())) {
            labels.entry(found[1].to_owned()).or_default().insert(found[2].to_owned());
        }
    }
    counted
}

fn rules() -> Vec<String> {
    let text = read("prometheus/flow-registry.rules.yml");
    let expression = Regex::new(r"(?m)^ +expr: (.+)$").unwrap();
    let rules: Vec<_> = expression.captures_iter(&text).map(|found| found[1].to_owned()).collect();
    assert_eq!(rules.len(), text.matches("- alert:").count(), "each alert has an expression on one line");
    rules
}

/// What the panels and the variables of the dashboard ask for.
fn panels() -> Vec<String> {
    fn collect(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(members) => members.iter().for_each(|(name, value)| match value {
                Value::String(text) if name == "expr" => found.push(text.clone()),
                value => collect(value, found),
            }),
            Value::Array(elements) => elements.iter().for_each(|element| collect(element, found)),
            _ => {}
        }
    }
    let text = read("grafana/flow-registry.json");
    let mut found = Vec::new();
    collect(&serde_json::from_str(&text).unwrap(), &mut found);
    let variable = Regex::new(r"label_values\((.+), ([a-z_]+)\)").unwrap();
    found.extend(
        variable.captures_iter(&text).map(|found| format!("count by ({}) ({})", &found[2], &found[1])),
    );
    // Grafana puts a time or the chosen instances in their place.
    found.iter().map(|query| query.replace("$__rate_interval", "5m").replace("$__range", "3h")).collect()
}

/// What is wrong with a query, if anything.
fn wrong(query: &str, counted: &Counted) -> Option<String> {
    let parsed = match Query::parse(query) {
        Ok(parsed) => parsed,
        Err(error) => return Some(error),
    };
    let mut known: BTreeSet<&str> = TARGET_LABELS.into();
    for (metric, matchers) in &parsed.selectors {
        let Some(labels) = counted.get(metric) else { return Some(format!("no metric {metric}")) };
        known.extend(labels.keys().map(String::as_str));
        let unmet = matchers.iter().find(|matcher| !is_met(matcher, labels));
        if let Some(Matcher { name, value, .. }) = unmet {
            return Some(format!("{metric} has no {name} like {value:?}"));
        }
    }
    let unknown = parsed.labels.iter().find(|label| !known.contains(label.as_str()));
    unknown.map(|label| format!("no label {label}"))
}

/// Whether a metric has a label, and every value that a matcher spells out.
fn is_met(matcher: &Matcher, labels: &BTreeMap<String, BTreeSet<String>>) -> bool {
    if TARGET_LABELS.contains(&matcher.name.as_str()) {
        return true;
    }
    let Some(values) = labels.get(&matcher.name) else { return false };
    let alternatives: Vec<&str> = match matcher.op {
        MatchOp::Equal | MatchOp::NotEqual => vec![&matcher.value],
        MatchOp::Re(_) | MatchOp::NotRe(_) => matcher.value.split('|').collect(),
    };
    OPEN_LABELS.contains(&matcher.name.as_str()) || alternatives.iter().all(|value| values.contains(*value))
}

#[test]
fn every_query_asks_for_what_a_service_counts() {
    let data = Scratch::new();
    let service = Service::start(&["--data-dir", data.path().join("data").to_str().unwrap()]);
    let (rules, panels) = (rules(), panels());
    assert!(rules.len() > 10 && panels.len() > 10, "{rules:#?}\n{panels:#?}");
    assert_eq!(service.status("/health"), 200);
    let give_up = Instant::now() + PATIENCE;
    loop {
        let counted = counted(&service.metrics());
        let queries = rules.iter().chain(&panels);
        let wrong: Vec<_> = queries.filter_map(|query| Some((query, wrong(query, &counted)?))).collect();
        if wrong.is_empty() {
            break;
        }
        // Some numbers are there only when something was looked at for the first time.
        assert!(Instant::now() < give_up, "{wrong:#?}\n{counted:#?}");
        std::thread::sleep(Duration::from_millis(250));
    }
}

#[test]
fn a_query_for_what_is_not_counted_is_found() {
    let counted = counted("# TYPE a gauge\na{kind=\"one\",path=\"x\\\"}y\"} 1\nb_total 2\n");
    for (query, found) in [
        ("sum by (kind) (a)", None),
        ("a{kind=~\"one\", instance=\"x\"} / on (instance) group_left (kind) b_total", None),
        ("rate(c_total[5m])", Some("no metric c_total")),
        ("a{sort=\"one\"}", Some("a has no sort like \"one\"")),
        ("a{kind=~\"one|two\"}", Some("a has no kind like \"one|two\"")),
        ("sum by (sort) (a)", Some("no label sort")),
        ("max(b_total) by (kind)", Some("no label kind")),
        ("a / on (sort) b_total", Some("no label sort")),
        ("max_over_time((b_total > 1)[5m:1m]) or -a{kind=\"two\"}", Some("a has no kind like \"two\"")),
    ] {
        assert_eq!(wrong(query, &counted).as_deref(), found, "{query}");
    }
    assert!(wrong("sum by (", &counted).is_some());
    assert!(wrong("{kind=\"one\"}", &counted).is_some());
}
