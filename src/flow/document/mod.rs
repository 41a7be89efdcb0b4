//! The flow document: what an author writes, as owned types, and how it is read, changed and made canonical.
//! Types by the format's tables: here, `settings`, `interrupt`, `trigger`, `variable`, `step/`. From a body: `settle` by
//! the tables of `schema/`, `reader` into types, `canonical` to bytes; `patch` and `graph/` change. For those who use a
//! document: `exit`, `site`, `coercion`. What is sound in shape may be wrong in meaning: that is `validation`'s business.

mod canonical;
mod coercion;
mod duration;
mod edge;
mod edit;
mod exit;
mod graph;
mod interrupt;
mod meta;
pub(super) mod names;
mod operation;
mod order;
mod patch;
mod reader;
mod scalar;
pub mod schema;
mod settings;
mod settle;
mod site;
mod source;
mod step;
mod texts;
mod trigger;
mod variable;
mod whole;

pub use canonical::{Canonical, Corrupt, Labels, check_name, sort_findings, stored_trigger};
pub use duration::Duration;
pub use edge::{Edge, Exit, Target, Write};
pub use edit::{Edit, EditRefusal, StepPlace};
pub use interrupt::Interrupt;
pub use meta::META_BYTES_MAX;
pub use patch::{Applied, Patch};
pub use schema::LocalNames;
pub use settings::{
    MissingValue, Reminder, Retry, Settings, Timeout, default_invalid_input_text, is_language_tag,
};
pub use site::Site;
pub use source::{Expression, Template, Translations};
pub use step::*;
pub use texts::Texts;
pub use trigger::{MatchMode, Trigger, TriggerType, TriggerTypes};
pub use variable::{Variable, VariableScope, VariableType};
pub use whole::{DOCUMENT_BYTES_MAX, Document, is_match_path};

#[cfg(test)]
mod tests;
