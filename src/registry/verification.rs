//! The verification of logs: of an export, with nothing but the file and a public key, and of a live database, with
//! what only the database can tell: every document, the state after each event, and what readers are shown.

mod tree_heads;

use std::collections::{HashMap, HashSet, VecDeque};

use uuid::Uuid;

pub use crate::evidence::{
    Alteration, Counts, Error as EvidenceError, KeptNote, Keyring, Proof, PublicKey, Report, Verdict,
    WitnessKey, verify as verify_export, verify_as_of_now,
};

use super::RegistryError;
use super::projections::{Drift, Trouble, compare};
use crate::evidence::{ChainVerifier, EventRecord};
use crate::flow::chain::chain_start;
use crate::flow::digest::Digest;
pub use crate::store::Store;
use crate::store::{Reading, StoreError, StoredCheckpoint, StoredDocument};
use tree_heads::TreeHeads;

/// Events of one part; a part is in memory at once.
const PART: i64 = 1000;
/// Documents in memory at once, in bytes; the last of them may go beyond it.
const DOCUMENT_BYTES: i64 = 1 << 20;

/// How far the verification of one log has come, in events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerificationProgress {
    pub organization: Uuid,
    pub position: i64,
    /// What the head of the log says.
    pub end: i64,
}

/// Holds the logs of a database, as they stood at one moment, against checkpoints: those stored beside them and those
/// that were kept elsewhere.
#[derive(Debug)]
pub struct LiveVerification {
    reading: Reading,
    keys: Vec<PublicKey>,
    kept: Vec<KeptNote>,
}

impl LiveVerification {
    /// `keys` are those whose signatures count, `kept` checkpoints and tree heads that were opened with them.
    pub async fn begin(
        store: &Store,
        keys: Vec<PublicKey>,
        kept: Vec<KeptNote>,
    ) -> Result<Self, RegistryError> {
        Ok(Self { reading: store.reading().await?, keys, kept })
    }

    /// Every organization of which there is anything in the database or a kept checkpoint.
    pub async fn organizations(&mut self) -> Result<Vec<Uuid>, RegistryError> {
        let mut organizations = self.reading.organizations().await?;
        organizations.extend(self.kept.iter().map(KeptNote::organization));
        organizations.sort_unstable();
        organizations.dedup();
        Ok(organizations)
    }

    /// Whether there is anything of an organization in the database, or a checkpoint of it was kept.
    pub async fn knows(&mut self, org_id: Uuid) -> Result<bool, RegistryError> {
        let is_kept = self.kept.iter().any(|kept| kept.organization() == org_id);
        Ok(is_kept || self.reading.knows(org_id).await?)
    }

    /// The report on one log.
    ///
    /// # Errors
    /// Those of the database; whatever is wrong with the log is the verdict.
    pub async fn log(
        &mut self,
        org_id: Uuid,
        mut progress: impl FnMut(VerificationProgress),
    ) -> Result<Report, RegistryError> {
        let kept = self.kept.iter().filter(|kept| kept.organization() == org_id).cloned().collect();
        let chain = ChainVerifier::new(org_id, 0, chain_start(org_id), self.keys.clone(), kept);
        let mut chain = match chain {
            Ok(chain) => chain,
            Err(Alteration { position, what }) => {
                let verdict = Verdict::Altered { position, what };
                let counts = Counts::default();
                return Ok(Report {
                    verdict,
                    organization: Some(org_id),
                    after: 0,
                    proven: None,
                    complete: None,
                    counts,
                });
            }
        };
        let mut trees = TreeHeads::of(org_id, self.keys.clone());
        let walked = match self.walk(org_id, &mut chain, &mut trees, &mut progress).await {
            Ok(()) => match chain.unrecorded() {
                Some(absent) => Err(Stop::Altered(absent)),
                None => self.compare_projections(org_id, chain.position()).await,
            },
            Err(stop) => Err(stop),
        };
        let mut report = match walked {
            Ok(unknown) => chain.finish(unknown, true),
            Err(Stop::Altered(found)) => chain.altered(found),
            Err(Stop::Failed(error)) => return Err(error),
        };
        report.counts.tree_heads = trees.seen();
        Ok(report)
    }

