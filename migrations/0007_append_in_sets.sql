-- The append, a set at a time: every table takes the new rows of a call in one statement. What a call costs beside its
-- commit is mostly the statements it runs. Outcomes, numbers and hashes are what they were.
--
-- Rows come grouped by ascending organization. Two rows for one place in a stream, or with one idempotency key, cannot
-- share a call: the second is refused as a breach of a key, and the call with it.

CREATE OR REPLACE FUNCTION append_events(
    p_org_id uuid[], p_stream_kind smallint[], p_stream_id uuid[], p_expected bigint[], p_event_id uuid[],
    p_type text[], p_schema_version smallint[], p_payload bytea[], p_context bytea[], p_actor text[],
    p_document_digest bytea[], p_document bytea[], p_enabled boolean[], p_deleted boolean[],
    p_published_version bigint[], p_published_by_version bigint[],
    p_author bytea[], p_phone_number_id text[], p_search text[],
    p_published_digest bytea[], p_published_phone_number_id text[], p_published_search text[],
    p_duplicated_from_flow uuid[], p_duplicated_from_version bigint[], p_restored_from bigint[],
    p_api_key jsonb[], p_idempotency_key text[], p_request_digest bytea[]
) RETURNS TABLE (o_outcome text, o_stream_id uuid, o_version bigint, o_position bigint, o_recorded_at timestamptz)
LANGUAGE plpgsql VOLATILE
-- Plans are made once for each connection, when tables may still be empty: rows are always found by their keys.
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $$
DECLARE
    n           integer := cardinality(p_org_id);
    -- Of each organization in the call: the head of its log, which grows with its rows.
    orgs        uuid[] := '{}';
    positions   bigint[] := '{}';
    chains      bytea[] := '{}';
    times       timestamptz[] := '{}';
    head        integer := 0;
    -- Of each row: the event that stands in its place already, and the place and hashes it is given.
    taken       uuid[];
    row_version bigint[];
    row_at      timestamptz[];
    row_pos     bigint[];
    row_hash    bytea[];
    row_chain   bytea[];
    is_keyed    boolean := false;
    found_digest bytea;
    at          timestamptz;
    pos         bigint;
    chain       bytea;
