//! Documents in memory: those of flows as they were last seen, and others by digest, under which they are immutable.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use serde_json::{Map, Value, json};
use tokio::time::Instant;
use uuid::Uuid;

use super::RegistryError;
use super::answer::FlowAnswer;
use super::packed::Packed;
use crate::flow::digest::Digest;
use crate::flow::document::{Applied, Canonical, Labels, Patch, Texts};
use crate::flow::{text, validation};
use crate::store::{Content, StoreError};

/// What flows as they were last seen may take in memory, by estimate.
const SEEN_BYTES_MAX: u64 = 25 * 1024 * 1024;
/// What a flow takes beside its document: state, summary, findings, its place in the cache.
const STATE_BYTES: usize = 1280;
/// The same of an earlier version, which no list shows.
const VERSION_BYTES: usize = 896;
/// Bytes of other documents: those in force, and of earlier versions.
const OTHER_BYTES_MAX: u64 = 2 * 1024 * 1024;
/// What each takes beside its text.
const OTHER_BYTES: usize = 384;
/// What findings may take in memory, and each beside its text.
const JUDGED_BYTES_MAX: u64 = 2 * 1024 * 1024;
const JUDGED_BYTES: usize = 176;
const JUDGED_ITEMS: usize = JUDGED_BYTES_MAX as usize / JUDGED_BYTES;
/// How long what was read counts as the row of its version. Rows only change with their version, but for those that are
/// put right by hand, by `projections rebuild`, or erased.
pub(super) const TRUSTED_FOR: Duration = Duration::from_secs(60);
/// What a document is expected to have.
const DOCUMENT_BYTES: usize = 2 * 1024;

/// What a list shows of a document under `view=summary`.
const SUMMARY_MEMBERS: [&str; 7] =
    ["description", "formatVersion", "name", "phoneNumberId", "triggerConfig", "triggerType", "wabaId"];

/// A document with what was computed from it so far.
pub struct LoadedDocument {
    digest: Digest,
    /// The stored bytes, or those that stand in for erased ones.
    packed: Packed,
    erased: bool,
    findings: OnceLock<Findings>,
    judged: Judged,
}

/// What validation says of a document, as a JSON array; `None` when it has nothing to say.
type Findings = Option<Arc<Packed>>;

fn judge(canonical: &Canonical) -> Findings {
    match validation::findings(canonical).as_slice() {
        [] => None,
        findings => Some(Arc::new(Packed::of(&serde_json::to_vec(findings).expect("findings serialize")))),
    }
}

/// What stands in for a document whose content was erased.
pub(super) fn stand_in() -> Bytes {
    let stand_in = Canonical::create(json!({"name": "(erased)"}));
    stand_in.expect("a name alone is a valid document").bytes
}

/// The members of a document from its bytes, which were read strictly before they were stored.
pub(super) fn members(digest: Digest, bytes: &[u8]) -> Result<Map<String, Value>, StoreError> {
    serde_json::from_slice(bytes).map_err(|error| StoreError::corrupt(digest.to_string(), error.to_string()))
}

impl fmt::Debug for LoadedDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoadedDocument").field("digest", &self.digest).field("erased", &self.erased).finish()
    }
}

impl LoadedDocument {
    /// A document read from the log; `None` when its content was erased.
    fn stored(digest: Digest, bytes: Option<Bytes>, judged: Judged) -> Self {
        let erased = bytes.is_none();
        let packed = Packed::of(&bytes.unwrap_or_else(stand_in));
        Self { digest, packed, erased, findings: OnceLock::new(), judged }
    }

    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The thirteen document members as one canonical JSON object.
    pub fn bytes(&self) -> Vec<u8> {
        self.packed.text()
    }

    /// Whether the content was erased on legal demand; the bytes then only stand in for it.
    pub fn is_erased(&self) -> bool {
        self.erased
    }

