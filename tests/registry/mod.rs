//! The use cases on real Postgres: what a flow goes through, and many hands on it at once.

mod checkpoints;
mod concurrency;
mod dependents;
mod erasure;
mod erasure_of_a_person;
pub mod hand;
mod history;
mod integrity;
mod keywords;
mod lifecycle;
mod projections;
mod projections_command;
mod rebuilds;
mod rehearsals;
mod restore;
mod runs;
mod signing_keys;
mod tree_heads;
