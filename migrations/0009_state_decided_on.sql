-- An append proves the state it was decided on, and not only the version: what a service remembers of a flow may then be
-- of any age. A view that was put right meanwhile, or altered, or whose document was erased, takes no such event.

-- The state of a flow as decisions are made on it. Only ever compared, in the append: not stored.
CREATE FUNCTION flow_state(
    document_digest bytea, is_erased boolean, enabled boolean, deleted boolean,
    published_version bigint, published_by_version bigint, published_digest bytea
) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT document_digest || int4send(enabled::int + 2 * deleted::int + 4 * coalesce(is_erased, true)::int)
        || int8send(coalesce(published_version, 0)) || int8send(coalesce(published_by_version, 0))
        || coalesce(published_digest, '')
$$;

-- A service of the version before calls with one parameter less: its rows prove the version alone, as they did.
DROP FUNCTION append_events(
    uuid[], smallint[], uuid[], bigint[], uuid[], text[], smallint[], bytea[], bytea[], text[], bytea[], bytea[],
    boolean[], boolean[], bigint[], bigint[], bytea[], text[], text[], bytea[], text[], text[], uuid[], bigint[],
    bigint[], jsonb[], text[], bytea[]);

CREATE FUNCTION append_events(
    p_org_id uuid[], p_stream_kind smallint[], p_stream_id uuid[], p_expected bigint[], p_event_id uuid[],
    p_type text[], p_schema_version smallint[], p_payload bytea[], p_context bytea[], p_actor text[],
    p_document_digest bytea[], p_document bytea[], p_enabled boolean[], p_deleted boolean[],
    p_published_version bigint[], p_published_by_version bigint[],
    p_author bytea[], p_phone_number_id text[], p_search text[],
    p_published_digest bytea[], p_published_phone_number_id text[], p_published_search text[],
    p_duplicated_from_flow uuid[], p_duplicated_from_version bigint[], p_restored_from bigint[],
    p_api_key jsonb[], p_idempotency_key text[], p_request_digest bytea[], p_decided_on bytea[] DEFAULT NULL
) RETURNS TABLE (o_outcome text, o_stream_id uuid, o_version bigint, o_position bigint, o_recorded_at timestamptz)
LANGUAGE plpgsql VOLATILE
-- Plans are made once for each connection, when tables may still be empty: rows are always found by their keys.
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $$
DECLARE
    n           integer := cardinality(p_org_id);
    is_keyed    boolean := cardinality(array_remove(p_idempotency_key, NULL)) > 0;
    -- Of each organization in the call: the head of its log, which grows with its rows.
    orgs        uuid[] := '{}';
    positions   bigint[];
    chains      bytea[];
    times       timestamptz[];
    head        integer := 0;
    -- Of each row: the event that stands in its place already, what its key was answered with, and what it is given.
    taken        uuid[];
    answered     idempotency_key[];
    answer       idempotency_key;
    flows        integer := 0;
    row_version  bigint[];
    row_at       timestamptz[];
    row_pos      bigint[];
    row_payload  bytea[];
    row_context  bytea[];
    row_hash     bytea[];
    row_chain    bytea[];
    at           timestamptz;
    pos          bigint;
    chain        bytea;
    written      integer;
    wrong        integer;
