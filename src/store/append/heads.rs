//! The heads of logs, locked: whoever holds them appends alone.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, Row as _};
use uuid::Uuid;

use super::StoreError;
use super::memory::{KnownEnd, read_head};
use crate::flow::chain::chain_start;
use crate::store::form::Form;

/// In one order for everybody, so that nobody waits for each other.
/// The clock is read when the locks are held: those who held them before have given their times already.
macro_rules! lock {
    ($organizations:literal) => {
        concat!(
            "SELECT h.*, clock_timestamp() AS now FROM (\
             SELECT org_id, position, chain_hash, recorded_at, repairs, in_force_position FROM log_head \
             WHERE org_id = ",
            $organizations,
            " ORDER BY org_id FOR UPDATE) AS h"
        )
    };
}

const LOCK_TOGETHER: &str = lock!("ANY ($1)");
const LOCK_ONE: &str = lock!("$1");

macro_rules! begin_logs {
    ($org:literal, $begun:literal) => {
        concat!(
            "INSERT INTO log_head (org_id, position, chain_hash, recorded_at) \
             SELECT ",
            $org,
            ", 0, o.chain_hash, to_timestamp(0) FROM ",
            $begun,
            "chain_hash) ORDER BY 1 ON CONFLICT (org_id) DO NOTHING"
        )
    };
}

const BEGIN_TOGETHER: &str = begin_logs!("o.org_id", "unnest($1::uuid[], $2::bytea[]) AS o(org_id, ");
const BEGIN_ONE: &str = begin_logs!("$1", "unnest($2::bytea[]) AS o(");

/// Locks the heads of logs, begins those that have none, and reads the database's clock.
pub(super) async fn lock(
    connection: &mut PgConnection,
    form: Form,
    organizations: &[Uuid],
) -> Result<(HashMap<Uuid, KnownEnd>, DateTime<Utc>), StoreError> {
    let (mut heads, mut now) = lock_heads(connection, form, organizations).await?;
    if heads.len() < organizations.len() {
        let starts: Vec<_> = organizations.iter().map(|org_id| chain_start(*org_id).0.to_vec()).collect();
        let begin = match form {
            Form::Together => sqlx::query(BEGIN_TOGETHER).bind(organizations),
            Form::OfOne => sqlx::query(BEGIN_ONE).bind(organizations[0]),
        };
        begin.bind(starts).execute(&mut *connection).await.map_err(StoreError::of_write)?;
        (heads, now) = lock_heads(connection, form, organizations).await?;
    }
    let now =
        now.ok_or_else(|| StoreError::corrupt("log_head", "a row that was just written is not there"))?;
    Ok((heads, now))
}

async fn lock_heads(
    connection: &mut PgConnection,
    form: Form,
    organizations: &[Uuid],
) -> Result<(HashMap<Uuid, KnownEnd>, Option<DateTime<Utc>>), StoreError> {
    let lock = match form {
        Form::Together => sqlx::query(LOCK_TOGETHER).bind(organizations),
        Form::OfOne => sqlx::query(LOCK_ONE).bind(organizations[0]),
    };
    let rows = lock.fetch_all(connection).await.map_err(StoreError::of_write)?;
    let now = rows.last().map(|row| row.try_get("now")).transpose()?;
    Ok((rows.iter().map(read_head).collect::<Result<_, _>>()?, now))
}
