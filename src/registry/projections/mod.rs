//! Projections held against the log they come from, and put right where they are not what it leads to. Streams are
//! folded and compared on a snapshot, for which nobody waits: a row that was right then is right for good, as nothing
//! but an append changes it. Only for rows that drifted the organization's head is held, while what came since is
//! folded too and the rows are put in place: for as long as a few rows take, however long the log is.

mod compare;
mod folded;

use std::fmt;

use serde::Serialize;
use uuid::Uuid;

pub(super) use self::compare::compare;
use self::compare::{Rows, differing, look_into_documents};
use self::folded::Folded;
use super::source::ReadSource;
use crate::flow::event::StreamKind;
use crate::flow::text::FOLDING;
pub use crate::store::Difference;
use crate::store::{Held, Store, StoreError};

/// Of one look, generously: a few, and a few more for large documents or when a row cannot be read.
const STATEMENTS_MAX: u32 = 20;

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
    /// `flow`, `api_key` or `organization`, or `unknown` where a stream says none of them.
    pub resource: &'static str,
    pub id: Uuid,
    /// The event it concerns: for a row the last of its stream. `None` where no event does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<i64>,
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
    /// The log is filtered by another actor than the context, which is hashed, says.
    Misattributed {
        version: i64,
        actor: String,
        context: String,
    },
    /// An event of a later release, from which on the stream cannot be folded.
    Unknown {
        version: i64,
        event_type: String,
    },
    /// The stream cannot be folded, or a document of it not be read.
    Unreadable {
        why: String,
    },
}

impl Trouble {
    /// Whether nothing can be computed from what follows.
    fn ends_a_fold(&self) -> bool {
        matches!(self, Self::Unknown { .. } | Self::Unreadable { .. })
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("has no row"),
            Self::Unrecorded => f.write_str("has a row, and no event led to it"),
            Self::Differs { differences } => {
                let columns: Vec<_> = differences.iter().map(|it| it.column).collect();
                write!(f, "its row is not what the log leads to in {}", columns.join(", "))
            }
            Self::Broken { version } => write!(f, "version {version} is not what the log up to it leads to"),
            Self::Misattributed { version, actor, context } => {
                write!(f, "version {version} is listed under {actor}, and its context says {context}")
            }
            Self::Unknown { version, event_type } => {
                write!(f, "version {version}: this release knows no events of the type {event_type}")
            }
            Self::Unreadable { why } => f.write_str(why),
        }
    }
}

impl Drift {
    /// Whether nothing differs but what is taken from documents, by older rules: that is no drift, and computed again.
    pub fn is_of_folding(&self) -> bool {
        let folded = [
            "search",
            "published_search",
            "trigger_types",
            "published_trigger_types",
            "references",
            "folding",
        ];
        let Trouble::Differs { differences } = &self.trouble else { return false };
        differences.iter().any(|it| it.column == "folding")
            && differences.iter().all(|it| folded.contains(&it.column))
    }

    /// Whether a rebuild puts it right. The log is never touched, and the secret of a key is not in it.
    pub fn is_mendable(&self) -> bool {
        match &self.trouble {
            Trouble::Unrecorded => true,
            // The hash of a secret is nowhere else.
            Trouble::Differs { differences } => differences.iter().all(|it| it.column != "secret_digest"),
            Trouble::Missing => self.resource == StreamKind::Flow.as_str(),
            Trouble::Broken { .. }
            | Trouble::Misattributed { .. }
            | Trouble::Unknown { .. }
            | Trouble::Unreadable { .. } => false,
        }
    }
}

/// Some streams of an organization, compared.
#[derive(Debug)]
pub struct ComparedBatch {
    org_id: Uuid,
    streams: usize,
    /// The last of them.
    last: Uuid,
    folded: Folded,
    drifts: Vec<Drift>,
}

impl ComparedBatch {
    pub fn organization_id(&self) -> Uuid {
        self.org_id
    }

    pub fn streams(&self) -> usize {
        self.streams
    }

    pub fn events(&self) -> usize {
        self.folded.events
    }

    /// Behind which the walk goes on.
    pub(super) fn last(&self) -> Uuid {
        self.last
    }

    pub fn drifts(&self) -> &[Drift] {
        &self.drifts
    }
}

/// A walk over the streams of one organization, or of all.
#[derive(Debug)]
pub struct Walk {
    source: ReadSource,
    is_of_one: bool,
    org_id: Option<Uuid>,
    after: Option<Uuid>,
}

impl Walk {
    /// The next streams, compared; `None` at the end. After an error the walk can go on where it was.
    pub async fn next(&mut self) -> Result<Option<ComparedBatch>, StoreError> {
        match self.look().await {
            Err(error) if self.source.fail_over(&error) => self.look().await,
            look => look,
        }
    }

    async fn look(&mut self) -> Result<Option<ComparedBatch>, StoreError> {
        while let Some(org_id) = self.org_id {
            let (store, after) = (self.source.store(), self.after);
            let look = async { compare(&mut store.reading().await?, org_id, after).await };
            if let Some(batch) = store.in_time_for(STATEMENTS_MAX, look).await? {
                self.after = Some(batch.last);
                return Ok(Some(batch));
            }
            self.leave_organization().await?;
        }
        Ok(None)
    }

    /// The organization whose streams come next.
    pub fn organization(&self) -> Option<Uuid> {
        self.org_id
    }

