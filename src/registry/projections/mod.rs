//! Projections held against the log they come from, and put right where they are not what it leads to. Streams are
//! folded and compared on a snapshot, for which nobody waits: a row that was right then is right for good, as nothing
//! but an append changes it. Only for rows that drifted the organization's head is held, while what came since is
//! folded too and the rows are put in place: for as long as a few rows take, however long the log is.

mod folded;

use std::collections::BTreeMap;

use serde::Serialize;
use uuid::Uuid;

use self::folded::Folded;
use crate::flow::event::StreamKind;
pub use crate::store::Difference;
use crate::store::{KeyRow, Still, Store, StoreError, ViewRow};

/// Streams that are compared, and rows that are put in place, at once.
const BATCH: i64 = 32;
/// Documents in memory at once.
const DOCUMENTS: usize = 16;

/// The projections of all organizations.
#[derive(Debug, Clone)]
pub struct Projections {
    store: Store,
}

/// Something that is not what the log leads to.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Drift {
    pub organization_id: Uuid,
    /// `flow` or `api_key`.
    pub resource: &'static str,
    pub id: Uuid,
    #[serde(flatten)]
    pub trouble: Trouble,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "trouble", rename_all = "snake_case")]
pub enum Trouble {
    /// The stream has no row.
    Missing,
    /// The row has no stream.
    Unrecorded,
    Differs {
        differences: Vec<Difference>,
    },
    /// The log itself is not sound: an event is missing before this version, or its stored state is not what type and
    /// payload lead to.
    Broken {
        version: i64,
    },
    /// The stream cannot be folded.
    Unreadable {
        why: String,
    },
}

impl Drift {
    /// Whether a rebuild puts it right. The log is never touched, and the secret of a key is not in it.
    pub fn is_mendable(&self) -> bool {
        match self.trouble {
            Trouble::Unrecorded | Trouble::Differs { .. } => true,
            Trouble::Missing => self.resource == StreamKind::Flow.as_str(),
            Trouble::Broken { .. } | Trouble::Unreadable { .. } => false,
        }
    }
}

/// Some streams of an organization, compared.
#[derive(Debug)]
pub struct Batch {
    org_id: Uuid,
    ids: Vec<Uuid>,
    folded: Folded,
    drifts: Vec<Drift>,
}

impl Batch {
    pub fn organization_id(&self) -> Uuid {
        self.org_id
    }

    pub fn streams(&self) -> usize {
        self.ids.len()
    }

    pub fn events(&self) -> usize {
        self.folded.events
    }

    pub fn drifts(&self) -> &[Drift] {
        &self.drifts
    }
}

/// A walk over the streams of one organization, or of all.
#[derive(Debug)]
pub struct Walk {
    projections: Projections,
    is_of_one: bool,
    org_id: Option<Uuid>,
    after: Uuid,
}

impl Walk {
    /// The next streams, compared; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<Batch>, StoreError> {
        while let Some(org_id) = self.org_id {
            if let Some(batch) = self.projections.compare(org_id, self.after).await? {
                self.after = batch.ids.last().copied().unwrap_or(Uuid::max());
                return Ok(Some(batch));
            }
            self.after = Uuid::nil();
            self.org_id = match self.is_of_one {
                true => None,
                false => self.projections.organization_after(org_id).await?,
            };
        }
        Ok(None)
    }
}

/// Rows as they are stored.
#[derive(Default)]
struct Rows {
    flows: BTreeMap<Uuid, ViewRow>,
    keys: BTreeMap<Uuid, KeyRow>,
}

impl Rows {
    async fn read(still: &mut Still, ids: &[Uuid]) -> Result<Self, StoreError> {
        let flows = still.view_rows(ids).await?.into_iter().map(|row| (row.flow_id, row)).collect();
        let keys = still.key_rows(ids).await?.into_iter().map(|row| (row.id, row)).collect();
        Ok(Self { flows, keys })
    }
}

impl Projections {
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    /// A walk over one organization, or over all of them; `None` when there is no such organization.
    pub async fn walk(&self, org_id: Option<Uuid>) -> Result<Option<Walk>, StoreError> {
        let first = match org_id {
            Some(org_id) if self.store.head(org_id).await? == 0 => return Ok(None),
            Some(org_id) => Some(org_id),
            None => self.organization_after(Uuid::nil()).await?,
        };
        let projections = self.clone();
        Ok(Some(Walk { projections, is_of_one: org_id.is_some(), org_id: first, after: Uuid::nil() }))
    }

    async fn organization_after(&self, org_id: Uuid) -> Result<Option<Uuid>, StoreError> {
        Ok(self.store.organizations(org_id, 1).await?.first().copied())
    }

