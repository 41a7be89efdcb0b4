//! What integration tests stand on: a migrated database of their own, in milliseconds.

mod database;
mod keeper;

#[allow(unused_imports)]
pub use database::{TestDatabase, database};
