//! Test runs: stored when they are answered, read by id and by flow, forgotten after 30 days.

use std::convert::Infallible;
use std::iter;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{PgConnection, PgExecutor, Row as _};
use uuid::Uuid;

use super::append::{Idempotency, column};
use super::documents::read_digest;
use super::evidence::read_digest_as_it_is;
use super::form::Form;
use super::query::about;
use super::writer::Row;
use super::{Store, StoreError};
use crate::flow::digest::Digest;

/// A run that was carried out.
#[derive(Debug, Clone, PartialEq)]
pub struct TestRun {
    pub org_id: Uuid,
    /// UUIDv7: ids grow with time.
    pub run_id: Uuid,
    pub flow_id: Uuid,
    /// The resolved version; `None` for an inline definition.
    pub version: Option<i64>,
    pub name: Option<String>,
    pub description: Option<String>,
    /// The request as RFC 8785 JSON, without secrets.
    pub request: Bytes,
    /// The versions that called flows were resolved to.
    pub callees: Value,
    /// The position of the log whose values of the organization it had; `None` where it read none, or had its own.
    pub env_position: Option<i64>,
    /// Digest of the trace.
    pub digest: Digest,
    /// The rules it was carried out by.
    pub engine: String,
    pub status: String,
    pub passed: Option<bool>,
    pub executed_at: DateTime<Utc>,
    pub duration_ms: i64,
    /// Who ran it: RFC 8785 JSON of an actor.
    pub author: Bytes,
    /// Over what it is made again from, as it was stored; `None` where an earlier release stored it.
    pub record_digest: Option<Digest>,
}

/// A run that is to be stored, and the key under which it was asked for.
#[derive(Debug, Clone)]
pub struct NewRun {
    pub run: TestRun,
    pub idempotency: Option<Idempotency>,
}

impl Row for NewRun {
    type Outcome = StoredRun;
    type Claim = Infallible;
    type Memory = Form;
    const WRITER: &'static str = "test_runs";

    fn memory(form: Form) -> Form {
        form
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.run.request.len() + self.run.author.len()
    }

    fn order(&self) -> (Uuid, Uuid) {
        (self.run.org_id, self.run.flow_id)
    }

    /// Any runs can be stored together.
    fn claims(&self) -> impl Iterator<Item = Infallible> {
        iter::empty()
    }

    async fn write(
        connection: &mut PgConnection,
        form: &mut Form,
        rows: &[Self],
    ) -> Result<Vec<StoredRun>, StoreError> {
        let form = *form;
        let mut stored = Vec::with_capacity(rows.len());
        for together in rows.chunk_by(|a, b| form == Form::Together || a.run.org_id == b.run.org_id) {
            stored.extend(store(&mut *connection, form, together).await?);
        }
        Ok(stored)
    }
}

/// What became of a run that was to be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoredRun {
    Stored,
    /// The idempotency key was answered with this run before.
    Replayed(Uuid),
    KeyReused,
}

/// Keys and runs in one statement: a run whose key is known already is not stored. Versions start at 1, so 0 tells a
/// run's key from a flow's. Of two runs with one key the first has it.
macro_rules! insert {
    ($org:literal, $inserted:literal) => {
        concat!(
            "WITH run AS (SELECT * FROM ",
            $inserted,
            "key, request_digest, run_id, flow_id, version, name, description, request, callees, digest, engine, status, \
             passed, executed_at, duration_ms, author, record_digest, env_position)), \
             fresh AS (\
             INSERT INTO idempotency_key (org_id, key, request_digest, answer, recorded_at, record_digest) \
             SELECT ",
            $org,
            ", key, request_digest, jsonb_build_array(jsonb_build_array(run_id, 0)), clock_timestamp(), \
             idempotency_record(",
            $org,
            ", key, request_digest, jsonb_build_array(jsonb_build_array(run_id, 0))) FROM run \
             WHERE key IS NOT NULL ORDER BY 1, key ON CONFLICT (org_id, key) DO NOTHING RETURNING key, answer, org_id) \
             INSERT INTO test_run (org_id, run_id, flow_id, version, name, description, request, callees, digest, engine, \
             status, passed, executed_at, duration_ms, author, record_digest, env_position) SELECT ",
            $org,
            ", run_id, flow_id, version, name, description, request, callees, digest, engine, status, passed, executed_at, \
             duration_ms, author, record_digest, env_position FROM run \
             WHERE key IS NULL OR (",
            $org,
            ", key, run_id) IN (SELECT org_id, key, (answer->0->>0)::uuid FROM fresh) \
             ON CONFLICT (org_id, run_id) DO NOTHING RETURNING run_id"
        )
    };
}

