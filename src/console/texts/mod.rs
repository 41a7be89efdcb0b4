//! The words of the console, one file for each page.

pub mod findings;
pub mod history;
pub mod members;
pub mod outline;
pub mod standing;
