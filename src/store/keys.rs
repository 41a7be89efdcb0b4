//! API keys as they are now: looked up for every request, listed for people. They change by appends only, but for
//! the time of last use, which is not a fact of the log.

use chrono::{DateTime, Utc};
use secrecy::SecretSlice;
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::flows::read_answered;
use super::form::Form;
use super::{Answered, Held, Store, StoreError};

/// A key without what proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRecord {
    pub org_id: Uuid,
    pub id: Uuid,
    pub version: i64,
    /// The readable part, `mk_live_…` or `mk_test_…`.
    pub prefix: String,
    pub name: String,
    /// Names of scopes, as they were written.
    pub scopes: Vec<String>,
    /// The numbers the key is confined to; empty: all.
    pub phone_number_ids: Vec<String>,
    pub created_at: DateTime<Utc>,
    pub expires_at: Option<DateTime<Utc>>,
    pub revoked_at: Option<DateTime<Utc>>,
    /// To the minute or so.
    pub last_used_at: Option<DateTime<Utc>>,
}

/// A key and the SHA-256 of its secret.
#[derive(Debug)]
pub struct SealedKey {
    pub record: KeyRecord,
    pub secret_hash: SecretSlice<u8>,
}

/// Everything a command on an existing key needs before it decides.
#[derive(Debug)]
pub struct KeyCommandRead {
    /// Revoked ones too.
    pub key: Option<KeyRecord>,
    pub answered: Option<Answered>,
}

macro_rules! key_columns {
    () => {
        "a.org_id, a.id, a.version, a.prefix, a.name, a.scopes, a.phone_number_ids, a.created_at, a.expires_at, \
         a.revoked_at, a.last_used_at"
    };
}

pub(super) use key_columns;

/// Prefixes are random, but nothing makes them unique: the secret decides.
const BY_PREFIX: &str = concat!(
    "SELECT ",
    key_columns!(),
    ", a.secret_hash FROM api_key a WHERE a.prefix = $1 AND a.revoked_at IS NULL"
);

const OF_ORGANIZATION_BY_PREFIX: &str = concat!(
    "SELECT ",
    key_columns!(),
    ", a.secret_hash FROM api_key a WHERE a.org_id = $1 AND a.prefix = $2 AND a.revoked_at IS NULL"
);

const ALL: &str = concat!(
    "SELECT ",
    key_columns!(),
    " FROM api_key a WHERE a.org_id = $1 AND a.revoked_at IS NULL ORDER BY a.created_at, a.id"
);

const FOR_COMMAND: &str = concat!(
    "SELECT ",
    key_columns!(),
    ", k.request_digest, k.answer \
     FROM (VALUES (1)) AS always \
     LEFT JOIN api_key a ON a.org_id = $1 AND a.id = $2 \
     LEFT JOIN idempotency_key k ON k.org_id = $1 AND k.key = $3"
);

const OF_ID: &str = concat!("SELECT ", key_columns!(), " FROM api_key a WHERE a.org_id = $1 AND a.id = $2");

/// Replicas that use the same key at once write once a minute between them.
const USED: &str = "UPDATE api_key SET last_used_at = now() WHERE org_id = $1 AND id = $2 \
     AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')";

impl Store {
    /// The keys with this readable part that are not revoked: one, none, or by a freak of chance several. `likely` is the
    /// organization that the request is about. A distributed database is asked for its keys first: all others are on any
    /// node, and asking every node takes longer and fails with each of them.
    pub async fn keys_by_prefix(
        &self,
        prefix: &str,
        likely: Option<Uuid>,
    ) -> Result<Vec<SealedKey>, StoreError> {
        if let Some(org_id) = likely.filter(|_| self.form() == Form::OfOne) {
            let found = sqlx::query(OF_ORGANIZATION_BY_PREFIX).bind(org_id).bind(prefix);
            let found = found.fetch_all(&self.pool).await?;
            if !found.is_empty() {
                return read_sealed(&found);
            }
        }
        read_sealed(&sqlx::query(BY_PREFIX).bind(prefix).fetch_all(&self.pool).await?)
    }

    /// An organization's keys that are not revoked, oldest first.
    pub async fn keys(&self, org_id: Uuid) -> Result<Vec<KeyRecord>, StoreError> {
        let rows = sqlx::query(ALL).bind(org_id).fetch_all(&self.pool).await?;
        rows.iter().map(read_key).collect()
    }

    /// A key and what an idempotency key was answered with, in one round trip.
    pub async fn read_key_for_command(
        &self,
        org_id: Uuid,
        key_id: Uuid,
        idempotency_key: Option<&str>,
    ) -> Result<KeyCommandRead, StoreError> {
        let row = sqlx::query(FOR_COMMAND)
            .bind(org_id)
            .bind(key_id)
            .bind(idempotency_key)
            .fetch_one(&self.pool)
            .await?;
        let key = match row.try_get::<Option<Uuid>, _>("id")? {
            Some(_) => Some(read_key(&row)?),
            None => None,
        };
        Ok(KeyCommandRead { key, answered: read_answered(&row)? })
    }

    /// Notes that a key was used just now, unless that was noted less than a minute ago.
    pub async fn note_key_used(&self, org_id: Uuid, key_id: Uuid) -> Result<(), StoreError> {
        sqlx::query(USED).bind(org_id).bind(key_id).execute(&self.pool).await?;
        Ok(())
    }

    /// Whether anything was ever appended for an organization.
    pub async fn has_log(&self, org_id: Uuid) -> Result<bool, StoreError> {
        let query = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM log_head WHERE org_id = $1)");
        Ok(query.bind(org_id).fetch_one(&self.pool).await?)
    }

    /// Whether nothing was ever appended, for any organization.
    pub async fn log_is_empty(&self) -> Result<bool, StoreError> {
        Ok(sqlx::query_scalar("SELECT NOT EXISTS (SELECT 1 FROM log_head)").fetch_one(&self.pool).await?)
    }
}

impl Held {
    /// A key of the organization, a revoked one too.
    pub async fn key(&mut self, key_id: Uuid) -> Result<Option<KeyRecord>, StoreError> {
        let query = sqlx::query(OF_ID).bind(self.org_id).bind(key_id);
        query.fetch_optional(&mut *self.transaction).await?.as_ref().map(read_key).transpose()
    }
}

fn read_sealed(rows: &[PgRow]) -> Result<Vec<SealedKey>, StoreError> {
    rows.iter()
        .map(|row| {
            let secret_hash: Vec<u8> = row.try_get("secret_hash")?;
            Ok(SealedKey { record: read_key(row)?, secret_hash: secret_hash.into() })
        })
        .collect()
}

pub(super) fn read_key(row: &PgRow) -> Result<KeyRecord, StoreError> {
    Ok(KeyRecord {
        org_id: row.try_get("org_id")?,
        id: row.try_get("id")?,
        version: row.try_get("version")?,
        prefix: row.try_get("prefix")?,
        name: row.try_get("name")?,
        scopes: row.try_get("scopes")?,
        phone_number_ids: row.try_get("phone_number_ids")?,
        created_at: row.try_get("created_at")?,
        expires_at: row.try_get("expires_at")?,
        revoked_at: row.try_get("revoked_at")?,
        last_used_at: row.try_get("last_used_at")?,
    })
}
