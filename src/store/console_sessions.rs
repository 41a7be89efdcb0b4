//! Sessions of the console: opened, found by the hash of their token, and deleted when they are closed or over.

use chrono::{DateTime, Utc};
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::documents::read_digest;
use super::keys::{KeyRecord, key_columns, read_key};
use super::{Store, StoreError};
use crate::flow::digest::Digest;

/// A session that is to be opened.
#[derive(Debug, Clone, Default)]
pub struct NewConsoleSession {
    pub key_id: Option<Uuid>,
    pub subject: Option<String>,
    pub token_id: Option<String>,
    /// Names of scopes that the token allows; of a key none are kept.
    pub scopes: Vec<String>,
    pub numbers: Vec<String>,
    pub name: Option<String>,
    pub user_agent: Option<String>,
    /// How long it may last, in seconds.
    pub lasts_s: i64,
    /// When the token ends that opened it.
    pub ends_at: Option<DateTime<Utc>>,
}

/// A session that is not over, with its key as that is now.
#[derive(Debug, Clone)]
pub struct ConsoleSession {
    pub token_hash: Digest,
    pub key: Option<KeyRecord>,
    pub subject: Option<String>,
    pub token_id: Option<String>,
    pub scopes: Vec<String>,
    pub numbers: Vec<String>,
    pub name: Option<String>,
    pub created_at: DateTime<Utc>,
    /// To the minute or so.
    pub seen_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub user_agent: Option<String>,
}

const OPEN: &str = "INSERT INTO console_session (org_id, token_hash, key_id, subject, token_id, scopes, numbers, name, \
       user_agent, created_at, seen_at, expires_at) \
     SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, n.now, n.now, least(n.now + $10 * interval '1 second', $11) \
     FROM (SELECT clock_timestamp() AS now) AS n RETURNING expires_at";

macro_rules! open_sessions {
    ($condition:literal) => {
        concat!(
            "SELECT s.token_hash, s.key_id AS s_key_id, s.subject, s.token_id, s.scopes AS s_scopes, s.numbers, \
             s.name AS s_name, s.created_at AS s_created_at, s.seen_at, s.expires_at AS s_expires_at, s.user_agent, ",
            key_columns!(),
            " FROM console_session s LEFT JOIN api_key a ON a.org_id = $1 AND a.id = s.key_id \
             WHERE s.org_id = $1 AND s.expires_at > clock_timestamp() \
             AND s.seen_at > clock_timestamp() - interval '60 minutes' AND ",
            $condition
        )
    };
}

const FIND: &str = open_sessions!("s.token_hash = $2");

/// A key that is revoked ends its sessions, though their rows stay for a while.
const LIST: &str = open_sessions!(
    "(s.key_id IS NULL OR a.revoked_at IS NULL AND (a.expires_at IS NULL OR a.expires_at > clock_timestamp())) \
     ORDER BY s.created_at DESC LIMIT $2"
);

/// Replicas that a person uses at once write once a minute between them.
const SEEN: &str = "UPDATE console_session SET seen_at = now() WHERE org_id = $1 AND token_hash = $2 \
     AND seen_at < now() - interval '1 minute'";

const FORGET: &str = "DELETE FROM console_session s USING (\
     SELECT org_id, token_hash FROM console_session WHERE seen_at < now() - interval '60 minutes' \
     ORDER BY seen_at LIMIT $1) AS old WHERE s.org_id = old.org_id AND s.token_hash = old.token_hash";

impl Store {
    /// Opens a session, and returns when it ends at the latest.
    pub async fn open_session(
        &self,
        org_id: Uuid,
        token_hash: Digest,
        session: &NewConsoleSession,
    ) -> Result<DateTime<Utc>, StoreError> {
        let query = sqlx::query_scalar(OPEN).bind(org_id).bind(&token_hash.as_bytes()[..]);
        let query = query.bind(session.key_id).bind(&session.subject).bind(&session.token_id);
        let query = query.bind(&session.scopes).bind(&session.numbers).bind(&session.name);
        let query = query.bind(&session.user_agent).bind(session.lasts_s as f64).bind(session.ends_at);
        Ok(query.fetch_one(&self.pool).await?)
    }

    /// A session that is neither over nor idle for an hour.
    pub async fn session(
        &self,
        org_id: Uuid,
        token_hash: Digest,
    ) -> Result<Option<ConsoleSession>, StoreError> {
        let query = sqlx::query(FIND).bind(org_id).bind(&token_hash.as_bytes()[..]);
        query.fetch_optional(&self.pool).await?.as_ref().map(read_session).transpose()
    }

    /// The newest sessions of an organization.
    pub async fn sessions(&self, org_id: Uuid, limit: i64) -> Result<Vec<ConsoleSession>, StoreError> {
        let rows = sqlx::query(LIST).bind(org_id).bind(limit).fetch_all(&self.pool).await?;
        rows.iter().map(read_session).collect()
    }

    /// Notes that a session was used just now, unless that was noted less than a minute ago.
    pub async fn note_session_seen(&self, org_id: Uuid, token_hash: Digest) -> Result<(), StoreError> {
        sqlx::query(SEEN).bind(org_id).bind(&token_hash.as_bytes()[..]).execute(&self.pool).await?;
        Ok(())
    }

    /// The hashes of the tokens of a key's sessions, of those that are over too until they are deleted.
    pub async fn sessions_of_key(&self, org_id: Uuid, key_id: Uuid) -> Result<Vec<Digest>, StoreError> {
        let query =
            "SELECT token_hash FROM console_session WHERE org_id = $1 AND key_id = $2 ORDER BY token_hash";
        let query = sqlx::query_scalar::<_, Vec<u8>>(query).bind(org_id).bind(key_id);
        query.fetch_all(&self.pool).await?.iter().map(|hash| read_digest(hash)).collect()
    }

    /// Ends sessions.
    pub async fn close_sessions(&self, org_id: Uuid, token_hashes: &[Digest]) -> Result<(), StoreError> {
        let hashes: Vec<&[u8]> = token_hashes.iter().map(|hash| &hash.as_bytes()[..]).collect();
        let query = sqlx::query("DELETE FROM console_session WHERE org_id = $1 AND token_hash = ANY($2)");
        query.bind(org_id).bind(hashes).execute(&self.pool).await?;
        Ok(())
    }

    /// Deletes at most `batch` sessions that nobody has used for an hour, and says how many.
    pub async fn forget_sessions(&self, batch: i64) -> Result<u64, StoreError> {
        Ok(sqlx::query(FORGET).bind(batch).execute(&self.pool).await?.rows_affected())
    }
}

fn read_session(row: &PgRow) -> Result<ConsoleSession, StoreError> {
    // A key that is no longer there opens nothing: its session has neither key nor subject.
    let key = match row.try_get::<Option<Uuid>, _>("id")? {
        Some(_) => Some(read_key(row)?),
        None => None,
    };
    Ok(ConsoleSession {
        token_hash: read_digest(row.try_get("token_hash")?)?,
        key,
        subject: row.try_get("subject")?,
        token_id: row.try_get("token_id")?,
        scopes: row.try_get("s_scopes")?,
        numbers: row.try_get("numbers")?,
        name: row.try_get("s_name")?,
        created_at: row.try_get("s_created_at")?,
        seen_at: row.try_get("seen_at")?,
        expires_at: row.try_get("s_expires_at")?,
        user_agent: row.try_get("user_agent")?,
    })
}
