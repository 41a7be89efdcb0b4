//! Whether a log extends what was signed of it: by the hashes of the events in between, chained anew. Nothing that the
//! database says of the chain itself is believed.

use uuid::Uuid;

use super::memory::Reached;
use super::{Checkpoints, contradicts, opened};
use crate::evidence::Checkpoint;
use crate::flow::chain::{chain_next, chain_start};
use crate::flow::digest::Digest;
use crate::registry::RegistryError;
use crate::store::Head;

/// Hashes read at once.
const PART: i64 = 10_000;

impl Checkpoints {
    /// # Errors
    /// [`RegistryError::Contradicts`] when the log does not lead from what is remembered, or else from the checkpoint
    /// beside it, or else from its start, to its head.
    pub(super) async fn check_extension(
        &self,
        org_id: Uuid,
        reached: Option<&Reached>,
        head: &Head,
    ) -> Result<(), RegistryError> {
        let base = match (reached, &head.signed) {
            (Some(reached), _) => reached.checkpoint.clone(),
            (None, Some(signed)) => opened(&signed.checkpoint.note)?,
            (None, None) => start(org_id, head),
        };
        if base.position > head.position {
            return Err(contradicts(&base, head));
        }
        let found = self.chain_from(org_id, base.position, base.chain_hash, head.position).await?;
        if found == Some(head.chain_hash.unwrap_or_else(|| chain_start(org_id))) {
            return Ok(());
        }
        Err(contradicts(&base, head))
    }

    /// Where the chain that stood at `after` with this hash stands at `up_to`; `None` where an event is missing.
    pub(super) async fn chain_from(
        &self,
        org_id: Uuid,
        mut after: i64,
        mut chain: Digest,
        up_to: i64,
    ) -> Result<Option<Digest>, RegistryError> {
        while after < up_to {
            let end = up_to.min(after + PART);
            let hashes = self.store.in_time(self.store.event_hashes(org_id, after, end)).await?;
            if i64::try_from(hashes.len()) != Ok(end - after) {
                return Ok(None);
            }
            chain = hashes.into_iter().fold(chain, chain_next);
            after = end;
        }
        Ok(Some(chain))
    }
}

/// The place before the first event, of which nobody needs a signature.
fn start(org_id: Uuid, head: &Head) -> Checkpoint {
    Checkpoint { organization: org_id, position: 0, chain_hash: chain_start(org_id), time: head.now }
}