    /// What validation says of this document alone, as a JSON array.
    pub fn findings_json(&self) -> Result<Cow<'static, [u8]>, StoreError> {
        Ok(match self.findings()? {
            Some(findings) => Cow::Owned(findings.text()),
            None => Cow::Borrowed(b"[]"),
        })
    }

    fn findings(&self) -> Result<&Findings, StoreError> {
        if let Some(findings) = self.findings.get() {
            return Ok(findings);
        }
        let findings = match (self.erased, self.judged.get(&self.digest)) {
            (true, _) => None,
            (false, Some(findings)) => findings,
            (false, None) => {
                let findings = judge(&self.canonical()?);
                self.judged.insert(self.digest, findings.clone());
                findings
            }
        };
        Ok(self.findings.get_or_init(|| findings))
    }

    /// The members a list shows under `view=summary`, as one JSON object.
    pub fn summary_json(&self) -> Result<Vec<u8>, StoreError> {
        let mut all = self.members()?;
        all.retain(|name, _| SUMMARY_MEMBERS.contains(&name.as_str()));
        Ok(serde_json::to_vec(&all).expect("JSON values serialize"))
    }

    /// The document as a value, for comparisons.
    pub(super) fn value(&self) -> Result<Value, StoreError> {
        self.members().map(Value::Object)
    }

    /// The document's members.
    pub(super) fn members(&self) -> Result<Map<String, Value>, StoreError> {
        members(self.digest, &self.bytes())
    }

    /// What a change makes of the document.
    pub(super) fn change(&self, patch: &Patch) -> Result<Applied, RegistryError> {
        let bytes = self.bytes();
        let texts = Texts::of(&bytes).map_err(|corrupt| self.corrupt(&corrupt))?;
        patch.apply(&texts).map_err(RegistryError::Invalid)
    }

    fn corrupt(&self, error: &impl ToString) -> StoreError {
        StoreError::corrupt(self.digest.to_string(), error.to_string())
    }

    /// The document typed and as a value, for commands that change or run it.
    pub(super) fn canonical(&self) -> Result<Canonical, StoreError> {
        Canonical::read(self.bytes().into()).map_err(|corrupt| self.corrupt(&corrupt))
    }
}

/// What the flow view keeps of a document to find flows by.
pub(super) struct Lookup {
    pub(super) phone_number_id: Option<String>,
    pub(super) search: String,
}

impl Lookup {
    pub(super) fn of(labels: Labels) -> Self {
        let search = text::search_text(&labels.name, labels.description.as_deref());
        Self { phone_number_id: labels.phone_number_id, search }
    }
}

/// How each flow was last seen, and other documents by digest.
///
/// What is remembered of a flow may be old: another replica may have changed it since. A read asks whether it is still
/// at that version; a decision made on it only counts when the append finds it there.
#[derive(Debug, Clone)]
pub(super) struct DocumentCache {
    seen: Arc<Cache<Seen, Arc<FlowAnswer>, Bytewise>>,
    others: Arc<Cache<(Uuid, Digest), Kept, Bytewise>>,
    judged: Judged,
}

/// A document, and since when it is kept: it may have been erased since.
#[derive(Debug, Clone)]
struct Kept {
    document: Arc<LoadedDocument>,
    since: Instant,
}

/// What validation says of documents, also of those that are not in memory any more: it costs more than to read them.
type Judged = Arc<Cache<Digest, Findings, Bytewise>>;

/// A flow as it is now, or as it stood after a version.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Seen {
    org_id: Uuid,
    flow_id: Uuid,
    version: Option<i64>,
}

/// Weighs what is kept by the bytes it takes.
#[derive(Debug, Clone)]
struct Bytewise;

impl Weighter<Seen, Arc<FlowAnswer>> for Bytewise {
    fn weight(&self, seen: &Seen, flow: &Arc<FlowAnswer>) -> u64 {
        let state = if seen.version.is_some() { VERSION_BYTES } else { STATE_BYTES };
        (flow.document.packed.size() + state) as u64
    }
}

impl Weighter<Digest, Findings> for Bytewise {
    fn weight(&self, _: &Digest, findings: &Findings) -> u64 {
        (findings.as_ref().map_or(0, |findings| findings.size()) + JUDGED_BYTES) as u64
    }
}

impl Weighter<(Uuid, Digest), Kept> for Bytewise {
    fn weight(&self, _: &(Uuid, Digest), kept: &Kept) -> u64 {
        (kept.document.packed.size() + OTHER_BYTES) as u64
    }
}

