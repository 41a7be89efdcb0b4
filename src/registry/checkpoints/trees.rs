//! Tree heads: signed notes over the trees of a log, made whenever somebody asks, and once a day. The whole log is read
//! for one, so the process rests after it.

use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

use super::memory::RememberedTree;
use super::signer::SignedNote;
use super::{Checkpoints, opened};
use crate::evidence::{Checkpoint, LastVersion, TreeBuilder, TreeHead, stream_leaf};
use crate::flow::chain::{chain_next, chain_start};
use crate::flow::digest::Digest;
use crate::registry::RegistryError;
use crate::store::{EventLeaf, StoredCheckpoint};

/// Events read at once.
const PART: i64 = 10_000;
/// How many times as long as a tree took to make the process rests: trees cost less than a hundredth of a core.
const REST: u32 = 100;
/// A tree that took less is not worth a rest.
const QUICK: Duration = Duration::from_millis(20);
/// How old a tree head may become while its log moves.
pub const TREE_HEAD_AGE_MAX: Duration = Duration::from_secs(86_400);

/// The trees of a log, as its events are handed in.
#[derive(Debug)]
pub(in crate::registry) struct LogTrees {
    chain: Digest,
    events: TreeBuilder,
    /// Version and hash of the last event of each stream.
    streams: BTreeMap<Uuid, (i64, Digest)>,
    /// What was signed of the log before: events that reach so far must lead to it.
    signed: Option<TreeHead>,
    /// What they do not lead to.
    contradicted: Option<TreeHead>,
}

impl LogTrees {
    pub(in crate::registry) fn of(org_id: Uuid) -> Self {
        let (chain, events) = (chain_start(org_id), TreeBuilder::default());
        Self { chain, events, streams: BTreeMap::new(), signed: None, contradicted: None }
    }

    /// Holds the events that follow against what was signed of the log before.
    fn leading_to(self, signed: Option<TreeHead>) -> Self {
        Self { signed, ..self }
    }

    pub(in crate::registry) fn event(&mut self, event: &EventLeaf) {
        self.chain = chain_next(self.chain, event.event_hash);
        self.events.push(event.event_hash.as_bytes());
        self.streams.insert(event.stream_id, (event.version, event.event_hash));
        let size = self.events.size();
        if let Some(signed) = self.signed.take_if(|signed| u64::try_from(signed.size) == Ok(size)) {
            self.contradicted = self.contradiction(&signed).map(|_| signed);
        }
    }

    /// What a tree head over the events so far says otherwise than they do, if anything.
    pub(in crate::registry) fn contradiction(&self, head: &TreeHead) -> Option<&'static str> {
        match () {
            () if u64::try_from(head.size) != Ok(self.events.size()) => {
                Some("it is over another number of events")
            }
            () if head.event_root != self.events.root() => Some("the root of the events is another"),
            () if head.map_root != self.map(None).0.root() => Some("the root of the streams is another"),
            () if head.chain_hash != self.chain => Some("the chain hash is another"),
            () => None,
        }
    }

    /// The tree of streams, with a path wanted of one of them, and what that one has come to.
    fn map(&self, of: Option<Uuid>) -> (TreeBuilder, Option<(Uuid, i64, Digest)>) {
        let (mut map, mut last) = (TreeBuilder::default(), None);
        for (&stream_id, &(version, event_hash)) in &self.streams {
            let leaf = stream_leaf(stream_id, version, &event_hash);
            match of == Some(stream_id) {
                true => {
                    map.push_proven(&leaf);
                    last = Some((stream_id, version, event_hash));
                }
                false => map.push(&leaf),
            }
        }
        (map, last)
    }

    /// What is to be signed where a checkpoint stands, and the proof of a stream's last version; `None` where the
    /// checkpoint is over another log.
    fn head(self, checkpoint: &Checkpoint, of: Option<Uuid>) -> Option<(TreeHead, Option<LastVersion>)> {
        let Checkpoint { organization, position, chain_hash, time } = *checkpoint;
        if u64::try_from(position) != Ok(self.events.size()) || chain_hash != self.chain {
            return None;
        }
        let (map, last) = self.map(of);
        let streams = map.size();
        let ((event_root, _), (map_root, paths)) = (self.events.finish(), map.finish());
        let head = TreeHead { organization, size: position, event_root, map_root, chain_hash, time };
        let last = last.zip(paths.into_iter().next()).map(|((stream_id, version, event_hash), path)| {
            LastVersion { stream_id, version, event_hash, streams, path }
        });
        Some((head, last))
    }
}

