//! The console: pages for people over the use cases of `registry`, which it asks as `http` does and never for more.
//! A request walks: `around` (headers, failures) → `guard` → route → `session` → a page in `view` → its template in `pages`.
//! It knows no SQL and no rule of flows, and a page works whole without its script.

mod address;
mod around;
mod asked;
mod assets;
mod changed;
pub mod comparison;
mod differences;
mod done;
mod drawings;
mod effect;
mod failure;
mod form;
mod found;
mod gate;
mod guard;
mod headlines;
mod json_lines;
mod link;
mod page;
mod part;
mod preference;
mod record;
mod routes;
mod session;
mod standing;
mod state;
mod text;
mod texts;
mod view;
mod when;

pub use address::ConsoleAddress;
pub use drawings::Drawings;
pub use gate::{Gate, HeldBack, Share, UnreadForm};
pub use routes::router;
pub use state::ConsoleState;
