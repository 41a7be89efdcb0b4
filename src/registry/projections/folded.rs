//! Streams, folded as their events come, what is wrong with them, and the rows they lead to.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use uuid::Uuid;

use super::super::access::KeyProjection;
use super::super::reads::{members, stand_in};
use super::Trouble;
use crate::flow::digest::Digest;
use crate::flow::document::{Canonical, TriggerTypes};
use crate::flow::event::{Actor, ActorKind, EventType, State, StreamKind};
use crate::flow::projection::{Projection, Recorded};
use crate::flow::reference::references;
use crate::flow::text::{self, FOLDING};
use crate::store::{MarkColumns, Raw, SaidBy, StoredDocument, StreamEvent, ViewRow};

/// What the view finds flows by in a document.
#[derive(Debug)]
struct Sought {
    phone_number_id: Option<String>,
    trigger_types: TriggerTypes,
    search: String,
    /// What it refers to, as `kind:value`, if it is in force somewhere.
    references: Vec<String>,
    is_erased: bool,
}

/// How far a stream has been folded.
#[derive(Debug)]
struct Place {
    version: i64,
    position: i64,
    /// Whether the first event, and the last, have lost payload or context.
    begins_erased: bool,
    ends_erased: bool,
}

/// Streams of one organization.
#[derive(Debug, Default)]
pub(super) struct Folded {
    pub(super) flows: BTreeMap<Uuid, Projection>,
    pub(super) keys: BTreeMap<Uuid, KeyProjection>,
    /// What is wrong with streams themselves, and at which position: the first of each kind.
    pub(super) wrong: BTreeMap<Uuid, Vec<(i64, Trouble)>>,
    places: HashMap<Uuid, Place>,
    sought: HashMap<Digest, Sought>,
    pub(super) events: usize,
}

impl Folded {
    /// The last version that was folded.
    pub(super) fn version(&self, id: Uuid) -> i64 {
        self.places.get(&id).map_or(0, |place| place.version)
    }

    /// Where in the log that is.
    pub(super) fn position(&self, id: Uuid) -> Option<i64> {
        self.places.get(&id).map(|place| place.position)
    }

    /// Whether a stream has an event that nothing can be computed from.
    pub(super) fn is_unreadable(&self, id: Uuid) -> bool {
        let troubles = self.wrong.get(&id).into_iter().flatten();
        troubles.into_iter().any(|(_, trouble)| trouble.ends_a_fold())
    }

    pub(super) fn take(&mut self, event: &StreamEvent) {
        self.events += 1;
        let (id, version) = (event.stream_id, event.version);
        let follows = version == self.version(id) + 1;
        let is_erased = event.payload.is_none() || !event.has_context;
        let place = self.places.entry(id).or_insert(Place {
            version,
            position: event.position,
            begins_erased: is_erased,
            ends_erased: is_erased,
        });
        (place.version, place.position, place.ends_erased) = (version, event.position, is_erased);
        if self.is_unreadable(id) {
            return;
        }
        if !follows {
            self.note(event, Trouble::Broken { version });
        }
        if let Some(context) = recorded_actor(event)
            && event.subject.as_ref() != Some(&context)
        {
            let actor = event.subject.clone().unwrap_or_else(|| event.actor.to_string());
            self.note(event, Trouble::Misattributed { version, actor, context });
        }
        if let Err(trouble) = self.fold(event) {
            self.note(event, trouble);
        }
    }

    fn note(&mut self, event: &StreamEvent, trouble: Trouble) {
        let known = self.wrong.entry(event.stream_id).or_default();
        let kind = std::mem::discriminant(&trouble);
        if known.iter().all(|(_, earlier)| std::mem::discriminant(earlier) != kind) {
            known.push((event.position, trouble));
        }
    }

    fn fold(&mut self, event: &StreamEvent) -> Result<(), Trouble> {
        let (id, version) = (event.stream_id, event.version);
        let unreadable = |why: String| Trouble::Unreadable { why: format!("version {version}: {why}") };
        let parsed = EventType::parse(&event.event_type);
        if parsed.is_none() && event.stream_kind == Some(StreamKind::Organization) {
            // Of such a stream nothing is computed: what a newer replica notes there needs no understanding.
            return Ok(());
        }
        let event_type =
            parsed.ok_or_else(|| Trouble::Unknown { version, event_type: event.event_type.clone() })?;
        let kind = event_type.stream_kind();
        if event.stream_kind != Some(kind) {
            return Err(unreadable(format!("{} is no event of such a stream", event_type.as_str())));
        }
        match kind {
            StreamKind::Flow => {
                let recorded = recorded(event, event_type).map_err(unreadable)?;
                let flow = self.flows.entry(id).and_modify(|flow| flow.go_on(&recorded));
                let flow = flow.or_insert_with(|| Projection::begin(&recorded));
                if flow.broken_at == Some(version) {
                    return Err(Trouble::Broken { version });
                }
            }
            StreamKind::ApiKey => {
                let key = KeyProjection::after(self.keys.get(&id), event).map_err(unreadable)?;
                self.keys.insert(id, key);
            }
            StreamKind::Organization => {}
        }
        Ok(())
    }

