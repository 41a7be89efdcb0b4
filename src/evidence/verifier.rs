//! Walks a log from event to event and holds it against checkpoints. Keeps one digest per distinct document and
//! otherwise constant memory; rows may come from a database or from an export.

use std::collections::HashSet;

use uuid::Uuid;

use super::accepted::AcceptedLog;
use super::checkpoint::Checkpoint;
use super::erasure::Absent;
use super::error::Error;
use super::kept::{KeptNote, KeptNotes};
use super::note::{Note, PublicKey};
use super::report::{Alteration, Counts, Proof, Report, Verdict};
use super::tree_head::TreeHead;
use crate::flow::chain::{chain_next, chain_start};
use crate::flow::digest::Digest;
use crate::flow::record::EventRecord;

/// The walk. Feed it every event in order of position, each document before the first event that refers to it, each
/// checkpoint right after the event it names, and stop at the first alteration.
#[derive(Debug)]
pub struct ChainVerifier {
    organization: Uuid,
    /// Where the walk began.
    after: i64,
    position: i64,
    chain_hash: Digest,
    keys: Vec<PublicKey>,
    kept: KeptNotes,
    documents: HashSet<Digest>,
    /// Those of them that were fed without bytes.
    blank: HashSet<Digest>,
    absent: Absent,
    proven: Option<Proof>,
    counts: Counts,
}

impl ChainVerifier {
    /// Starts after the event at `after`, where the chain is said to have been `chain_hash`; 0 is the
    /// start of the log. `kept` are notes opened already, to be found again on the way.
    pub fn new(
        organization: Uuid,
        after: i64,
        chain_hash: Digest,
        keys: Vec<PublicKey>,
        kept: Vec<KeptNote>,
    ) -> Result<Self, Alteration> {
        if after < 0 || (after == 0 && chain_hash != chain_start(organization)) {
            return Err(Alteration::new(after, "this is not where the log of this organization starts"));
        }
        if let Some(foreign) = kept.iter().find(|kept| kept.organization() != organization) {
            let (kept, here) = (foreign.organization(), organization);
            let what = format!("this is the log of {here}, and the checkpoint that was kept is of {kept}");
            return Err(Alteration::new(after, what));
        }
        let mut verifier = Self {
            organization,
            after,
            position: after,
            chain_hash,
            keys,
            kept: KeptNotes::of(kept, after),
            documents: HashSet::new(),
            blank: HashSet::new(),
            absent: Absent::after(after),
            proven: None,
            counts: Counts::default(),
        };
        verifier.compare_with_kept();
        Ok(verifier)
    }

    /// The position of the last event that was found good.
    pub fn position(&self) -> i64 {
        self.position
    }

    /// The chain hash there.
    pub fn chain_hash(&self) -> Digest {
        self.chain_hash
    }

    /// Whether this document has been fed.
    pub fn knows(&self, document: &Digest) -> bool {
        self.documents.contains(document)
    }

    /// A document that the next event refers to; no bytes when they were erased.
    pub fn document(&mut self, document: Digest, bytes: Option<&[u8]>) -> Result<(), Alteration> {
        match bytes {
            Some(bytes) if Digest::of(bytes) != document => {
                let what = "its document is not the one that was recorded";
                return Err(Alteration::new(self.position + 1, what));
            }
            Some(_) => self.counts.documents += 1,
            None => {
                self.counts.erased += 1;
                self.blank.insert(document);
            }
        }
        self.documents.insert(document);
        Ok(())
    }

    /// Content that is absent so far, and whose erasure is not on record so far.
    pub fn unrecorded(&self) -> Option<Alteration> {
        let what = "what it said is absent, and no event says that it was erased";
        self.absent.first().map(|position| Alteration::new(position, what))
    }

    /// The next event.
    pub fn event(&mut self, event: &EventRecord<'_>) -> Result<(), Alteration> {
        let is_missing = event.state.document.is_some_and(|document| !self.documents.contains(&document));
        let lacks_document = event.state.document.is_some_and(|document| self.blank.contains(&document));
        self.event_alone(event, lacks_document)?;
        match is_missing {
            true => Err(Alteration::new(event.position, "its document is missing")),
            false => Ok(()),
        }
    }

    /// The next event, whose document is looked at elsewhere. `lacks_document`: there are no bytes of it.
    pub fn event_alone(&mut self, event: &EventRecord<'_>, lacks_document: bool) -> Result<(), Alteration> {
        self.expect(event.position)?;
        let wrong = |what: &str| Err(Alteration::new(event.position, what));
        let parts = [
            (&event.payload, event.payload_digest, "its payload is not the one that was recorded"),
            (&event.context, event.context_digest, "its context is not the one that was recorded"),
        ];
        for (bytes, digest, what) in parts {
            match bytes {
                Some(bytes) if Digest::of(bytes) != digest => return wrong(what),
                Some(_) => {}
                None => self.counts.erased += 1,
            }
        }
        match event.hash(self.organization) {
            None => return wrong("no event is written like this"),
            Some(hash) if hash != event.event_hash => return wrong("its content does not have its hash"),
            Some(hash) if chain_next(self.chain_hash, hash) != event.chain_hash => {
                return wrong("it does not continue the chain");
            }
            Some(_) => {}
        }
        self.counts.events += 1;
        self.absent.event(event, lacks_document);
        self.advance(event.event_hash, Some((event.stream, event.version)))?;
        if let Some(accepted) = AcceptedLog::of(event) {
            self.kept.accept(&accepted, event.position);
        }
        Ok(())
    }

