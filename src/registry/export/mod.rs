//! Exports of the audit log: what happened, as rows for people or as a bundle that proves itself. An export is an event
//! of the log it copies, appended before anything is handed out, and covers the log up to a fixed position, its own
//! event included. It is read in parts, each by a statement of its own: nothing is held open while a client reads.

mod bundle;
mod entries;
mod link;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use secrecy::SecretSlice;
use serde::Serialize;
use uuid::Uuid;

use super::RegistryError;
use super::caller::{Caller, Intent};
use super::checkpoints::Checkpoints;
use super::log::{Log, organization_event};
use crate::flow::event::{EventType, canonical_bytes};
use crate::store::{AuditFilter, NewEvent, Store};

pub use bundle::BundleExport;
pub use entries::EntryExport;
pub use link::{Link, LinkUse};

/// What is to be exported, and in the words of which request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExportOrder {
    pub filter: AuditFilter,
    /// Where it begins: behind this position. 0: at the start of the log.
    pub after: i64,
    /// The filter as it was asked for, by parameter, for the event.
    pub asked: BTreeMap<&'static str, String>,
    /// It comes by a link, which its caller may have handed on.
    pub by_link: bool,
    /// The table begins with a byte order mark.
    pub is_marked: bool,
}

/// In which form an export goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ExportFormat {
    Csv,
    Ndjson,
}

/// Which part of the log an export covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coverage {
    pub org_id: Uuid,
    /// The last position that is covered: that of the export's own event, or a signed one soon behind it.
    pub up_to: i64,
    /// When it was asked for.
    pub at: DateTime<Utc>,
    /// The position before the first that is wanted by its place and time, and the last of them. Those between that
    /// one and `up_to` came later than the filter's time.
    wanted_after: i64,
    wanted_up_to: i64,
}

impl Coverage {
    fn wants(&self, position: i64) -> bool {
        self.wanted_after < position && position <= self.wanted_up_to
    }
}

/// Stored as RFC 8785 JSON. How far the export goes is the position of its own event.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ExportPayload<'a> {
    format: ExportFormat,
    filter: &'a BTreeMap<&'static str, String>,
    after: i64,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    by_link: bool,
}

/// Exports of logs, each an event of its log, and links to them.
#[derive(Debug, Clone)]
pub struct Exports {
    store: Store,
    log: Log,
    checkpoints: Checkpoints,
    /// What links are signed with where there is no signing key.
    own_secret: SecretSlice<u8>,
}

impl Exports {
    pub(super) fn new(store: Store, log: Log, checkpoints: Checkpoints) -> Self {
        let own_secret = rand::random::<[u8; 32]>().to_vec().into();
        Self { store, log, checkpoints, own_secret }
    }

    /// Whether an export can begin where it is to.
    pub async fn check(&self, caller: &Caller, order: &ExportOrder) -> Result<(), RegistryError> {
        let head = self.store.head(caller.org_id).await?;
        if order.after > head {
            return Err(RegistryError::BeyondTheLog);
        }
        match order.filter.stream_id {
            Some(flow) if !self.knows_flow(caller, flow).await? => Err(RegistryError::FlowNotFound),
            _ => Ok(()),
        }
    }

    /// Whether a flow was ever there. For a caller that is confined to numbers there is none: what is left out could not
    /// be told from what is not there.
    async fn knows_flow(&self, caller: &Caller, flow: Uuid) -> Result<bool, RegistryError> {
        Ok(caller.phone_number_ids.is_empty() && self.store.stream_version(caller.org_id, flow).await? > 0)
    }

    /// Records an export, and says what it covers.
    async fn begin_export(
        &self,
        intent: &Intent,
        order: &ExportOrder,
        format: ExportFormat,
    ) -> Result<Coverage, RegistryError> {
        let org_id = intent.caller.org_id;
        self.check(&intent.caller, order).await?;
        let (exports, event) = (self.clone(), exported(intent, order, format));
        let own = self
            .log
            .detached(async move { exports.log.append_to_organization(&exports.store, org_id, event).await })
            .await?;
        let signed = if format == ExportFormat::Ndjson { self.sign_export(org_id).await? } else { None };
        let up_to = signed.unwrap_or(own.position).max(own.position);
        let (mut wanted_after, mut wanted_up_to) = (order.after, up_to);
        if let Some(from) = order.filter.from {
            wanted_after = wanted_after.max(self.store.position_before(org_id, from).await?);
        }
        if let Some(until) = order.filter.until {
            wanted_up_to = wanted_up_to.min(self.store.position_before(org_id, until).await?);
        }
        Ok(Coverage { org_id, up_to, at: own.recorded_at, wanted_after, wanted_up_to })
    }

    /// Signs the head, which is the export's own event or soon behind it, and says how far that reaches. A log that
    /// contradicts itself or what was signed of it is not signed, but exported: that is how its auditors find out.
    async fn sign_export(&self, org_id: Uuid) -> Result<Option<i64>, RegistryError> {
        match self.checkpoints.sign_head(org_id).await {
            Ok(signed) => Ok(signed.map(|signed| signed.position)),
            Err(error) if error.is_refused_signature() => {
                tracing::error!(%error, org = %org_id, "an export is not signed: verify it");
                Ok(None)
            }
            Err(error @ RegistryError::SignaturesNotKept(_)) => {
                tracing::error!(%error, "an export is not signed: what was signed cannot be kept");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

fn exported(intent: &Intent, order: &ExportOrder, format: ExportFormat) -> NewEvent {
    let ExportOrder { asked, after, by_link, .. } = order;
    let payload = ExportPayload { format, filter: asked, after: *after, by_link: *by_link };
    organization_event(intent, EventType::AuditExported, canonical_bytes(&payload))
}

/// The filter without its time, which the coverage holds by then, and with the numbers a caller is confined to.
fn confined(caller: &Caller, filter: &AuditFilter) -> AuditFilter {
    let confined_to = caller.phone_number_ids.to_vec();
    AuditFilter { from: None, until: None, confined_to, ..filter.clone() }
}
