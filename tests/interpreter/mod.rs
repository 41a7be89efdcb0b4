//! The interpreter from outside: run cases as data, and the laws that every run keeps.

pub mod case;
mod laws;
mod limits;
mod runs;