    /// Goes on with the next organization.
    pub async fn leave_organization(&mut self) -> Result<(), StoreError> {
        let store = self.source.store();
        let next = match self.org_id {
            Some(org_id) if !self.is_of_one => store.in_time(store.organization_after(Some(org_id))).await?,
            _ => None,
        };
        (self.org_id, self.after) = (next, None);
        Ok(())
    }
}

impl Projections {
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    /// A walk over one organization, or over all of them; `None` when there is no such organization.
    pub async fn walk(&self, org_id: Option<Uuid>) -> Result<Option<Walk>, StoreError> {
        let first = match org_id {
            Some(org_id) if !self.store.knows(org_id).await? => return Ok(None),
            Some(org_id) => Some(org_id),
            None => self.store.in_time(self.store.organization_after(None)).await?,
        };
        let source = ReadSource::near(&self.store);
        Ok(Some(Walk { source, is_of_one: org_id.is_some(), org_id: first, after: None }))
    }

    /// Computes again what was folded by older rules than those of this release, a few flows at a time, and nothing else.
    /// Says how many rows were put in place. A flow that cannot be read keeps nobody from the others.
    pub async fn refold(&self) -> Result<usize, StoreError> {
        let mut after = (Uuid::nil(), Uuid::nil());
        let mut put = 0;
        while let Some((org_id, flow_id)) =
            self.store.in_time(self.store.folded_otherwise(FOLDING, after)).await?
        {
            after = (org_id, flow_id);
            let before = Uuid::from_u128(flow_id.as_u128().saturating_sub(1));
            let refolded = async {
                let Some(mut batch) = compare(&mut self.store.reading().await?, org_id, Some(before)).await?
                else {
                    return Ok((0, flow_id));
                };
                batch.drifts.retain(Drift::is_of_folding);
                let (count, last) = (batch.drifts.len(), batch.last);
                Ok((count - self.mend(batch).await?.len(), last))
            };
            match self.store.in_time_for(2 * STATEMENTS_MAX, refolded).await {
                Ok((count, last)) => (put, after) = (put + count, (org_id, last.max(flow_id))),
                Err(error) => tracing::warn!(%error, %org_id, %flow_id, "a flow was not folded anew"),
            }
        }
        Ok(put)
    }

    /// Puts right what a few flows lead to, in a transaction that holds their organization.
    pub(super) async fn mend_held(
        &self,
        held: &mut Held,
        org_id: Uuid,
        flows: &[Uuid],
    ) -> Result<(), StoreError> {
        for flow_id in flows {
            let (mut folded, mut still) = (Folded::default(), held.still());
            still.each_event(&[(*flow_id, 0)], |event| folded.take(&event)).await?;
            look_into_documents(&mut still, &mut folded).await?;
            let rows = Rows::read(&mut still, &[*flow_id]).await?;
            for drift in differing(org_id, *flow_id, Some(StreamKind::Flow), &folded, &rows) {
                if drift.is_mendable() {
                    put(held, &drift, &folded, &rows).await?;
                }
            }
        }
        Ok(())
    }

    /// Puts right what drifted in a batch, and says what could not be.
    pub async fn mend(&self, batch: ComparedBatch) -> Result<Vec<Drift>, StoreError> {
        let ComparedBatch { org_id, mut folded, drifts: found, .. } = batch;
        let (mendable, mut left): (Vec<_>, Vec<_>) = found.into_iter().partition(Drift::is_mendable);
        if mendable.is_empty() {
            return Ok(left);
        }
        let ids: Vec<Uuid> = mendable.iter().map(|drift| drift.id).collect();
        let mut held = self.store.hold(org_id).await?;
        let mut still = held.still();
        let since: Vec<_> = ids.iter().map(|id| (*id, folded.version(*id))).collect();
        still.each_event(&since, |event| folded.take(&event)).await?;
        look_into_documents(&mut still, &mut folded).await?;
        let rows = Rows::read(&mut still, &ids).await?;
        let mut of_now: Vec<Drift> = Vec::new();
        for drift in &mendable {
            let kind = StreamKind::parse(drift.resource);
            let found = differing(org_id, drift.id, kind, &folded, &rows);
            of_now.extend(found.into_iter().filter(|drift| !of_now.contains(drift)).collect::<Vec<_>>());
        }
        for drift in of_now.iter().filter(|drift| drift.is_mendable()) {
            put(&mut held, drift, &folded, &rows).await?;
        }
        held.release().await?;
        let new = of_now.into_iter().filter(|drift| !drift.is_mendable() && !left.contains(drift));
        left.extend(new.collect::<Vec<_>>());
        Ok(left)
    }
}

/// Puts in place what one stream leads to.
async fn put(held: &mut Held, drift: &Drift, folded: &Folded, rows: &Rows) -> Result<(), StoreError> {
    let id = drift.id;
    if drift.resource == StreamKind::ApiKey.as_str() {
        return match (folded.keys.get(&id), rows.keys.get(&id)) {
            (Some(key), Some(stored)) => held.mend_key_row(key.row(stored)).await,
            _ => held.drop_key_rows(&[id]).await,
        };
    }
    held.drop_view_rows(&[id]).await?;
    match folded.flows.get(&id).map(|flow| folded.row(id, flow)) {
        Some(Ok(row)) => held.put_view_row(row).await,
        _ => Ok(()),
    }
}
