//! Translations: of texts that do not exist, and those that are missing.

use std::collections::BTreeMap;

use serde_json::Value;

use super::channel::length_fault;
use super::collect::Findings;
use super::texts::{ShownText, optional_paths, texts};
use crate::flow::channel::TEXT_CHARS_MAX;
use crate::flow::document::{Canonical, Step, Template};
use crate::flow::finding::Finding;
use crate::flow::language::is_template;
use crate::flow::pointer;
use crate::flow::text::nearest;

pub fn check(flow: &Canonical, findings: &mut Findings) {
    for (locale, steps) in &flow.document.translations {
        for (id, paths) in steps {
            check_step(flow, locale, id, paths, findings);
        }
        for (step, value) in steps_of(flow) {
            let translated = steps.get(&step.id);
            let is_missing = |path: &String| !translated.is_some_and(|paths| paths.contains_key(path));
            let missing: Vec<String> = texts(&step.kind, value)
                .into_iter()
                .filter_map(|text| text.path)
                .filter(is_missing)
                .collect();
            if !missing.is_empty() {
                let message = format!("Not translated of step \"{}\": {}.", step.id, missing.join(", "));
                findings.push(Finding::warning("MISSING_TRANSLATION", place(&[locale, &step.id]), message));
            }
        }
    }
}

/// The steps with their values as they are written.
fn steps_of(flow: &Canonical) -> impl Iterator<Item = (&Step, &Value)> {
    flow.document.steps.iter().zip(flow.value["steps"].as_array().into_iter().flatten())
}

fn check_step(
    flow: &Canonical,
    locale: &str,
    id: &str,
    paths: &BTreeMap<String, Template>,
    findings: &mut Findings,
) {
    let Some((step, value)) = steps_of(flow).find(|(step, _)| step.id == id) else {
        if id == "settings" {
            return check_settings(locale, paths, findings);
        }
        let finding = Finding::warning(
            "UNKNOWN_TRANSLATION_PATH",
            place(&[locale, id]),
            format!("No step has id \"{id}\"."),
        );
        let meant = nearest(id, flow.document.steps.iter().map(|step| step.id.as_str()));
        return findings.push(finding.did_you_mean(meant));
    };
    let optional = optional_paths(value);
    let texts: Vec<ShownText> = texts(&step.kind, value);
    for (path, translation) in paths {
        match texts.iter().find(|text| text.path.as_ref() == Some(path)) {
            None if optional.contains(path) => {
                let is_sound =
                    path != "media.url" || is_template(translation) || translation.starts_with("https://");
                if !is_sound {
                    let message = "The address must begin with https://.";
                    findings.push(Finding::error("CHANNEL_LIMIT", place(&[locale, id, path]), message));
                }
            }
            Some(text) => {
                findings.extend(length_fault(translation, text.length_max, || place(&[locale, id, path])));
            }
            None => {
                let message = format!("The step \"{id}\" has no text \"{path}\" to translate.");
                let finding =
                    Finding::warning("UNKNOWN_TRANSLATION_PATH", place(&[locale, id, path]), message);
                let known = texts.iter().filter_map(|text| text.path.as_deref());
                let known = known.chain(optional.iter().map(String::as_str));
                findings.push(finding.did_you_mean(nearest(path, known)));
            }
        }
    }
}

/// Texts of the settings, which are lent to steps that have none.
fn check_settings(locale: &str, paths: &BTreeMap<String, Template>, findings: &mut Findings) {
    const PATHS: [&str; 2] = ["invalidInputText", "retry.text"];
    for (path, translation) in paths {
        let at = || place(&[locale, "settings", path]);
        if PATHS.contains(&path.as_str()) {
            findings.extend(length_fault(translation, TEXT_CHARS_MAX, at));
        } else {
            let message = format!("The settings have no text \"{path}\" to translate.");
            let finding = Finding::warning("UNKNOWN_TRANSLATION_PATH", at(), message);
            findings.push(finding.did_you_mean(nearest(path, PATHS)));
        }
    }
}

fn place(tokens: &[&str]) -> String {
    let mut place = "/translations".to_owned();
    tokens.iter().for_each(|token| pointer::push(&mut place, token));
    place
}
