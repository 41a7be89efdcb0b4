//! Credentials on real Postgres: who is believed and for how long, what changes of keys leave in the log, and the
//! keys as clients and operators meet them.

mod changes;
mod command_line;
pub mod desk;
mod key_set;
mod private;
mod routes;
pub mod tokens;
mod verify;
