//! The pages, a file each: what a page shows, and the handler that gathers it from the use cases.

pub mod failure;
pub mod list;
pub mod preferences;
pub mod sign_in;
