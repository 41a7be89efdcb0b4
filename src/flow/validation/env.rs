//! Values of the organization: whether a document reads them, and where they may decide what host is called.

use std::collections::BTreeSet;

use serde_json::Value;

use super::collect::Findings;
use crate::expression::{NameUse, SourceLanguage, Syntax};
use crate::flow::document::{Canonical, Document, Http, HttpBody, StepKind};
use crate::flow::env::origin_name;
use crate::flow::finding::Finding;

/// The name under which values are read.
pub const ENV: &str = "env";

pub fn check(document: &Document, findings: &mut Findings) {
    let Some(variable) = document.variables.iter().position(|variable| variable.name == ENV) else { return };
    let message = "The variable \"env\" hides the values of the organization: \"env.NAME\" is read from it.";
    findings.push(Finding::warning("ENV_SHADOWED", format!("/variables/{variable}/name"), message));
    for (index, step) in document.steps.iter().enumerate() {
        if let StepKind::Http(http) = &step.kind
            && origin_name(&http.url).is_some()
        {
            // What a person wrote would choose where the request goes.
            let message = "The host comes from the variable \"env\", not from a value of the organization.";
            findings.push(Finding::error("ENV_SHADOWED", format!("/steps/{index}/url"), message));
        }
    }
}

/// Whether a document reads values of the organization.
pub fn reads_env(flow: &Canonical) -> bool {
    let mut is_found = false;
    flow.sites(&mut |site| {
        is_found = is_found
            || (site.source.contains(ENV)
                && names(site.source, site.language).iter().any(|name| name.root == ENV));
    });
    is_found && flow.document.variable(ENV).is_none()
}

/// The names in a source; none where it cannot be read.
fn names(source: &str, language: SourceLanguage) -> Vec<NameUse> {
    Syntax::read(source, language).map(|syntax| syntax.paths).unwrap_or_default()
}

/// The secrets that a request carries, by name; an empty name stands for one that is computed.
pub fn secrets_of(http: &Http) -> BTreeSet<String> {
    let mut sources: Vec<(&str, SourceLanguage)> = http
        .headers
        .values()
        .chain(http.query.values())
        .map(|source| (source.as_str(), SourceLanguage::Template))
        .collect();
    match &http.body {
        Some(HttpBody::Text(text)) => sources.push((text, SourceLanguage::Template)),
        Some(HttpBody::Json(json)) => strings(json, &mut sources),
        None => {}
    }
    let read = sources.into_iter().filter(|(source, _)| source.contains("secrets"));
    let paths = read.flat_map(|(source, language)| names(source, language));
    let secrets = paths.filter(|path| path.root == "secrets");
    secrets.map(|path| path.members.into_iter().next().map(|(name, _)| name).unwrap_or_default()).collect()
}

fn strings<'v>(json: &'v Value, sources: &mut Vec<(&'v str, SourceLanguage)>) {
    match json {
        Value::String(source) => sources.push((source, SourceLanguage::Value)),
        Value::Array(items) => items.iter().for_each(|item| strings(item, sources)),
        Value::Object(members) => members.values().for_each(|member| strings(member, sources)),
        _ => {}
    }
}
