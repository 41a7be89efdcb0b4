//! What the console works with, put together once at the start.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::address::ConsoleAddress;
use super::drawings::Drawings;
use super::gate::Gate;
use crate::registry::Registry;
use crate::registry::access::{CredentialVerifier, Guesses};

/// As handlers get it.
pub type Console = Arc<ConsoleState>;

/// Shared by all requests to the console.
pub struct ConsoleState {
    pub registry: Registry,
    pub verifier: CredentialVerifier,
    pub guesses: Guesses,
    /// Tokens of sessions that this process does not remember, and that there are not. They are counted apart from
    /// credentials: nobody who is signed in is kept out by a program at the same address whose key is wrong.
    pub unknown_sessions: Guesses,
    pub gate: Arc<dyn Gate>,
    pub address: ConsoleAddress,
    /// Pictures that were drawn.
    pub drawings: Drawings,
    /// The longest that anybody stays signed in.
    pub session_lasts: Duration,
    /// The longest that a page that follows the log hears nothing.
    pub heartbeat: Duration,
    /// Pages that follow the log are let go with it.
    pub shutdown: CancellationToken,
}

impl fmt::Debug for ConsoleState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConsoleState").field("registry", &self.registry).finish_non_exhaustive()
    }
}
