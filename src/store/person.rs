//! A person in the database: which columns can hold a name, where texts that name somebody stand, and how rows beside the
//! log go that hold them. A text is found where its bytes are; whether they mean it is for the caller to say.

use sqlx::FromRow;
use uuid::Uuid;

use super::evidence::read_digest_as_it_is;
use super::{Held, Store, StoreError};
use crate::flow::digest::Digest;

/// What erasure does with a column that holds texts or bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Erased from the log, on record.
    Erased,
    /// The row goes.
    Deleted,
    /// Computed again without it, or replaced.
    Replaced,
    /// Holds no name of a person, but what is said.
    Never(&'static str),
}

/// Every column of texts or bytes there is, by table. A test holds it to the schema.
pub const REACH: &[(&str, &[(&str, Reach)])] = {
    use Reach::{Deleted, Erased, Never, Replaced};
    const DIGEST: Reach = Never("a digest");
    &[
        ("_sqlx_migrations", &[("checksum", DIGEST), ("description", Never("the name of a migration"))]),
        ("actor", &[("subject", Deleted)]),
        (
            "api_key",
            &[
                ("name", Replaced),
                ("phone_number_ids", Never("ids of the business's numbers")),
                ("prefix", Never("random")),
                ("scopes", Never("names of scopes")),
                ("secret_hash", DIGEST),
            ],
        ),
        ("checkpoint", &[("note", Never("a signed place of the log"))]),
        (
            "console_session",
            &[
                ("name", Deleted),
                ("numbers", Never("ids of the business's numbers")),
                ("scopes", Never("names of scopes")),
                ("subject", Deleted),
                ("token_hash", DIGEST),
                ("token_id", Deleted),
                ("user_agent", Deleted),
            ],
        ),
        ("document", &[("bytes", Erased), ("digest", DIGEST)]),
        (
            "erasure",
            &[
                ("intent", Replaced),
                ("problem", Never("a code, and ids")),
                ("request", Replaced),
                ("status", Never("a word of ours")),
            ],
        ),
        (
            "event",
            &[
                ("chain_hash", DIGEST),
                ("context", Erased),
                ("context_digest", DIGEST),
                ("document_digest", DIGEST),
                ("event_hash", DIGEST),
                ("payload", Erased),
                ("payload_digest", DIGEST),
                ("type", Never("a word of ours")),
            ],
        ),
        ("export_secret", &[("secret", Never("random"))]),
        ("flow_reference", &[("value", Replaced)]),
        ("flow_search", &[("text", Replaced)]),
        (
            "flow_view",
            &[
                ("created_by", Replaced),
                ("document_digest", DIGEST),
                ("phone_number_id", Replaced),
                ("published_digest", DIGEST),
                ("published_phone_number_id", Replaced),
                ("updated_by", Replaced),
            ],
        ),
        (
            "idempotency_key",
            &[
                ("answer", Never("ids")),
                ("key", Deleted),
                ("record_digest", DIGEST),
                ("request_digest", DIGEST),
            ],
        ),
        ("log_head", &[("chain_hash", DIGEST)]),
        (
            "test_run",
            &[
                ("author", Deleted),
                ("callees", Never("ids and versions")),
                ("description", Deleted),
                ("digest", DIGEST),
                ("engine", Never("a word of ours")),
                ("name", Deleted),
                ("record_digest", DIGEST),
                ("request", Deleted),
                ("status", Never("a word of ours")),
            ],
        ),
        ("tree_head", &[("note", Never("roots of the trees of a log"))]),
    ]
};

/// Positions, or documents, of one statement: none takes long, whatever the log.
const WINDOW: i64 = 5000;

/// An event in which a text stands. Of context and payload the bytes, where it stands there.
#[derive(Debug, FromRow)]
pub struct TellingEvent {
    pub position: i64,
    pub stream_id: Uuid,
    #[sqlx(rename = "type")]
    pub event_type: String,
    pub context: Option<Vec<u8>>,
    pub payload: Option<Vec<u8>>,
}

/// A row beside the log in which a text may stand: what it is found by, and its texts.
#[derive(Debug, FromRow)]
pub struct TellingRow<I>
where
    I: for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
{
    pub id: I,
    pub texts: Vec<String>,
}

/// Rows beside the log that go with a person.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PersonRows {
    pub runs: Vec<Uuid>,
    /// Idempotency keys, themselves texts.
    pub idempotency_keys: Vec<String>,
    pub actors: Vec<Uuid>,
    /// Sessions of the console, by the hashes of their tokens.
    pub sessions: Vec<Vec<u8>>,
}

