//! Every word that people see, in both languages. Each page has its texts in a file of its own: one struct, and two values
//! of it, so that a text that one language lacks does not compile.

pub mod change;
pub mod compare;
pub mod deleted;
pub mod events;
pub mod failure;
pub mod findings;
pub mod flow;
pub mod frame;
pub mod history;
pub mod history_page;
pub mod keys;
pub mod list;
pub mod live;
pub mod picture;
pub mod scopes;
pub mod sign_in;
pub mod standing;
