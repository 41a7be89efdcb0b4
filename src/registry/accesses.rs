//! Access on record: refused access, and reads of what few may see, counted for each organization and put into its log as
//! one event for a stretch of time. A stranger thus cannot flood a log, and an auditor sees that there was one.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use uuid::Uuid;

use super::RegistryError;
use super::access::operator;
use super::log::{Log, organization_event};
use super::row::context;
use crate::flow::event::{Accessor, Context, EventType, canonical_bytes};
use crate::store::Store;

/// How long accesses are counted before they are put into the log.
pub const WINDOW: Duration = Duration::from_secs(600);
/// Rows of one event; further accesses are summed.
const ROWS_MAX: usize = 20;
/// Organizations that are counted for at once, with both kinds of access.
const WINDOWS_MAX: usize = 4096;
/// How many of them may be named by strangers alone: there may be no such organizations.
const WINDOWS_OF_STRANGERS_MAX: usize = 256;
/// Who acts when the service itself does.
const SERVICE: &str = "flow-registry";

/// An access to an organization that is worth a record.
#[derive(Debug, Clone)]
pub struct ObservedAccess {
    pub org_id: Uuid,
    pub kind: AccessKind,
    /// The code of the refusal, or the page that was read.
    pub what: String,
    /// Of a key that the organization has.
    pub key_prefix: Option<String>,
    pub by: Accessor,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AccessKind {
    Refused,
    Read,
}

impl AccessKind {
    fn event_type(self) -> EventType {
        match self {
            Self::Refused => EventType::AccessRefused,
            Self::Read => EventType::AccessRead,
        }
    }
}

/// Counts accesses, and puts them into the logs; clones count together.
#[derive(Debug, Clone)]
pub struct Accesses {
    store: Store,
    log: Log,
    counted: Arc<Mutex<Counted>>,
}

#[derive(Debug)]
struct Counted {
    since: DateTime<Utc>,
    windows: HashMap<(Uuid, AccessKind), AccessWindow>,
    of_strangers: usize,
}

#[derive(Debug, Default)]
struct AccessWindow {
    rows: HashMap<RowKey, Seen>,
    other: u64,
}

/// What accesses of one row have in common.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct RowKey {
    what: String,
    key_prefix: Option<String>,
    actor: Option<String>,
}

#[derive(Debug)]
struct Seen {
    count: u64,
    /// Of the first of them.
    by: Accessor,
}

/// Stored as RFC 8785 JSON. The circumstances have who it was and from where, in the order of the rows.
#[derive(Serialize)]
struct WindowPayload {
    from: String,
    until: String,
    rows: Vec<RowPayload>,
    other: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RowPayload {
    what: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_prefix: Option<String>,
    count: u64,
}

impl Counted {
    fn new() -> Self {
        Self { since: Utc::now(), windows: HashMap::new(), of_strangers: 0 }
    }

    fn observe(&mut self, access: ObservedAccess) {
        let ObservedAccess { org_id, kind, what, key_prefix, by } = access;
        let (is_full, is_stranger) =
            (self.windows.len() >= WINDOWS_MAX, key_prefix.is_none() && by.actor.is_none());
        let window = match self.windows.entry((org_id, kind)) {
            Entry::Occupied(window) => window.into_mut(),
            Entry::Vacant(_) if is_full || (is_stranger && self.of_strangers >= WINDOWS_OF_STRANGERS_MAX) => {
                return;
            }
            Entry::Vacant(place) => {
                self.of_strangers += usize::from(is_stranger);
                place.insert(AccessWindow::default())
            }
        };
        let key = RowKey { what, key_prefix, actor: by.actor.clone() };
        if let Some(seen) = window.rows.get_mut(&key) {
            seen.count += 1;
        } else if window.rows.len() < ROWS_MAX {
            window.rows.insert(key, Seen { count: 1, by });
        } else {
            window.other += 1;
        }
    }
}

impl AccessWindow {
    /// The rows in one order, and who they are of.
    fn told(self) -> (Vec<RowPayload>, Vec<Accessor>) {
        let mut rows: Vec<(RowKey, Seen)> = self.rows.into_iter().collect();
        rows.sort_by(|(one, seen), (other, also)| (also.count, one).cmp(&(seen.count, other)));
        let told = |(key, seen): (RowKey, Seen)| {
            (RowPayload { what: key.what, key_prefix: key.key_prefix, count: seen.count }, seen.by)
        };
        rows.into_iter().map(told).unzip()
    }
}

impl Accesses {
    pub(super) fn new(store: Store, log: Log) -> Self {
        Self { store, log, counted: Arc::new(Mutex::new(Counted::new())) }
    }

    pub fn observe(&self, access: ObservedAccess) {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner).observe(access);
    }

    /// Puts what was counted into the logs of the organizations, where they have one. What cannot be put there now is
    /// lost, and said so in the log of the process.
    pub async fn put_on_record(&self) {
        let counted = {
            let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *counted, Counted::new())
        };
        let since = counted.since;
        for ((org_id, kind), window) in counted.windows {
            if let Err(error) = self.put_window(org_id, kind, since, window).await {
                tracing::warn!(%error, org = %org_id, "accesses were not put on record");
            }
        }
    }

    async fn put_window(
        &self,
        org_id: Uuid,
        kind: AccessKind,
        since: DateTime<Utc>,
        window: AccessWindow,
    ) -> Result<(), RegistryError> {
        if self.store.in_time(self.store.head(org_id)).await? == 0 {
            return Ok(());
        }
        let text = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Micros, true);
        let other = window.other;
        let (rows, accessors) = window.told();
        let payload = WindowPayload { from: text(since), until: text(Utc::now()), rows, other };
        let intent = operator(org_id, SERVICE);
        let mut event = organization_event(&intent, kind.event_type(), canonical_bytes(&payload));
        event.context = canonical_bytes(&Context { accessors, ..context(&intent, None) }).into();
        self.log.append_to_organization(&self.store, org_id, event).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(org: u128, what: &str, key_prefix: Option<&str>) -> ObservedAccess {
        ObservedAccess {
            org_id: Uuid::from_u128(org),
            kind: AccessKind::Refused,
            what: what.to_owned(),
            key_prefix: key_prefix.map(str::to_owned),
            by: Accessor { actor: None, address: Some("192.0.2.1".to_owned()), user_agent: None },
        }
    }

    #[test]
    fn rows_are_bounded_and_the_rest_is_summed() {
        let mut counted = Counted::new();
        for n in 0..30 {
            counted.observe(access(1, "invalid_credentials", Some(&format!("mk_live_{n}"))));
            counted.observe(access(1, "wrong_organization", Some("mk_live_0")));
        }
        let window = counted.windows.remove(&(Uuid::from_u128(1), AccessKind::Refused)).unwrap();
        assert_eq!((window.rows.len(), window.other), (ROWS_MAX, 11));
        let (rows, accessors) = window.told();
        assert_eq!((rows[0].what.as_str(), rows[0].count), ("wrong_organization", 30));
        assert_eq!(rows.len(), accessors.len());
    }

    #[test]
    fn strangers_take_no_place_from_those_who_are_known() {
        let mut counted = Counted::new();
        for org in 0..1000 {
            counted.observe(access(org, "invalid_credentials", None));
        }
        assert_eq!(counted.windows.len(), WINDOWS_OF_STRANGERS_MAX);
        counted.observe(access(5000, "invalid_credentials", Some("mk_live_0")));
        assert_eq!(counted.windows.len(), WINDOWS_OF_STRANGERS_MAX + 1);
    }
}
