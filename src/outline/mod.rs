//! A document in words for people, in Spanish and English: its steps with what they say and where they lead, what starts
//! it, what its members are called. The console and the terminal show it; both read it off the declarations of the format.

mod language;
pub mod member;
pub mod sentence;
pub mod span;
pub mod steps;
pub mod texts;
pub mod trigger;
pub mod ways;
pub mod words;

pub use language::DisplayLanguage;