impl Checkpoints {
    /// A tree head over the log as it is now or, while the process rests after the last one, that; `None` where nobody
    /// signs here and none was stored.
    ///
    /// # Errors
    /// As [`Self::sign_head`].
    pub async fn tree_head(&self, org_id: Uuid) -> Result<Option<StoredCheckpoint>, RegistryError> {
        let stored = self.store.in_time(self.store.latest_tree_head(org_id)).await?;
        if !self.signs() || (stored.is_some() && self.rests_from_trees()) {
            return Ok(stored);
        }
        let Some(signed) = self.sign_head(org_id).await?.filter(|signed| signed.position > 0) else {
            return Ok(stored);
        };
        if let Some(stored) = stored.filter(|stored| stored.position == signed.position) {
            return Ok(Some(stored));
        }
        let began = Instant::now();
        let mut trees = self.log_trees(org_id).await?;
        let mut after = 0;
        while after < signed.position {
            let end = signed.position.min(after + PART);
            let leaves = self.store.in_time(self.store.event_leaves(org_id, after, end)).await?;
            leaves.iter().for_each(|leaf| trees.event(leaf));
            after = end;
        }
        let made = self.sign_trees(trees, &signed, None).await?;
        self.rest_from_trees(began.elapsed());
        Ok(made.map(|(head, _)| head))
    }

    /// The trees of a log, whose events are held against the last tree head that is remembered of it.
    pub(in crate::registry) async fn log_trees(&self, org_id: Uuid) -> Result<LogTrees, RegistryError> {
        Ok(LogTrees::of(org_id).leading_to(self.signer.reached_tree(org_id).await?))
    }

    /// Signs and keeps the trees of a log that a checkpoint is over, and proves the last version of a stream.
    ///
    /// # Errors
    /// [`RegistryError::NotSigned`] when the events do not lead to the checkpoint, [`RegistryError::Contradicts`] when
    /// they do not lead to what was signed of these trees before.
    pub(in crate::registry) async fn sign_trees(
        &self,
        trees: LogTrees,
        over: &StoredCheckpoint,
        of: Option<Uuid>,
    ) -> Result<Option<(StoredCheckpoint, Option<LastVersion>)>, RegistryError> {
        let org_id = opened(&over.note)?.organization;
        let signed = self.try_to_sign_trees(trees, over, of).await;
        match &signed {
            Ok(_) => _ = self.signer.refuse(org_id, SignedNote::TreeHead, false),
            Err(error)
                if error.is_refused_signature() && self.signer.refuse(org_id, SignedNote::TreeHead, true) =>
            {
                tracing::error!(%error, org = %org_id, "a log is not signed from here on: verify it");
            }
            Err(_) => {}
        }
        signed
    }

    async fn try_to_sign_trees(
        &self,
        trees: LogTrees,
        over: &StoredCheckpoint,
        of: Option<Uuid>,
    ) -> Result<Option<(StoredCheckpoint, Option<LastVersion>)>, RegistryError> {
        let checkpoint = opened(&over.note)?;
        if let Some(signed) = &trees.contradicted {
            return Err(other_trees(signed));
        }
        let Some((head, last)) = trees.head(&checkpoint, of) else {
            let place = format!("the events up to position {}", over.position);
            return Err(RegistryError::NotSigned(format!("{place}: they do not lead to its checkpoint")));
        };
        let Some(note) = head.sign(self.signer.keyring()) else { return Ok(None) };
        let note = match self.signer.keep_tree(head.clone(), note.clone()).await? {
            Some(RememberedTree::Otherwise(signed)) => return Err(other_trees(&signed)),
            Some(RememberedTree::Note(kept)) => kept,
            None => note,
        };
        let signed_at = opened_tree(&note)?.time;
        let made = StoredCheckpoint { position: over.position, note, signed_at };
        let kept = self.store.in_time(self.store.put_tree_head(head.organization, &made)).await?;
        let roots = |head: &TreeHead| (head.event_root, head.map_root);
        match TreeHead::unverified(&kept.note) {
            Ok(earlier) if roots(&earlier) == roots(&head) => Ok(Some((kept, last))),
            _ => {
                let what = format!("the tree head at position {}: it is over another log", over.position);
                Err(RegistryError::NotSigned(what))
            }
        }
    }

    fn rests_from_trees(&self) -> bool {
        let until = self.trees_rest_until.lock().unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| Instant::now() < until)
    }

    fn rest_from_trees(&self, took: Duration) {
        let until = (took > QUICK).then(|| Instant::now() + took * REST);
        *self.trees_rest_until.lock().unwrap_or_else(PoisonError::into_inner) = until;
    }

    /// Makes the tree heads that are due, and rests after each.
    ///
    /// # Errors
    /// Those of the database. A log that is not signed holds up no other.
    pub async fn sign_trees_that_are_due(&self) -> Result<(), RegistryError> {
        for org_id in self.store.in_time(self.store.tree_heads_due(TREE_HEAD_AGE_MAX)).await? {
            let began = Instant::now();
            match self.tree_head(org_id).await {
                Err(error) if !error.is_refused_signature() => return Err(error),
                _ => tokio::time::sleep(began.elapsed() * REST).await,
            }
        }
        Ok(())
    }
}

fn opened_tree(note: &str) -> Result<TreeHead, RegistryError> {
    TreeHead::unverified(note).map_err(|wrong| RegistryError::corrupt("a tree head", wrong.to_string()))
}

fn other_trees(signed: &TreeHead) -> RegistryError {
    let TreeHead { size, time, .. } = signed;
    RegistryError::Contradicts(format!(
        "a tree head over position {size} was signed at {time}, and the log has other trees there"
    ))
}
