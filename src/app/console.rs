//! The console beside the API: the same registry, and one count of what the process lets in.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::{Extensions, HeaderMap};
use bytes::Bytes;

use crate::console::{self, ConsoleAddress, ConsoleState, Drawings, Gate, HeldBack, Share, UnreadForm};
use crate::http::{self, AppState, Feeds, HeldRequest, RefusedBody};
use crate::registry::access::Guesses;
use crate::registry::caller::Caller;

/// Pages that follow the log at once, unless connections allow fewer.
const FOLLOWED_MAX: usize = 256;

/// The limits of the API, and pages that follow the log beside its feeds: neither keeps the other from following.
struct ConsoleGate {
    state: Arc<AppState>,
    followed: Feeds,
}

#[async_trait]
impl Gate for ConsoleGate {
    async fn read(
        &self,
        headers: &HeaderMap,
        body: Body,
        bytes_max: usize,
    ) -> Result<(Bytes, Share), UnreadForm> {
        match http::read_body(&self.state, headers, body, bytes_max).await {
            Ok((bytes, share)) => Ok((bytes, Box::new(share))),
            Err(RefusedBody::TooLarge) => Err(UnreadForm::TooLarge),
            Err(RefusedBody::Broken) => Err(UnreadForm::Broken),
            Err(RefusedBody::Held(held)) => Err(UnreadForm::HeldBack(held_back(held))),
        }
    }

    async fn admit(&self, extensions: &Extensions, caller: &Caller) -> Result<Share, HeldBack> {
        let share = http::admit(&self.state, extensions, caller).await;
        share.map(|share| Box::new(share) as Share).map_err(held_back)
    }

    fn follow(&self) -> Option<Share> {
        self.followed.slot().map(|slot| Box::new(slot) as Share)
    }
}

fn held_back(held: HeldRequest) -> HeldBack {
    HeldBack { wait_s: held.wait_s, is_of_caller: held.is_of_caller }
}

/// Pages for people over the state of the API, in which nobody stays signed in for longer than `session_lasts`. Of the
/// connections, a quarter may be of pages that follow the log.
pub fn router(state: &Arc<AppState>, session_lasts: Duration, connections_max: usize) -> Router {
    let followed = state.feeds.beside(connections_max.div_ceil(4).min(FOLLOWED_MAX));
    let console = ConsoleState {
        registry: state.registry.clone(),
        verifier: state.verifier.clone(),
        guesses: state.guesses.clone(),
        unknown_sessions: Guesses::default(),
        gate: Arc::new(ConsoleGate { state: Arc::clone(state), followed }),
        address: ConsoleAddress::new(&state.public_url),
        drawings: Drawings::default(),
        session_lasts,
        heartbeat: state.feeds.heartbeat,
        shutdown: state.feeds.shutdown.clone(),
    };
    http::observed(console::router(console))
}
