//! What an erasure would take away, by position, and how that is cut into batches.

use std::collections::{BTreeSet, HashSet};

use uuid::Uuid;

use crate::evidence::ErasedContent;
use crate::flow::digest::Digest;
use crate::store::{DocumentUse, Erasable, PersonRows};

/// Positions, or rows beside the log, of one batch.
pub(super) const BATCH: usize = 1000;

/// What would be erased, or recorded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ErasurePlan {
    pub contexts: Vec<i64>,
    pub payloads: Vec<i64>,
    /// Each with the position of the event that it goes with.
    pub documents: Vec<(i64, Digest)>,
    /// Versions of this and other flows that lose a document with it.
    pub shared: Vec<(Uuid, i64)>,
    /// Rows beside the log.
    pub rows: PersonRows,
    /// API keys that lose their name.
    pub named_keys: Vec<Uuid>,
    /// Payloads that go and are the record of earlier erasures.
    pub(super) said_before: Vec<(i64, ErasedContent)>,
    /// Payloads of keys that go.
    pub(super) keys: Vec<(i64, ErasedKey)>,
}

/// A key one of whose payloads goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ErasedKey {
    pub(super) id: Uuid,
    /// What the payload holds the hash of the secret in place with.
    pub(super) secret_digest: Option<Digest>,
}

impl ErasurePlan {
    /// Of events the content that is there, or that is not.
    pub(super) fn of(events: &[Erasable], is_there: bool) -> Self {
        let mut seen = HashSet::new();
        let mut plan = Self::default();
        for event in events {
            if event.has_context == is_there {
                plan.contexts.push(event.position);
            }
            if event.has_payload == is_there {
                plan.payloads.push(event.position);
            }
            if let Some(digest) = event.document.filter(|digest| seen.insert(*digest)) {
                plan.documents.push((event.position, digest));
            }
        }
        plan
    }

    /// Takes documents in, each with the first event that has it, and all versions that lose one.
    pub(super) fn documents_of(&mut self, uses: &[DocumentUse]) {
        let mut seen = HashSet::new();
        for DocumentUse { stream_id, version, position, document } in uses {
            self.shared.push((*stream_id, *version));
            if seen.insert(*document) {
                self.documents.push((*position, *document));
            }
        }
    }

    pub(super) fn digests(&self) -> Vec<Digest> {
        self.documents.iter().map(|(_, digest)| *digest).collect()
    }

    /// The positions it is about.
    pub fn positions(&self) -> BTreeSet<i64> {
        let documents = self.documents.iter().map(|(position, _)| position);
        self.contexts.iter().chain(&self.payloads).chain(documents).copied().collect()
    }

    /// Positions and rows.
    pub fn len(&self) -> usize {
        let PersonRows { runs, idempotency_keys, actors, sessions } = &self.rows;
        let rows = [runs.len(), idempotency_keys.len(), actors.len(), sessions.len()];
        self.positions().len() + rows.iter().sum::<usize>() + self.named_keys.len()
    }

    /// How many keys lose their name.
    pub fn renamed_keys(&self) -> usize {
        let keys: BTreeSet<Uuid> =
            self.keys.iter().map(|(_, key)| key.id).chain(self.named_keys.clone()).collect();
        keys.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The part of each transaction: of the log first, and rows beside it when their events are done.
    pub(super) fn batches(&self) -> Vec<Self> {
        let positions: Vec<i64> = self.positions().into_iter().collect();
        let mut batches: Vec<Self> = positions.chunks(BATCH).map(|batch| self.within(batch)).collect();
        let PersonRows { runs, idempotency_keys, actors, sessions } = &self.rows;
        let most = runs.len().max(idempotency_keys.len()).max(actors.len()).max(sessions.len());
        let most = most.max(self.named_keys.len());
        for first in (0..most).step_by(BATCH) {
            let rows = PersonRows {
                runs: part(runs, first),
                idempotency_keys: part(idempotency_keys, first),
                actors: part(actors, first),
                sessions: part(sessions, first),
            };
            batches.push(Self { rows, named_keys: part(&self.named_keys, first), ..Self::default() });
        }
        batches
    }

    fn within(&self, positions: &[i64]) -> Self {
        let (first, last) = (positions[0], positions[positions.len() - 1]);
        let is_in = |position: &i64| (first..=last).contains(position);
        Self {
            contexts: self.contexts.iter().copied().filter(is_in).collect(),
            payloads: self.payloads.iter().copied().filter(is_in).collect(),
            documents: self.documents.iter().copied().filter(|(position, _)| is_in(position)).collect(),
            said_before: self.said_before.iter().filter(|(position, _)| is_in(position)).cloned().collect(),
            keys: self.keys.iter().copied().filter(|(position, _)| is_in(position)).collect(),
            ..Self::default()
        }
    }
}

fn part<T: Clone>(rows: &[T], first: usize) -> Vec<T> {
    rows.iter().skip(first).take(BATCH).cloned().collect()
}