    /// From the first event to the last, and what the head says.
    async fn walk(
        &mut self,
        org_id: Uuid,
        chain: &mut ChainVerifier,
        trees: &mut TreeHeads,
        progress: &mut impl FnMut(VerificationProgress),
    ) -> Result<(), Stop> {
        let head = self.reading.head(org_id).await?;
        let end = head.map_or(0, |(position, _)| position);
        for checkpoint in self.reading.checkpoints(org_id, -1, 0).await? {
            chain.checkpoint(&checkpoint.note)?;
        }
        loop {
            let after = chain.position();
            progress(VerificationProgress { organization: org_id, position: after, end });
            let events = self.reading.events(org_id, after, PART).await?;
            let Some(last) = events.last() else { break };
            let checkpoints = self.reading.checkpoints(org_id, after, last.position).await?;
            let heads = self.reading.tree_heads(org_id, after, last.position).await?;
            let mut part =
                Part { events: events.into(), checkpoints: checkpoints.into(), tree_heads: heads.into() };
            while !part.events.is_empty() {
                let wanted = part.wanted_documents(chain);
                let documents = match wanted.is_empty() {
                    true => Vec::new(),
                    false => self.reading.still(org_id).documents_within(&wanted, DOCUMENT_BYTES).await?,
                };
                part.feed(chain, trees, &wanted.into_iter().zip(documents).collect())?;
            }
        }
        for checkpoint in self.reading.checkpoints(org_id, chain.position(), i64::MAX).await? {
            chain.checkpoint_beyond(&checkpoint.note)?;
        }
        for head in self.reading.tree_heads(org_id, chain.position(), i64::MAX).await? {
            trees.head_beyond(&head.note, chain.position())?;
        }
        let reached = (chain.position(), chain.chain_hash());
        if head.unwrap_or((0, chain_start(org_id))) == reached {
            return Ok(());
        }
        let what = format!("the log does not end here: its head is said to be at position {end}");
        Err(Stop::Altered(Alteration { position: reached.0 + 1, what }))
    }

    /// Whether each event has the state and the actor that it should, and readers are shown what the log says: the
    /// earliest thing that is wrong. Else, where there is something that this release cannot compare, what that is.
    async fn compare_projections(&mut self, org_id: Uuid, end: i64) -> Result<Option<String>, Stop> {
        let (mut first, mut unknown): (Option<Alteration>, _) = (None, None);
        let mut after = None;
        while let Some(batch) = compare(&mut self.reading, org_id, after).await? {
            after = Some(batch.last());
            for drift in batch.drifts() {
                let Drift { resource, id, position, trouble, .. } = drift;
                let what = format!("{resource} {id}: {trouble}");
                match trouble {
                    Trouble::Unknown { .. } => unknown = unknown.or(Some(what)),
                    // The service has not come to it since it was upgraded.
                    Trouble::Differs { .. } if drift.is_of_folding() => unknown = unknown.or(Some(what)),
                    // On legal demand; until a rebuild a row may show what it showed before.
                    Trouble::Differs { differences } if differences.iter().all(|it| it.erased) => {}
                    _ => {
                        let position = position.unwrap_or(end);
                        if first.as_ref().is_none_or(|first| position < first.position) {
                            first = Some(Alteration { position, what });
                        }
                    }
                }
            }
        }
        first.map_or(Ok(unknown), |first| Err(Stop::Altered(first)))
    }
}

/// Why a walk ends before the end.
enum Stop {
    Altered(Alteration),
    Failed(RegistryError),
}

impl From<Alteration> for Stop {
    fn from(found: Alteration) -> Self {
        Self::Altered(found)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

/// Events that were read and not fed yet, and the checkpoints and tree heads made over any of them.
struct Part {
    events: VecDeque<EventRecord<'static>>,
    checkpoints: VecDeque<StoredCheckpoint>,
    tree_heads: VecDeque<StoredCheckpoint>,
}

/// Documents by digest; `None` where there is no such row.
type Documents = HashMap<Digest, Option<StoredDocument>>;

impl Part {
    /// The documents that these events bring up, in the order in which they are needed.
    fn wanted_documents(&self, chain: &ChainVerifier) -> Vec<Digest> {
        let mut seen = HashSet::new();
        let documents = self.events.iter().filter_map(|event| event.state.document);
        documents.filter(|document| !chain.knows(document) && seen.insert(*document)).collect()
    }

    /// Feeds events until one needs a document that is not in memory.
    fn feed(
        &mut self,
        chain: &mut ChainVerifier,
        trees: &mut TreeHeads,
        documents: &Documents,
    ) -> Result<(), Alteration> {
        while let Some(event) = self.events.front() {
            if let Some(digest) = event.state.document.filter(|digest| !chain.knows(digest)) {
                match documents.get(&digest) {
                    Some(Some(document)) => chain.document(digest, document.bytes.as_deref())?,
                    // A row that somebody removed, which the event finds out.
                    Some(None) => {}
                    None => return Ok(()),
                }
            }
            chain.event(event)?;
            trees.event(event);
            let position = event.position;
            while let Some(made) = self.checkpoints.pop_front_if(|made| made.position <= position) {
                chain.checkpoint(&made.note)?;
            }
            while let Some(made) = self.tree_heads.pop_front_if(|made| made.position <= position) {
                trees.head(&made.note, position)?;
            }
            self.events.pop_front();
        }
        Ok(())
    }
}
