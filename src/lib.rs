//! The flow registry: an event-sourced registry for conversational bot flows.

pub mod app;
pub mod cli;
pub mod config;
pub mod console;
pub mod evidence;
pub mod expression;
pub mod flow;
pub mod http;
pub mod interpreter;
pub mod log;
pub mod outline;
pub mod picture;
pub mod postgres;
pub mod registry;
pub mod store;
