//! The log as evidence, in parts, with the word of a filter on each event.

use sqlx::Row;
use uuid::Uuid;

use super::audit::{AuditFilter, push_confinement};
use super::documents::read_digest;
use super::evidence::{evidence_columns, read_digest_as_it_is, read_record};
use super::query::about;
use super::{Store, StoreError};
use crate::flow::chain::chain_start;
use crate::flow::digest::Digest;
use crate::flow::record::EventRecord;

impl Store {
    /// The events after one position and not above another, in order, at most `limit`: all of them, also those that
    /// the filter does not let through. With each whether it does. Of the filter, types, actors, stream and confinement count.
    pub async fn exported_events(
        &self,
        org_id: Uuid,
        filter: &AuditFilter,
        after: i64,
        up_to: i64,
        limit: i64,
    ) -> Result<Vec<(EventRecord<'static>, bool)>, StoreError> {
        let mut query = about(org_id, concat!("SELECT ", evidence_columns!(), ", (true"));
        if let Some(types) = &filter.types {
            query.push(" AND e.type = ANY(").push_bind(types.clone()).push(")");
        }
        if let Some(actors) = &filter.actors {
            let actors = self.actor_ids(org_id, actors).await?;
            query.push(" AND e.actor = ANY(").push_bind(actors).push(")");
        }
        if let Some(stream_id) = filter.stream_id {
            query.push(" AND e.stream_id = ").push_bind(stream_id);
        }
        push_confinement(&mut query, filter);
        query.push(") AS is_wanted FROM event e WHERE e.org_id = $1");
        query.push(" AND e.position > ").push_bind(after).push(" AND e.position <= ").push_bind(up_to);
        query.push(" ORDER BY e.position LIMIT ").push_bind(limit);
        let rows = query.build().fetch_all(&self.pool).await?;
        rows.iter().map(|row| Ok((read_record(row)?, row.try_get("is_wanted")?))).collect()
    }

    /// The hash of an organization's log up to a position; `None` where there is no such event.
    pub async fn chain_hash(&self, org_id: Uuid, position: i64) -> Result<Option<Digest>, StoreError> {
        if position == 0 {
            return Ok(Some(chain_start(org_id)));
        }
        let query = sqlx::query_scalar("SELECT chain_hash FROM event WHERE org_id = $1 AND position = $2");
        let hash: Option<Vec<u8>> = query.bind(org_id).bind(position).fetch_optional(&self.pool).await?;
        hash.map(|hash| read_digest(&hash)).transpose()
    }

    /// The payloads that were not erased of all events of some rare types, with their positions and types, in order.
    pub async fn payloads_of(
        &self,
        org_id: Uuid,
        types: &[String],
    ) -> Result<Vec<(i64, String, Vec<u8>)>, StoreError> {
        let query = "SELECT position, type, payload FROM event WHERE org_id = $1 AND type = ANY($2) AND type <> 'flow.updated' \
             AND payload IS NOT NULL ORDER BY position";
        Ok(sqlx::query_as(query).bind(org_id).bind(types).fetch_all(&self.pool).await?)
    }

    /// The hashes of the events after one position and not above another, in order, as they are stored.
    pub async fn event_hashes(
        &self,
        org_id: Uuid,
        after: i64,
        up_to: i64,
    ) -> Result<Vec<Digest>, StoreError> {
        let query = "SELECT event_hash FROM event WHERE org_id = $1 AND position > $2 AND position <= $3 \
             ORDER BY position";
        let query = sqlx::query_scalar(query).bind(org_id).bind(after).bind(up_to);
        let hashes: Vec<Vec<u8>> = query.fetch_all(&self.pool).await?;
        Ok(hashes.iter().map(|hash| read_digest_as_it_is(hash)).collect())
    }
}
