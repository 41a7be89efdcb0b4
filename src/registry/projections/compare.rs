//! One look: some streams of an organization folded at one moment, and their rows held against what that comes to. Nothing
//! that a row may hold ends it: what cannot be read is one more thing that is wrong with its stream.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::folded::Folded;
use super::{ComparedBatch, Drift, Trouble};
use crate::flow::event::StreamKind;
use crate::store::{Difference, KeyRow, Reading, Still, StoreError, ViewRow};

/// Streams that are compared, and rows that are put in place, at once.
const BATCH: i64 = 32;
/// Documents in memory at once, in bytes; the last of them may go beyond it.
const DOCUMENT_BYTES: i64 = 1 << 20;

/// Rows as they are stored.
#[derive(Default)]
pub(super) struct Rows {
    pub(super) flows: BTreeMap<Uuid, ViewRow>,
    pub(super) keys: BTreeMap<Uuid, KeyRow>,
}

impl Rows {
    pub(super) async fn read(still: &mut Still<'_>, ids: &[Uuid]) -> Result<Self, StoreError> {
        let flows = still.view_rows(ids).await?.into_iter().map(|row| (row.flow_id, row)).collect();
        let keys = still.key_rows(ids).await?.into_iter().map(|row| (row.id, row)).collect();
        Ok(Self { flows, keys })
    }
}

/// The streams of an organization that come after one, compared; `None` when there are no more.
pub(in crate::registry) async fn compare(
    reading: &mut Reading,
    org_id: Uuid,
    after: Option<Uuid>,
) -> Result<Option<ComparedBatch>, StoreError> {
    let mut still = reading.still(org_id);
    let streams = still.streams(after, BATCH).await?;
    let Some((last, _)) = streams.last().copied() else { return Ok(None) };
    let ids: Vec<Uuid> = streams.iter().map(|(id, _)| *id).collect();
    let mut folded = Folded::default();
    let wanted: Vec<_> = ids.iter().map(|id| (*id, 0)).collect();
    still.each_event(&wanted, |event| folded.take(&event)).await?;
    let rows = Rows::read(&mut still, &ids).await?;
    look_into_documents(&mut still, &mut folded).await?;
    let of_stream = |(id, kind): &(Uuid, _)| differing(org_id, *id, *kind, &folded, &rows);
    let drifts = streams.iter().flat_map(of_stream).collect();
    Ok(Some(ComparedBatch { org_id, streams: streams.len(), last, folded, drifts }))
}

pub(super) async fn look_into_documents(
    still: &mut Still<'_>,
    folded: &mut Folded,
) -> Result<(), StoreError> {
    let wanted = folded.wanted();
    let mut wanted = &wanted[..];
    while !wanted.is_empty() {
        let found = still.documents_within(wanted, DOCUMENT_BYTES).await?;
        wanted = &wanted[found.len().clamp(1, wanted.len())..];
        found.into_iter().flatten().for_each(|document| folded.look_into(document));
    }
    Ok(())
}

/// Everything that is wrong with one stream and its row.
pub(super) fn differing(
    org_id: Uuid,
    id: Uuid,
    kind: Option<StreamKind>,
    folded: &Folded,
    rows: &Rows,
) -> Vec<Drift> {
    let drift = |kind: Option<StreamKind>, position, trouble| {
        let resource = kind.map_or("unknown", StreamKind::as_str);
        Drift { organization_id: org_id, resource, id, position, trouble }
    };
    let wrong = folded.wrong.get(&id).into_iter().flatten();
    let mut found: Vec<Drift> =
        wrong.map(|(position, trouble)| drift(kind, Some(*position), trouble.clone())).collect();
    if folded.is_unreadable(id) {
        // What its row should be, nobody can say.
        return found;
    }
    let position = folded.position(id);
    let of_flow = flow_trouble(id, folded, rows);
    found.extend(of_flow.map(|trouble| drift(Some(StreamKind::Flow), position, trouble)));
    let of_key = match (rows.keys.get(&id), folded.keys.get(&id)) {
        (Some(stored), Some(key)) => differs(stored.differences(&key.row(stored))),
        (None, Some(_)) => Some(Trouble::Missing),
        (Some(_), None) => Some(Trouble::Unrecorded),
        (None, None) => None,
    };
    found.extend(of_key.map(|trouble| drift(Some(StreamKind::ApiKey), position, trouble)));
    found
}

fn flow_trouble(id: Uuid, folded: &Folded, rows: &Rows) -> Option<Trouble> {
    let Some(flow) = folded.flows.get(&id) else {
        return rows.flows.contains_key(&id).then_some(Trouble::Unrecorded);
    };
    let computed = match folded.row(id, flow) {
        Ok(computed) => computed,
        Err(digest) => {
            return Some(Trouble::Unreadable { why: format!("the document {digest} cannot be read") });
        }
    };
    let Some(stored) = rows.flows.get(&id) else { return Some(Trouble::Missing) };
    let mut differences = stored.differences(&computed);
    for difference in &mut differences {
        difference.erased = folded.is_of_erased(id, flow, difference.column);
    }
    differs(differences)
}

fn differs(differences: Vec<Difference>) -> Option<Trouble> {
    if differences.is_empty() { None } else { Some(Trouble::Differs { differences }) }
}
