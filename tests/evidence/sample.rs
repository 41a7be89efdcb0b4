//! A log as the service would have written it, and what somebody with all rights could make of it.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use chrono::DateTime;
use flow_registry::evidence::{
    BundleWriter, Checkpoint, ErasedContent, EventRecord, Keyring, PublicKey, SigningKey, TreeBuilder,
    TreeHead, stream_leaf,
};
use flow_registry::flow::chain::{EventHashInput, chain_next, chain_start, event_hash};
use flow_registry::flow::digest::Digest;
use flow_registry::flow::event::{EventType, State, StreamKind};
use uuid::Uuid;

/// 2026-05-01T03:42:18.123456Z
const START_US: i64 = 1_777_606_938_123_456;

#[derive(Clone)]
pub(crate) struct Log {
    pub organization: Uuid,
    pub events: Vec<EventRecord<'static>>,
    pub documents: HashMap<Digest, Option<Vec<u8>>>,
    /// Signed notes by position.
    pub checkpoints: BTreeMap<i64, String>,
}

pub(crate) fn keyring(seed: u8) -> Keyring {
    Keyring::of(SigningKey::new("flows.example.com", &[seed; 32]).unwrap())
}

pub(crate) fn public_keys(seed: u8) -> Vec<PublicKey> {
    keyring(seed).public_keys()
}

impl Log {
    /// Twelve events of all kinds, with checkpoints by key 1 after the fifth and the last.
    pub(crate) fn new(organization: u128) -> Self {
        use EventType::*;
        let types = [
            ApiKeyCreated,
            FlowCreated,
            FlowUpdated,
            FlowPublished,
            FlowDuplicated,
            FlowUpdated,
            FlowUnpublished,
            FlowDeleted,
            FlowRestored,
            ApiKeyRevoked,
            AuditExported,
            FlowUpdated,
        ];
        let (events, documents, checkpoints) = (Vec::new(), HashMap::new(), BTreeMap::new());
        let mut log = Self { organization: Uuid::from_u128(organization), events, documents, checkpoints };
        for event_type in types {
            log.append(event_type);
        }
        log.chain_from(1);
        log.sign(5, &keyring(1));
        log.sign(12, &keyring(1));
        log
    }

