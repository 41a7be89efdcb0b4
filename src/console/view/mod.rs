//! The pages, a file each: what a page shows, and the handler that gathers it from the use cases.

pub mod blocks;
pub mod change;
pub mod compare;
pub mod deleted;
pub mod failure;
pub mod flow;
pub mod history;
pub mod keys;
pub mod list;
pub mod listed;
pub mod live;
pub mod of_flow;
pub mod picture;
pub mod preferences;
pub mod said;
pub mod sides;
pub mod sign_in;
pub mod summary;
pub mod told;
