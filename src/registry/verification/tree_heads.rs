//! The tree heads that are stored beside a log, held against the trees of its events. The whole tree of streams is made
//! anew for each of them, 0.1 s at 100,000 streams: there is one a day, and one for each export of a single flow.

use uuid::Uuid;

use crate::evidence::{Alteration, Error, EventRecord, PublicKey, TreeHead};
use crate::registry::checkpoints::LogTrees;
use crate::store::EventLeaf;

/// The trees of the events so far, and the keys whose signatures count.
#[derive(Debug)]
pub(super) struct TreeHeads {
    organization: Uuid,
    keys: Vec<PublicKey>,
    trees: LogTrees,
    seen: u64,
}

impl TreeHeads {
    pub(super) fn of(organization: Uuid, keys: Vec<PublicKey>) -> Self {
        Self { organization, keys, trees: LogTrees::of(organization), seen: 0 }
    }

    /// How many tree heads there were.
    pub(super) fn seen(&self) -> u64 {
        self.seen
    }

    /// The next event, which was found good.
    pub(super) fn event(&mut self, event: &EventRecord<'_>) {
        let EventRecord { stream, version, event_hash, .. } = *event;
        self.trees.event(&EventLeaf { stream_id: stream, version, event_hash });
    }

    /// A tree head over the event fed last, as a signed note. Whoever signed it, the events must have its roots; one by an
    /// unknown key proves nothing beyond that.
    pub(super) fn head(&mut self, note: &str, position: i64) -> Result<(), Alteration> {
        let wrong = |what: &str| Alteration { position, what: format!("its tree head: {what}") };
        let head = TreeHead::unverified(note).map_err(|error| wrong(&error.to_string()))?;
        if (head.organization, head.size) != (self.organization, position) {
            return Err(wrong("it speaks of another place"));
        }
        if let Some(what) = self.trees.contradiction(&head) {
            return Err(wrong(what));
        }
        self.seen += 1;
        match TreeHead::open(note, &self.keys) {
            Ok(_) | Err(Error::UnknownSigner(_)) => Ok(()),
            Err(error) => Err(wrong(&error.to_string())),
        }
    }

    /// A stored tree head over more events than there are: what it names is missing.
    pub(super) fn head_beyond(&mut self, note: &str, end: i64) -> Result<(), Alteration> {
        self.seen += 1;
        let what = match TreeHead::open(note, &self.keys) {
            Ok((head, _)) => {
                let TreeHead { size, time, .. } = head;
                format!("it is missing: a tree head says that the log had reached position {size} at {time}")
            }
            Err(Error::UnknownSigner(_)) => return Ok(()),
            Err(error) => format!("a later tree head: {error}"),
        };
        Err(Alteration { position: end + 1, what })
    }
}
