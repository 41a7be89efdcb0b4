//! The registry: the use cases, and the one crossroads of flow, interpreter and store.
//! A command reads, decides and appends; a read finds a record and its document. No HTTP, no SQL.

pub mod access;
pub mod caller;
mod error;

pub use error::{CurrentVersion, RegistryError};
