//! The console beside the API: the same registry, and one count of what the process lets in.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::Extensions;

use crate::console::{self, ConsoleAddress, ConsoleState, Drawings, Gate, HeldBack, Share};
use crate::http::{self, AppState};
use crate::registry::caller::Caller;

impl Gate for AppState {
    fn admit(&self, extensions: &Extensions, caller: &Caller) -> Result<Share, HeldBack> {
        let share = http::admit(self, extensions, caller);
        share
            .map(|share| Box::new(share) as Share)
            .map_err(|held| HeldBack { wait_s: held.wait_s, is_of_caller: held.is_of_caller })
    }

    fn follow(&self) -> Option<Share> {
        self.feeds.slot().map(|slot| Box::new(slot) as Share)
    }
}

/// Pages for people over the state of the API, in which nobody stays signed in for longer than `session_lasts`.
pub fn router(state: &Arc<AppState>, session_lasts: Duration) -> Router {
    let gate: Arc<AppState> = Arc::clone(state);
    let console = ConsoleState {
        registry: state.registry.clone(),
        verifier: state.verifier.clone(),
        guesses: state.guesses.clone(),
        gate,
        address: ConsoleAddress::new(&state.public_url),
        drawings: Drawings::default(),
        session_lasts,
        heartbeat: state.feeds.heartbeat,
        shutdown: state.feeds.shutdown.clone(),
    };
    http::observed(console::router(console))
}
