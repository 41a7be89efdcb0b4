//! The words of the console, one file for each page.

pub mod change;
pub mod compare;
pub mod findings;
pub mod history;
pub mod members;
pub mod outline;
pub mod standing;
