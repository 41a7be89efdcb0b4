//! The evidence bundle: newline-delimited JSON that carries everything that is hashed, so that a log can
//! be verified with nothing but the file and a public key. Written and read as a stream; both sides keep
//! one digest per distinct document and otherwise constant memory.

use std::collections::HashSet;
use std::io::{self, BufRead, Read as _, Write};

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::completeness::Completeness;
use super::kept::KeptNote;
use super::line::{
    self, BundleLine, CheckpointNote, CompleteLine, EndLine, FORMAT, Header, LastLine, Omitted, TreeNote,
};
use super::note::PublicKey;
use super::report::{Alteration, Counts, Report, Verdict};
use super::tree_head::LastVersion;
use super::verifier::ChainVerifier;
use crate::flow::digest::Digest;
use crate::flow::record::EventRecord;

/// The longest line a bundle has: a document of the largest size, even in base64, fits several times.
pub const LINE_BYTES_MAX: usize = 4 << 20;

/// Writes a bundle line by line: for each event first the document it refers to, where
/// [`wants`](Self::wants) asks for it, then the event, then the checkpoint made there, if any.
#[derive(Debug)]
pub struct BundleWriter<W> {
    out: W,
    line: Vec<u8>,
    digest: Sha256,
    position: i64,
    documents: HashSet<Digest>,
}

impl<W: Write> BundleWriter<W> {
    /// Begins after the event at `after`, where the chain hash was `chain_hash`.
    pub fn new(out: W, organization: Uuid, after: i64, chain_hash: Digest) -> io::Result<Self> {
        let (line, digest) = (Vec::new(), Sha256::new());
        let mut writer = Self { out, line, digest, position: after, documents: HashSet::new() };
        line::write(&Header { format: FORMAT.into(), organization, after, chain_hash }, &mut writer.line);
        writer.flush_line()?;
        Ok(writer)
    }

    /// Whether this document has not been written yet.
    pub fn wants(&self, document: &Digest) -> bool {
        !self.documents.contains(document)
    }

    /// The document of the event that comes next; no bytes when they were erased.
    pub fn document(&mut self, document: Digest, bytes: Option<&[u8]>) -> io::Result<()> {
        if self.documents.insert(document) {
            line::write_document(document, bytes, &mut self.line);
            self.flush_line()?;
        }
        Ok(())
    }

    pub fn event(&mut self, event: &EventRecord<'_>) -> io::Result<()> {
        self.position = event.position;
        line::write_event(event, &mut self.line);
        self.flush_line()
    }

    /// An event that a filter leaves out.
    pub fn omitted(&mut self, position: i64, event_hash: Digest) -> io::Result<()> {
        self.position = position;
        line::write(&Omitted { omitted: position, event_hash }, &mut self.line);
        self.flush_line()
    }

    /// A signed note over the event written last.
    pub fn checkpoint(&mut self, note: &str) -> io::Result<()> {
        line::write(&CheckpointNote { checkpoint: note.into() }, &mut self.line);
        self.flush_line()
    }

    /// Says that every event of a flow is to come. Right after the beginning.
    pub fn complete(&mut self, flow: Uuid) -> io::Result<()> {
        line::write(&CompleteLine { complete: flow }, &mut self.line);
        self.flush_line()
    }

    /// A signed note over the trees of the log, up to the event written last, and the proof of a stream's last version.
    pub fn proof(&mut self, note: &str, last: &LastVersion) -> io::Result<()> {
        line::write(&TreeNote { tree: note.into() }, &mut self.line);
        self.flush_line()?;
        let LastVersion { stream_id, version, event_hash, streams, ref path } = *last;
        let line = LastLine {
            last: stream_id,
            version,
            event_hash,
            index: path.index,
            streams,
            path: path.hashes.clone(),
        };
        line::write(&line, &mut self.line);
        self.flush_line()
    }

    /// Where the lines go: a buffer can be emptied between two of them.
    pub fn out_mut(&mut self) -> &mut W {
        &mut self.out
    }

