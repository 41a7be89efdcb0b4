//! The rows that are computed from the log: which columns they have, where two of them differ, and how one is put in
//! the place of another while the lock of the organization's head is held, without which nothing is appended to it.

use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer};
use serde_json::Value;
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArgumentBuffer, PgTypeInfo, PgValueRef};
use sqlx::{AssertSqlSafe, Decode, Encode, Postgres, Transaction};
use uuid::Uuid;

use super::append::MarkColumns;
use super::columns::row;
use super::evidence::{EPOCH_US, microseconds_of};
use super::form::Form;
use super::still::Still;
use super::{Store, StoreError};

/// Stored bytes: JSON, or the bytes of a digest.
#[derive(Clone, PartialEq, Eq, sqlx::Type)]
#[sqlx(transparent)]
pub struct Raw(pub Vec<u8>);

impl Serialize for Raw {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match serde_json::from_slice::<Value>(&self.0) {
            Ok(json) => json.serialize(serializer),
            Err(_) => serializer.collect_str(&hex::encode(&self.0)),
        }
    }
}

impl std::fmt::Debug for Raw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

/// A time as it is stored, in microseconds since 1970: any number of them, also those that no calendar has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredTime(i64);

impl From<DateTime<Utc>> for StoredTime {
    fn from(time: DateTime<Utc>) -> Self {
        Self(time.timestamp_micros())
    }
}

impl Serialize for StoredTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match DateTime::from_timestamp_micros(self.0) {
            Some(time) => time.serialize(serializer),
            None => self.0.serialize(serializer),
        }
    }
}

impl sqlx::Type<Postgres> for StoredTime {
    fn type_info() -> PgTypeInfo {
        <DateTime<Utc> as sqlx::Type<Postgres>>::type_info()
    }
}

impl Decode<'_, Postgres> for StoredTime {
    fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
        Ok(Self(microseconds_of(&value)?))
    }
}

impl Encode<'_, Postgres> for StoredTime {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        <i64 as Encode<Postgres>>::encode(self.0.saturating_sub(EPOCH_US), buffer)
    }
}

row! {
    /// A row of `flow_view`, with the texts of `flow_search`, what `flow_reference` holds of the flow, as `kind:value`,
    /// and the oldest number of the rules by which any of them was folded.
    ViewRow {
        flow_id: Uuid, version: i64, position: i64, document_digest: Raw, enabled: bool, deleted: bool,
        published_version: Option<i64>, published_by_version: Option<i64>, phone_number_id: Option<String>,
        published_at: Option<StoredTime>, published_digest: Option<Raw>, published_phone_number_id: Option<String>,
        created_at: StoredTime, created_by: Raw, updated_at: StoredTime, updated_by: Raw,
        trigger_types: Option<i16>, published_trigger_types: Option<i16>,
        search: Option<String>, published_search: Option<String>, references: Vec<String>, folding: Option<i16>,
    } with marks: MarkColumns
}

row! {
    /// A row of `api_key`, but for the last use, of which the log knows nothing. Of the hash of the secret it knows a
    /// digest, so that another hash is found, and can not be put right.
    KeyRow {
        id: Uuid, version: i64, prefix: String, name: String, scopes: Vec<String>, phone_number_ids: Vec<String>,
        created_at: StoredTime, expires_at: Option<StoredTime>, revoked_at: Option<StoredTime>,
        secret_digest: Raw,
    }
}

/// $2 to $23: the columns of a [`ViewRow`] as they are declared; the marks follow.
fn put_view_row() -> String {
    let marks = MarkColumns::listed(|column| format!(", {column}"));
    let values: String = (24..).take(MarkColumns::ALL.len()).map(|number| format!(", ${number}")).collect();
    format!(
        "WITH flow AS (INSERT INTO flow_view (org_id, flow_id, version, position, document_digest, enabled, deleted, \
         published_version, published_by_version, phone_number_id, published_at, published_digest, \
         published_phone_number_id, created_at, created_by, updated_at, updated_by, trigger_types, \
         published_trigger_types{marks}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, \
         $16, $17, $18, $19{values})), \
         texts AS (INSERT INTO flow_search (org_id, flow_id, in_force, since_position, folding, text) \
         SELECT $1, $2, t.in_force, $4, $23, t.text FROM (VALUES (false, $20), (true, $21)) AS t(in_force, text) \
         WHERE t.text IS NOT NULL) \
         INSERT INTO flow_reference (org_id, kind, value, flow_id, since_version, folding) \
         SELECT $1, split_part(r, ':', 1)::smallint, substr(r, strpos(r, ':') + 1), $2, $9, $23 \
         FROM unnest($22::text[]) AS r"
    )
}

