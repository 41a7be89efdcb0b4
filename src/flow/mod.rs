//! The flow room: what a bot flow is, what can happen to it, and what may be decided about it.
//! Pure: no database, no HTTP, no clock, no randomness, no files.

pub mod address;
pub mod canonical_json;
pub mod chain;
pub mod channel;
pub mod decide;
pub mod diff;
pub mod digest;
pub mod document;
pub mod env;
pub mod event;
pub mod finding;
pub mod fold;
pub mod id;
pub mod json;
pub mod keyword;
pub mod limits;
pub mod marks;
pub mod merge;
pub mod moment;
pub mod pointer;
pub mod projection;
pub mod record;
pub mod reference;
pub mod report;
pub mod request;
pub mod text;
pub mod validation;

pub use crate::expression::language;