const EVENTS: &str = "SELECT e.position, e.stream_id, e.type, CASE WHEN c.tells THEN e.context END AS context, \
         CASE WHEN p.tells THEN e.payload END AS payload \
     FROM event e, \
     LATERAL (SELECT coalesce(bool_or(position(n IN e.context) > 0), false) AS tells FROM unnest($4::bytea[]) AS n) AS c, \
     LATERAL (SELECT coalesce(bool_or(position(n IN e.payload) > 0), false) AS tells FROM unnest($4::bytea[]) AS n) AS p \
     WHERE e.org_id = $1 AND e.position > $2 AND e.position <= $3 AND (c.tells OR p.tells) ORDER BY e.position";

const DOCUMENTS: &str = "SELECT d.digest, CASE WHEN (SELECT bool_or(position(n IN d.bytes) > 0) \
         FROM unnest($3::bytea[]) AS n) THEN d.bytes END AS bytes \
     FROM (SELECT digest, bytes FROM document WHERE org_id = $1 AND digest > $2 ORDER BY digest LIMIT $4) AS d \
     ORDER BY d.digest";

const RUNS: &str = "SELECT run_id AS id, ARRAY[coalesce(name, ''), coalesce(description, ''), \
         convert_from(author, 'UTF8'), convert_from(request, 'UTF8')] AS texts \
     FROM test_run WHERE org_id = $1 AND EXISTS (SELECT FROM unnest($2::text[]) AS t \
         WHERE strpos(coalesce(name, ''), t) > 0 OR strpos(coalesce(description, ''), t) > 0) \
     OR org_id = $1 AND EXISTS (SELECT FROM unnest($3::bytea[]) AS n \
         WHERE position(n IN author) > 0 OR position(n IN request) > 0) ORDER BY run_id";

const IDEMPOTENCY_KEYS: &str = "SELECT key AS id, ARRAY[key] AS texts FROM idempotency_key WHERE org_id = $1 \
     AND EXISTS (SELECT FROM unnest($2::text[]) AS t WHERE strpos(key, t) > 0) ORDER BY key";

/// What a subject is called stands behind its kind.
const ACTORS: &str = "SELECT id, ARRAY[substr(subject, strpos(subject, ':') + 1)] AS texts FROM actor WHERE org_id = $1 \
     AND EXISTS (SELECT FROM unnest($2::text[]) AS t WHERE strpos(subject, t) > 0) ORDER BY id";

const KEYS: &str = "SELECT id, ARRAY[name] AS texts FROM api_key WHERE org_id = $1 \
     AND EXISTS (SELECT FROM unnest($2::text[]) AS t WHERE strpos(name, t) > 0) ORDER BY id";

/// Of somebody who is signed in to the console: who they said they are, and with what browser.
const SESSIONS: &str = "SELECT token_hash AS id, ARRAY[coalesce(name, ''), coalesce(subject, ''), coalesce(token_id, ''), \
         coalesce(user_agent, '')] AS texts FROM console_session WHERE org_id = $1 \
     AND EXISTS (SELECT FROM unnest($2::text[]) AS t WHERE strpos(coalesce(name, ''), t) > 0 \
         OR strpos(coalesce(subject, ''), t) > 0 OR strpos(coalesce(token_id, ''), t) > 0 \
         OR strpos(coalesce(user_agent, ''), t) > 0) ORDER BY token_hash";

/// The bytes of texts inside of stored JSON.
fn quoted(texts: &[String]) -> Vec<Vec<u8>> {
    let quote = |text: &String| {
        let mut quoted = serde_json::to_vec(text).unwrap_or_default();
        quoted.pop();
        quoted.drain(..1.min(quoted.len()));
        quoted
    };
    texts.iter().map(quote).collect()
}

impl Store {
    /// The events in whose context or payload a text stands.
    pub async fn events_telling(
        &self,
        org_id: Uuid,
        texts: &[String],
    ) -> Result<Vec<TellingEvent>, StoreError> {
        let (head, quoted) = (self.head(org_id).await?, quoted(texts));
        let (mut after, mut found) = (0, Vec::new());
        while after < head {
            let query = sqlx::query_as(EVENTS).bind(org_id).bind(after).bind(after + WINDOW).bind(&quoted);
            found.extend(query.fetch_all(&self.pool).await?);
            after += WINDOW;
        }
        Ok(found)
    }

