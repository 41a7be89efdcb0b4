//! The filters of expressions (docs/flow-format.md, 4.2). Where the engine has one of the same name it is used,
//! behind a guard when it would walk nested values unpaid or write them as Python does.

mod argument;
mod calendar;
mod date;
mod list;
mod number;
mod sort;
mod text;

pub(super) use argument::with_scope;
pub use text::{ONE_SEGMENT, percent_encoded};

use minijinja::Environment;

pub fn register(env: &mut Environment<'static>) {
    calendar::register(env);
    date::register(env);
    list::register(env);
    number::register(env);
    sort::register(env);
    text::register(env);
}
