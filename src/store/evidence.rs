//! Events as evidence: every column that is hashed, as it is stored, however strange. An altered log must be shown as
//! it is, so that nothing is refused here that a verifier could name.

use std::borrow::Cow;

use sqlx::Row;
use sqlx::postgres::{PgRow, PgValueFormat, PgValueRef};

use super::StoreError;
use crate::flow::digest::Digest;
use crate::flow::event::State;
use crate::flow::record::EventRecord;

macro_rules! evidence_columns {
    () => {
        "e.position, e.recorded_at, e.type, e.stream_kind, e.stream_id, e.version, e.event_id, e.schema_version, \
         e.document_digest, e.enabled, e.deleted, e.published_version, e.published_by_version, e.event_hash, \
         e.chain_hash, e.payload, e.payload_digest, e.context, e.context_digest"
    };
}
pub(super) use evidence_columns;

pub(super) fn read_record(row: &PgRow) -> Result<EventRecord<'static>, StoreError> {
    Ok(EventRecord {
        position: row.try_get("position")?,
        recorded_at_us: microseconds(row)?,
        event_type: row.try_get::<String, _>("type")?.into(),
        stream_kind: row.try_get("stream_kind")?,
        stream: row.try_get("stream_id")?,
        version: row.try_get("version")?,
        event: row.try_get("event_id")?,
        schema_version: row.try_get("schema_version")?,
        state: read_state(row)?,
        event_hash: read_digest_as_it_is(row.try_get("event_hash")?),
        chain_hash: read_digest_as_it_is(row.try_get("chain_hash")?),
        payload: row.try_get::<Option<Vec<u8>>, _>("payload")?.map(Cow::Owned),
        payload_digest: read_digest_as_it_is(row.try_get("payload_digest")?),
        context: row.try_get::<Option<Vec<u8>>, _>("context")?.map(Cow::Owned),
        context_digest: read_digest_as_it_is(row.try_get("context_digest")?),
    })
}

/// The state after an event; a digest of another length than 32 bytes is read as zeros, which no content has.
pub(super) fn read_state(row: &PgRow) -> Result<State, StoreError> {
    Ok(State {
        document: row.try_get::<Option<&[u8]>, _>("document_digest")?.map(read_digest_as_it_is),
        enabled: row.try_get("enabled")?,
        deleted: row.try_get("deleted")?,
        published_version: row.try_get("published_version")?,
        published_by_version: row.try_get("published_by_version")?,
    })
}

/// A digest column of which nothing is expected.
pub(super) fn read_digest_as_it_is(bytes: &[u8]) -> Digest {
    Digest::from_slice(bytes).unwrap_or(Digest([0; 32]))
}

/// From 1970 to 2000, where Postgres begins to count.
pub(super) const EPOCH_US: i64 = 946_684_800_000_000;

/// As the server sends it: any number of microseconds, also those that no calendar has.
pub(super) fn microseconds(row: &PgRow) -> Result<i64, StoreError> {
    let value = row.try_get_raw("recorded_at")?;
    microseconds_of(&value).map_err(|what| StoreError::corrupt("the column recorded_at", what))
}

pub(super) fn microseconds_of(value: &PgValueRef<'_>) -> Result<i64, &'static str> {
    let bytes = match value.format() {
        PgValueFormat::Binary => value.as_bytes().ok().and_then(|bytes| bytes.try_into().ok()),
        PgValueFormat::Text => None,
    };
    Ok(i64::from_be_bytes(bytes.ok_or("not 8 bytes")?).saturating_add(EPOCH_US))
}