BEGIN
    -- Heads first, in one order for everybody: nothing below can then wait for another append.
    FOR i IN 1 .. n LOOP
        CONTINUE WHEN p_org_id[i] = p_org_id[i - 1];
        IF p_org_id[i] < p_org_id[i - 1] THEN
            RAISE EXCEPTION 'rows are not grouped by ascending organization' USING ERRCODE = 'data_exception';
        END IF;
        SELECT l.position, l.chain_hash, l.recorded_at INTO pos, chain, at FROM log_head l
            WHERE l.org_id = p_org_id[i] FOR UPDATE;
        IF NOT FOUND THEN
            INSERT INTO log_head VALUES (
                p_org_id[i], 0, sha256('\x666c6f772d72656769737472792f6c6f672f31'::bytea || uuid_send(p_org_id[i])),
                '-infinity') ON CONFLICT (org_id) DO NOTHING;  -- "flow-registry/log/1"
            SELECT l.position, l.chain_hash, l.recorded_at INTO STRICT pos, chain, at FROM log_head l
                WHERE l.org_id = p_org_id[i] FOR UPDATE;
        END IF;
        orgs := orgs || p_org_id[i];
        positions := positions || pos;
        chains := chains || chain;
        times := times || at;
    END LOOP;
    SELECT array_agg((SELECT e.event_id FROM event e WHERE e.org_id = p_org_id[k] AND e.stream_id = p_stream_id[k]
            AND e.version = p_expected[k] + 1) ORDER BY k)
        INTO taken FROM generate_series(1, n) k;

    -- What becomes of each row. With the heads held, nobody else appends to these organizations.
    FOR i IN 1 .. n LOOP
        IF p_org_id[i] IS DISTINCT FROM p_org_id[i - 1] THEN
            head := head + 1;
        END IF;
        o_position := NULL;
        o_recorded_at := NULL;
        IF p_idempotency_key[i] IS NOT NULL THEN
            SELECT k.request_digest, k.stream_id, k.version, k.recorded_at
                INTO found_digest, o_stream_id, o_version, o_recorded_at
                FROM idempotency_key k WHERE k.org_id = p_org_id[i] AND k.key = p_idempotency_key[i];
            IF FOUND THEN
                o_outcome := CASE WHEN found_digest = p_request_digest[i] THEN 'replayed' ELSE 'key_reused' END;
                RETURN NEXT;
                CONTINUE;
            END IF;
        END IF;
        o_stream_id := p_stream_id[i];
        o_version := p_expected[i] + 1;
        IF p_type[i] IS NOT NULL AND taken[i] = p_event_id[i] THEN
            SELECT e.position, e.recorded_at INTO o_position, o_recorded_at FROM event e
                WHERE e.org_id = p_org_id[i] AND e.stream_id = o_stream_id AND e.version = o_version;
            o_outcome := 'appended';
            RETURN NEXT;
            CONTINUE;
        ELSIF p_type[i] IS NOT NULL AND taken[i] IS NOT NULL THEN
            SELECT max(e.version) INTO o_version FROM event e
                WHERE e.org_id = p_org_id[i] AND e.stream_id = o_stream_id;
            o_outcome := 'conflict';
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
                || sha256(p_payload[i]) || sha256(p_context[i])
                || int2send(octet_length(p_type[i])::smallint) || convert_to(p_type[i], 'UTF8'));
            chain := sha256(chains[head] || row_hash[i]);
            row_chain[i] := chain;
            row_pos[i] := pos;
            positions[head] := pos;
            chains[head] := chain;
            times[head] := at;
        END IF;
        row_at[i] := at;
        row_version[i] := o_version;
        is_keyed := is_keyed OR p_idempotency_key[i] IS NOT NULL;
        RETURN NEXT;
    END LOOP;

    INSERT INTO event
        SELECT p_org_id[k], p_stream_id[k], row_version[k], row_pos[k], p_stream_kind[k], p_event_id[k], p_type[k],
            p_schema_version[k], row_at[k], p_payload[k], p_context[k], sha256(p_payload[k]), sha256(p_context[k]),
            p_actor[k], p_document_digest[k], p_enabled[k], p_deleted[k], p_published_version[k],
            p_published_by_version[k], row_hash[k], row_chain[k]
        FROM generate_series(1, n) k WHERE row_pos[k] IS NOT NULL;
    INSERT INTO document AS d
        SELECT DISTINCT ON (p_org_id[k], p_document_digest[k]) p_org_id[k], p_document_digest[k], p_document[k]
        FROM generate_series(1, n) k WHERE row_pos[k] IS NOT NULL AND p_document[k] IS NOT NULL
        ON CONFLICT (org_id, digest) DO UPDATE SET bytes = excluded.bytes WHERE d.bytes IS NULL;

    -- A projection that does not stand at the expected version is an error: the whole call is undone. Rows that are there
    -- already are changed one by one: a join could be planned, while a table is young, as a walk over all of it.
    FOR k IN 1 .. n LOOP
        CONTINUE WHEN row_pos[k] IS NULL OR p_stream_kind[k] <> 1 OR p_expected[k] = 0;
        -- What is derived from a document is taken anew only where the document is another.
        UPDATE flow_view f SET
            version = row_version[k], position = row_pos[k], document_digest = p_document_digest[k],
            phone_number_id = CASE WHEN f.document_digest = p_document_digest[k]
                THEN f.phone_number_id ELSE p_phone_number_id[k] END,
            search = CASE WHEN f.document_digest = p_document_digest[k] THEN f.search ELSE p_search[k] END,
            enabled = p_enabled[k], deleted = p_deleted[k],
            published_version = p_published_version[k], published_by_version = p_published_by_version[k],
            published_at = CASE WHEN p_published_by_version[k] = row_version[k] THEN row_at[k]
                WHEN p_published_by_version[k] IS NOT NULL THEN f.published_at END,
            published_digest = p_published_digest[k],
            published_phone_number_id = CASE WHEN f.published_digest = p_published_digest[k]
                THEN f.published_phone_number_id ELSE p_published_phone_number_id[k] END,
            published_search = CASE WHEN f.published_digest = p_published_digest[k]
                THEN f.published_search ELSE p_published_search[k] END,
            updated_at = row_at[k], updated_by = p_author[k], restored_from = p_restored_from[k]
            WHERE f.org_id = p_org_id[k] AND f.flow_id = p_stream_id[k] AND f.version = p_expected[k];
        IF NOT FOUND THEN
            RAISE EXCEPTION 'the view of flow % does not stand at version %: rebuild it',
                p_stream_id[k], p_expected[k] USING ERRCODE = 'data_corrupted';
        END IF;
    END LOOP;
    IF 0 = ANY (p_expected) THEN
        INSERT INTO flow_view
            SELECT p_org_id[k], p_stream_id[k], row_version[k], row_pos[k], p_document_digest[k],
                p_phone_number_id[k], p_search[k], p_enabled[k], p_deleted[k], NULL, NULL, NULL, NULL, NULL, NULL,
                row_at[k], p_author[k], row_at[k], p_author[k], p_duplicated_from_flow[k],
                p_duplicated_from_version[k], p_restored_from[k]
            FROM generate_series(1, n) k
            WHERE p_stream_kind[k] = 1 AND p_expected[k] = 0 AND row_pos[k] IS NOT NULL;
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
    FOR k IN 1 .. head LOOP
        UPDATE log_head l SET position = positions[k], chain_hash = chains[k], recorded_at = times[k]
            WHERE l.org_id = orgs[k] AND l.position < positions[k];
    END LOOP;
END $$;

-- The one row of `api_key` that an event leads to.
CREATE FUNCTION append_to_api_keys(
    p_org_id uuid, p_id uuid, p_version bigint, p_at timestamptz, p_revoked boolean, p_api_key jsonb
) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    IF p_version = 1 THEN
        INSERT INTO api_key
            SELECT p_org_id, p_id, p_version, k.prefix, k.secret_hash, k.name, k.scopes, k.phone_number_ids, p_at,
                k.expires_at, NULL, NULL
            FROM jsonb_populate_record(NULL::api_key, p_api_key) k;
        RETURN;
    END IF;
    UPDATE api_key a SET version = p_version, name = k.name, scopes = k.scopes, phone_number_ids = k.phone_number_ids,
        revoked_at = CASE WHEN p_revoked THEN p_at END
        FROM jsonb_populate_record(NULL::api_key, p_api_key) k
        WHERE a.org_id = p_org_id AND a.id = p_id AND a.version = p_version - 1;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'API key % does not stand at version %', p_id, p_version - 1
            USING ERRCODE = 'data_corrupted';
    END IF;
END $$;
