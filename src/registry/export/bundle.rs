//! The export that proves itself: the evidence bundle, written as it is read. Where this process signs, it ends with a
//! checkpoint made for it; those that were made before stand in their places.

use std::collections::{HashMap, HashSet, VecDeque};
use std::{io, mem};

use bytes::Bytes;

use super::{Coverage, ExportFormat, ExportOrder, Exports, confined};
use crate::evidence::{Absent, BundleWriter, EventRecord};
use crate::flow::digest::Digest;
use crate::flow::event::EventType;
use crate::registry::RegistryError;
use crate::registry::caller::Intent;
use crate::registry::checkpoints::{Checkpoints, LogTrees};
use crate::registry::source::ReadSource;
use crate::store::{AuditFilter, EventLeaf, Store, StoreError, StoredCheckpoint, StoredDocument};

/// Events read at once.
const CHUNK: i64 = 250;
/// Of one chunk, generously.
const STATEMENTS_MAX: u32 = 4;
/// Events that tell what becomes of others: whatever is asked for, they are there in full.
const ALWAYS_SHOWN: [EventType; 2] = [EventType::ContentErased, EventType::LogAccepted];
/// Documents held at once, in bytes; the last of them may go beyond it.
const DOCUMENT_BYTES: i64 = 1 << 19;

/// A bundle that is still to be written to its end.
#[derive(Debug)]
pub struct BundleExport {
    log: Log,
    /// `None` once the last line is written.
    writer: Option<BundleWriter<Vec<u8>>>,
}

/// What is to be written, as it is read.
#[derive(Debug)]
struct Log {
    coverage: Coverage,
    source: ReadSource,
    primary: Store,
    filter: AuditFilter,
    /// Events that were read and not written yet, each with whether the filter lets it through, and the checkpoints made over any of them.
    events: VecDeque<(EventRecord<'static>, bool)>,
    checkpoints: VecDeque<StoredCheckpoint>,
    /// The position of the last event read.
    position: i64,
    /// Where one flow is to be complete; `None` too once it cannot be.
    trees: Option<LogTrees>,
    /// What was absent in what was written, and is not on record in it.
    absent: Absent,
    /// Documents that were written without bytes.
    blank: HashSet<Digest>,
    checkpoints_of: Checkpoints,
}

/// Documents by digest; `None` where there is no such row.
type Documents = HashMap<Digest, Option<StoredDocument>>;

impl BundleExport {
    pub fn coverage(&self) -> Coverage {
        self.log.coverage
    }

    /// The next lines; `None` behind the last.
    pub async fn next_chunk(&mut self) -> Result<Option<Bytes>, RegistryError> {
        let Self { log, writer } = self;
        if writer.is_some() && log.events.is_empty() {
            log.read_on().await?;
            // What was erased while this export went out is on record behind where it was to end.
            if log.events.is_empty() && log.absent.first().is_some() && log.reach_further().await? {
                log.read_on().await?;
            }
        }
        if let Some(mut writer) = writer.take_if(|_| log.events.is_empty()) {
            log.write_proof(&mut writer).await?;
            return Ok(Some(writer.finish().map_err(broken)?.into()));
        }
        let Some(writer) = writer else { return Ok(None) };
        let documents = match log.documents(writer).await {
            Err(error) if log.source.fail_over(&error) => log.documents(writer).await?,
            Ok(_) if log.source.is_moved() && log.source.leave_standby() => log.documents(writer).await?,
            documents => documents?,
        };
        log.write(writer, &documents).map_err(broken)?;
        Ok(Some(mem::take(writer.out_mut()).into()))
    }
}

impl Log {
    /// Whether the log goes on behind the end of the export, which then is its end as it is now, signed. Of the events
    /// behind the first end, records alone are shown: others may write a document again that stands in the export without
    /// its bytes, and it stands there once.
    async fn reach_further(&mut self) -> Result<bool, RegistryError> {
        let org_id = self.coverage.org_id;
        let signed = match self.checkpoints_of.sign_head(org_id).await {
            Ok(signed) => signed.map(|signed| signed.position),
            Err(error) if error.is_refused_signature() => None,
            Err(RegistryError::SignaturesNotKept(_)) => None,
            Err(error) => return Err(error),
        };
        let end = match signed {
            Some(position) => position,
            None => self.primary.head(org_id).await?,
        };
        // A standby may not have it yet.
        self.source.leave_standby();
        let before = self.coverage.up_to;
        self.coverage.up_to = end.max(before);
        Ok(before < self.coverage.up_to)
    }