const INSERT_TOGETHER: &str = insert!(
    "run.org_id",
    "unnest($1::uuid[], $2::text[], $3::bytea[], $4::uuid[], $5::uuid[], $6::bigint[], $7::text[], \
       $8::text[], $9::bytea[], $10::jsonb[], $11::bytea[], $12::text[], $13::text[], $14::boolean[], \
       $15::timestamptz[], $16::bigint[], $17::bytea[], $18::bytea[], $19::bigint[]) AS r (org_id, "
);
const INSERT_OF_ONE: &str = insert!(
    "$1",
    "unnest($2::text[], $3::bytea[], $4::uuid[], $5::uuid[], $6::bigint[], $7::text[], \
       $8::text[], $9::bytea[], $10::jsonb[], $11::bytea[], $12::text[], $13::text[], $14::boolean[], \
       $15::timestamptz[], $16::bigint[], $17::bytea[], $18::bytea[], $19::bigint[]) AS r ("
);

const COLUMNS: &str = "SELECT org_id, run_id, flow_id, version, name, description, request, callees, digest, engine, status, \
     passed, executed_at, duration_ms, author, record_digest, env_position FROM test_run WHERE org_id = $1";

const FORGET: &str = "DELETE FROM test_run r USING (\
     SELECT org_id, run_id FROM test_run WHERE executed_at < now() - interval '30 days' \
     ORDER BY executed_at LIMIT $1) AS old WHERE r.org_id = old.org_id AND r.run_id = old.run_id";

impl Store {
    /// What an idempotency key was answered with, if it was.
    pub async fn answered_run(
        &self,
        org_id: Uuid,
        idempotency: &Idempotency,
    ) -> Result<Option<StoredRun>, StoreError> {
        answered(self.pool(), org_id, idempotency).await
    }

    /// One run of an organization.
    pub async fn run(&self, org_id: Uuid, run_id: Uuid) -> Result<Option<TestRun>, StoreError> {
        let mut query = about(org_id, COLUMNS);
        query.push(" AND run_id = ").push_bind(run_id);
        query.build().fetch_optional(self.pool()).await?.as_ref().map(read_run).transpose()
    }

    /// The runs of a flow, newest first, `before` the run where the last page ended.
    pub async fn runs(
        &self,
        org_id: Uuid,
        flow_id: Uuid,
        limit: i64,
        before: Option<Uuid>,
    ) -> Result<Vec<TestRun>, StoreError> {
        let mut query = about(org_id, COLUMNS);
        query.push(" AND flow_id = ").push_bind(flow_id);
        if let Some(run_id) = before {
            query.push(" AND run_id < ").push_bind(run_id);
        }
        query.push(" ORDER BY run_id DESC LIMIT ").push_bind(limit);
        query.build().fetch_all(self.pool()).await?.iter().map(read_run).collect()
    }

    /// Deletes at most `batch` runs that are older than 30 days, and says how many.
    pub async fn forget_runs(&self, batch: i64) -> Result<u64, StoreError> {
        Ok(sqlx::query(FORGET).bind(batch).execute(self.pool()).await?.rows_affected())
    }
}

