//! The console: pages for people.

pub mod changed;
pub mod comparison;
pub mod done;
pub mod effect;
pub mod headlines;
pub mod member;
pub mod outline;
pub mod preference;
pub mod sentence;
pub mod span;
pub mod standing;
pub mod texts;
pub mod trigger;
pub mod ways;