    /// Behind the last event, where a checkpoint stands there: what proves that a flow is complete.
    async fn write_proof(&mut self, writer: &mut BundleWriter<Vec<u8>>) -> Result<(), RegistryError> {
        let (org_id, end) = (self.coverage.org_id, self.position);
        let Some(trees) = self.trees.take().filter(|_| self.checkpoints_of.signs()) else { return Ok(()) };
        let signed = self.primary.checkpoints(org_id, end - 1, end).await?;
        let Some(signed) = signed.last() else { return Ok(()) };
        match self.checkpoints_of.sign_trees(trees, signed, self.filter.stream_id).await {
            Ok(Some((head, Some(last)))) => writer.proof(&head.note, &last).map_err(broken),
            Ok(_) | Err(RegistryError::SignaturesNotKept(_)) => Ok(()),
            Err(error) if error.is_refused_signature() => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn read_on(&mut self) -> Result<(), StoreError> {
        let (events, checkpoints) = match self.read().await {
            Err(error) if self.source.fail_over(&error) => self.read().await?,
            Ok(_) if self.source.is_moved() && self.source.leave_standby() => self.read().await?,
            read => read?,
        };
        if let Some((last, _)) = events.last() {
            self.checkpoints = checkpoints.into();
            self.position = last.position;
        }
        if let Some(trees) = &mut self.trees {
            for (event, _) in &events {
                let EventRecord { stream, version, event_hash, .. } = *event;
                trees.event(&EventLeaf { stream_id: stream, version, event_hash });
            }
        }
        self.events = events.into();
        Ok(())
    }

    /// The next events, and the checkpoints over any of them.
    async fn read(&self) -> Result<(Vec<(EventRecord<'static>, bool)>, Vec<StoredCheckpoint>), StoreError> {
        let Coverage { org_id, up_to, .. } = self.coverage;
        let (store, position) = (self.source.store(), self.position);
        let read = async {
            let events = store.exported_events(org_id, &self.filter, position, up_to, CHUNK).await?;
            let last = events.last().map_or(position, |(event, _)| event.position);
            let checkpoints = match events.is_empty() {
                true => Vec::new(),
                false => store.checkpoints(org_id, position, last).await?,
            };
            Ok((events, checkpoints))
        };
        store.in_time_for(STATEMENTS_MAX, read).await
    }

    /// The documents that go before the first of the events, as many as may be in memory.
    async fn documents(&self, writer: &BundleWriter<Vec<u8>>) -> Result<Documents, StoreError> {
        let mut wanted = Vec::new();
        for digest in self.events.iter().filter_map(|event| self.document(event)) {
            if writer.wants(&digest) && !wanted.contains(&digest) {
                wanted.push(digest);
            }
        }
        if wanted.is_empty() {
            return Ok(Documents::new());
        }
        let store = self.source.store();
        let found = store.documents_within(self.coverage.org_id, &wanted, DOCUMENT_BYTES);
        let found = store.in_time(found).await?;
        Ok(wanted.into_iter().zip(found).collect())
    }

    /// Writes events until one needs a document that is not in memory.
    fn write(&mut self, writer: &mut BundleWriter<Vec<u8>>, documents: &Documents) -> io::Result<()> {
        while let Some(event) = self.events.front() {
            if let Some(digest) = self.document(event).filter(|digest| writer.wants(digest)) {
                match documents.get(&digest) {
                    Some(Some(document)) => {
                        if document.bytes.is_none() {
                            self.blank.insert(digest);
                        }
                        writer.document(digest, document.bytes.as_deref())?;
                    }
                    // A row that somebody removed: the event stands here without it, for the verifier to find.
                    Some(None) => {}
                    None => return Ok(()),
                }
            }
            match self.is_wanted(event) {
                true => {
                    let document = event.0.state.document;
                    let lacks_document = document.is_some_and(|digest| self.blank.contains(&digest));
                    self.absent.event(&event.0, lacks_document);
                    writer.event(&event.0)?;
                }
                false => {
                    // A change of the flow, behind the end that was fixed when the export began: it is not complete.
                    if event.1 && event.0.position > self.coverage.wanted_up_to {
                        self.trees = None;
                    }
                    writer.omitted(event.0.position, event.0.event_hash)?;
                }
            }
            let position = event.0.position;
            while let Some(checkpoint) = self.checkpoints.pop_front_if(|made| made.position <= position) {
                writer.checkpoint(&checkpoint.note)?;
            }
            self.events.pop_front();
        }
        Ok(())
    }

    fn document(&self, event: &(EventRecord<'_>, bool)) -> Option<Digest> {
        event.0.state.document.filter(|_| self.is_wanted(event))
    }

    fn is_wanted(&self, (event, is_let_through): &(EventRecord<'_>, bool)) -> bool {
        let is_on_record = ALWAYS_SHOWN.iter().any(|shown| event.event_type == shown.as_str());
        is_on_record || *is_let_through && self.coverage.wants(event.position)
    }
}

fn broken(error: io::Error) -> RegistryError {
    RegistryError::corrupt("a line in memory", error.to_string())
}

impl Exports {
    /// Begins an export of evidence. What a filter leaves out, or a caller confined to numbers may not see, is there as
    /// its hash alone.
    pub async fn bundle(&self, intent: &Intent, order: &ExportOrder) -> Result<BundleExport, RegistryError> {
        let coverage = self.begin_export(intent, order, ExportFormat::Ndjson).await?;
        // At least one event, for the last checkpoint to stand behind.
        let (org_id, after) = (coverage.org_id, coverage.wanted_after.min(coverage.up_to - 1));
        let chain_hash = self
            .store
            .chain_hash(org_id, after)
            .await?
            .ok_or_else(|| RegistryError::corrupt(format!("position {after}"), "there is no event"))?;
        let trees = match order.filter.stream_id {
            Some(_) => match self.checkpoints.log_trees(org_id).await {
                // Then nothing is signed either, and the export goes out without what a tree would prove.
                Err(RegistryError::SignaturesNotKept(_)) => None,
                trees => Some(trees?),
            },
            None => None,
        };
        let log = Log {
            coverage,
            source: ReadSource::caught_up(&self.store).await,
            primary: self.store.clone(),
            filter: confined(&intent.caller, &order.filter),
            events: VecDeque::new(),
            checkpoints: VecDeque::new(),
            position: after,
            trees,
            absent: Absent::after(after),
            blank: HashSet::new(),
            checkpoints_of: self.checkpoints.clone(),
        };
        let mut writer = BundleWriter::new(Vec::new(), org_id, after, chain_hash).map_err(broken)?;
        if let Some(flow) = order.filter.stream_id {
            writer.complete(flow).map_err(broken)?;
        }
        Ok(BundleExport { log, writer: Some(writer) })
    }
}
