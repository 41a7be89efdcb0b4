//! Checkpoints: signed statements of where a log stood. Made where this process holds a key, kept beside the log and
//! outside the database; whoever keeps one elsewhere can show any later alteration of what came before it.

mod acceptance;
mod announcement;
mod extension;
mod key_file;
mod key_life;
mod memory;
mod signer;
mod trees;

use std::fmt::Display;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use secrecy::SecretSlice;
use tokio::time::Instant;
use uuid::Uuid;

use super::RegistryError;
use super::caller::Caller;
use super::log::Log;
pub use crate::evidence::{Checkpoint, Keyring, PublicKey, TreeHead, parse_public_keys};
use crate::flow::chain::chain_start;
use crate::flow::digest::Digest;
use crate::store::{Head, SignedPlace, Store, StoreError, StoredCheckpoint};
pub use acceptance::Acceptance;
pub use key_file::{KeyFileError, create_key_file, default_key_name, read_key_file, read_or_create_key_file};
pub use key_life::{add_key, retire_key};
pub use memory::{Reached, Remembered, RememberedTree, SignatureMemory, path_beside};
use signer::SignedNote;
pub use signer::Signer;
pub(super) use trees::LogTrees;
pub use trees::TREE_HEAD_AGE_MAX;

/// Replicas that make a checkpoint of the same place at once: each of these tries loses to one that was kept.
const TRIES_MAX: usize = 8;

/// When a log that has moved gets its next checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// As many events after the last one,
    pub events: i64,
    /// or when the last one is as old.
    pub older_than: Duration,
}

impl Due {
    pub const NORMALLY: Self = Self { events: 1000, older_than: Duration::from_secs(60) };
    pub const AT_ONCE: Self = Self { events: 1, older_than: Duration::ZERO };
}

/// A checkpoint for somebody who asks for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    pub checkpoint: Checkpoint,
    /// As it is to be kept.
    pub note: String,
    /// Where the log stands now: further on only when nobody signs here.
    pub head: i64,
}

/// Checkpoints of all logs, made with the keys of this process.
#[derive(Debug, Clone)]
pub struct Checkpoints {
    store: Store,
    signer: Signer,
    log: Log,
    /// No tree is made before, but where there is none yet.
    trees_rest_until: Arc<Mutex<Option<Instant>>>,
}

impl Checkpoints {
    /// Secrets for another purpose, one of each key that signs here.
    pub(super) fn derived(&self, purpose: &[u8]) -> Vec<SecretSlice<u8>> {
        self.signer.derived(purpose)
    }

    pub(super) fn new(store: Store, signer: Signer, log: Log) -> Self {
        Self { store, signer, log, trees_rest_until: Arc::default() }
    }

    /// The public keys of this process: those it signs with, and retired ones.
    pub fn public_keys(&self) -> Vec<PublicKey> {
        self.signer.keyring().public_keys()
    }

    /// Whether this process signs.
    pub fn signs(&self) -> bool {
        self.signer.signs()
    }

    /// How many logs this process refused to sign when it last looked at them.
    pub fn refused(&self) -> usize {
        self.signer.refused()
    }

    /// A checkpoint over the head of the log as it is now, signed, stored and kept. A place that all our keys have
    /// signed is not signed again. Where nobody signs: the one that another replica made of this very place, if any.
    ///
    /// # Errors
    /// [`RegistryError::NotSigned`] when head and last event contradict each other, [`RegistryError::Contradicts`] when
    /// the log does not extend what was signed of it: what was altered is not vouched for.
    pub async fn sign_head(&self, org_id: Uuid) -> Result<Option<StoredCheckpoint>, RegistryError> {
        let signed = self.try_to_sign(org_id).await;
        match &signed {
            Ok(_) => _ = self.signer.refuse(org_id, SignedNote::Checkpoint, false),
            Err(error)
                if error.is_refused_signature()
                    && self.signer.refuse(org_id, SignedNote::Checkpoint, true) =>
            {
                tracing::error!(%error, org = %org_id, "a log is not signed from here on: verify it");
            }
            Err(_) => {}
        }
        signed
    }

    async fn try_to_sign(&self, org_id: Uuid) -> Result<Option<StoredCheckpoint>, RegistryError> {
        for _ in 0..TRIES_MAX {
            // Before the log, which may only have grown since.
            let reached = self.signer.reached(org_id).await?;
            let head = self.store.in_time(self.store.head_to_sign(org_id)).await.map_err(not_signed)?;
            let new = self.signed(org_id, &head)?;
            if self.signs() {
                self.check_extension(org_id, reached.as_ref(), &head).await?;
                if self.announce_keys(&head).await? {
                    continue;
                }
            }
            let here = head.signed_here().cloned();
            let is_remembered = reached.as_ref().is_some_and(|it| it.checkpoint.position == head.position);
            let Some(wanted) = new.as_ref().or(here.as_ref()).filter(|_| self.signs()) else {
                return Ok(here);
            };
            let mut wanted = wanted.clone();
            if !is_remembered {
                match self.remember(reached, &wanted).await? {
                    Some(Remembered::Note(note)) if here.is_none() => wanted = stored(note)?,
                    Some(Remembered::Note(_)) | None => {}
                    Some(Remembered::Moved) => continue,
                    Some(Remembered::Otherwise(signed)) => return Err(contradicts(&signed, &head)),
                }
            }
            if new.is_none() || self.store.in_time(self.store.put_checkpoint(org_id, &wanted)).await? {
                return Ok(Some(wanted));
            }
        }
        Err(RegistryError::NotSigned("none of the checkpoints made of it can be kept".to_owned()))
    }

