//! The interpreter room: a compiled flow and a scripted conversation in, a trace out.
//! Pure: no clock, no randomness, no network, no database, no files. Equal input gives equal bytes.

mod canonical;
mod error;
pub mod expression;
mod locale;
mod moment;
mod value;
