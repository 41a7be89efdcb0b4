//! What is remembered: flows as they were last seen or stood after a version, and other documents by digest, under which
//! they are immutable.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use tokio::time::Instant;
use uuid::Uuid;

use super::packed::Packed;
use super::{Findings, LoadedDocument, judge};
use crate::flow::digest::Digest;
use crate::flow::document::{Applied, Canonical};
use crate::registry::answer::FlowAnswer;
use crate::store::{Content, FlowRecord, StoreError};

/// What flows as they were last seen may take in memory, by estimate.
const SEEN_BYTES_MAX: u64 = 25 * 1024 * 1024;
/// What a flow takes beside its document: state, summary, findings, its place in the cache.
const STATE_BYTES: usize = 1056;
/// The same of an earlier version, which no list shows.
const VERSION_BYTES: usize = 576;
/// Bytes of the documents beside which versions are packed, and what each takes beside its text.
const BASES_BYTES_MAX: u64 = 512 * 1024;
const BASE_BYTES: usize = 128;
/// The longest of them: half of what one of the cache's parts may hold.
const BASE_MAX: usize = 32 * 1024;
/// What the authors of a flow may have together without being charged for it: most are shared.
const UNCHARGED_AUTHORS: usize = 512;
/// Authors of whom one copy is kept.
const AUTHORS_MAX: usize = 1024;
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
pub(in crate::registry) const TRUSTED_FOR: Duration = Duration::from_secs(60);
/// What a document is expected to have.
const DOCUMENT_BYTES: usize = 2 * 1024;

/// How each flow was last seen, and other documents by digest.
///
/// What is remembered of a flow may be old: another replica may have changed it since. A read asks whether it is still
/// at that version; a decision made on it only counts when the append finds it there.
#[derive(Debug, Clone)]
pub(in crate::registry) struct DocumentCache {
    seen: Arc<Cache<Seen, Arc<FlowAnswer>, Bytewise>>,
    others: Arc<Cache<(Uuid, Digest), Kept, Bytewise>>,
    judged: Judged,
    bases: Arc<Cache<Stream, Base, Bytewise>>,
    authors: Arc<Cache<Bytes, Bytes>>,
}

/// An organization and a flow of it.
type Stream = (Uuid, Uuid);

/// The text beside which versions of a flow are packed; `None` after one version was.
type Base = Option<Arc<[u8]>>;

/// What validation says of documents, also of those that are not in memory any more: it costs more than to read them.
pub(super) type Judged = Arc<Cache<Digest, Findings, Bytewise>>;

/// A document, and since when it is kept: it may have been erased since.
#[derive(Debug, Clone)]
struct Kept {
    document: Arc<LoadedDocument>,
    since: Instant,
}

/// A flow as it is now, or as it stood after a version.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Seen {
    org_id: Uuid,
    flow_id: Uuid,
    version: Option<i64>,
}

/// Weighs what is kept by the bytes it takes.
#[derive(Debug, Clone)]
pub(super) struct Bytewise;

impl Weighter<Seen, Arc<FlowAnswer>> for Bytewise {
    fn weight(&self, seen: &Seen, flow: &Arc<FlowAnswer>) -> u64 {
        let state = if seen.version.is_some() { VERSION_BYTES } else { STATE_BYTES };
        let authors = flow.record.created_by.len() + flow.record.updated_by.len();
        (flow.document.packed.size() + state + authors.saturating_sub(UNCHARGED_AUTHORS)) as u64
    }
}

impl Weighter<Digest, Findings> for Bytewise {
    fn weight(&self, _: &Digest, findings: &Findings) -> u64 {
        (findings.as_ref().map_or(0, |findings| findings.size()) + JUDGED_BYTES) as u64
    }
}

impl Weighter<Stream, Base> for Bytewise {
    fn weight(&self, _: &Stream, base: &Base) -> u64 {
        (base.as_ref().map_or(0, |base| base.len()) + BASE_BYTES) as u64
    }
}

impl Weighter<(Uuid, Digest), Kept> for Bytewise {
    fn weight(&self, _: &(Uuid, Digest), kept: &Kept) -> u64 {
        (kept.document.packed.size() + OTHER_BYTES) as u64
    }
}

