//! The document as a whole: its members, and the readers of each.

use super::exit;
use super::interrupt::Interrupt;
use super::meta::check_meta;
use super::reader::{Cursor, Object};
use super::settings::{Settings, check_locale};
use super::source::Translations;
use super::step::Step;
use super::trigger::Trigger;
use super::variable::Variable;

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

/// Bytes of a whole document in canonical form, at most.
pub const DOCUMENT_BYTES_MAX: usize = 256 * 1024;
/// Bytes of `triggerConfig` in canonical form, at most.
const TRIGGER_CONFIG_BYTES_MAX: usize = 16 * 1024;

/// Reads one member of the document for its findings alone.
pub(super) type MemberCheck = fn(Cursor<'_>);

impl Document {
    /// Reads a canonical value: settled, with every top-level member in place.
    pub(super) fn read(o: &Object<'_>) -> Self {
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
const CHECKED_ONLY: &[(&str, MemberCheck)] = &[
    ("triggerConfig", check_trigger_config_size),
    ("meta", check_meta),
    ("formatVersion", check_format_version),
];

/// Every member that can be judged alone, with its reader. `triggerConfig` is judged by the type beside it.
pub(super) const MEMBERS: &[(&str, MemberCheck)] = &[
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

fn name(node: Cursor<'_>) -> String {
    node.text()
}

fn description(node: Cursor<'_>) -> String {
    node.text()
}

fn number_id(node: Cursor<'_>) -> String {
    node.text()
}

fn check_trigger_config_alone(node: Cursor<'_>) {
    node.object();
    check_trigger_config_size(node);
}

fn check_trigger_config_size(node: Cursor<'_>) {
    node.check_bytes(TRIGGER_CONFIG_BYTES_MAX);
}

fn check_format_version(node: Cursor<'_>) {
    if node.value.as_f64() != Some(1.0) {
        node.invalid("must be 1");
    }
}

fn variables(node: Cursor<'_>) -> Vec<Variable> {
    node.list(Variable::read)
}

pub(super) fn steps(node: Cursor<'_>) -> Vec<Step> {
    let mut seen = std::collections::HashSet::new();
    node.list(|node| {
        let mut step = Step::read(node);
        exit::complete(&mut step, node);
        if !step.id.is_empty() && !seen.insert(step.id.clone()) {
            let node = Cursor { step: Some(&step.id), ..node };
            node.object().at("id", |id| id.report("DUPLICATE_STEP_ID", "is the id of an earlier step"));
        }
        step
    })
}

fn interrupts(node: Cursor<'_>) -> Vec<Interrupt> {
    node.list(Interrupt::read)
}

/// The further texts that choose an option, as translations call them: a list, of which no entry is a template.
pub fn is_match_path(path: &str) -> bool {
    path.starts_with("options.") && path.ends_with(".match")
}

fn translations(node: Cursor<'_>) -> Translations {
    let text = |path: &str, text: Cursor<'_>| {
        if is_match_path(path) && text.value.is_array() {
            // Kept one to a line: an entry is folded, which leaves no lines in it.
            return text.list(Cursor::text).join("\n");
        }
        text.text()
    };
    let steps = |steps: Cursor<'_>| steps.keyed(|_, paths| paths.keyed(text).into_iter().collect());
    node.keyed(|tag, node| {
        check_locale(tag, node);
        steps(node).into_iter().collect()
    })
    .into_iter()
    .collect()
}
