//! The log and its views on real Postgres: numbering, chaining, outcomes, and what the database itself refuses.

mod append;
mod checkpoints;
mod concurrency;
mod distribution;
mod groups;
mod history;
mod history_parts;
mod immutable;
mod known_heads;
mod model;
mod partitions;
mod pooler;
mod reads;
pub mod rows;
mod service_role;
mod test_runs;
mod writer;