    /// The documents in which a text stands.
    pub async fn documents_telling(
        &self,
        org_id: Uuid,
        texts: &[String],
    ) -> Result<Vec<(Digest, Vec<u8>)>, StoreError> {
        let quoted = quoted(texts);
        let (mut after, mut found) = (Vec::new(), Vec::new());
        loop {
            let query = sqlx::query_as::<_, (Vec<u8>, Option<Vec<u8>>)>(DOCUMENTS).bind(org_id).bind(&after);
            let rows = query.bind(&quoted).bind(WINDOW).fetch_all(&self.pool).await?;
            let Some((last, _)) = rows.last() else { return Ok(found) };
            after.clone_from(last);
            let telling = rows.into_iter().filter_map(|(digest, bytes)| Some((digest, bytes?)));
            found.extend(telling.map(|(digest, bytes)| (read_digest_as_it_is(&digest), bytes)));
        }
    }

    /// Test runs in whose labels, request or author a text stands.
    pub async fn runs_telling(
        &self,
        org_id: Uuid,
        texts: &[String],
    ) -> Result<Vec<TellingRow<Uuid>>, StoreError> {
        let query = sqlx::query_as(RUNS).bind(org_id).bind(texts).bind(quoted(texts));
        Ok(query.fetch_all(&self.pool).await?)
    }

    /// Idempotency keys in which a text stands.
    pub async fn idempotency_keys_telling(
        &self,
        org_id: Uuid,
        texts: &[String],
    ) -> Result<Vec<TellingRow<String>>, StoreError> {
        Ok(sqlx::query_as(IDEMPOTENCY_KEYS).bind(org_id).bind(texts).fetch_all(&self.pool).await?)
    }

    /// Actors whose subject has a text in it.
    pub async fn actors_telling(
        &self,
        org_id: Uuid,
        texts: &[String],
    ) -> Result<Vec<TellingRow<Uuid>>, StoreError> {
        Ok(sqlx::query_as(ACTORS).bind(org_id).bind(texts).fetch_all(&self.pool).await?)
    }

    /// Sessions of the console that have a text in them.
    pub async fn sessions_telling(
        &self,
        org_id: Uuid,
        texts: &[String],
    ) -> Result<Vec<TellingRow<Vec<u8>>>, StoreError> {
        Ok(sqlx::query_as(SESSIONS).bind(org_id).bind(texts).fetch_all(&self.pool).await?)
    }

    /// API keys, revoked ones too, whose name has a text in it.
    pub async fn keys_telling(
        &self,
        org_id: Uuid,
        texts: &[String],
    ) -> Result<Vec<TellingRow<Uuid>>, StoreError> {
        Ok(sqlx::query_as(KEYS).bind(org_id).bind(texts).fetch_all(&self.pool).await?)
    }
}

impl Held {
    /// Of some actors, those by whom no event has a context any more.
    pub async fn without_acts(&mut self, actors: &[Uuid]) -> Result<Vec<Uuid>, StoreError> {
        let query = "SELECT id FROM unnest($2::uuid[]) AS id WHERE NOT EXISTS (\
             SELECT FROM event e WHERE e.org_id = $1 AND e.actor = id AND e.context IS NOT NULL)";
        let query = sqlx::query_scalar(query).bind(self.org_id).bind(actors);
        Ok(query.fetch_all(&mut *self.transaction).await?)
    }

    /// Deletes rows beside the log.
    pub async fn delete_rows(&mut self, rows: &PersonRows) -> Result<(), StoreError> {
        let runs = sqlx::query("DELETE FROM test_run WHERE org_id = $1 AND run_id = ANY($2)");
        runs.bind(self.org_id).bind(&rows.runs).execute(&mut *self.transaction).await?;
        let keys =
            "DELETE FROM idempotency_key WHERE org_id = $1 AND (key = ANY($2) OR answer->0->>0 = ANY($3))";
        let runs: Vec<String> = rows.runs.iter().map(Uuid::to_string).collect();
        let keys = sqlx::query(keys).bind(self.org_id).bind(&rows.idempotency_keys).bind(runs);
        keys.execute(&mut *self.transaction).await?;
        let actors = sqlx::query("DELETE FROM actor WHERE org_id = $1 AND id = ANY($2)");
        actors.bind(self.org_id).bind(&rows.actors).execute(&mut *self.transaction).await?;
        let sessions = sqlx::query("DELETE FROM console_session WHERE org_id = $1 AND token_hash = ANY($2)");
        sessions.bind(self.org_id).bind(&rows.sessions).execute(&mut *self.transaction).await?;
        Ok(())
    }

    /// Takes the names from keys that are revoked. One that is in use is renamed by an event.
    pub async fn rename_revoked_keys(&mut self, keys: &[Uuid], name: &str) -> Result<(), StoreError> {
        let rename =
            "UPDATE api_key SET name = $3 WHERE org_id = $1 AND id = ANY($2) AND revoked_at IS NOT NULL";
        let rename = sqlx::query(rename).bind(self.org_id).bind(keys).bind(name);
        rename.execute(&mut *self.transaction).await?;
        Ok(())
    }
}