    /// Keeps what is about to be shown outside the database, in the series that it goes on.
    async fn remember(
        &self,
        from: Option<Reached>,
        new: &StoredCheckpoint,
    ) -> Result<Option<Remembered>, RegistryError> {
        let series = from.as_ref().map_or(1, |from| from.series);
        let reached = Reached { series, checkpoint: opened(&new.note)? };
        self.signer.keep(from, reached, new.note.clone()).await
    }

    /// What is to be kept at this head; `None` when nothing is missing there, or nobody signs here.
    fn signed(&self, org_id: Uuid, head: &Head) -> Result<Option<StoredCheckpoint>, RegistryError> {
        let keys = self.signer.keyring();
        let place = |position, chain_hash: Option<Digest>| Checkpoint {
            organization: org_id,
            position,
            chain_hash: chain_hash.unwrap_or_else(|| chain_start(org_id)),
            time: head.now,
        };
        let here = place(head.position, head.chain_hash);
        let Some(SignedPlace { checkpoint: earlier, chain_hash }) = &head.signed else {
            let note = here.sign(keys);
            return Ok(note.map(|note| StoredCheckpoint {
                position: head.position,
                note,
                signed_at: head.now,
            }));
        };
        let contradicts = |wrong: &dyn Display| {
            let (position, at) = (earlier.position, earlier.signed_at);
            RegistryError::Contradicts(format!(
                "the checkpoint over position {position}, made at {at}: {wrong}"
            ))
        };
        if earlier.position > head.position || (earlier.position > 0 && chain_hash.is_none()) {
            let end = head.position;
            return Err(contradicts(&format!("the log ends at position {end}, or lacks an event before")));
        }
        let (note, signed_at) = if earlier.position == head.position {
            let note = here.countersign(&earlier.note, keys).map_err(|wrong| contradicts(&wrong))?;
            (note, earlier.signed_at)
        } else {
            // What was appended since continues what was signed then, or is not signed.
            let there = place(earlier.position, *chain_hash);
            there.agree_with(&earlier.note, keys).map_err(|wrong| contradicts(&wrong))?;
            (here.sign(keys), head.now)
        };
        Ok(note.map(|note| StoredCheckpoint { position: head.position, note, signed_at }))
    }

    /// The checkpoint that this process can give: over the head where it signs, else the latest that was stored, and
    /// `None` where there is none.
    pub async fn latest(&self, caller: &Caller) -> Result<Option<Signed>, RegistryError> {
        let org_id = caller.org_id;
        let (stored, head) = if self.signs() {
            let stored = self.sign_head(org_id).await?;
            let head = stored.as_ref().map_or(0, |stored| stored.position);
            (stored, head)
        } else {
            (self.store.latest_checkpoint(org_id).await?, self.store.head(org_id).await?)
        };
        let Some(stored) = stored else { return Ok(None) };
        let checkpoint = opened(&stored.note)?;
        Ok(Some(Signed { checkpoint, note: stored.note, head }))
    }

    /// Holds every log of which this process remembers a signature against it, those that did not move too: a database
    /// that was put back looks like one that rests.
    ///
    /// # Errors
    /// As [`Self::sign_what_is_due`].
    pub async fn hold_against_memory(&self) -> Result<(), RegistryError> {
        for org_id in self.signer.organizations().await? {
            match self.sign_head(org_id).await {
                Err(error) if !error.is_refused_signature() => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Signs the logs that are due, of those that moved `within` this time; `None`: of all. Says whether one of them
    /// grows so fast that it may be due again before long.
    ///
    /// # Errors
    /// Those of the database. A log that contradicts itself is named in the process's log and holds up no other.
    pub async fn sign_what_is_due(&self, within: Option<Duration>, due: Due) -> Result<bool, RegistryError> {
        let mut is_fast = false;
        let due = self.store.checkpoints_due(within, due.events, due.older_than);
        for (org_id, is_far_ahead) in self.store.in_time(due).await? {
            match self.sign_head(org_id).await {
                Ok(_) => is_fast |= is_far_ahead,
                // It stays due, and was told.
                Err(error) if error.is_refused_signature() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(is_fast)
    }
}

/// What a note says that was read from where checkpoints are kept.
fn opened(note: &str) -> Result<Checkpoint, RegistryError> {
    Checkpoint::unverified(note).map_err(|wrong| RegistryError::corrupt("a checkpoint", wrong.to_string()))
}

fn stored(note: String) -> Result<StoredCheckpoint, RegistryError> {
    let Checkpoint { position, time, .. } = opened(&note)?;
    Ok(StoredCheckpoint { position, note, signed_at: time })
}

fn contradicts(signed: &Checkpoint, head: &Head) -> RegistryError {
    let (position, at, end) = (signed.position, signed.time, head.position);
    RegistryError::Contradicts(format!(
        "position {position} was signed at {at}, and the log, which ends at position {end}, does not lead to it"
    ))
}

/// A head that is not that of its last event is a contradiction like any other.
fn not_signed(error: StoreError) -> RegistryError {
    match error {
        StoreError::Corrupt { place, what } => RegistryError::NotSigned(format!("{place}: {what}")),
        other => other.into(),
    }
}
