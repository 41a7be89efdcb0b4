//! Streams, folded as their events come, and the rows they lead to.

use std::collections::BTreeMap;
use std::collections::HashMap;

use bytes::Bytes;
use uuid::Uuid;

use super::super::access::KeyProjection;
use super::super::documents::LoadedDocument;
use crate::flow::digest::Digest;
use crate::flow::event::{EventType, State, StreamKind};
use crate::flow::projection::{Projection, Recorded};
use crate::flow::text;
use crate::store::{Raw, StoredDocument, StreamEvent, ViewRow};

/// What the view finds flows by in a document.
#[derive(Debug)]
struct Sought {
    phone_number_id: Option<String>,
    search: String,
}

/// Streams of one organization.
#[derive(Debug, Default)]
pub(super) struct Folded {
    pub(super) flows: BTreeMap<Uuid, Projection>,
    pub(super) keys: BTreeMap<Uuid, KeyProjection>,
    /// Streams that cannot be folded, and why.
    pub(super) unreadable: BTreeMap<Uuid, String>,
    sought: HashMap<Digest, Sought>,
    pub(super) events: usize,
}

impl Folded {
    /// The last version that was folded.
    pub(super) fn version(&self, id: Uuid) -> i64 {
        let flow = self.flows.get(&id).map(|flow| flow.version);
        flow.or_else(|| self.keys.get(&id).map(|key| key.version)).unwrap_or(0)
    }

    pub(super) fn take(&mut self, event: StreamEvent) {
        self.events += 1;
        let id = event.stream_id;
        if self.unreadable.contains_key(&id) {
            return;
        }
        if let Err(why) = self.fold(&event) {
            self.unreadable.insert(id, format!("version {}: {why}", event.version));
        }
    }

    fn fold(&mut self, event: &StreamEvent) -> Result<(), String> {
        let event_type = EventType::parse(&event.event_type)
            .ok_or_else(|| format!("this release knows no events of the type {}", event.event_type))?;
        let id = event.stream_id;
        match event_type.stream_kind() {
            StreamKind::Flow => {
                let recorded = recorded(event, event_type)?;
                self.flows
                    .entry(id)
                    .and_modify(|flow| flow.go_on(&recorded))
                    .or_insert_with(|| Projection::begin(&recorded));
            }
            StreamKind::ApiKey => {
                let key = KeyProjection::after(self.keys.get(&id), event);
                self.keys.insert(id, key.map_err(|error| format!("payload: {error}"))?);
            }
            StreamKind::Organization => {}
        }
        Ok(())
    }

    /// The documents that rows are made from and that were not looked into yet.
    pub(super) fn wanted(&self) -> Vec<Digest> {
        let of_flow = |flow: &Projection| [Some(flow.state.document), flow.published_document];
        let mut wanted: Vec<Digest> = self.flows.values().flat_map(of_flow).flatten().collect();
        wanted.retain(|digest| !self.sought.contains_key(digest));
        wanted.sort_unstable();
        wanted.dedup();
        wanted
    }

    /// Looks into a document; one whose content was erased is found by what stands in for it.
    pub(super) fn look_into(&mut self, document: StoredDocument) {
        let digest = document.digest;
        let Ok(members) = LoadedDocument::stored(digest, document.bytes).members() else { return };
        let text = |name: &str| members.get(name).and_then(|value| value.as_str());
        let sought = Sought {
            phone_number_id: text("phoneNumberId").map(str::to_owned),
            search: text::search_text(text("name").unwrap_or_default(), text("description")),
        };
        self.sought.insert(digest, sought);
    }

    /// The row a flow should have, or the document that keeps it from having one.
    pub(super) fn row(&self, id: Uuid, flow: &Projection) -> Result<ViewRow, Digest> {
        let raw = |bytes: &Bytes| Raw(bytes.to_vec());
        let sought = |digest: Digest| self.sought.get(&digest).ok_or(digest);
        let draft = sought(flow.state.document)?;
        let in_force = flow.published_document.map(sought).transpose()?;
        Ok(ViewRow {
            flow_id: id,
            version: flow.version,
            position: flow.position,
            document_digest: Raw(flow.state.document.as_bytes().to_vec()),
            phone_number_id: draft.phone_number_id.clone(),
            search: draft.search.clone(),
            enabled: flow.state.enabled,
            deleted: flow.state.deleted,
            published_version: flow.state.published_version,
            published_by_version: flow.state.published_by_version,
            published_at: flow.published_at,
            published_digest: flow.published_document.map(|digest| Raw(digest.as_bytes().to_vec())),
            published_phone_number_id: in_force.and_then(|sought| sought.phone_number_id.clone()),
            published_search: in_force.map(|sought| sought.search.clone()),
            created_at: flow.created_at,
            created_by: raw(&flow.created_by),
            updated_at: flow.updated_at,
            updated_by: raw(&flow.updated_by),
            duplicated_from_flow: flow.duplicated_from.map(|(id, _)| id),
            duplicated_from_version: flow.duplicated_from.map(|(_, version)| version),
            restored_from: flow.restored_from,
        })
    }
}

fn recorded(event: &StreamEvent, event_type: EventType) -> Result<Recorded, String> {
    let payload = event.payload.as_deref().map(serde_json::from_slice).transpose();
    Ok(Recorded {
        version: event.version,
        position: event.position,
        event_type,
        payload: payload.map_err(|error| format!("payload: {error}"))?,
        author: event.author.clone(),
        at: event.recorded_at,
        state: State {
            document: event.document.ok_or("a flow without a document")?,
            enabled: event.enabled,
            deleted: event.deleted,
            published_version: event.published_version,
            published_by_version: event.published_by_version,
        },
    })
}