    fn append(&mut self, event_type: EventType) {
        let position = self.events.len() as i64 + 1;
        let is_flow = event_type.stream_kind() == StreamKind::Flow;
        // The restore brings back the document of position 3; every second update changes it.
        let revision = if event_type == EventType::FlowRestored { 3 } else { position - position % 2 };
        let document = is_flow.then(|| {
            let bytes = format!(r#"{{"name":"Año nuevo 🎆","note":"{revision} \"x\" \\ y","n":1e-7}}"#);
            let digest = Digest::of(bytes.as_bytes());
            self.documents.insert(digest, Some(bytes.into_bytes()));
            digest
        });
        let payload = format!(r#"{{"changed":["steps.línea {position}"]}}"#).into_bytes();
        let context = format!(
            r#"{{"actor":{{"id":"a","name":null,"type":"api_key"}},"reason":"\"{position}\"\tä","salt":"00"}}"#
        );
        let context = context.into_bytes();
        self.events.push(EventRecord {
            position,
            recorded_at_us: START_US + position * 61_000_007,
            event_type: event_type.as_str().into(),
            stream_kind: event_type.stream_kind().number().into(),
            stream: Uuid::from_u128(0xf10 + u128::from(event_type.stream_kind().number())),
            version: position,
            event: Uuid::from_u128(0xe00 + position as u128),
            schema_version: 1,
            state: State {
                document,
                enabled: position % 3 != 0,
                deleted: event_type == EventType::FlowDeleted,
                published_version: (position == 4).then_some(3),
                published_by_version: (position == 4).then_some(4),
            },
            event_hash: Digest([0; 32]),
            chain_hash: Digest([0; 32]),
            payload_digest: Digest::of(&payload),
            payload: Some(Cow::Owned(payload)),
            context_digest: Digest::of(&context),
            context: Some(Cow::Owned(context)),
        });
    }

    /// Appends the event that says what was erased, signed; the content stays.
    pub(crate) fn record_erasure(&mut self, contexts: &[i64], payloads: &[i64], documents: &[Digest]) {
        self.append(EventType::ContentErased);
        let position = self.events.len() as i64;
        let told = ErasedContent {
            contexts: contexts.to_vec(),
            documents: documents.to_vec(),
            erasure: Uuid::from_u128(0xe7a5e),
            payloads: payloads.to_vec(),
            reason: "art. 17".to_owned(),
            rows: BTreeMap::new(),
        };
        self.at(position).payload = Some(Cow::Owned(serde_json::to_vec(&told).unwrap()));
        self.chain_from(position);
        self.sign(position, &keyring(1));
    }

    /// Appends an event that refers to the document of an earlier one, signed.
    pub(crate) fn refer_again(&mut self, event_type: EventType, to: i64) {
        self.append(event_type);
        let position = self.events.len() as i64;
        self.at(position).state.document = self.at(to).state.document;
        self.chain_from(position);
        self.sign(position, &keyring(1));
    }

    pub(crate) fn at(&mut self, position: i64) -> &mut EventRecord<'static> {
        &mut self.events[usize::try_from(position).unwrap() - 1]
    }

    /// Computes all digests, hashes and positions anew from here on, as an administrator could.
    pub(crate) fn chain_from(&mut self, position: i64) {
        let from = usize::try_from(position).unwrap() - 1;
        let mut chain = match from {
            0 => chain_start(self.organization),
            _ => self.events[from - 1].chain_hash,
        };
        for (index, event) in self.events.iter_mut().enumerate().skip(from) {
            event.position = index as i64 + 1;
            for (bytes, digest) in
                [(&event.payload, &mut event.payload_digest), (&event.context, &mut event.context_digest)]
            {
                *digest = bytes.as_deref().map_or(*digest, Digest::of);
            }
            event.event_hash = hash_of(self.organization, event);
            chain = chain_next(chain, event.event_hash);
            event.chain_hash = chain;
        }
    }

    pub(crate) fn checkpoint(&self, position: i64) -> Checkpoint {
        let event = &self.events[usize::try_from(position).unwrap() - 1];
        Checkpoint {
            organization: self.organization,
            position,
            chain_hash: event.chain_hash,
            time: DateTime::from_timestamp_micros(event.recorded_at_us + 1).unwrap(),
        }
    }

    pub(crate) fn tree_head(&self, position: i64) -> TreeHead {
        let Checkpoint { organization, position: size, chain_hash, time } = self.checkpoint(position);
        let (mut events, mut streams, mut map) =
            (TreeBuilder::default(), BTreeMap::new(), TreeBuilder::default());
        for event in &self.events[..usize::try_from(position).unwrap()] {
            events.push(event.event_hash.as_bytes());
            streams.insert(event.stream, (event.version, event.event_hash));
        }
        for (stream, (version, hash)) in streams {
            map.push(&stream_leaf(stream, version, &hash));
        }
        TreeHead { organization, size, event_root: events.root(), map_root: map.root(), chain_hash, time }
    }

    pub(crate) fn sign(&mut self, position: i64, keys: &Keyring) {
        self.checkpoints.insert(position, self.checkpoint(position).sign(keys).unwrap());
    }

    pub(crate) fn export(&self) -> Vec<u8> {
        self.export_part(0, |_| true)
    }

    /// What comes after a position, leaving out the events that a filter does not want.
    pub(crate) fn export_part(&self, after: i64, wanted: impl Fn(&EventRecord<'_>) -> bool) -> Vec<u8> {
        let start = self.events.iter().find(|event| event.position == after);
        let chain_hash = start.map_or_else(|| chain_start(self.organization), |event| event.chain_hash);
        let mut writer = BundleWriter::new(Vec::new(), self.organization, after, chain_hash).unwrap();
        for (index, event) in self.events.iter().enumerate().skip(usize::try_from(after).unwrap()) {
            if wanted(event) {
                let document = event.state.document.filter(|digest| writer.wants(digest));
                if let Some((digest, bytes)) =
                    document.and_then(|digest| self.documents.get_key_value(&digest))
                {
                    writer.document(*digest, bytes.as_deref()).unwrap();
                }
                writer.event(event).unwrap();
            } else {
                writer.omitted(event.position, event.event_hash).unwrap();
            }
            if let Some(note) = self.checkpoints.get(&(index as i64 + 1)) {
                writer.checkpoint(note).unwrap();
            }
        }
        writer.finish().unwrap()
    }
}

/// The hash over whatever an event holds; of impossible values, the nearest possible ones.
fn hash_of(organization: Uuid, event: &EventRecord<'_>) -> Digest {
    event_hash(&EventHashInput {
        organization,
        stream_kind: StreamKind::from_number(event.stream_kind).unwrap_or(StreamKind::Flow),
        stream: event.stream,
        event: event.event,
        version: event.version,
        position: event.position,
        recorded_at_us: event.recorded_at_us,
        schema_version: event.schema_version,
        state: event.state,
        payload: event.payload_digest,
        context: event.context_digest,
        event_type: &event.event_type,
    })
}