    /// Writes the last line. A bundle without it counts as cut short.
    pub fn finish(mut self) -> io::Result<W> {
        let digest = Digest(self.digest.clone().finalize().into());
        line::write(&EndLine { end: self.position, digest }, &mut self.line);
        self.flush_line()?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn flush_line(&mut self) -> io::Result<()> {
        self.digest.update(&self.line);
        self.out.write_all(&self.line)?;
        self.line.clear();
        Ok(())
    }
}

/// Verifies a bundle line by line.
#[derive(Debug)]
pub struct BundleVerifier {
    keys: Vec<PublicKey>,
    kept: Vec<KeptNote>,
    is_as_of_now: bool,
    /// From the first line on.
    chain: Option<ChainVerifier>,
    digest: Sha256,
    lines: u64,
    /// The document on the line before, which the next event must refer to.
    announced: Option<Digest>,
    /// Where one flow is to be complete.
    completeness: Option<Completeness>,
    ended: bool,
}

impl BundleVerifier {
    /// `kept`: notes kept elsewhere, opened with known keys. `is_as_of_now`: the bundle is not older than any of them, so
    /// an end before one is no end of the same log.
    pub fn new(keys: Vec<PublicKey>, kept: Vec<KeptNote>, is_as_of_now: bool) -> Self {
        Self {
            keys,
            kept,
            is_as_of_now,
            chain: None,
            digest: Sha256::new(),
            lines: 0,
            announced: None,
            completeness: None,
            ended: false,
        }
    }

    /// The position of the last event that was found good.
    pub fn position(&self) -> i64 {
        self.chain.as_ref().map_or(0, ChainVerifier::position)
    }

    /// The next line, without its newline. After an alteration there is nothing more to feed.
    pub fn line(&mut self, line: &[u8]) -> Result<(), Alteration> {
        self.lines += 1;
        let read = self.read(line);
        self.digest.update(line);
        self.digest.update(b"\n");
        let number = self.lines;
        read.map_err(|found| Alteration { what: format!("line {number}: {}", found.what), ..found })
    }

    fn read(&mut self, line: &[u8]) -> Result<(), Alteration> {
        let next = self.position() + 1;
        let wrong = |what: &str| Err(Alteration::new(next, what));
        let beyond = |what: &str| Err(Alteration::new(next - 1, what));
        let Some(line) = BundleLine::parse(line) else { return wrong("no bundle has such a line") };
        if self.ended {
            return wrong("something follows the last line");
        }
        let Some(chain) = &mut self.chain else {
            let BundleLine::Header(header) = line else { return wrong("a bundle begins otherwise") };
            return self.begin(&header);
        };
        let announced = self.announced.take();
        let document = if let BundleLine::Event(event) = &line { event.state.document } else { None };
        if announced.is_some() && announced != document {
            return wrong("a document stands here without its event");
        }
        match line {
            BundleLine::Header(_) => wrong("a bundle has one first line"),
            BundleLine::Document(digest, _) if chain.knows(&digest) => wrong("a document stands here again"),
            BundleLine::Document(digest, bytes) => {
                self.announced = Some(digest);
                chain.document(digest, bytes.as_deref())
            }
            BundleLine::Event(event) => {
                chain.event(&event)?;
                self.completeness.as_mut().map_or(Ok(()), |flow| flow.event(&event))
            }
            BundleLine::Omitted(Omitted { omitted, event_hash }) => {
                chain.omitted(omitted, event_hash)?;
                if let Some(flow) = &mut self.completeness {
                    flow.omitted(event_hash);
                }
                Ok(())
            }
            BundleLine::Complete(CompleteLine { complete }) => {
                if self.lines != 2 || next != 1 {
                    return wrong("only the second line of a whole log says what it is complete for");
                }
                self.completeness = Some(Completeness::of(complete));
                Ok(())
            }
            BundleLine::Tree(TreeNote { tree }) => match &mut self.completeness {
                Some(flow) => flow.tree(&tree, chain.keys(), chain.place(), chain.kept_tree_heads()),
                None => beyond("a tree head stands here, and nothing is to be complete"),
            },
            BundleLine::Last(line) => match &mut self.completeness {
                Some(flow) => flow.last(line, chain.position()),
                None => beyond("a last version stands here, and nothing is to be complete"),
            },
            BundleLine::Checkpoint(note) => chain.checkpoint(&note.checkpoint),
            BundleLine::End(end) => self.end(&end),
        }
    }

