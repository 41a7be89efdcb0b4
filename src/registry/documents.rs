//! Documents in memory, by digest. They are immutable under it, so nothing here is ever stale.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::command::Found;
use crate::flow::digest::Digest;
use crate::flow::document::Canonical;
use crate::flow::finding::Finding;
use crate::flow::{text, validation};
use crate::store::{FlowRecord, StoreError};

/// Canonical bytes the cache holds at most; what is derived from them comes on top.
const CACHED_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// A document nobody asked for in this time is let go.
const IDLE: Duration = Duration::from_secs(300);

/// Flows that are remembered as they were last seen.
const REMEMBERED_MAX: u64 = 20_000;

/// What a list shows of a document under `view=summary`.
const SUMMARY_MEMBERS: [&str; 7] =
    ["description", "formatVersion", "name", "phoneNumberId", "triggerConfig", "triggerType", "wabaId"];

/// A document with what was computed from it so far.
pub struct LoadedDocument {
    digest: Digest,
    /// The stored bytes, or those that stand in for erased ones.
    bytes: Bytes,
    erased: bool,
    findings: OnceLock<Findings>,
    summary: OnceLock<Bytes>,
}

struct Findings {
    list: Vec<Finding>,
    json: Bytes,
}

impl Findings {
    fn of(canonical: &Canonical) -> Self {
        let list = validation::findings(canonical);
        let json = match list.as_slice() {
            [] => Bytes::from_static(b"[]"),
            list => serde_json::to_vec(list).expect("findings serialize").into(),
        };
        Self { list, json }
    }
}

impl fmt::Debug for LoadedDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoadedDocument").field("digest", &self.digest).field("erased", &self.erased).finish()
    }
}

impl LoadedDocument {
    /// A document read from the log; `None` when its content was erased.
    pub(super) fn stored(digest: Digest, bytes: Option<Bytes>) -> Self {
        let erased = bytes.is_none();
        let bytes = bytes.unwrap_or_else(|| {
            let stand_in = Canonical::create(json!({"name": "(erased)"}));
            stand_in.expect("a name alone is a valid document").bytes
        });
        Self { digest, bytes, erased, findings: OnceLock::new(), summary: OnceLock::new() }
    }

    /// A document that was just made. Whoever made it is shown its findings, so they are computed at once.
    fn new(canonical: &Canonical) -> Self {
        let document = Self::stored(canonical.digest, Some(canonical.bytes.clone()));
        document.findings.get_or_init(|| Findings::of(canonical));
        document
    }

    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The thirteen document members as one canonical JSON object.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Whether the content was erased on legal demand; the bytes then only stand in for it.
    pub fn is_erased(&self) -> bool {
        self.erased
    }

    /// What validation says of this document alone.
    pub fn findings(&self) -> Result<&[Finding], StoreError> {
        Ok(&self.computed_findings()?.list)
    }

    /// The same as a JSON array.
    pub fn findings_json(&self) -> Result<&Bytes, StoreError> {
        Ok(&self.computed_findings()?.json)
    }

    fn computed_findings(&self) -> Result<&Findings, StoreError> {
        if let Some(findings) = self.findings.get() {
            return Ok(findings);
        }
        let findings = match self.erased {
            true => Findings { list: Vec::new(), json: Bytes::from_static(b"[]") },
            false => Findings::of(&self.canonical()?),
        };
        Ok(self.findings.get_or_init(|| findings))
    }

    /// The members a list shows under `view=summary`, as one JSON object.
    pub fn summary_json(&self) -> Result<&Bytes, StoreError> {
        if let Some(summary) = self.summary.get() {
            return Ok(summary);
        }
        let mut all = self.members()?;
        all.retain(|name, _| SUMMARY_MEMBERS.contains(&name.as_str()));
        let json = serde_json::to_vec(&all).expect("JSON values serialize").into();
        Ok(self.summary.get_or_init(|| json))
    }

    /// The document as a value, for comparisons.
    pub(super) fn value(&self) -> Result<Value, StoreError> {
        self.members().map(Value::Object)
    }

    /// The document's members. Stored bytes were read strictly before they were stored.
    pub(super) fn members(&self) -> Result<Map<String, Value>, StoreError> {
        serde_json::from_slice(&self.bytes)
            .map_err(|error| StoreError::corrupt(self.digest.to_string(), error.to_string()))
    }

