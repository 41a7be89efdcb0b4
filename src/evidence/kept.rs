//! Signed notes that somebody kept elsewhere, checkpoints and tree heads, held against the log that is verified.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::accepted::AcceptedLog;
use super::checkpoint::Checkpoint;
use super::error::Error;
use super::note::PublicKey;
use super::report::{Alteration, Proof};
use super::tree::TreeBuilder;
use super::tree_head::{TreeHead, stream_leaf};
use crate::flow::digest::Digest;

/// A checkpoint that somebody kept, or a tree head, which says all that a checkpoint says and the roots of two trees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptNote {
    checkpoint: Checkpoint,
    tree_head: Option<TreeHead>,
}

impl KeptNote {
    /// Reads a signed note of either kind and verifies it.
    ///
    /// # Errors
    /// When it is neither, or no known key signed it.
    pub fn open(note: &str, keys: &[PublicKey]) -> Result<Self, Error> {
        if !TreeHead::is_named_by(note) {
            return Ok(Checkpoint::open(note, keys)?.0.into());
        }
        let (head, _) = TreeHead::open(note, keys)?;
        let TreeHead { organization, size: position, chain_hash, time, .. } = head;
        let checkpoint = Checkpoint { organization, position, chain_hash, time };
        Ok(Self { checkpoint, tree_head: Some(head) })
    }

    /// Whose log it is of.
    pub fn organization(&self) -> Uuid {
        self.checkpoint.organization
    }
}

impl From<Checkpoint> for KeptNote {
    fn from(checkpoint: Checkpoint) -> Self {
        Self { checkpoint, tree_head: None }
    }
}

/// The notes that were kept of one log.
#[derive(Debug)]
pub(super) struct KeptNotes {
    /// Those that the log has not come to, latest first.
    ahead: Vec<Kept>,
    /// The first that the log does not lead to. The walk goes on, for an event that says why.
    contradicted: Option<(Kept, Alteration)>,
    /// The position of the latest that the log agrees with; 0 where there is none, or where the walk began.
    agreed: i64,
    /// The position of the latest that lies before the start, and so cannot be compared.
    before: Option<i64>,
    /// Where a whole log is held against tree heads.
    trees: Option<KeptTrees>,
}

#[derive(Debug)]
struct Kept {
    checkpoint: Checkpoint,
    /// The event by which whoever runs the service accepted a log without what this was signed over.
    accepted: Option<i64>,
}

impl Kept {
    /// An alteration is one, whoever accepted it.
    fn named(&self, Alteration { position, mut what }: Alteration) -> Alteration {
        if let Some(event) = self.accepted {
            what += &format!(
                "; the event log.accepted at position {event} says that this log was accepted in its place"
            );
        }
        Alteration { position, what }
    }
}

impl KeptNotes {
    /// `after`: where the walk begins.
    pub fn of(kept: Vec<KeptNote>, after: i64) -> Self {
        let (mut ahead, mut heads, mut before) = (Vec::new(), Vec::new(), None);
        for KeptNote { checkpoint, tree_head } in kept {
            if checkpoint.position < after {
                before = before.max(Some(checkpoint.position));
                continue;
            }
            heads.extend(tree_head);
            ahead.push(Kept { checkpoint, accepted: None });
        }
        ahead.sort_by_key(|kept| std::cmp::Reverse(kept.checkpoint.position));
        // The trees are over the whole log: a part cannot be held against them.
        let trees = (after == 0 && !heads.is_empty()).then(|| KeptTrees::of(heads));
        Self { ahead, contradicted: None, agreed: after, before, trees }
    }

    pub fn before(&self) -> Option<i64> {
        self.before
    }

    pub fn is_contradicted(&self) -> bool {
        self.contradicted.is_some()
    }

    /// Compares the notes over the event fed last, where the chain stands as given. Returns what one of them proves.
    pub fn compare(&mut self, position: i64, chain_hash: Digest) -> Option<Proof> {
        let mut proof = None;
        while let Some(kept) = self.ahead.pop_if(|kept| kept.checkpoint.position == position) {
            let time = kept.checkpoint.time;
            if kept.checkpoint.chain_hash == chain_hash {
                self.agreed = position;
                proof = Some(Proof { position, time, by: "kept".to_owned() });
            } else if self.contradicted.is_none() {
                // What the same key signed in between may have been signed anew.
                let found = kept.checkpoint.differs_from(position, self.agreed);
                self.contradicted = Some((kept, found));
            }
        }
        proof
    }

