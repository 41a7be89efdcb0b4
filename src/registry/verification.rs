//! The verification of logs: of an export, with nothing but the file and a public key, and of a live database, with
//! what only the database can tell: every document, the state after each event, and what readers are shown.

use std::collections::HashMap;

use bytes::Bytes;
use uuid::Uuid;

pub use crate::evidence::{
    Alteration, Checkpoint, Counts, Error as EvidenceError, Keyring, Proof, PublicKey, Report, Verdict,
    verify as verify_export,
};

use super::RegistryError;
use crate::evidence::{ChainVerifier, EventRecord, Stream, StreamVerifier};
use crate::flow::chain::chain_start;
use crate::flow::digest::Digest;
use crate::store::{Reading, Store, StoreError, StoredCheckpoint, StoredEvent};

/// Events and flows of one part; a part is in memory at once.
const PART: i64 = 1000;

/// How far the verification of one log has come, in events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    pub organization: Uuid,
    pub position: i64,
    /// What the head of the log says.
    pub end: i64,
}

/// Holds the logs of a database, as they stood at one moment, against checkpoints: those stored beside them and those
/// that were kept elsewhere.
#[derive(Debug)]
pub struct LiveVerification {
    reading: Reading,
    keys: Vec<PublicKey>,
    kept: Vec<Checkpoint>,
}

impl LiveVerification {
    /// `keys` are those whose signatures count, `kept` checkpoints that were opened with them.
    pub async fn begin(
        store: &Store,
        keys: Vec<PublicKey>,
        kept: Vec<Checkpoint>,
    ) -> Result<Self, RegistryError> {
        Ok(Self { reading: store.reading().await?, keys, kept })
    }

    /// Every organization of which there is anything in the database or a kept checkpoint.
    pub async fn organizations(&mut self) -> Result<Vec<Uuid>, RegistryError> {
        let mut organizations = self.reading.organizations().await?;
        organizations.extend(self.kept.iter().map(|kept| kept.organization));
        organizations.sort_unstable();
        organizations.dedup();
        Ok(organizations)
    }

    /// The report on one log.
    ///
    /// # Errors
    /// Those of the database; whatever is wrong with the log is the verdict.
    pub async fn log(
        &mut self,
        org_id: Uuid,
        mut progress: impl FnMut(Progress),
    ) -> Result<Report, RegistryError> {
        let kept = self.kept.iter().filter(|kept| kept.organization == org_id).cloned().collect();
        let chain = ChainVerifier::new(org_id, 0, chain_start(org_id), self.keys.clone(), kept);
        let mut walk = match chain {
            Ok(chain) => Walk { chain, streams: StreamVerifier::default() },
            Err(Alteration { position, what }) => {
                let verdict = Verdict::Altered { position, what };
                let counts = Counts::default();
                return Ok(Report { verdict, organization: Some(org_id), after: 0, proven: None, counts });
            }
        };
        match self.walk(org_id, &mut walk, &mut progress).await {
            Err(Stop::Altered(found)) => return Ok(walk.chain.altered(found)),
            Err(Stop::Failed(error)) => return Err(error),
            Ok(()) => {}
        }
        let flows = walk.streams.into_flows().collect();
        match self.compare_views(org_id, flows).await {
            Err(Stop::Altered(found)) => Ok(walk.chain.altered(found)),
            Err(Stop::Failed(error)) => Err(error),
            Ok(()) => Ok(walk.chain.finish(None)),
        }
    }

    /// From the first event to the last, and what the head says.
    async fn walk(
        &mut self,
        org_id: Uuid,
        walk: &mut Walk,
        progress: &mut impl FnMut(Progress),
    ) -> Result<(), Stop> {
        let head = self.reading.head(org_id).await?;
        let end = head.map_or(0, |(position, _)| position);
        for checkpoint in self.reading.checkpoints(org_id, -1, 0).await? {
            walk.chain.checkpoint(&checkpoint.note)?;
        }
        loop {
            let after = walk.chain.position();
            progress(Progress { organization: org_id, position: after, end });
            let events = self.reading.events(org_id, after, PART).await?;
            let Some(last) = events.last() else { break };
            let checkpoints = self.reading.checkpoints(org_id, after, last.position).await?;
            let unknown = walk.unknown_documents(&events);
            let documents = self.reading.documents(org_id, &unknown).await?;
            let documents = documents.into_iter().map(|document| (document.digest, document.bytes));
            walk.part(&events, &documents.collect(), &checkpoints)?;
        }
        for checkpoint in self.reading.checkpoints(org_id, walk.chain.position(), i64::MAX).await? {
            walk.chain.checkpoint_beyond(&checkpoint.note)?;
        }
        let reached = (walk.chain.position(), walk.chain.chain_hash());
        if head.unwrap_or((0, chain_start(org_id))) == reached {
            return Ok(());
        }
        let what = format!("the log does not end here: its head is said to be at position {end}");
        Err(Stop::Altered(Alteration { position: reached.0 + 1, what }))
    }