/// The next flow whose texts or references were folded by older rules.
const FOLDED_OTHERWISE: &str = "SELECT org_id, flow_id FROM (\
     (SELECT org_id, flow_id FROM flow_search WHERE folding < $1 AND (org_id, flow_id) > ($2, $3) \
      ORDER BY org_id, flow_id LIMIT 1) \
     UNION ALL (SELECT org_id, flow_id FROM flow_reference WHERE folding < $1 AND (org_id, flow_id) > ($2, $3) \
      ORDER BY org_id, flow_id LIMIT 1)) AS f ORDER BY org_id, flow_id LIMIT 1";

const MEND_KEY_ROW: &str = "UPDATE api_key SET version = $3, prefix = $4, name = $5, scopes = $6, \
     phone_number_ids = $7, created_at = $8, expires_at = $9, revoked_at = $10 WHERE org_id = $1 AND id = $2 \
     AND $11::bytea IS NOT NULL";

/// An organization whose log and views nobody changes until it is let go: appends to it wait.
#[derive(Debug)]
pub struct Held {
    pub(super) org_id: Uuid,
    pub(super) form: Form,
    pub(super) transaction: Transaction<'static, Postgres>,
}

impl Store {
    pub async fn hold(&self, org_id: Uuid) -> Result<Held, StoreError> {
        let mut transaction = self.begin("BEGIN").await?;
        // Should this process vanish, nobody waits for it.
        sqlx::query("SET LOCAL idle_in_transaction_session_timeout = '60s'")
            .execute(&mut *transaction)
            .await?;
        let lock = sqlx::query("SELECT 1 FROM log_head WHERE org_id = $1 FOR UPDATE").bind(org_id);
        lock.fetch_optional(&mut *transaction).await?;
        Ok(Held { org_id, form: self.form, transaction })
    }
}

impl Store {
    /// The first flow after another, by organization and id, whose rows were folded by older rules than `folding`.
    pub async fn folded_otherwise(
        &self,
        folding: i16,
        (org_id, flow_id): (Uuid, Uuid),
    ) -> Result<Option<(Uuid, Uuid)>, StoreError> {
        let query = sqlx::query_as(FOLDED_OTHERWISE).bind(folding).bind(org_id).bind(flow_id);
        Ok(query.fetch_optional(&self.pool).await?)
    }
}

impl Held {
    /// It as it is now.
    pub fn still(&mut self) -> Still<'_> {
        Still::new(self.org_id, &mut self.transaction)
    }

    /// Takes rows out of the view, those that are there.
    pub async fn drop_view_rows(&mut self, flow_ids: &[Uuid]) -> Result<(), StoreError> {
        for delete in [
            "DELETE FROM flow_view WHERE org_id = $1 AND flow_id = ANY($2)",
            "DELETE FROM flow_search WHERE org_id = $1 AND flow_id = ANY($2)",
            "DELETE FROM flow_reference WHERE org_id = $1 AND flow_id = ANY($2)",
        ] {
            sqlx::query(delete).bind(self.org_id).bind(flow_ids).execute(&mut *self.transaction).await?;
        }
        Ok(())
    }

    /// Puts a row into the view, which has none for this flow.
    pub async fn put_view_row(&mut self, row: ViewRow) -> Result<(), StoreError> {
        let query = row.bind_to(sqlx::query(AssertSqlSafe(put_view_row())).bind(self.org_id));
        query.execute(&mut *self.transaction).await?;
        Ok(())
    }

    /// Changes the row of a key to what was computed; the hash of the secret stays.
    pub async fn mend_key_row(&mut self, row: KeyRow) -> Result<(), StoreError> {
        let query = row.bind_to(sqlx::query(MEND_KEY_ROW).bind(self.org_id));
        query.execute(&mut *self.transaction).await?;
        Ok(())
    }

    /// Removes keys that nobody ever recorded.
    pub async fn drop_key_rows(&mut self, key_ids: &[Uuid]) -> Result<(), StoreError> {
        let query = sqlx::query("DELETE FROM api_key WHERE org_id = $1 AND id = ANY($2)");
        query.bind(self.org_id).bind(key_ids).execute(&mut *self.transaction).await?;
        Ok(())
    }

    /// Keeps what was changed, and lets the organization go on. Appends that were prepared before are then refused: what
    /// they were told of the log's end counts the repairs.
    pub async fn release(mut self) -> Result<(), StoreError> {
        let count =
            sqlx::query("UPDATE log_head SET repairs = repairs + 1 WHERE org_id = $1").bind(self.org_id);
        count.execute(&mut *self.transaction).await?;
        Ok(self.transaction.commit().await?)
    }
}