impl DocumentCache {
    pub(super) fn new() -> Self {
        let items = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX) / DOCUMENT_BYTES;
        Self {
            seen: Arc::new(Cache::with_weighter(items(SEEN_BYTES_MAX), SEEN_BYTES_MAX, Bytewise)),
            others: Arc::new(Cache::with_weighter(items(OTHER_BYTES_MAX), OTHER_BYTES_MAX, Bytewise)),
            judged: Arc::new(Cache::with_weighter(JUDGED_ITEMS, JUDGED_BYTES_MAX, Bytewise)),
        }
    }

    /// A flow as it was last seen, with its draft, however long ago.
    pub(super) fn last_seen(&self, org_id: Uuid, flow_id: Uuid) -> Option<Arc<FlowAnswer>> {
        self.seen.get(&Seen { org_id, flow_id, version: None })
    }

    /// The same if that was not long ago.
    pub(super) fn remembered(&self, org_id: Uuid, flow_id: Uuid) -> Option<Arc<FlowAnswer>> {
        self.last_seen(org_id, flow_id).filter(|flow| flow.is_trusted())
    }

    /// A flow as it stood after a version, and how it was bound when that was read, however long ago.
    pub(super) fn remembered_version(
        &self,
        org_id: Uuid,
        flow_id: Uuid,
        version: i64,
    ) -> Option<Arc<FlowAnswer>> {
        self.seen.get(&Seen { org_id, flow_id, version: Some(version) })
    }

    /// The draft a flow was last seen at: a read that finds the same needs no bytes.
    pub(super) fn expected(&self, org_id: Uuid, flow_id: Uuid) -> Option<Arc<LoadedDocument>> {
        Some(Arc::clone(&self.remembered(org_id, flow_id)?.document))
    }

    /// Remembers a flow with its draft.
    pub(super) fn saw(&self, flow: &Arc<FlowAnswer>) {
        let is_newer = |seen: Arc<FlowAnswer>| seen.record.version < flow.record.version;
        if self.remembered(flow.org_id, flow.record.flow_id).is_none_or(is_newer) {
            self.remember(flow, None);
        }
    }

    /// Remembers a flow as it stood after a version.
    pub(super) fn saw_version(&self, flow: &Arc<FlowAnswer>) {
        self.remember(flow, Some(flow.record.version));
    }

    fn remember(&self, flow: &Arc<FlowAnswer>, version: Option<i64>) {
        if !flow.document.erased {
            let what = Seen { org_id: flow.org_id, flow_id: flow.record.flow_id, version };
            self.seen.insert(what, Arc::clone(flow));
        }
    }

    /// Lets go of how a flow was last seen.
    pub(super) fn forget(&self, org_id: Uuid, flow_id: Uuid) {
        self.seen.remove(&Seen { org_id, flow_id, version: None });
    }

    /// A document that is not, or not only, a flow's draft, if it was read lately.
    pub(super) fn get(&self, org_id: Uuid, digest: Digest) -> Option<Arc<LoadedDocument>> {
        let kept = self.others.get(&(org_id, digest))?;
        (kept.since.elapsed() < TRUSTED_FOR).then_some(kept.document)
    }

    /// Keeps such a document, which was just read.
    pub(super) fn keep(&self, org_id: Uuid, document: &Arc<LoadedDocument>) {
        if !document.erased && self.get(org_id, document.digest).is_none() {
            let kept = Kept { document: Arc::clone(document), since: Instant::now() };
            self.others.insert((org_id, document.digest), kept);
        }
    }

    /// The document of a row that was read with its bytes.
    pub(super) fn resolve(&self, org_id: Uuid, digest: Digest, bytes: Option<Bytes>) -> Arc<LoadedDocument> {
        match bytes {
            Some(bytes) => self.get(org_id, digest).unwrap_or_else(|| self.stored(digest, Some(bytes))),
            None => {
                self.others.remove(&(org_id, digest));
                self.stored(digest, None)
            }
        }
    }

    /// The document of a row that was read, with `known` as what was said to be known.
    pub(super) fn found(
        &self,
        org_id: Uuid,
        digest: Digest,
        content: Content,
        known: Option<Arc<LoadedDocument>>,
    ) -> Arc<LoadedDocument> {
        match (content, known) {
            (Content::Known, Some(known)) => known,
            (Content::Bytes(bytes), _) => self.resolve(org_id, digest, Some(bytes)),
            (Content::Known | Content::Erased, _) => self.resolve(org_id, digest, None),
        }
    }

    /// A document read from the log; `None` when its content was erased.
    pub(super) fn stored(&self, digest: Digest, bytes: Option<Bytes>) -> Arc<LoadedDocument> {
        Arc::new(LoadedDocument::stored(digest, bytes, Arc::clone(&self.judged)))
    }

    /// A document that was just made. Whoever made it is shown its findings, so they are computed at once.
    pub(super) fn made(&self, canonical: &Canonical) -> Arc<LoadedDocument> {
        let document = self.stored(canonical.digest, Some(canonical.bytes.clone()));
        document.findings.get_or_init(|| judge(canonical));
        document
    }

    /// The same of one that a change made of another.
    pub(super) fn changed(
        &self,
        before: &LoadedDocument,
        applied: &Applied,
    ) -> Result<Arc<LoadedDocument>, StoreError> {
        let document = self.stored(applied.digest, Some(applied.bytes.clone()));
        let findings = match &applied.read {
            Some(canonical) => judge(canonical),
            // Of erased content nothing is said, but much of what stands in for it.
            None if before.erased => judge(&document.canonical()?),
            None => before.findings()?.clone(),
        };
        document.findings.get_or_init(|| findings);
        Ok(document)
    }
}
