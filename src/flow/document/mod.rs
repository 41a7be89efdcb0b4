//! The flow document: what an author writes, as owned types, and how it is read, changed and made canonical.
//! Every type mirrors one table of the flow format. What the types allow may still be wrong in meaning
//! (a target that names no step, say): that is `validation`'s business.

mod duration;
mod edge;
mod settings;
mod step;
mod trigger;
mod variable;

use std::collections::BTreeMap;

pub use duration::Duration;
pub use edge::{Edge, Target};
pub use settings::{Interrupt, Reminder, Retry, Settings, Timeout};
pub use step::*;
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
