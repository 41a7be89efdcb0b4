//! The declaration of the format: every object with its members, and what each member is.
//! `part` has the vocabulary, `rules` what names consist of, `walk` finds members by what they are. Steps, settings,
//! triggers and variables are declared in the files that read them; `tables` puts documents and changes together.

mod fields;
pub mod part;
pub mod rules;
mod sign;
mod tables;
mod walk;

pub use fields::FieldSet;
pub use part::{
    Field, Leads, Leaves, LocalNames, ObjectType, Part, Presence, ShownLimit, StepType, Translation,
};
pub use sign::{Family, Sign};
pub use tables::{CHANGE, CHANGE_ONLY, DEFINITION, DOCUMENT, DOCUMENT_FIELDS, GRAPH, STEP, part_of_member};
pub use walk::{FoundMember, walk};

#[cfg(test)]
mod tests;