    /// Takes an event into the trees: its hash, its stream and version where they are shown, and the chain hash behind it.
    pub fn grow(
        &mut self,
        event_hash: Digest,
        stream: Option<(Uuid, i64)>,
        chain_hash: Digest,
    ) -> Result<(), Alteration> {
        self.trees.as_mut().map_or(Ok(()), |trees| trees.grow(event_hash, stream, chain_hash))
    }

    /// The tree heads that were kept over the event fed last, and its chain hash.
    pub fn tree_heads(&self) -> &[TreeHead] {
        self.trees.as_ref().map_or(&[], |trees| &trees.here)
    }

    /// Takes in the event at a position by which a log was accepted.
    pub fn accept(&mut self, accepted: &AcceptedLog, position: i64) {
        let contradicted = self.contradicted.iter_mut().map(|(kept, _)| kept);
        for kept in self.ahead.iter_mut().chain(contradicted) {
            if accepted.gives_up(&kept.checkpoint) {
                kept.accepted = Some(position);
            }
        }
    }

    /// What the notes say against the log as far as it was walked.
    pub fn contradiction(&mut self) -> Option<Alteration> {
        let (kept, found) = self.contradicted.take()?;
        Some(kept.named(found))
    }

    /// The first note over more than there is, whatever it says.
    pub fn beyond(&self) -> Option<&Checkpoint> {
        self.ahead.last().map(|kept| &kept.checkpoint)
    }

    /// What the log behind its end lacks by these notes. `is_its_end`: the log has no more events. Where it may have, only
    /// what an event of the log itself says was given up is missing.
    pub fn missing(&self, end: i64, is_its_end: bool) -> Option<Alteration> {
        let kept = self.ahead.iter().rev().find(|kept| is_its_end || kept.accepted.is_some())?;
        Some(kept.named(kept.checkpoint.missing_behind(end)))
    }
}

/// The trees of a whole log, and the tree heads that were kept of it.
#[derive(Debug)]
struct KeptTrees {
    /// Those that the log has not come to, latest first.
    ahead: Vec<TreeHead>,
    /// Those over the event fed last, and its chain hash.
    here: Vec<TreeHead>,
    events: TreeBuilder,
    /// Version and hash of the last event of each stream; `None` once an event was shown by its hash alone.
    streams: Option<BTreeMap<Uuid, (i64, Digest)>>,
}

impl KeptTrees {
    fn of(mut ahead: Vec<TreeHead>) -> Self {
        ahead.sort_by_key(|head| std::cmp::Reverse(head.size));
        Self { ahead, here: Vec::new(), events: TreeBuilder::default(), streams: Some(BTreeMap::new()) }
    }

    fn grow(
        &mut self,
        event_hash: Digest,
        stream: Option<(Uuid, i64)>,
        chain_hash: Digest,
    ) -> Result<(), Alteration> {
        self.events.push(event_hash.as_bytes());
        match (stream, &mut self.streams) {
            (Some((stream, version)), Some(streams)) => drop(streams.insert(stream, (version, event_hash))),
            (None, streams) => *streams = None,
            (Some(_), None) => {}
        }
        self.here.clear();
        let size = self.events.size().cast_signed();
        while let Some(head) = self.ahead.pop_if(|head| head.size <= size) {
            // A head over another chain is contradicted by that.
            if (head.size, head.chain_hash) == (size, chain_hash) {
                self.here.push(head);
            }
        }
        for head in &self.here {
            let wrong = |what: &str| {
                let what = format!("the {what} of the tree head that was kept is another");
                Err(Alteration::new(head.size, what))
            };
            if head.event_root != self.events.root() {
                return wrong("root of the events");
            }
            if self.streams.as_ref().is_some_and(|streams| head.map_root != map_root(streams)) {
                return wrong("root of the streams");
            }
        }
        Ok(())
    }
}

fn map_root(streams: &BTreeMap<Uuid, (i64, Digest)>) -> Digest {
    let mut map = TreeBuilder::default();
    for (stream, (version, event_hash)) in streams {
        map.push(&stream_leaf(*stream, *version, event_hash));
    }
    map.root()
}
