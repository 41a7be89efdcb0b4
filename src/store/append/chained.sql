-- Events that were given their numbers, times and hashes already. They are written where the log still ends where the
-- writer saw it end, and its clock agrees with ours; no event of another log is.
-- Of each log: $1 organization, $2 and $3 position and chain hash at its end, $4 to $6 position, chain hash and time
-- after these rows. Of each row: $7 which of the logs, and from $8 on the columns below. $38: the schema version. $39: of
-- each row the state it was decided on, which takes the place of who created the flow: no later event changes that.
WITH standing AS (
    UPDATE log_head l SET position = $4[g], chain_hash = $5[g], recorded_at = $6[g]
    FROM generate_series(1, cardinality($1)) g
    WHERE l.org_id = $1[g] AND l.position = $2[g] AND l.chain_hash = $3[g]
        AND $6[g] BETWEEN clock_timestamp() - interval '5 seconds' AND clock_timestamp() + interval '1 second'
        AND NOT EXISTS (SELECT FROM idempotency_key i WHERE i.org_id = $1[g] AND i.key = ANY ($36))
    RETURNING g
), given AS MATERIALIZED (
    -- An array is searched faster than two sets are joined.
    SELECT $1[$7[k]] AS org_id, k FROM generate_series(1, cardinality($7)) k
        WHERE $7[k] = ANY (ARRAY(SELECT g FROM standing))
), viewed AS (
    -- What is derived from a document is taken anew only where that is another.
    INSERT INTO flow_view AS f
        SELECT org_id, $8[k], $9[k], $10[k], $19[k], $28[k], $29[k], $21[k], $22[k], $23[k], $24[k],
            CASE WHEN $24[k] = $9[k] THEN $13[k] END, $30[k], $31[k], $32[k],
            $13[k], CASE WHEN $9[k] = 1 THEN $27[k] ELSE coalesce($39[k], '') END, $13[k], $27[k], $33[k], $34[k], $35[k]
        FROM given
    ON CONFLICT (org_id, flow_id) DO UPDATE SET
        version = excluded.version, position = excluded.position, document_digest = excluded.document_digest,
        phone_number_id = CASE WHEN f.document_digest = excluded.document_digest
            THEN f.phone_number_id ELSE excluded.phone_number_id END,
        search = CASE WHEN f.document_digest = excluded.document_digest THEN f.search ELSE excluded.search END,
        enabled = excluded.enabled, deleted = excluded.deleted,
        published_version = excluded.published_version, published_by_version = excluded.published_by_version,
        published_at = CASE WHEN excluded.published_by_version IS NOT NULL
            THEN coalesce(excluded.published_at, f.published_at) END,
        published_digest = excluded.published_digest,
        published_phone_number_id = CASE WHEN f.published_digest = excluded.published_digest
            THEN f.published_phone_number_id ELSE excluded.published_phone_number_id END,
        published_search = CASE WHEN f.published_digest = excluded.published_digest
            THEN f.published_search ELSE excluded.published_search END,
        updated_at = excluded.updated_at, updated_by = excluded.updated_by, restored_from = excluded.restored_from
        WHERE f.version = excluded.version - 1 AND (excluded.created_by = '' OR excluded.created_by =
            flow_state(f.document_digest, (SELECT d.bytes IS NULL FROM document d
                    WHERE d.org_id = f.org_id AND d.digest = f.document_digest),
                f.enabled, f.deleted, f.published_version, f.published_by_version, f.published_digest))
    -- A later event of a flow without a view makes one that began with it.
    RETURNING f.version = 1 OR f.created_at < f.updated_at AS is_sound
), stored AS (
    INSERT INTO document AS d SELECT org_id, $19[k], $20[k] FROM given WHERE $20[k] IS NOT NULL
    ON CONFLICT (org_id, digest) DO UPDATE SET bytes = excluded.bytes WHERE d.bytes IS NULL
), answered AS (
    INSERT INTO idempotency_key SELECT org_id, $36[k], $37[k], $8[k], $9[k], $13[k] FROM given WHERE $36[k] IS NOT NULL
), happened AS (
    -- Where a view does not stand at the version before, in the state that was decided on, no event has a version, and the
    -- statement fails as a whole.
    INSERT INTO event
        SELECT org_id, $8[k],
            CASE WHEN (SELECT count(*) FROM viewed WHERE is_sound) = (SELECT count(*) FROM given) THEN $9[k] END,
            $10[k], 1, $11[k], $12[k], $38, $13[k], $14[k], $15[k], $16[k], $17[k], $18[k], $19[k], $21[k], $22[k],
            $23[k], $24[k], $25[k], $26[k]
        FROM given
)
SELECT ARRAY(SELECT g FROM standing)