    /// The documents that rows are made from and that were not looked into yet.
    pub(super) fn wanted(&self) -> Vec<Digest> {
        let of_flow = |flow: &Projection| [flow.state.document, flow.published_document];
        let mut wanted: Vec<Digest> = self.flows.values().flat_map(of_flow).flatten().collect();
        wanted.retain(|digest| !self.sought.contains_key(digest));
        wanted.sort_unstable();
        wanted.dedup();
        wanted
    }

    /// Looks into a document; one whose content was erased is found by what stands in for it.
    pub(super) fn look_into(&mut self, document: StoredDocument) {
        let (digest, is_erased) = (document.digest, document.bytes.is_none());
        let stored = document.bytes.unwrap_or_else(stand_in);
        let Ok(members) = members(digest, &stored) else { return };
        let text = |name: &str| members.get(name).and_then(|value| value.as_str());
        let is_in_force = self.flows.values().any(|flow| flow.published_document == Some(digest));
        let Ok(references) = referred(&stored, is_in_force) else { return };
        let sought = Sought {
            phone_number_id: text("phoneNumberId").map(str::to_owned),
            trigger_types: TriggerTypes::of_members(members.get("triggerType"), members.get("triggerConfig")),
            search: text::search_text(text("name").unwrap_or_default(), text("description")),
            references,
            is_erased,
        };
        self.sought.insert(digest, sought);
    }

    /// Whether a column of a flow's row is computed from content that was erased. The row may then still show the erased
    /// value, which is no alteration.
    pub(super) fn is_of_erased(&self, id: Uuid, flow: &Projection, column: &str) -> bool {
        let document = |digest: Digest| self.sought.get(&digest).is_some_and(|sought| sought.is_erased);
        let Some(place) = self.places.get(&id) else { return false };
        match column {
            "phone_number_id" | "trigger_types" | "search" => flow.state.document.is_some_and(document),
            "published_phone_number_id" | "published_trigger_types" | "published_search" | "references" => {
                flow.published_document.is_some_and(document)
            }
            "created_by" => place.begins_erased,
            "updated_by" => place.ends_erased,
            column => match MarkColumns::said_by(column) {
                Some(SaidBy::First) => place.begins_erased,
                Some(SaidBy::Last) => place.ends_erased,
                None => false,
            },
        }
    }

    /// The row a flow should have, or the document that keeps it from having one.
    pub(super) fn row(&self, id: Uuid, flow: &Projection) -> Result<ViewRow, Digest> {
        let raw = |bytes: &Bytes| Raw(bytes.to_vec());
        let sought = |digest: Digest| self.sought.get(&digest).ok_or(digest);
        let document = flow.state.document.expect("only events with a document are folded into flows");
        let draft = sought(document)?;
        let in_force = flow.published_document.map(sought).transpose()?;
        Ok(ViewRow {
            flow_id: id,
            version: flow.version,
            position: flow.position,
            document_digest: Raw(document.as_bytes().to_vec()),
            phone_number_id: draft.phone_number_id.clone(),
            trigger_types: Some(draft.trigger_types.bits()),
            search: Some(draft.search.clone()),
            enabled: flow.state.enabled,
            deleted: flow.state.deleted,
            published_version: flow.state.published_version,
            published_by_version: flow.state.published_by_version,
            published_at: flow.published_at.map(Into::into),
            published_digest: flow.published_document.map(|digest| Raw(digest.as_bytes().to_vec())),
            published_phone_number_id: in_force.and_then(|sought| sought.phone_number_id.clone()),
            published_trigger_types: in_force.map(|sought| sought.trigger_types.bits()),
            published_search: in_force.map(|sought| sought.search.clone()),
            references: in_force.map(|sought| sought.references.clone()).unwrap_or_default(),
            folding: Some(FOLDING),
            created_at: flow.created_at.into(),
            created_by: raw(&flow.created_by),
            updated_at: flow.updated_at.into(),
            updated_by: raw(&flow.updated_by),
            marks: MarkColumns::of(&flow.marks),
        })
    }
}

/// Who acted by the context, which is hashed; `None` where it does not say.
fn recorded_actor(event: &StreamEvent) -> Option<String> {
    let actor: Actor = serde_json::from_slice(&event.author).ok()?;
    (actor.kind != ActorKind::Erased).then(|| actor.opaque_id())
}

/// What a document refers to, where that counts.
fn referred(stored: &Bytes, is_in_force: bool) -> Result<Vec<String>, ()> {
    if !is_in_force {
        return Ok(Vec::new());
    }
    let canonical = Canonical::read(stored.clone()).map_err(drop)?;
    let references = references(&canonical.document);
    Ok(references.iter().map(|it| format!("{}:{}", it.kind.number(), it.value)).collect())
}

fn recorded(event: &StreamEvent, event_type: EventType) -> Result<Recorded, String> {
    let payload = event.payload.as_deref().map(serde_json::from_slice).transpose();
    Ok(Recorded {
        version: event.version,
        position: event.position,
        event_type,
        payload: payload.map_err(|error| format!("payload: {error}"))?,
        author: event.author.clone(),
        at: event.recorded_at.ok_or("its time is in no calendar")?,
        state: State { document: Some(document(event)?), ..event.state },
    })
}

fn document(event: &StreamEvent) -> Result<Digest, &'static str> {
    match event.state.document {
        None => Err("a flow without a document"),
        Some(Digest(bytes)) if bytes == [0; 32] => Err("the digest of its document is not 32 bytes"),
        Some(digest) => Ok(digest),
    }
}
