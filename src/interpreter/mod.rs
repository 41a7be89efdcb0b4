//! The interpreter room: a compiled flow and a scripted conversation in, a trace out.
//! Pure: no clock, no randomness, no network, no database, no files. Equal input gives equal bytes.

mod accept;
mod canonical;
mod check;
mod draw;
mod error;
mod expression;
mod inbound;
mod locale;
mod mock;
mod moment;
mod pace;
mod program;
mod request;
mod run;
mod step;
mod trace;
mod value;
mod write;

pub use check::{Check, expectations};
pub use expression::Uncompilable;
pub use pace::{AtOnce, RunPace};
pub use program::{CalledFlow, CalledFlows, Program};
pub use request::{Expect, RunRequest, Start, Subject};
pub use run::{Identity, run};
pub use trace::{ENGINE, MASK, RanVersion, RunStatus, Trace, mask_personal};
