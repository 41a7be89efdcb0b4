//! The use cases on real Postgres: what a flow goes through, and many hands on it at once.

mod concurrency;
mod hand;
mod lifecycle;
mod runs;
