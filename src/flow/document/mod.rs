//! The flow document: what an author writes, as owned types, and how it is read, changed and made canonical.
//! Types by the format's tables: here, `settings`, `trigger`, `variable`, `step/`. From a body: `settle` by the tables of
//! `schema/`, `reader` into types, `canonical` to bytes; `patch` and `graph/` change. For those who use a document:
//! `exit`, `site`, `coercion`. What is sound in shape may be wrong in meaning: that is `validation`'s business.

mod canonical;
mod coercion;
mod duration;
mod edge;
mod exit;
mod graph;
mod names;
mod order;
mod patch;
mod reader;
mod schema;
mod settings;
mod settle;
mod site;
mod step;
mod texts;
mod trigger;
mod variable;

use std::collections::BTreeMap;

use super::finding::Finding;
use reader::{Node, Object, TEMPLATE_LENGTH_MAX};

pub use canonical::{Canonical, Corrupt};
pub use duration::Duration;
pub use edge::{Edge, Target};
pub use exit::Exit;
pub use patch::{Applied, Labels, Patch};
pub use settings::{Interrupt, Missing, Reminder, Retry, Settings, Timeout, is_language_tag};
pub use site::{Language, Names, Site};
pub use step::*;
pub use texts::Texts;
use trigger::event_name;
pub use trigger::{MatchMode, Trigger, TriggerType};
pub use variable::{Scope, Variable, VariableType};

/// Text with `{{ }}`, `{% %}` and `{# #}`, as the author wrote it.
pub type Template = String;
/// What may stand inside `{{ }}`, as the author wrote it.
pub type Expression = String;

/// Locale → step id → dotted path of a text inside that step → the text in that locale.
pub type Translations = BTreeMap<String, BTreeMap<String, BTreeMap<String, Template>>>;

/// A whole flow document.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Document {
    /// 1–120 characters, trimmed.
    pub name: String,
    pub description: Option<String>,
    pub waba_id: Option<String>,
    /// The number that runs the flow; any number of the organization when absent.
    pub phone_number_id: Option<String>,
    pub trigger: Trigger,
    pub variables: Vec<Variable>,
    /// Execution starts at the first and falls through unless a step says otherwise.
    pub steps: Vec<Step>,
    pub settings: Settings,
    /// Tried in order on every inbound message, before the waiting step sees it.
    pub interrupts: Vec<Interrupt>,
    pub translations: Translations,
}

impl Document {
    pub fn step(&self, id: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.id == id)
    }

    pub fn step_index(&self, id: &str) -> Option<usize> {
        self.steps.iter().position(|step| step.id == id)
    }

    pub fn variable(&self, name: &str) -> Option<&Variable> {
        self.variables.iter().find(|variable| variable.name == name)
    }
}

/// Puts findings about a document in its order, and keeps as many as are told.
pub fn sort_findings(findings: &mut Vec<Finding>, flow: &Canonical) {
    order::sort(findings, &flow.value, schema::Part::Object(schema::DOCUMENT));
}

/// Bytes of a whole document in canonical form, at most.
pub const DOCUMENT_BYTES_MAX: usize = 256 * 1024;
/// Bytes of any `meta` in canonical form, at most.
pub const META_BYTES_MAX: usize = 4 * 1024;
/// Bytes of `triggerConfig` in canonical form, at most.
const TRIGGER_CONFIG_BYTES_MAX: usize = 16 * 1024;

/// Reads one member of the document for its findings alone.
type Check = fn(Node<'_>);

impl Document {
    /// Reads a canonical value: settled, with every top-level member in place.
    fn read(o: &Object<'_>) -> Self {
        for &(name, check) in CHECKED_ONLY {
            o.optional(name, check);
        }
        Self {
            name: o.need("name", name),
            description: o.nullable("description", description),
            phone_number_id: o.nullable("phoneNumberId", number_id),
            waba_id: o.nullable("wabaId", number_id),
            trigger: Trigger::read(o),
            variables: o.or_default("variables", variables),
            steps: o.or_default("steps", steps),
            settings: o.or_default("settings", Settings::read),
            interrupts: o.or_default("interrupts", interrupts),
            translations: o.or_default("translations", translations),
        }
    }
}

/// Members that have rules but no meaning to a run.
const CHECKED_ONLY: &[(&str, Check)] = &[
    ("triggerConfig", check_trigger_config_size),
    ("meta", check_meta),
    ("formatVersion", check_format_version),
];

/// Every member that can be judged alone, with its reader. `triggerConfig` is judged by the type beside it.
const MEMBERS: &[(&str, Check)] = &[
    ("name", |node| drop(name(node))),
    ("description", |node| drop(description(node))),
    ("phoneNumberId", |node| drop(number_id(node))),
    ("wabaId", |node| drop(number_id(node))),
    ("triggerType", |node| _ = Trigger::reader(node)),
    ("triggerConfig", check_trigger_config_alone),
    ("variables", |node| drop(variables(node))),
    ("steps", |node| drop(steps(node))),
    ("settings", |node| drop(Settings::read(node))),
    ("interrupts", |node| drop(interrupts(node))),
    ("translations", |node| drop(translations(node))),
    ("meta", check_meta),
    ("formatVersion", check_format_version),
];

fn name(node: Node<'_>) -> String {
    node.text(1..=120)
}

fn description(node: Node<'_>) -> String {
    node.text(0..=1000)
}

fn number_id(node: Node<'_>) -> String {
    node.text(1..=64)
}

fn check_trigger_config_alone(node: Node<'_>) {
    node.object();
    check_trigger_config_size(node);
}

fn check_trigger_config_size(node: Node<'_>) {
    node.check_bytes(TRIGGER_CONFIG_BYTES_MAX);
}

fn check_meta(node: Node<'_>) {
    node.object();
    node.check_bytes(META_BYTES_MAX);
}

fn check_format_version(node: Node<'_>) {
    if node.value.as_f64() != Some(1.0) {
        node.invalid("must be 1");
    }
}

fn variables(node: Node<'_>) -> Vec<Variable> {
    node.list(0..=100, Variable::read)
}

fn steps(node: Node<'_>) -> Vec<Step> {
    let mut seen = std::collections::HashSet::new();
    node.list(0..=200, |node| {
        let step = Step::read(node);
        if !step.id.is_empty() && !seen.insert(step.id.clone()) {
            let node = Node { step: Some(&step.id), ..node };
            node.object().at("id", |id| id.report("DUPLICATE_STEP_ID", "is the id of an earlier step"));
        }
        step
    })
}

fn interrupts(node: Node<'_>) -> Vec<Interrupt> {
    node.list(0..=20, Interrupt::read)
}

/// The further texts that choose an option, as translations call them: a list, of which no entry is a template.
pub fn is_match_path(path: &str) -> bool {
    path.starts_with("options.") && path.ends_with(".match")
}

fn translations(node: Node<'_>) -> Translations {
    let text = |path: &str, text: Node<'_>| {
        if is_match_path(path) && text.value.is_array() {
            // Kept one to a line: an entry is folded, which leaves no lines in it.
            return text.list(0..=step::MATCHES_MAX, step::match_text).join("\n");
        }
        text.text(0..=TEMPLATE_LENGTH_MAX)
    };
    let steps = |steps: Node<'_>| steps.keyed(|_, paths| paths.keyed(text).into_iter().collect());
    node.keyed(|tag, node| {
        settings::check_locale(tag, node);
        steps(node).into_iter().collect()
    })
    .into_iter()
    .collect()
}

#[cfg(test)]
mod tests;