    /// The document typed and as a value, for commands that change or run it.
    pub(super) fn canonical(&self) -> Result<Canonical, StoreError> {
        Canonical::read(self.bytes.clone())
            .map_err(|error| StoreError::corrupt(self.digest.to_string(), error.to_string()))
    }
}

/// What the flow view keeps of a document to find flows by.
pub(super) struct Lookup {
    pub(super) phone_number_id: Option<String>,
    pub(super) search: String,
}

impl Lookup {
    pub(super) fn of(canonical: &Canonical) -> Self {
        let document = &canonical.document;
        Self {
            phone_number_id: document.phone_number_id.clone(),
            search: text::search_text(&document.name, document.description.as_deref()),
        }
    }
}

/// The cache of documents, and how each flow was last seen.
///
/// What is remembered of a flow may be old: another replica may have changed it since. A decision made on it only
/// counts when the append finds the flow at that very version.
#[derive(Debug, Clone)]
pub(super) struct DocumentCache {
    by_digest: Cache<Digest, Arc<LoadedDocument>>,
    last_seen: Cache<(Uuid, Uuid), Arc<FlowRecord>>,
}

impl DocumentCache {
    pub(super) fn new() -> Self {
        let weigh = |_: &Digest, document: &Arc<LoadedDocument>| {
            u32::try_from(document.bytes.len()).unwrap_or(u32::MAX)
        };
        // Least recently used, because what was written last is asked for next; the default would rather keep what
        // was asked for often.
        Self {
            by_digest: Cache::builder()
                .max_capacity(CACHED_BYTES_MAX)
                .weigher(weigh)
                .eviction_policy(EvictionPolicy::lru())
                .time_to_idle(IDLE)
                .build(),
            last_seen: Cache::builder()
                .max_capacity(REMEMBERED_MAX)
                .eviction_policy(EvictionPolicy::lru())
                .time_to_idle(IDLE)
                .build(),
        }
    }

    pub(super) fn get(&self, digest: Digest) -> Option<Arc<LoadedDocument>> {
        self.by_digest.get(&digest)
    }

    /// A document that a client has sent: what was computed of the same one before serves again.
    pub(super) fn made(&self, canonical: &Canonical) -> Arc<LoadedDocument> {
        self.get(canonical.digest).unwrap_or_else(|| Arc::new(LoadedDocument::new(canonical)))
    }

    /// A flow and its draft as they were last seen, if both are still in memory.
    pub(super) fn remembered(&self, org_id: Uuid, flow_id: Uuid) -> Option<Found> {
        let record = self.last_seen.get(&(org_id, flow_id))?;
        let document = self.get(record.document)?;
        Some(Found { record: FlowRecord::clone(&record), document })
    }

    /// The draft a flow was last seen at: a read that finds the same needs no bytes.
    pub(super) fn expected(&self, org_id: Uuid, flow_id: Uuid) -> Option<Arc<LoadedDocument>> {
        self.get(self.last_seen.get(&(org_id, flow_id))?.document)
    }

    pub(super) fn saw(&self, org_id: Uuid, record: &FlowRecord, document: &Arc<LoadedDocument>) {
        let key = (org_id, record.flow_id);
        if self.last_seen.get(&key).is_none_or(|seen| seen.version < record.version) {
            self.last_seen.insert(key, Arc::new(record.clone()));
        }
        self.keep(document);
    }

    /// Lets go of how a flow was last seen.
    pub(super) fn forget(&self, org_id: Uuid, flow_id: Uuid) {
        self.last_seen.invalidate(&(org_id, flow_id));
    }

    pub(super) fn keep(&self, document: &Arc<LoadedDocument>) {
        if !document.erased && !self.by_digest.contains_key(&document.digest) {
            self.by_digest.insert(document.digest, Arc::clone(document));
        }
    }

    /// The document of a row that was read: from `expected` when the row names the same digest, else its bytes.
    pub(super) fn resolve(
        &self,
        digest: Digest,
        bytes: Option<Bytes>,
        expected: Option<Arc<LoadedDocument>>,
    ) -> Arc<LoadedDocument> {
        match expected.filter(|document| document.digest == digest) {
            Some(document) => document,
            None => self.get(digest).unwrap_or_else(|| Arc::new(LoadedDocument::stored(digest, bytes))),
        }
    }
}
