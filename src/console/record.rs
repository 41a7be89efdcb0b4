//! Which accesses are put on record: those that were refused, and pages that tell who may do what. They count into the same
//! windows as those of the API, under the same names.

use uuid::Uuid;

use super::session::RequestCircumstances;
use super::state::Console;
use crate::flow::event::Accessor;
use crate::registry::caller::Caller;
use crate::registry::{AccessKind, ObservedAccess};

/// An access that is worth a record.
#[derive(Debug)]
pub struct RecordedAccess {
    org_id: Uuid,
    kind: AccessKind,
    what: &'static str,
    key_prefix: Option<String>,
    actor: Option<String>,
}

impl RecordedAccess {
    /// A credential that leads nowhere. Its key is named where the organization has such a key.
    pub fn of_stranger(org_id: Uuid, key_prefix: Option<String>) -> Self {
        let (kind, what) = (AccessKind::Refused, "invalid_credentials");
        Self { org_id, kind, what, key_prefix, actor: None }
    }

    /// A credential of another organization than the one that is asked for: on record with its own.
    pub fn to_other_organization(caller: &Caller) -> Self {
        Self::by(caller, AccessKind::Refused, "wrong_organization")
    }

    /// Somebody who may not do what they ask for.
    pub fn refused(caller: &Caller) -> Self {
        Self::by(caller, AccessKind::Refused, "insufficient_scope")
    }

    /// A page that few may see, by its route.
    pub fn read(caller: &Caller, route: &'static str) -> Self {
        Self::by(caller, AccessKind::Read, route)
    }

    fn by(caller: &Caller, kind: AccessKind, what: &'static str) -> Self {
        let (org_id, key_prefix) = (caller.org_id, caller.key_prefix.clone());
        Self { org_id, kind, what, key_prefix, actor: Some(caller.actor.opaque_id()) }
    }
}

pub fn observe(console: &Console, circumstances: &RequestCircumstances, access: RecordedAccess) {
    let RecordedAccess { org_id, kind, what, key_prefix, actor } = access;
    let address = circumstances.address.map(|address| address.to_string());
    let by = Accessor { actor, address, user_agent: circumstances.user_agent.clone() };
    console.registry.accesses.observe(ObservedAccess { org_id, kind, what: what.to_owned(), key_prefix, by });
}
