//! What becomes known of a request while it is answered, for those that stand around its handler.

use std::sync::{Arc, OnceLock};

use super::rates::Standings;
use crate::registry::caller::Caller;

/// What becomes known of a request while it is answered: for its line in the log, and the problem it may end with.
#[derive(Debug, Clone, Default)]
pub struct KnownCaller(Arc<Known>);

#[derive(Debug, Default)]
struct Known {
    identity: OnceLock<Identity>,
    /// How many requests it may still make.
    standings: OnceLock<Standings>,
}

#[derive(Debug)]
struct Identity {
    /// The readable part of a key, or the kind and the subject of a token.
    name: String,
    sees_people: bool,
}

impl KnownCaller {
    pub fn set(&self, caller: &Caller, standings: Standings) {
        let name = caller.key_prefix.clone().unwrap_or_else(|| caller.actor.opaque_id());
        let _ = self.0.standings.set(standings);
        let _ = self.0.identity.set(Identity { name, sees_people: caller.sees_people() });
    }

    pub fn name(&self) -> Option<&str> {
        self.0.identity.get().map(|identity| identity.name.as_str())
    }

    pub fn standings(&self) -> Option<&Standings> {
        self.0.standings.get()
    }

    pub fn sees_people(&self) -> bool {
        self.0.identity.get().is_some_and(|identity| identity.sees_people)
    }
}