    /// Whether readers are shown what the log says.
    async fn compare_views(&mut self, org_id: Uuid, mut flows: HashMap<Uuid, Stream>) -> Result<(), Stop> {
        let altered = |position, flow_id: Uuid| {
            let what = format!("the view of flow {flow_id} does not show what the log says: rebuild it");
            Err(Stop::Altered(Alteration { position, what }))
        };
        let mut after = None;
        loop {
            let views = self.reading.viewed_flows(org_id, after, PART).await?;
            let Some(last) = views.last() else { break };
            after = Some(last.flow_id);
            for view in views {
                let shown =
                    Stream { version: view.version, position: view.position, state: Some(view.state) };
                match flows.remove(&view.flow_id) {
                    Some(stream) if stream == shown => {}
                    Some(stream) => return altered(stream.position, view.flow_id),
                    None => return altered(view.position, view.flow_id),
                }
            }
        }
        let unseen = flows.into_iter().min_by_key(|(_, stream)| stream.position);
        unseen.map_or(Ok(()), |(flow_id, stream)| altered(stream.position, flow_id))
    }
}

/// Why a walk ends before the end.
enum Stop {
    Altered(Alteration),
    Failed(RegistryError),
}

impl From<Alteration> for Stop {
    fn from(found: Alteration) -> Self {
        Self::Altered(found)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

/// What has been found out on the way through one log.
struct Walk {
    chain: ChainVerifier,
    streams: StreamVerifier,
}

impl Walk {
    /// The documents that these events bring up.
    fn unknown_documents(&self, events: &[StoredEvent]) -> Vec<Digest> {
        let documents = events.iter().filter_map(|event| event.document);
        let mut unknown: Vec<Digest> = documents.filter(|document| !self.chain.knows(document)).collect();
        unknown.sort_unstable();
        unknown.dedup();
        unknown
    }

    fn part(
        &mut self,
        events: &[StoredEvent],
        documents: &HashMap<Digest, Option<Bytes>>,
        checkpoints: &[StoredCheckpoint],
    ) -> Result<(), Alteration> {
        let mut checkpoints = checkpoints.iter().peekable();
        for event in events {
            let record = event_record(event);
            let document = record.document.filter(|document| !self.chain.knows(document));
            if let Some((document, bytes)) = document.and_then(|document| documents.get_key_value(&document))
            {
                self.chain.document(*document, bytes.as_deref())?;
            }
            self.chain.event(&record)?;
            self.streams.event(&record)?;
            while let Some(checkpoint) = checkpoints.next_if(|next| next.position <= event.position) {
                self.chain.checkpoint(&checkpoint.note)?;
            }
        }
        Ok(())
    }
}

/// A stored event as evidence.
pub fn event_record(event: &StoredEvent) -> EventRecord<'_> {
    EventRecord {
        position: event.position,
        recorded_at_us: event.recorded_at_us,
        event_type: event.event_type.as_str().into(),
        stream_kind: event.stream_kind,
        stream: event.stream_id,
        version: event.version,
        event: event.event_id,
        schema_version: event.schema_version,
        document: event.document,
        enabled: event.enabled,
        deleted: event.deleted,
        published_version: event.published_version,
        published_by_version: event.published_by_version,
        event_hash: event.event_hash,
        chain_hash: event.chain_hash,
        payload: event.payload.as_deref().map(Into::into),
        payload_digest: event.payload_digest,
        context: event.context.as_deref().map(Into::into),
        context_digest: event.context_digest,
    }
}
