//! What integration tests stand on: a migrated database of their own, in milliseconds.

pub mod balancer;
mod database;
mod keeper;
pub mod ledger;
pub mod pair;
mod scratch;
mod service;

#[allow(unused_imports)]
pub use database::{TestDatabase, database};
pub use scratch::Scratch;
pub use service::{Service, program, run};