async fn store(
    connection: &mut PgConnection,
    form: Form,
    rows: &[NewRun],
) -> Result<Vec<StoredRun>, StoreError> {
    let insert = match (form, rows) {
        (Form::OfOne, [first, ..]) => sqlx::query_scalar(INSERT_OF_ONE).bind(first.run.org_id),
        _ => sqlx::query_scalar(INSERT_TOGETHER).bind(column(rows, |row| row.run.org_id)),
    };
    let stored: Vec<Uuid> = insert
        .bind(column(rows, |row| row.idempotency.as_ref().map(|idempotency| idempotency.key.as_str())))
        .bind(column(rows, |row| {
            row.idempotency.as_ref().map(|idempotency| &idempotency.request.as_bytes()[..])
        }))
        .bind(column(rows, |row| row.run.run_id))
        .bind(column(rows, |row| row.run.flow_id))
        .bind(column(rows, |row| row.run.version))
        .bind(column(rows, |row| row.run.name.as_deref()))
        .bind(column(rows, |row| row.run.description.as_deref()))
        .bind(column(rows, |row| &row.run.request[..]))
        .bind(column(rows, |row| Json(&row.run.callees)))
        .bind(column(rows, |row| &row.run.digest.as_bytes()[..]))
        .bind(column(rows, |row| row.run.engine.as_str()))
        .bind(column(rows, |row| row.run.status.as_str()))
        .bind(column(rows, |row| row.run.passed))
        .bind(column(rows, |row| row.run.executed_at))
        .bind(column(rows, |row| row.run.duration_ms))
        .bind(column(rows, |row| &row.run.author[..]))
        .bind(column(rows, |row| row.run.record_digest.map(|digest| digest.as_bytes().to_vec())))
        .bind(column(rows, |row| row.run.env_position))
        .fetch_all(&mut *connection)
        .await
        .map_err(StoreError::of_write)?;
    if stored.len() == rows.len() {
        return Ok(vec![StoredRun::Stored; rows.len()]);
    }
    let mut outcomes = Vec::with_capacity(rows.len());
    for NewRun { run, idempotency } in rows {
        outcomes.push(match idempotency {
            Some(idempotency) if !stored.contains(&run.run_id) => {
                let answered = answered(&mut *connection, run.org_id, idempotency).await;
                // Other runs of this call are stored by now.
                let answered = answered.map_err(StoreError::in_doubt)?;
                let missing = || StoreError::corrupt("idempotency_key", "a key that is taken is not there");
                match answered.ok_or_else(missing)? {
                    StoredRun::Replayed(run_id) if run_id == run.run_id => StoredRun::Stored,
                    other => other,
                }
            }
            // Either now, or by an earlier call whose answer was lost.
            _ => StoredRun::Stored,
        });
    }
    Ok(outcomes)
}

async fn answered(
    executor: impl PgExecutor<'_>,
    org_id: Uuid,
    idempotency: &Idempotency,
) -> Result<Option<StoredRun>, StoreError> {
    let row =
        sqlx::query("SELECT request_digest, answer FROM idempotency_key WHERE org_id = $1 AND key = $2")
            .bind(org_id)
            .bind(&idempotency.key)
            .fetch_optional(executor)
            .await?;
    row.map(|row| {
        let same = read_digest(row.try_get("request_digest")?)? == idempotency.request;
        let Json(answer): Json<Vec<(Uuid, i64)>> = row.try_get("answer")?;
        Ok(match answer[..] {
            [(run_id, 0)] if same => StoredRun::Replayed(run_id),
            _ => StoredRun::KeyReused,
        })
    })
    .transpose()
}

fn read_run(row: &PgRow) -> Result<TestRun, StoreError> {
    Ok(TestRun {
        org_id: row.try_get("org_id")?,
        run_id: row.try_get("run_id")?,
        flow_id: row.try_get("flow_id")?,
        version: row.try_get("version")?,
        name: row.try_get("name")?,
        description: row.try_get("description")?,
        request: row.try_get::<Vec<u8>, _>("request")?.into(),
        callees: row.try_get::<Json<Value>, _>("callees")?.0,
        digest: read_digest(row.try_get("digest")?)?,
        engine: row.try_get("engine")?,
        status: row.try_get("status")?,
        passed: row.try_get("passed")?,
        executed_at: row.try_get("executed_at")?,
        duration_ms: row.try_get("duration_ms")?,
        author: row.try_get::<Vec<u8>, _>("author")?.into(),
        record_digest: row.try_get::<Option<&[u8]>, _>("record_digest")?.map(read_digest_as_it_is),
        env_position: row.try_get("env_position")?,
    })
}
