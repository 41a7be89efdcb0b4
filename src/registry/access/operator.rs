//! What somebody at the machine itself may do with keys: everything, in the organization they name. This is how the
//! first key comes about, and how a lost last one is replaced.

use uuid::Uuid;

use super::keys::{ApiKeys, CreatedKey, KeyMode, NewKey};
use crate::flow::event::{Actor, ActorKind};
use crate::registry::RegistryError;
use crate::registry::caller::{Caller, Intent, Scopes};

const FIRST_KEY_NAME: &str = "first admin key";

/// The intent of a command given at the machine by this user of the operating system.
pub fn operator(org_id: Uuid, user: &str) -> Intent {
    let caller = Caller {
        org_id,
        actor: Actor { kind: ActorKind::Operator, id: user.to_owned(), name: None },
        key_prefix: None,
        token_id: None,
        scopes: Scopes::every(),
        phone_number_ids: [].into(),
    };
    Intent {
        caller,
        request_id: Uuid::now_v7().to_string(),
        on_behalf_of: None,
        reason: None,
        address: None,
        user_agent: None,
        if_match: None,
        forced: false,
        idempotency: None,
    }
}

impl ApiKeys {
    /// A new organization with an admin key, where nothing was ever recorded; else nothing.
    pub async fn first_key(&self, user: &str) -> Result<Option<CreatedKey>, RegistryError> {
        if !self.store.log_is_empty().await? {
            return Ok(None);
        }
        let order = NewKey {
            mode: KeyMode::Live,
            name: FIRST_KEY_NAME.to_owned(),
            scopes: None,
            phone_number_ids: Vec::new(),
            expires_at: None,
        };
        self.issue(operator(Uuid::new_v4(), user), order).await.map(Some)
    }
}