    /// Where the chain stands: organization, position and hash.
    pub(super) fn place(&self) -> (Uuid, i64, Digest) {
        (self.organization, self.position, self.chain_hash)
    }

    pub(super) fn keys(&self) -> &[PublicKey] {
        &self.keys
    }

    /// The next event, of which only the hash is known.
    pub fn omitted(&mut self, position: i64, event_hash: Digest) -> Result<(), Alteration> {
        self.expect(position)?;
        self.counts.omitted += 1;
        self.advance(event_hash, None)
    }

    fn expect(&self, found: i64) -> Result<(), Alteration> {
        let expected = self.position + 1;
        if found == expected {
            return Ok(());
        }
        let what = format!("it is missing: the event at position {found} stands in its place");
        Err(Alteration::new(expected, what))
    }

    /// `stream`: that of the event with its version, where they are shown.
    fn advance(&mut self, event_hash: Digest, stream: Option<(Uuid, i64)>) -> Result<(), Alteration> {
        self.chain_hash = chain_next(self.chain_hash, event_hash);
        self.position += 1;
        self.compare_with_kept();
        self.kept.grow(event_hash, stream, self.chain_hash)
    }

    fn compare_with_kept(&mut self) {
        if let Some(proof) = self.kept.compare(self.position, self.chain_hash) {
            self.prove(proof);
        }
    }

    /// The tree heads that were kept over the event fed last.
    pub(super) fn kept_tree_heads(&self) -> &[TreeHead] {
        self.kept.tree_heads()
    }

    /// Nothing counts behind what a kept checkpoint contradicts.
    fn prove(&mut self, proof: Proof) {
        if !self.kept.is_contradicted() {
            self.proven = Some(proof);
        }
    }

    /// A checkpoint over the event fed last, as a signed note.
    pub fn checkpoint(&mut self, note: &str) -> Result<(), Alteration> {
        let position = self.position;
        let wrong = |error: Error| Alteration::new(position, format!("its checkpoint: {error}"));
        let note = Note::parse(note).map_err(wrong)?;
        let checkpoint = Checkpoint::parse(note.text).map_err(wrong)?;
        if (checkpoint.organization, checkpoint.position) != (self.organization, position) {
            return Err(wrong(Error::Malformed("it speaks of another place")));
        }
        if checkpoint.chain_hash != self.chain_hash {
            let agreed = self.proven.as_ref().map_or(self.after, |proof| proof.position);
            return Err(checkpoint.differs_from(position, agreed));
        }
        self.counts.checkpoints += 1;
        match note.signer(&self.keys, checkpoint.time) {
            Ok(key) => {
                let by = key.to_string();
                self.prove(Proof { position, time: checkpoint.time, by });
            }
            Err(Error::UnknownSigner(_)) => self.counts.unknown_signers += 1,
            Err(error) => return Err(wrong(error)),
        }
        Ok(())
    }

    /// A stored checkpoint over a position beyond the event fed last, which there is: what it names is missing.
    pub fn checkpoint_beyond(&mut self, note: &str) -> Result<(), Alteration> {
        match Checkpoint::open(note, &self.keys) {
            Ok((checkpoint, _)) => Err(checkpoint.missing_behind(self.position)),
            Err(Error::UnknownSigner(_)) => {
                self.counts.checkpoints += 1;
                self.counts.unknown_signers += 1;
                Ok(())
            }
            Err(error) => Err(Alteration::new(self.position + 1, format!("a later checkpoint: {error}"))),
        }
    }

    /// The answer when the last event has been fed. `cut` says why this may not be the end; `is_its_end` that the log has no
    /// more events, where it is not an export from some time.
    pub fn finish(mut self, cut: Option<String>, is_its_end: bool) -> Report {
        let (after, end) = (self.after, self.position);
        let proven = self.proven.as_ref().map(|proof| proof.position);
        let against = self.kept.contradiction().or_else(|| self.kept.missing(end, is_its_end));
        let verdict = if let Some(Alteration { position, what }) = against {
            Verdict::Altered { position, what }
        } else if let Some(why) = cut {
            Verdict::EndNotProven { end, why }
        } else if let Some(Alteration { position, what }) = self.unrecorded() {
            Verdict::Altered { position, what }
        } else if let Some(kept) = self.kept.beyond() {
            let (position, time) = (kept.position, kept.written_time());
            let why = format!("the export ends before the kept checkpoint at position {position} of {time}");
            Verdict::EndNotProven { end, why }
        } else if let Some(kept) = self.kept.before() {
            let why = format!(
                "the checkpoint that was kept is over position {kept}, and this part of the log begins after {after}"
            );
            Verdict::EndNotProven { end, why }
        } else if after > 0 && end == after {
            let why = format!("this part of the log begins after position {after}, and no event follows");
            Verdict::EndNotProven { end, why }
        } else if proven == Some(end) {
            Verdict::Intact { up_to: end }
        } else {
            let why = match proven {
                Some(proven) => format!("the last checkpoint of a known key is at position {proven}"),
                None => "there is no checkpoint of a known key".to_owned(),
            };
            Verdict::EndNotProven { end, why }
        };
        self.report(verdict)
    }

    /// The report of a walk that stopped early.
    pub fn altered(mut self, found: Alteration) -> Report {
        // The first thing that is wrong counts.
        let Alteration { position, what } = self.kept.contradiction().unwrap_or(found);
        self.report(Verdict::Altered { position, what })
    }

    fn report(self, verdict: Verdict) -> Report {
        let Self { organization, after, proven, counts, .. } = self;
        Report { verdict, organization: Some(organization), after, proven, complete: None, counts }
    }
}