    /// The streams after one, compared at one moment.
    async fn compare(&self, org_id: Uuid, after: Uuid) -> Result<Option<Batch>, StoreError> {
        let streams = self.store.streams(org_id, after, BATCH).await?;
        let mut ids: Vec<Uuid> = streams.into_iter().map(|(id, _)| id).collect();
        ids.dedup();
        if ids.is_empty() {
            return Ok(None);
        }
        let mut still = self.store.snapshot(org_id).await?;
        let mut folded = Folded::default();
        let wanted: Vec<_> = ids.iter().map(|id| (*id, 0)).collect();
        still.each_event(&wanted, |event| folded.take(event)).await?;
        let rows = Rows::read(&mut still, &ids).await?;
        still.release().await?;
        self.look_into_documents(org_id, &mut folded).await?;
        let drifts = ids.iter().flat_map(|id| drifts(org_id, *id, &folded, &rows)).collect();
        Ok(Some(Batch { org_id, ids, folded, drifts }))
    }

    /// Puts right what drifted in a batch, and says what could not be.
    pub async fn mend(&self, batch: Batch) -> Result<Vec<Drift>, StoreError> {
        let Batch { org_id, mut folded, drifts: found, .. } = batch;
        let (mendable, mut left): (Vec<_>, Vec<_>) = found.into_iter().partition(Drift::is_mendable);
        if mendable.is_empty() {
            return Ok(left);
        }
        let ids: Vec<Uuid> = mendable.iter().map(|drift| drift.id).collect();
        let mut still = self.store.hold(org_id).await?;
        let since: Vec<_> = ids.iter().map(|id| (*id, folded.version(*id))).collect();
        still.each_event(&since, |event| folded.take(event)).await?;
        self.look_into_documents(org_id, &mut folded).await?;
        let rows = Rows::read(&mut still, &ids).await?;
        let of_now: Vec<Drift> = ids.iter().flat_map(|id| drifts(org_id, *id, &folded, &rows)).collect();
        for drift in of_now.iter().filter(|drift| drift.is_mendable()) {
            put(&mut still, drift, &folded, &rows).await?;
        }
        still.release().await?;
        let new = of_now.into_iter().filter(|drift| !drift.is_mendable() && !left.contains(drift));
        left.extend(new.collect::<Vec<_>>());
        Ok(left)
    }

    async fn look_into_documents(&self, org_id: Uuid, folded: &mut Folded) -> Result<(), StoreError> {
        for digests in folded.wanted().chunks(DOCUMENTS) {
            for document in self.store.documents(org_id, digests).await? {
                folded.look_into(document);
            }
        }
        Ok(())
    }
}

/// Puts in place what one stream leads to.
async fn put(still: &mut Still, drift: &Drift, folded: &Folded, rows: &Rows) -> Result<(), StoreError> {
    let id = drift.id;
    if drift.resource == StreamKind::ApiKey.as_str() {
        return match (folded.keys.get(&id), rows.keys.get(&id)) {
            (Some(key), Some(stored)) => still.mend_key_row(key.row(stored)).await,
            _ => still.drop_key_rows(&[id]).await,
        };
    }
    still.drop_view_rows(&[id]).await?;
    match folded.flows.get(&id).map(|flow| folded.row(id, flow)) {
        Some(Ok(row)) => still.put_view_row(row).await,
        _ => Ok(()),
    }
}

/// Everything that is wrong with one stream and its row.
fn drifts(org_id: Uuid, id: Uuid, folded: &Folded, rows: &Rows) -> Vec<Drift> {
    let drift =
        |kind: StreamKind, trouble| Drift { organization_id: org_id, resource: kind.as_str(), id, trouble };
    let mut found = Vec::new();
    let (flow, key) = (folded.flows.get(&id), folded.keys.get(&id));
    if let Some(why) = folded.unreadable.get(&id) {
        let kind =
            if key.is_some() || rows.keys.contains_key(&id) { StreamKind::ApiKey } else { StreamKind::Flow };
        return vec![drift(kind, Trouble::Unreadable { why: why.clone() })];
    }
    if let Some(version) = flow.and_then(|flow| flow.broken_at) {
        found.push(drift(StreamKind::Flow, Trouble::Broken { version }));
    }
    let computed = flow.map(|flow| folded.row(id, flow));
    let of_flow = match (rows.flows.get(&id), computed) {
        (_, Some(Err(digest))) => {
            Some(Trouble::Unreadable { why: format!("the document {digest} is missing") })
        }
        (Some(stored), Some(Ok(computed))) => differs(stored.differences(&computed)),
        (None, Some(Ok(_))) => Some(Trouble::Missing),
        (Some(_), None) => Some(Trouble::Unrecorded),
        (None, None) => None,
    };
    found.extend(of_flow.map(|trouble| drift(StreamKind::Flow, trouble)));
    let of_key = match (rows.keys.get(&id), key) {
        (Some(stored), Some(key)) => differs(stored.differences(&key.row(stored))),
        (None, Some(_)) => Some(Trouble::Missing),
        (Some(_), None) => Some(Trouble::Unrecorded),
        (None, None) => None,
    };
    found.extend(of_key.map(|trouble| drift(StreamKind::ApiKey, trouble)));
    found
}

fn differs(differences: Vec<Difference>) -> Option<Trouble> {
    if differences.is_empty() { None } else { Some(Trouble::Differs { differences }) }
}