BEGIN
    FOR i IN 1 .. n LOOP
        CONTINUE WHEN p_org_id[i] = p_org_id[i - 1];
        IF p_org_id[i] < p_org_id[i - 1] THEN
            RAISE EXCEPTION 'rows are not grouped by ascending organization' USING ERRCODE = 'data_exception';
        END IF;
        orgs := orgs || p_org_id[i];
    END LOOP;
    -- Heads first, in one order for everybody: nothing below can then wait for another append.
    LOOP
        SELECT array_agg(h.position), array_agg(h.chain_hash), array_agg(h.recorded_at) INTO positions, chains, times
            FROM (SELECT l.position, l.chain_hash, l.recorded_at FROM log_head l
                WHERE l.org_id = ANY (orgs) ORDER BY l.org_id FOR UPDATE) h;
        EXIT WHEN cardinality(positions) = cardinality(orgs);
        INSERT INTO log_head
            SELECT o, 0, sha256('\x666c6f772d72656769737472792f6c6f672f31'::bytea || uuid_send(o)), '-infinity'
            FROM unnest(orgs) o ORDER BY o ON CONFLICT (org_id) DO NOTHING;  -- "flow-registry/log/1"
    END LOOP;
    SELECT array_agg((SELECT e.event_id FROM event e WHERE e.org_id = p_org_id[k] AND e.stream_id = p_stream_id[k]
            AND e.version = p_expected[k] + 1) ORDER BY k)
        INTO taken FROM generate_series(1, n) k;
    IF is_keyed THEN
        SELECT array_agg((SELECT i FROM idempotency_key i WHERE i.org_id = p_org_id[k]
                AND i.key = p_idempotency_key[k]) ORDER BY k)
            INTO answered FROM generate_series(1, n) k;
    END IF;

    -- What becomes of each row. With the heads held, nobody else appends to these organizations.
    FOR i IN 1 .. n LOOP
        IF p_org_id[i] IS DISTINCT FROM p_org_id[i - 1] THEN
            head := head + 1;
        END IF;
        o_position := NULL;
        o_recorded_at := NULL;
        IF is_keyed THEN
            answer := answered[i];
            IF answer.key IS NOT NULL THEN
                o_outcome := CASE WHEN answer.request_digest = p_request_digest[i] THEN 'replayed' ELSE 'key_reused' END;
                o_stream_id := answer.stream_id;
                o_version := answer.version;
                o_recorded_at := answer.recorded_at;
                RETURN NEXT;
                CONTINUE;
            END IF;
        END IF;
        o_stream_id := p_stream_id[i];
        o_version := p_expected[i] + 1;
        IF taken[i] IS NOT NULL AND p_type[i] IS NOT NULL THEN
            IF taken[i] = p_event_id[i] THEN
                SELECT e.position, e.recorded_at INTO o_position, o_recorded_at FROM event e
                    WHERE e.org_id = p_org_id[i] AND e.stream_id = o_stream_id AND e.version = o_version;
                o_outcome := 'appended';
            ELSE
                SELECT e.version INTO o_version FROM event e
                    WHERE e.org_id = p_org_id[i] AND e.stream_id = o_stream_id ORDER BY e.version DESC LIMIT 1;
                o_outcome := 'conflict';
            END IF;
            RETURN NEXT;
            CONTINUE;
        END IF;

        at := greatest(clock_timestamp(), times[head] + interval '1 microsecond');
        o_recorded_at := at;
        IF p_type[i] IS NULL THEN
            o_outcome := 'recorded';
            o_version := p_expected[i];
        ELSE
            o_outcome := 'appended';
            pos := positions[head] + 1;
            o_position := pos;
            row_payload[i] := sha256(p_payload[i]);
            row_context[i] := sha256(p_context[i]);
            -- The hash of an event, format 1: fixed widths, big-endian, the type's name last.
            row_hash[i] := sha256(
                '\x666c6f772d72656769737472792f6576656e742f31'::bytea  -- "flow-registry/event/1"
                || uuid_send(p_org_id[i]) || substr(int2send(p_stream_kind[i]), 2) || uuid_send(o_stream_id)
                || uuid_send(p_event_id[i]) || int8send(o_version) || int8send(pos)
                || int8send((extract(epoch FROM at) * 1000000)::bigint) || int2send(p_schema_version[i])
                || coalesce(p_document_digest[i],
                    '\x0000000000000000000000000000000000000000000000000000000000000000'::bytea)
                || substr(int2send((p_enabled[i]::int + 2 * p_deleted[i]::int)::smallint), 2)
                || int8send(coalesce(p_published_version[i], 0)) || int8send(coalesce(p_published_by_version[i], 0))
                || row_payload[i] || row_context[i]
                || int2send(octet_length(p_type[i])::smallint) || convert_to(p_type[i], 'UTF8'));
            chain := sha256(chains[head] || row_hash[i]);
            row_chain[i] := chain;
            row_pos[i] := pos;
            positions[head] := pos;
            chains[head] := chain;
            times[head] := at;
            flows := flows + (p_stream_kind[i] = 1)::int;
        END IF;
        row_at[i] := at;
        row_version[i] := o_version;
        RETURN NEXT;
    END LOOP;

    INSERT INTO event
        SELECT p_org_id[k], p_stream_id[k], row_version[k], row_pos[k], p_stream_kind[k], p_event_id[k], p_type[k],
            p_schema_version[k], row_at[k], p_payload[k], p_context[k], row_payload[k], row_context[k],
            p_actor[k], p_document_digest[k], p_enabled[k], p_deleted[k], p_published_version[k],
            p_published_by_version[k], row_hash[k], row_chain[k]
        FROM generate_series(1, n) k WHERE row_pos[k] IS NOT NULL;
    INSERT INTO document AS d
        SELECT DISTINCT ON (p_org_id[k], p_document_digest[k]) p_org_id[k], p_document_digest[k], p_document[k]
        FROM generate_series(1, n) k WHERE row_pos[k] IS NOT NULL AND p_document[k] IS NOT NULL
        ON CONFLICT (org_id, digest) DO UPDATE SET bytes = excluded.bytes WHERE d.bytes IS NULL;
    -- Found by its key whatever the planner thinks of the table. A view that does not stand at the expected version, in
    -- the state that was decided on, is an error, and the whole call is undone. What the decision was made on takes the
    -- place of the author of a flow's first event, which no later event changes. What is derived from a document is taken
    -- anew only where that is another.
    IF flows > 0 THEN
        WITH changed AS (
            INSERT INTO flow_view AS f
                SELECT p_org_id[k], p_stream_id[k], row_version[k], row_pos[k], p_document_digest[k],
                    p_phone_number_id[k], p_search[k], p_enabled[k], p_deleted[k], p_published_version[k],
                    p_published_by_version[k], CASE WHEN p_published_by_version[k] = row_version[k] THEN row_at[k] END,
                    p_published_digest[k], p_published_phone_number_id[k], p_published_search[k],
                    row_at[k], CASE WHEN row_version[k] = 1 THEN p_author[k] ELSE coalesce(p_decided_on[k], '') END,
                    row_at[k], p_author[k], p_duplicated_from_flow[k], p_duplicated_from_version[k], p_restored_from[k]
                FROM generate_series(1, n) k WHERE row_pos[k] IS NOT NULL AND p_stream_kind[k] = 1
                ON CONFLICT (org_id, flow_id) DO UPDATE SET
                    version = excluded.version, position = excluded.position,
                    document_digest = excluded.document_digest,
                    phone_number_id = CASE WHEN f.document_digest = excluded.document_digest
                        THEN f.phone_number_id ELSE excluded.phone_number_id END,
                    search = CASE WHEN f.document_digest = excluded.document_digest
                        THEN f.search ELSE excluded.search END,
                    enabled = excluded.enabled, deleted = excluded.deleted,
                    published_version = excluded.published_version,
                    published_by_version = excluded.published_by_version,
                    published_at = CASE WHEN excluded.published_by_version IS NOT NULL
                        THEN coalesce(excluded.published_at, f.published_at) END,
                    published_digest = excluded.published_digest,
                    published_phone_number_id = CASE WHEN f.published_digest = excluded.published_digest
                        THEN f.published_phone_number_id ELSE excluded.published_phone_number_id END,
                    published_search = CASE WHEN f.published_digest = excluded.published_digest
                        THEN f.published_search ELSE excluded.published_search END,
                    updated_at = excluded.updated_at, updated_by = excluded.updated_by,
                    restored_from = excluded.restored_from
                    WHERE f.version = excluded.version - 1 AND (excluded.created_by = '' OR excluded.created_by =
                        flow_state(f.document_digest, (SELECT d.bytes IS NULL FROM document d
                                WHERE d.org_id = f.org_id AND d.digest = f.document_digest),
                            f.enabled, f.deleted, f.published_version, f.published_by_version, f.published_digest))
                -- A later event of a flow without a view makes one that began with it.
                RETURNING f.version = 1 OR f.created_at < f.updated_at AS is_sound)
            SELECT count(*) FILTER (WHERE c.is_sound) INTO written FROM changed c;
        IF written < flows THEN
            SELECT min(k) INTO STRICT wrong FROM generate_series(1, n) k
                LEFT JOIN flow_view f ON f.org_id = p_org_id[k] AND f.flow_id = p_stream_id[k]
                WHERE row_pos[k] IS NOT NULL AND p_stream_kind[k] = 1 AND (f.position IS DISTINCT FROM row_pos[k]
                    OR p_expected[k] > 0 AND f.created_at = f.updated_at);
            RAISE EXCEPTION 'the view of flow % does not stand at version % as that was read: rebuild it',
                p_stream_id[wrong], p_expected[wrong] USING ERRCODE = 'data_corrupted';
        END IF;
    END IF;
    IF 2 = ANY (p_stream_kind) THEN
        PERFORM append_to_api_keys(p_org_id[k], p_stream_id[k], row_version[k], row_at[k], p_deleted[k], p_api_key[k])
            FROM generate_series(1, n) k WHERE p_stream_kind[k] = 2 AND row_pos[k] IS NOT NULL;
    END IF;
    IF is_keyed THEN
        INSERT INTO idempotency_key
            SELECT p_org_id[k], p_idempotency_key[k], p_request_digest[k], p_stream_id[k], row_version[k], row_at[k]
            FROM generate_series(1, n) k WHERE p_idempotency_key[k] IS NOT NULL AND row_version[k] IS NOT NULL;
    END IF;
    INSERT INTO log_head AS l
        SELECT orgs[k], positions[k], chains[k], times[k] FROM generate_series(1, head) k
        ON CONFLICT (org_id) DO UPDATE
            SET position = excluded.position, chain_hash = excluded.chain_hash, recorded_at = excluded.recorded_at
            WHERE l.position < excluded.position;
END $$;