impl DocumentCache {
    pub(in crate::registry) fn new() -> Self {
        let items = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX) / DOCUMENT_BYTES;
        Self {
            seen: Arc::new(Cache::with_weighter(items(SEEN_BYTES_MAX), SEEN_BYTES_MAX, Bytewise)),
            others: Arc::new(Cache::with_weighter(items(OTHER_BYTES_MAX), OTHER_BYTES_MAX, Bytewise)),
            judged: Arc::new(Cache::with_weighter(JUDGED_ITEMS, JUDGED_BYTES_MAX, Bytewise)),
            bases: Arc::new(Cache::with_weighter(items(BASES_BYTES_MAX), BASES_BYTES_MAX, Bytewise)),
            authors: Arc::new(Cache::new(AUTHORS_MAX)),
        }
    }

    /// A flow that was read or written, with one of its documents.
    pub(in crate::registry) fn answer(
        &self,
        org_id: Uuid,
        mut record: FlowRecord,
        document: Arc<LoadedDocument>,
    ) -> Arc<FlowAnswer> {
        for author in [&mut record.created_by, &mut record.updated_by] {
            match self.authors.get(author) {
                Some(same) => *author = same,
                None => self.authors.insert(author.clone(), author.clone()),
            }
        }
        FlowAnswer::new(org_id, record, document)
    }

    /// A flow as it was last seen, with its draft, however long ago.
    pub(in crate::registry) fn last_seen(&self, org_id: Uuid, flow_id: Uuid) -> Option<Arc<FlowAnswer>> {
        self.seen.get(&Seen { org_id, flow_id, version: None })
    }

    /// The same if that was not long ago.
    pub(in crate::registry) fn remembered(&self, org_id: Uuid, flow_id: Uuid) -> Option<Arc<FlowAnswer>> {
        self.last_seen(org_id, flow_id).filter(|flow| flow.is_trusted())
    }

    /// A flow as it stood after a version, and how it was bound when that was read, however long ago.
    pub(in crate::registry) fn remembered_version(
        &self,
        org_id: Uuid,
        flow_id: Uuid,
        version: i64,
    ) -> Option<Arc<FlowAnswer>> {
        self.seen.get(&Seen { org_id, flow_id, version: Some(version) })
    }

    /// The draft a flow was last seen at: a read that finds the same needs no bytes.
    pub(in crate::registry) fn expected(&self, org_id: Uuid, flow_id: Uuid) -> Option<Arc<LoadedDocument>> {
        Some(Arc::clone(&self.remembered(org_id, flow_id)?.document))
    }

    /// Remembers a flow with its draft.
    pub(in crate::registry) fn saw(&self, flow: &Arc<FlowAnswer>) {
        let is_newer = |seen: Arc<FlowAnswer>| seen.record.version < flow.record.version;
        if self.remembered(flow.org_id, flow.record.flow_id).is_none_or(is_newer) {
            self.remember(flow, None);
        }
    }

    /// Remembers a flow as it stood after a version.
    pub(in crate::registry) fn saw_version(&self, flow: &Arc<FlowAnswer>) {
        self.remember(flow, Some(flow.record.version));
    }

    fn remember(&self, flow: &Arc<FlowAnswer>, version: Option<i64>) {
        if !flow.document.erased {
            let what = Seen { org_id: flow.org_id, flow_id: flow.record.flow_id, version };
            self.seen.insert(what, Arc::clone(flow));
        }
    }

    /// Lets go of how a flow was last seen.
    pub(in crate::registry) fn forget(&self, org_id: Uuid, flow_id: Uuid) {
        self.seen.remove(&Seen { org_id, flow_id, version: None });
    }

    /// A document that is not, or not only, a flow's draft, if it was read lately.
    pub(in crate::registry) fn get(&self, org_id: Uuid, digest: Digest) -> Option<Arc<LoadedDocument>> {
        let kept = self.others.get(&(org_id, digest))?;
        (kept.since.elapsed() < TRUSTED_FOR).then_some(kept.document)
    }

    /// Keeps such a document, which was just read.
    pub(in crate::registry) fn keep(&self, org_id: Uuid, document: &Arc<LoadedDocument>) {
        if !document.erased && self.get(org_id, document.digest).is_none() {
            let kept = Kept { document: Arc::clone(document), since: Instant::now() };
            self.others.insert((org_id, document.digest), kept);
        }
    }

    /// The document of a row that was read with its bytes; `None` where they were erased.
    pub(in crate::registry) fn resolve(
        &self,
        org_id: Uuid,
        digest: Digest,
        bytes: Option<Bytes>,
    ) -> Arc<LoadedDocument> {
        match bytes {
            Some(bytes) => self.get(org_id, digest).unwrap_or_else(|| self.stored(digest, &bytes)),
            None => {
                self.others.remove(&(org_id, digest));
                Arc::new(LoadedDocument::erased(digest, &self.judged))
            }
        }
    }

    /// The document of a row that was read, with `known` as what was said to be known.
    pub(in crate::registry) fn found(
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

    /// The same of a version, whose document is packed beside another of the flow.
    pub(in crate::registry) fn found_version(
        &self,
        org_id: Uuid,
        record: &FlowRecord,
        content: Content,
        known: Option<Arc<LoadedDocument>>,
    ) -> Arc<LoadedDocument> {
        match content {
            Content::Bytes(bytes) => {
                let packed = self.pack_version((org_id, record.flow_id), &bytes);
                Arc::new(LoadedDocument::new(record.document, packed, &self.judged))
            }
            content => self.found(org_id, record.document, content, known),
        }
    }

    /// The second version of a flow that is read becomes the one beside which others are packed, until one comes that has
    /// little in common with it.
    fn pack_version(&self, flow: Stream, text: &[u8]) -> Packed {
        if text.len() > BASE_MAX {
            return Packed::of(text);
        }
        let base = self.bases.get(&flow);
        if let Some(Some(base)) = &base
            && let Some(packed) = Packed::beside(text, base)
        {
            return packed;
        }
        self.bases.insert(flow, base.map(|_| text.into()));
        Packed::of(text)
    }

    fn stored(&self, digest: Digest, bytes: &[u8]) -> Arc<LoadedDocument> {
        Arc::new(LoadedDocument::new(digest, Packed::of(bytes), &self.judged))
    }

    /// A document that was just made. Whoever made it is shown its findings, so they are computed at once.
    pub(in crate::registry) fn made(&self, canonical: &Canonical) -> Arc<LoadedDocument> {
        let document = self.stored(canonical.digest, &canonical.bytes);
        document.findings.get_or_init(|| judge(canonical));
        document
    }

    /// The same of one that a change made of another.
    pub(in crate::registry) fn changed(
        &self,
        before: &LoadedDocument,
        applied: &Applied,
    ) -> Result<Arc<LoadedDocument>, StoreError> {
        let document = self.stored(applied.digest, &applied.bytes);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> String {
        (0..50).map(|step| format!("{text} {step} ")).collect()
    }

    #[test]
    fn versions_of_a_flow_are_packed_beside_each_other() {
        let documents = DocumentCache::new();
        let (flow, other) = ((Uuid::new_v4(), Uuid::new_v4()), (Uuid::new_v4(), Uuid::new_v4()));
        let beside = ["first", "second", "second", "quite another", "quite another"].map(|text| {
            let text = version(text);
            let packed = documents.pack_version(flow, text.as_bytes());
            assert_eq!(packed.text(), text.as_bytes());
            packed.is_beside_another()
        });
        assert_eq!(beside, [false, false, true, false, true]);
        assert!(!documents.pack_version(other, version("second").as_bytes()).is_beside_another());
    }

    #[test]
    fn long_versions_are_packed_by_themselves() {
        let documents = DocumentCache::new();
        let flow = (Uuid::new_v4(), Uuid::new_v4());
        for (length, is_beside) in [(BASE_MAX, true), (BASE_MAX + 1, false)] {
            let text = vec![b'x'; length];
            let beside = [(); 3].map(|()| documents.pack_version(flow, &text).is_beside_another());
            assert_eq!(beside[2], is_beside, "{length}");
        }
    }
}
