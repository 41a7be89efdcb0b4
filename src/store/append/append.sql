-- Writes events that were given their numbers, times and hashes already: to the logs that still end where the writer saw
-- them end, and only where nothing stops one of their rows. A log is written as a whole or not at all.
--
-- In braces stand the parts that are filled in. A list of columns, each read from an array parameter. The place of an
-- organization's id: a column where one call may be about many organizations, and the parameter $1 where it is about one.
-- {mark columns}, {marks given}, {marks assigned}: the columns of the marks of a flow. {given}, {keyed} and {told}: the part
-- of that name. {when …}: what rows of `given` must be for the part to have anything to do. {proven}: that the row's log is
-- written; {unstopped}: that nothing stops it. In a function, which is for one log and runs part by part, these two are
-- asked once.
-- $1 organizations of the logs; $2 to $5 how many logs, events, idempotency keys and references there are; $6 whether the
-- times were taken from this database; $7 the schema version of events; $8 the number of the folding.
WITH told AS MATERIALIZED (
    -- The logs: where each ended when the writer saw it, and where it ends after these rows.
    SELECT n AS log, {$1[n]} AS org_id{log columns} FROM generate_series(1, $2::int) AS n
), given AS MATERIALIZED (
    SELECT {$1[r.log]} AS org_id, r.* FROM (SELECT n{event columns} FROM generate_series(1, $3::int) AS n) AS r
), keyed AS MATERIALIZED (
    SELECT {$1[r.log]} AS org_id, r.* FROM (SELECT n{key columns} FROM generate_series(1, $4::int) AS n) AS r
), stopped AS MATERIALIZED (
    -- Rows whose stream is not at the version, or whose view is not in the state, that was decided on.
    SELECT s.n, s.log, s.last, e.event_id, e.position, e.recorded_at
    FROM (
        SELECT g.org_id, g.n, g.log, g.stream_id, g.version,
            coalesce((SELECT x.version FROM event x WHERE x.org_id = {g.org_id} AND x.stream_id = g.stream_id
                ORDER BY x.version DESC LIMIT 1), 0) AS last,
            CASE g.stream_kind
                WHEN 1 THEN coalesce((SELECT f.version = g.version - 1 AND (NOT g.is_decided
                        OR (f.document_digest, f.enabled, f.deleted, f.published_version, f.published_by_version,
                            f.published_digest, (SELECT d.bytes IS NULL FROM document d
                                WHERE d.org_id = {g.org_id} AND d.digest = f.document_digest))
                        IS NOT DISTINCT FROM (g.was_document_digest, g.was_enabled, g.was_deleted,
                            g.was_published_version, g.was_published_by_version, g.was_published_digest, g.was_erased))
                    FROM flow_view f WHERE f.org_id = {g.org_id} AND f.flow_id = g.stream_id), g.version = 1)
                WHEN 2 THEN coalesce((SELECT a.version = g.version - 1 FROM api_key a
                    WHERE a.org_id = {g.org_id} AND a.id = g.stream_id), g.version = 1)
                ELSE true
            END AS is_as_decided
        FROM {given} g OFFSET 0
    ) AS s
    -- In the order of the primary key, so that no other index is taken for it.
    LEFT JOIN LATERAL (SELECT x.event_id, x.position, x.recorded_at FROM event x
        WHERE x.org_id = {s.org_id} AND x.stream_id = s.stream_id AND x.version >= s.version
        ORDER BY x.version LIMIT 1) AS e ON true
    WHERE s.last <> s.version - 1 OR NOT s.is_as_decided
), answered AS MATERIALIZED (
    SELECT k.n, k.log, i.request_digest, i.answer
    FROM {keyed} k JOIN idempotency_key i ON i.org_id = {k.org_id} AND i.key = k.key
), proven AS (
    UPDATE log_head h SET position = t.new_position, chain_hash = t.new_chain_hash, recorded_at = t.new_recorded_at,
        in_force_position = t.new_in_force_position
    FROM {told} t
    WHERE h.org_id = {t.org_id} AND h.position = t.position AND h.chain_hash = t.chain_hash AND h.repairs = t.repairs
        AND ($6::boolean OR t.new_position = t.position OR t.new_recorded_at BETWEEN now() - interval '1 second' AND now() + interval '1 second')
        AND {unstopped}
    {returning t.log}
), happened AS (
    INSERT INTO event (org_id, stream_id, version, position, stream_kind, event_id, type, schema_version, recorded_at,
        payload, context, payload_digest, context_digest, actor, document_digest, enabled, deleted, published_version,
        published_by_version, event_hash, chain_hash)
    SELECT {g.org_id}, g.stream_id, g.version, g.position, g.stream_kind, g.event_id, g.type, $7::smallint, g.recorded_at,
        g.payload, g.context, g.payload_digest, g.context_digest, g.actor, g.document_digest, g.enabled, g.deleted,
        g.published_version, g.published_by_version, g.event_hash, g.chain_hash
    FROM {given} g WHERE {proven}
), stored AS (
    INSERT INTO document AS d (org_id, digest, bytes)
    SELECT {g.org_id}, g.document_digest, g.document
    FROM {given} g WHERE {when g.document IS NOT NULL} AND {proven}
    ON CONFLICT (org_id, digest) DO UPDATE SET bytes = excluded.bytes WHERE d.bytes IS NULL
), keys_answered AS (
    INSERT INTO idempotency_key (org_id, key, request_digest, answer, recorded_at, record_digest)
    SELECT {k.org_id}, k.key, k.request_digest, k.answer, k.recorded_at,
        idempotency_record({k.org_id}, k.key, k.request_digest, k.answer)
    FROM {keyed} k WHERE {proven}
), flows_begun AS (
    INSERT INTO flow_view (org_id, flow_id, version, position, document_digest, enabled, deleted, phone_number_id,
        trigger_types, created_at, created_by, updated_at, updated_by{mark columns})
    SELECT {g.org_id}, g.stream_id, g.version, g.position, g.document_digest, g.enabled, g.deleted, g.phone_number_id,
        g.trigger_types, g.recorded_at, g.author, g.recorded_at, g.author{marks given}
    FROM {given} g WHERE {when g.stream_kind = 1 AND g.version = 1} AND {proven}
), flows_changed AS (
    -- What is derived from a document is taken anew only where that is another.
    UPDATE flow_view f SET version = g.version, position = g.position, document_digest = g.document_digest,
        enabled = g.enabled, deleted = g.deleted, published_version = g.published_version,
        published_by_version = g.published_by_version,
        phone_number_id = CASE WHEN f.document_digest = g.document_digest THEN f.phone_number_id ELSE g.phone_number_id END,
        trigger_types = CASE WHEN f.document_digest = g.document_digest THEN f.trigger_types ELSE g.trigger_types END,
        published_at = CASE WHEN g.published_by_version = g.version THEN g.recorded_at
            WHEN g.published_by_version IS NOT NULL THEN f.published_at END,
        published_digest = g.published_digest,
        published_phone_number_id = CASE WHEN f.published_digest = g.published_digest
            THEN f.published_phone_number_id ELSE g.published_phone_number_id END,
        published_trigger_types = CASE WHEN f.published_digest = g.published_digest
            THEN f.published_trigger_types ELSE g.published_trigger_types END,
        updated_at = g.recorded_at, updated_by = g.author{marks assigned}
    FROM {given} g WHERE f.org_id = {g.org_id} AND f.flow_id = g.stream_id AND f.version = g.version - 1
        AND {when g.stream_kind = 1 AND g.version > 1} AND {proven}
), texts_changed AS (
    INSERT INTO flow_search (org_id, flow_id, in_force, since_position, folding, text)
    SELECT {g.org_id}, g.stream_id, t.in_force, g.position, $8::smallint, t.text
    FROM {given} g CROSS JOIN LATERAL (VALUES (false, g.search), (true, g.published_search)) AS t(in_force, text)
    WHERE t.text IS NOT NULL AND {when (g.search IS NOT NULL OR g.published_search IS NOT NULL)} AND {proven}
    ON CONFLICT (org_id, flow_id, in_force)
        DO UPDATE SET since_position = excluded.since_position, folding = excluded.folding, text = excluded.text
), texts_gone AS (
    DELETE FROM flow_search t USING {given} g
    WHERE t.org_id = {g.org_id} AND t.flow_id = g.stream_id AND t.in_force
        AND {when g.changes_in_force AND g.published_version IS NULL} AND {proven}
), references_gone AS (
    DELETE FROM flow_reference r USING {given} g
    WHERE r.org_id = {g.org_id} AND r.flow_id = g.stream_id AND r.since_version < g.version
        AND {when g.changes_in_force} AND {proven}
), references_made AS (
    INSERT INTO flow_reference (org_id, kind, value, flow_id, since_version, folding)
    SELECT {g.org_id}, r.kind, r.value, g.stream_id, g.version, $8::smallint
    FROM (SELECT n{reference columns} FROM generate_series(1, $5::int) AS n) AS r JOIN {given} g ON g.n = r.event
    WHERE {proven}
), keys_made AS (
    INSERT INTO api_key (org_id, id, version, prefix, secret_hash, name, scopes, phone_number_ids, created_at, expires_at)
    SELECT {g.org_id}, g.stream_id, g.version, k.prefix, k.secret_hash, k.name, k.scopes, k.phone_number_ids,
        g.recorded_at, k.expires_at
    FROM {given} g CROSS JOIN LATERAL jsonb_populate_record(NULL::api_key, g.api_key) AS k
    WHERE {when g.stream_kind = 2 AND g.version = 1} AND {proven}
), keys_changed AS (
    UPDATE api_key a SET version = g.version, name = k.name, scopes = k.scopes, phone_number_ids = k.phone_number_ids,
        revoked_at = CASE WHEN g.deleted THEN g.recorded_at END
    FROM {given} g CROSS JOIN LATERAL jsonb_populate_record(NULL::api_key, g.api_key) AS k
    WHERE a.org_id = {g.org_id} AND a.id = g.stream_id AND a.version = g.version - 1
        AND {when g.stream_kind = 2 AND g.version > 1} AND {proven}
)
SELECT 'proven' AS what, p.log AS n, NULL::uuid AS event_id, NULL::bigint AS position, NULL::timestamptz AS recorded_at,
    NULL::bigint AS last, NULL::bytea AS request_digest, NULL::jsonb AS answer FROM proven p
UNION ALL
SELECT 'stopped', s.n, s.event_id, s.position, s.recorded_at, s.last, NULL, NULL FROM stopped s
UNION ALL
SELECT 'answered', a.n, NULL, NULL, NULL, NULL, a.request_digest, a.answer FROM answered a
