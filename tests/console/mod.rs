//! The console as browsers meet it: pages, forms and cookies, over a router in process and a database of its own.

mod browser;
mod changes;
mod compare;
mod creation;
mod deleted;
mod flow;
mod frame;
mod guard;
mod history;
mod keys;
mod list;
mod live;
mod made_up_sessions;
mod process;
mod telling;

pub use browser::{Browser, Seen, pin};