    fn begin(&mut self, header: &Header<'_>) -> Result<(), Alteration> {
        let (keys, kept) = (std::mem::take(&mut self.keys), std::mem::take(&mut self.kept));
        let chain = ChainVerifier::new(header.organization, header.after, header.chain_hash, keys, kept)?;
        self.chain = Some(chain);
        Ok(())
    }

    fn end(&mut self, end: &EndLine) -> Result<(), Alteration> {
        self.ended = true;
        let written = Digest(self.digest.clone().finalize().into());
        if (end.end, end.digest) == (self.position(), written) {
            return Ok(());
        }
        let what = "the file is not as it was written, in a line that no event depends on";
        Err(Alteration::new(self.position() + 1, what))
    }

    /// The answer at the end of the file; `rest` are the bytes after the last newline.
    pub fn finish(self, rest: &[u8]) -> Report {
        let cut = if !rest.is_empty() {
            Some(format!("the file is cut inside line {}", self.lines + 1))
        } else if !self.ended {
            Some("the file is cut: its last line is missing".to_owned())
        } else {
            None
        };
        match self.chain {
            Some(chain) => {
                let is_its_end = self.is_as_of_now && cut.is_none();
                with_completeness(chain.finish(cut, is_its_end), self.completeness.as_ref())
            }
            None => no_chain(Verdict::EndNotProven { end: 0, why: cut.unwrap_or_default() }),
        }
    }

    /// The report when a line was found altered.
    pub fn altered(self, found: Alteration) -> Report {
        match self.chain {
            Some(chain) => chain.altered(found),
            None => no_chain(Verdict::Altered { position: found.position, what: found.what }),
        }
    }
}

/// A part that is to be complete for a flow, and is not proven to be, may lack events of it.
fn with_completeness(report: Report, completeness: Option<&Completeness>) -> Report {
    match (completeness.map(Completeness::finish), &report.verdict) {
        (Some(Ok(complete)), Verdict::Intact { .. }) => Report { complete: Some(complete), ..report },
        (Some(Err(flow)), &Verdict::Intact { up_to: end }) => {
            let why = format!("no tree head of a known key proves which version of flow {flow} is the last");
            Report { verdict: Verdict::EndNotProven { end, why }, ..report }
        }
        _ => report,
    }
}

fn no_chain(verdict: Verdict) -> Report {
    Report { verdict, organization: None, after: 0, proven: None, complete: None, counts: Counts::default() }
}

/// Verifies a whole bundle, from whatever time.
///
/// # Errors
/// Those of the reader, and [`io::ErrorKind::InvalidData`] for what is no bundle at all; whatever is wrong with a bundle is
/// the verdict.
pub fn verify(bundle: impl BufRead, keys: &[PublicKey], kept: &[KeptNote]) -> io::Result<Report> {
    read_to_end(bundle, BundleVerifier::new(keys.to_vec(), kept.to_vec(), false))
}

/// Verifies a whole bundle of the log as it is now: what was kept earlier is over no more than it has.
///
/// # Errors
/// Like [`verify`].
pub fn verify_as_of_now(bundle: impl BufRead, keys: &[PublicKey], kept: &[KeptNote]) -> io::Result<Report> {
    read_to_end(bundle, BundleVerifier::new(keys.to_vec(), kept.to_vec(), true))
}

fn read_to_end(mut bundle: impl BufRead, mut verifier: BundleVerifier) -> io::Result<Report> {
    let mut line = Vec::new();
    let mut is_first = true;
    loop {
        line.clear();
        let read = bundle.by_ref().take(LINE_BYTES_MAX as u64).read_until(b'\n', &mut line)?;
        if std::mem::take(&mut is_first) && !line::may_begin_a_bundle(&line) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "not an export of a log"));
        }
        if line.pop_if(|byte| *byte == b'\n').is_none() && read < LINE_BYTES_MAX {
            return Ok(verifier.finish(&line));
        }
        if let Err(found) = verifier.line(&line) {
            return Ok(verifier.altered(found));
        }
    }
}
