//! The service as the commands for people see it: requests with a key, answers read strictly or passed on as they are.
//! Trouble that passes is tried again; what changes something carries an idempotency key, so that it happens once.

mod answer;
mod call;
mod connection;

pub use answer::AnswerData;
pub use call::Call;
pub use connection::Client;
