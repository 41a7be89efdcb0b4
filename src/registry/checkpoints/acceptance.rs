//! The end of a refusal: whoever runs the service accepts a log that does not extend what was signed of it, as after a
//! lawful recovery to an earlier point in time. That is an event of the log, with both heads, and changes nothing for
//! those who hold an older checkpoint: to them the log is altered, and the event says by whom.

use uuid::Uuid;

use super::memory::{Reached, Remembered};
use super::{Checkpoints, not_signed, opened};
use crate::evidence::{AcceptedLog, LogEnd};
use crate::flow::chain::chain_start;
use crate::flow::event::{EventType, canonical_bytes};
use crate::registry::RegistryError;
use crate::registry::caller::Intent;
use crate::registry::log::organization_event;
use crate::store::StoredCheckpoint;

/// A log that is signed again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acceptance {
    /// The position of the event that says so.
    pub position: i64,
    pub series: u32,
    /// The first checkpoint of the new series.
    pub checkpoint: StoredCheckpoint,
}

impl Checkpoints {
    /// Accepts the log as it stood at `position`, and signs where it stands now.
    ///
    /// # Errors
    /// [`RegistryError::NothingToAccept`] when the log extends what was signed of it, or does not reach `position`;
    /// [`RegistryError::Contradicts`] when it also contradicts the checkpoints in its own database, which no backup that
    /// was put back does.
    pub async fn accept_log(&self, intent: &Intent, position: i64) -> Result<Acceptance, RegistryError> {
        let org_id = intent.caller.org_id;
        let nothing = |why: String| Err(RegistryError::NothingToAccept(why));
        let Some(reached) = self.signer.reached(org_id).await? else {
            return nothing("no signature of this log is remembered here".to_owned());
        };
        let head = self.store.in_time(self.store.head_to_sign(org_id)).await.map_err(not_signed)?;
        self.signed(org_id, &head)?;
        if self.check_extension(org_id, Some(&reached), &head).await.is_ok() {
            return nothing("the log extends what was signed of it".to_owned());
        }
        if !(0..=head.position).contains(&position) {
            return nothing(format!("the log ends at position {}", head.position));
        }
        let start = chain_start(org_id);
        let accepted = self.chain_from(org_id, 0, start, position).await?;
        let Some(accepted) = accepted else { return nothing("the log lacks an event".to_owned()) };
        let end = self.chain_from(org_id, position, accepted, head.position).await?;
        if end != Some(head.chain_hash.unwrap_or(start)) {
            return Err(RegistryError::NotSigned("its events do not lead to its head".to_owned()));
        }
        let series = reached.series + 1;
        let signed = &reached.checkpoint;
        let payload = AcceptedLog {
            accepted: LogEnd { chain_hash: accepted, position },
            series,
            signed: LogEnd { chain_hash: signed.chain_hash, position: signed.position },
        };
        let event = organization_event(intent, EventType::LogAccepted, canonical_bytes(&payload));
        let recorded = self.log.append_to_organization(&self.store, org_id, event).await?;
        let checkpoint = self.begin_series(org_id, reached, series).await?;
        Ok(Acceptance { position: recorded.position, series, checkpoint })
    }

    /// Signs the head as the first checkpoint of a series, whatever the one before it says.
    async fn begin_series(
        &self,
        org_id: Uuid,
        from: Reached,
        series: u32,
    ) -> Result<StoredCheckpoint, RegistryError> {
        let head = self.store.in_time(self.store.head_to_sign(org_id)).await.map_err(not_signed)?;
        self.check_extension(org_id, None, &head).await?;
        let new = self.signed(org_id, &head)?;
        let here = head.signed_here().cloned();
        let not_begun = |what: &str| RegistryError::NothingToAccept(what.to_owned());
        let new = new.or(here).ok_or_else(|| not_begun("there is no key to sign with"))?;
        let reached = Reached { series, checkpoint: opened(&new.note)? };
        match self.signer.keep(Some(from), reached, new.note.clone()).await? {
            Some(Remembered::Note(_)) => {}
            Some(Remembered::Moved) => {
                return Err(not_begun("another process has signed or accepted it meanwhile"));
            }
            Some(Remembered::Otherwise(_)) | None => {
                return Err(not_begun("the series of checkpoints was begun otherwise"));
            }
        }
        // Another replica may have signed this place too: then its note stays, over the same chain.
        self.store.in_time(self.store.put_checkpoint(org_id, &new)).await?;
        Ok(new)
    }
}
