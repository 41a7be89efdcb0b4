//! Whether a part of a log has every event of one flow: all that is shown of it are its versions without a gap, and a
//! signed tree head says that the last of them is the last there is.

use uuid::Uuid;

use super::error::Error;
use super::line::LastLine;
use super::note::PublicKey;
use super::report::{Alteration, CompleteFlow};
use super::tree::{InclusionPath, TreeBuilder};
use super::tree_head::{TreeHead, stream_leaf};
use crate::flow::digest::Digest;
use crate::flow::record::EventRecord;

/// What is known so far of one flow, and of the trees of the log.
#[derive(Debug)]
pub(super) struct Completeness {
    flow: Uuid,
    events: TreeBuilder,
    version: i64,
    last: Option<Digest>,
    /// A tree head over the event fed last, and whether a known key signed it.
    head: Option<(TreeHead, bool)>,
    /// Whether somebody kept that tree head.
    is_kept: bool,
    is_proven: bool,
}

impl Completeness {
    pub(super) fn of(flow: Uuid) -> Self {
        let (events, version) = (TreeBuilder::default(), 0);
        Self { flow, events, version, last: None, head: None, is_kept: false, is_proven: false }
    }

    pub(super) fn event(&mut self, event: &EventRecord<'_>) -> Result<(), Alteration> {
        self.omitted(event.event_hash);
        if event.stream != self.flow {
            return Ok(());
        }
        self.version += 1;
        self.last = Some(event.event_hash);
        match event.version == self.version {
            true => Ok(()),
            false => Err(Alteration::new(
                event.position,
                format!("version {} of the flow is missing", self.version),
            )),
        }
    }

    /// An event of which only the hash is known.
    pub(super) fn omitted(&mut self, event_hash: Digest) {
        self.events.push(event_hash.as_bytes());
        (self.head, self.is_proven) = (None, false);
    }

    /// A tree head over the event fed last, where the chain stands as given; `kept`: those that were kept over it.
    pub(super) fn tree(
        &mut self,
        note: &str,
        keys: &[PublicKey],
        place: (Uuid, i64, Digest),
        kept: &[TreeHead],
    ) -> Result<(), Alteration> {
        let wrong = |error: Error| Alteration::new(place.1, format!("its tree head: {error}"));
        let (head, is_known) = match TreeHead::open(note, keys) {
            Ok((head, _)) => (head, true),
            Err(Error::UnknownSigner(_)) => (TreeHead::unverified(note).map_err(wrong)?, false),
            Err(error) => return Err(wrong(error)),
        };
        if (head.organization, head.size, head.chain_hash) != place || head.event_root != self.events.root() {
            return Err(wrong(Error::Malformed("it is over another log")));
        }
        if kept.iter().any(|kept| !kept.is_over_the_trees_of(&head)) {
            return Err(wrong(Error::Malformed("the one that was kept is another")));
        }
        (self.head, self.is_kept) = (Some((head, is_known)), !kept.is_empty());
        Ok(())
    }

    /// The last version of the flow, by the tree head before it.
    pub(super) fn last(&mut self, line: LastLine, position: i64) -> Result<(), Alteration> {
        let wrong = |what: &str| Err(Alteration::new(position, format!("the flow's last version: {what}")));
        let Some((head, is_known)) = &self.head else { return wrong("no tree head stands before it") };
        let LastLine { last, version, event_hash, index, streams, path } = line;
        let path = InclusionPath { index, hashes: path };
        if last != self.flow
            || path.root(&stream_leaf(last, version, &event_hash), streams) != Some(head.map_root)
        {
            return wrong("it is not in the tree of streams");
        }
        if (version, Some(event_hash)) != (self.version, self.last) {
            let missing = self.version + 1;
            return Err(Alteration::new(position, format!("version {missing} of the flow is missing")));
        }
        self.is_proven = *is_known;
        Ok(())
    }

    /// What is proven at the end.
    pub(super) fn finish(&self) -> Result<CompleteFlow, Uuid> {
        match self.is_proven {
            true => {
                let Self { flow, version, is_kept, .. } = *self;
                Ok(CompleteFlow { flow, version, is_by_kept_tree_head: is_kept })
            }
            false => Err(self.flow),
        }
    }
}
