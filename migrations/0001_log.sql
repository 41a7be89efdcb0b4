-- The event log, the views it feeds, and the one function that appends to it.
-- Every key begins with org_id, so that tables can be distributed by it. No sequence, enum, foreign key or
-- session state is used: the same statements work behind a transaction pooler and on a sharded cluster.

-- The head of each organization's log. Whoever appends holds this row's lock, so position order is commit order.
CREATE TABLE log_head (
    org_id      uuid        NOT NULL PRIMARY KEY,
    position    bigint      NOT NULL,
    chain_hash  bytea       NOT NULL,
    recorded_at timestamptz NOT NULL
) WITH (fillfactor = 50);

-- What happened. Payload and context are kept as the exact bytes that were hashed; legal erasure turns them to NULL
-- and leaves their digests. The five columns from document_digest on are the state of a flow after the event.
CREATE TABLE event (
    org_id               uuid        NOT NULL,
    stream_id            uuid        NOT NULL,
    version              bigint      NOT NULL CHECK (version > 0),
    position             bigint      NOT NULL CHECK (position > 0),
    stream_kind          smallint    NOT NULL,
    event_id             uuid        NOT NULL,
    type                 text        NOT NULL,
    schema_version       smallint    NOT NULL,
    recorded_at          timestamptz NOT NULL,
    payload              bytea,
    context              bytea,
    payload_digest       bytea       NOT NULL,
    context_digest       bytea       NOT NULL,
    actor                text        NOT NULL,
    document_digest      bytea,
    enabled              boolean     NOT NULL,
    deleted              boolean     NOT NULL,
    published_version    bigint,
    published_by_version bigint,
    event_hash           bytea       NOT NULL,
    chain_hash           bytea       NOT NULL,
    PRIMARY KEY (org_id, stream_id, version),
    UNIQUE (org_id, position)
);

-- Flow documents by the digest of their canonical bytes: stored once, whatever number of events refer to them.
CREATE TABLE document (
    org_id uuid  NOT NULL,
    digest bytea NOT NULL,
    bytes  bytea,
    PRIMARY KEY (org_id, digest)
);

-- What gets and lists read. Everything here can be thrown away and computed again from the log.
CREATE TABLE flow_view (
    org_id                    uuid        NOT NULL,
    flow_id                   uuid        NOT NULL,
    version                   bigint      NOT NULL,
    position                  bigint      NOT NULL,
    document_digest           bytea       NOT NULL,
    phone_number_id           text,
    search                    text        NOT NULL,
    enabled                   boolean     NOT NULL,
    deleted                   boolean     NOT NULL,
    published_version         bigint,
    published_by_version      bigint,
    published_at              timestamptz,
    published_digest          bytea,
    published_phone_number_id text,
    published_search          text,
    created_at                timestamptz NOT NULL,
    created_by                bytea       NOT NULL,
    updated_at                timestamptz NOT NULL,
    updated_by                bytea       NOT NULL,
    duplicated_from_flow      uuid,
    duplicated_from_version   bigint,
    restored_from             bigint,
    PRIMARY KEY (org_id, flow_id)
) WITH (fillfactor = 70);
CREATE INDEX flow_view_newest ON flow_view (org_id, position DESC);
CREATE INDEX flow_view_in_force ON flow_view (org_id, published_phone_number_id) WHERE published_version IS NOT NULL;

-- API keys as they are now; their history is in the log. The hash of a secret never enters the log.
CREATE TABLE api_key (
    org_id           uuid        NOT NULL,
    id               uuid        NOT NULL,
    version          bigint      NOT NULL,
    prefix           text        NOT NULL,
    secret_hash      bytea       NOT NULL,
    name             text        NOT NULL,
    scopes           text[]      NOT NULL,
    phone_number_ids text[]      NOT NULL,
    created_at       timestamptz NOT NULL,
    expires_at       timestamptz,
    revoked_at       timestamptz,
    last_used_at     timestamptz,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX api_key_prefix ON api_key (prefix);

-- Requests that were answered, so that a repeated one gets the same answer. Rows go after a day.
CREATE TABLE idempotency_key (
    org_id         uuid        NOT NULL,
    key            text        NOT NULL,
    request_digest bytea       NOT NULL,
    stream_id      uuid        NOT NULL,
    version        bigint      NOT NULL,
    recorded_at    timestamptz NOT NULL,
    PRIMARY KEY (org_id, key)
);
CREATE INDEX idempotency_key_age ON idempotency_key (recorded_at);

-- lz4 is faster than the default on documents; a server built without it keeps the default.
DO $$
BEGIN
    ALTER TABLE document ALTER COLUMN bytes SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN
    NULL;
END $$;

-- Append-only. The only update an event takes is the erasure of its payload or context; a document's bytes may be
-- erased, and come back only as the bytes its digest names. Nothing is ever deleted.
CREATE FUNCTION refuse_rewriting_event() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    allowed event := OLD;
BEGIN
    IF NEW.payload IS NULL THEN allowed.payload := NULL; END IF;
    IF NEW.context IS NULL THEN allowed.context := NULL; END IF;
    IF NEW IS DISTINCT FROM allowed THEN
        RAISE EXCEPTION 'the event log is append-only' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION refuse_rewriting_document() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.org_id IS DISTINCT FROM OLD.org_id OR NEW.digest IS DISTINCT FROM OLD.digest
        OR (NEW.bytes IS NOT NULL AND NEW.bytes IS DISTINCT FROM OLD.bytes
            AND (OLD.bytes IS NOT NULL OR sha256(NEW.bytes) <> OLD.digest)) THEN
        RAISE EXCEPTION 'documents are immutable' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION refuse_removal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER event_no_rewrite BEFORE UPDATE ON event FOR EACH ROW EXECUTE FUNCTION refuse_rewriting_event();
CREATE TRIGGER document_no_rewrite BEFORE UPDATE ON document
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting_document();
CREATE TRIGGER event_no_removal BEFORE DELETE OR TRUNCATE ON event EXECUTE FUNCTION refuse_removal();
CREATE TRIGGER document_no_removal BEFORE DELETE OR TRUNCATE ON document EXECUTE FUNCTION refuse_removal();
CREATE TRIGGER log_head_no_removal BEFORE DELETE OR TRUNCATE ON log_head EXECUTE FUNCTION refuse_removal();
-- ALWAYS: a session in replica role does not escape them.
ALTER TABLE event ENABLE ALWAYS TRIGGER event_no_rewrite;
ALTER TABLE event ENABLE ALWAYS TRIGGER event_no_removal;
ALTER TABLE document ENABLE ALWAYS TRIGGER document_no_rewrite;
ALTER TABLE document ENABLE ALWAYS TRIGGER document_no_removal;
ALTER TABLE log_head ENABLE ALWAYS TRIGGER log_head_no_removal;

-- The hash of an event, format 1: fixed widths, big-endian, the type's name last.
CREATE FUNCTION event_hash_1(
    org_id uuid, stream_kind smallint, stream_id uuid, event_id uuid, version bigint, pos bigint,
    recorded_at timestamptz, schema_version smallint, document_digest bytea, enabled boolean, deleted boolean,
    published_version bigint, published_by_version bigint, payload_digest bytea, context_digest bytea, type text
) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT sha256(
        '\x666c6f772d72656769737472792f6576656e742f31'::bytea  -- "flow-registry/event/1"
        || uuid_send(org_id) || substr(int2send(stream_kind), 2) || uuid_send(stream_id) || uuid_send(event_id)
        || int8send(version) || int8send(pos) || int8send((extract(epoch FROM recorded_at) * 1000000)::bigint)
        || int2send(schema_version)
        || coalesce(document_digest, '\x0000000000000000000000000000000000000000000000000000000000000000'::bytea)
        || substr(int2send((enabled::int + 2 * deleted::int)::smallint), 2)
        || int8send(coalesce(published_version, 0)) || int8send(coalesce(published_by_version, 0))
        || payload_digest || context_digest
        || int2send(octet_length(type)::smallint) || convert_to(type, 'UTF8'))
$$;

-- Appends rows, grouped by ascending organization. One call is one transaction and one round trip; outcomes are
-- values, in the order of the rows:
--   appended    the event is in the log (also when an earlier try of the same event_id put it there)
--   recorded    nothing to append; the idempotency key now answers with the expected version
--   replayed    the idempotency key was known: the stream and version it answered with
--   key_reused  the idempotency key was known, for another request
--   conflict    the stream has moved on: the version it is at
-- The function knows no rule of flows: it numbers, chains, stores and projects what it is given.
CREATE FUNCTION append_events(
    p_org_id uuid[], p_stream_kind smallint[], p_stream_id uuid[], p_expected bigint[], p_event_id uuid[],
    p_type text[], p_schema_version smallint[], p_payload bytea[], p_context bytea[], p_actor text[],
    p_document_digest bytea[], p_document bytea[], p_enabled boolean[], p_deleted boolean[],
    p_published_version bigint[], p_published_by_version bigint[],
    p_author bytea[], p_phone_number_id text[], p_search text[],
    p_published_digest bytea[], p_published_phone_number_id text[], p_published_search text[],
    p_duplicated_from_flow uuid[], p_duplicated_from_version bigint[], p_restored_from bigint[],
    p_api_key jsonb[], p_idempotency_key text[], p_request_digest bytea[]
) RETURNS TABLE (o_outcome text, o_stream_id uuid, o_version bigint, o_position bigint, o_recorded_at timestamptz)
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    orgs           uuid[] := '{}';
    positions      bigint[] := '{}';
    chains         bytea[] := '{}';
    times          timestamptz[] := '{}';
    moved          boolean[] := '{}';
    org            uuid;
    head           integer := 0;
    at             timestamptz;
    v              bigint;
    pos            bigint;
    hash           bytea;
    chain          bytea;
    payload_digest bytea;
    context_digest bytea;
    found_id       uuid;
    found_digest   bytea;
BEGIN
    -- Heads first, in one order for everybody: nothing below can then wait for another append.
    FOR org IN SELECT DISTINCT u FROM unnest(p_org_id) AS u ORDER BY u LOOP
        SELECT l.position, l.chain_hash, l.recorded_at INTO pos, chain, at FROM log_head l
            WHERE l.org_id = org FOR UPDATE;
        IF NOT FOUND THEN
            INSERT INTO log_head VALUES (
                org, 0, sha256('\x666c6f772d72656769737472792f6c6f672f31'::bytea || uuid_send(org)), '-infinity')
                ON CONFLICT (org_id) DO NOTHING;  -- "flow-registry/log/1"
            SELECT l.position, l.chain_hash, l.recorded_at INTO STRICT pos, chain, at FROM log_head l
                WHERE l.org_id = org FOR UPDATE;
        END IF;
        orgs := orgs || org;
        positions := positions || pos;
        chains := chains || chain;
        times := times || at;
        moved := moved || false;
    END LOOP;

    FOR i IN 1 .. cardinality(p_org_id) LOOP
        IF i = 1 OR p_org_id[i] <> p_org_id[i - 1] THEN
            head := head + 1;
        END IF;
        IF orgs[head] IS DISTINCT FROM p_org_id[i] THEN
            RAISE EXCEPTION 'rows are not grouped by ascending organization' USING ERRCODE = 'data_exception';
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
        at := greatest(clock_timestamp(), times[head] + interval '1 microsecond');
        IF p_type[i] IS NULL THEN
            o_outcome := 'recorded';
            o_version := p_expected[i];
            o_recorded_at := at;
        ELSE
            v := p_expected[i] + 1;
            pos := positions[head] + 1;
            payload_digest := sha256(p_payload[i]);
            context_digest := sha256(p_context[i]);
            hash := event_hash_1(p_org_id[i], p_stream_kind[i], p_stream_id[i], p_event_id[i], v, pos, at,
                p_schema_version[i], p_document_digest[i], p_enabled[i], p_deleted[i],
                p_published_version[i], p_published_by_version[i], payload_digest, context_digest, p_type[i]);
            chain := sha256(chains[head] || hash);
            INSERT INTO event VALUES (
                p_org_id[i], p_stream_id[i], v, pos, p_stream_kind[i], p_event_id[i], p_type[i],
                p_schema_version[i], at, p_payload[i], p_context[i], payload_digest, context_digest, p_actor[i],
                p_document_digest[i], p_enabled[i], p_deleted[i], p_published_version[i],
                p_published_by_version[i], hash, chain)
                ON CONFLICT (org_id, stream_id, version) DO NOTHING;
            IF NOT FOUND THEN
                SELECT e.event_id, e.position, e.recorded_at INTO found_id, o_position, o_recorded_at FROM event e
                    WHERE e.org_id = p_org_id[i] AND e.stream_id = p_stream_id[i] AND e.version = v;
                IF found_id = p_event_id[i] THEN
                    o_outcome := 'appended';
                    o_version := v;
                ELSE
                    o_outcome := 'conflict';
                    o_position := NULL;
                    o_recorded_at := NULL;
                    SELECT max(e.version) INTO o_version FROM event e
                        WHERE e.org_id = p_org_id[i] AND e.stream_id = p_stream_id[i];
                END IF;
                RETURN NEXT;
                CONTINUE;
            END IF;
            positions[head] := pos;
            chains[head] := chain;
            times[head] := at;
            moved[head] := true;
            o_outcome := 'appended';
            o_version := v;
            o_position := pos;
            o_recorded_at := at;

            IF p_document[i] IS NOT NULL THEN
                INSERT INTO document AS d VALUES (p_org_id[i], p_document_digest[i], p_document[i])
                    ON CONFLICT (org_id, digest) DO UPDATE SET bytes = excluded.bytes WHERE d.bytes IS NULL;
            END IF;

            -- A projection that does not stand at the expected version is an error: the whole call is undone.
            IF p_stream_kind[i] = 1 AND v = 1 THEN
                INSERT INTO flow_view VALUES (
                    p_org_id[i], p_stream_id[i], v, pos, p_document_digest[i], p_phone_number_id[i], p_search[i],
                    p_enabled[i], p_deleted[i], NULL, NULL, NULL, NULL, NULL, NULL, at, p_author[i], at, p_author[i],
                    p_duplicated_from_flow[i], p_duplicated_from_version[i], p_restored_from[i]);
            ELSIF p_stream_kind[i] = 1 THEN
                -- What is derived from a document is taken anew only where the document is another.
                UPDATE flow_view f SET
                    version = v, position = pos, document_digest = p_document_digest[i],
                    phone_number_id = CASE WHEN f.document_digest = p_document_digest[i]
                        THEN f.phone_number_id ELSE p_phone_number_id[i] END,
                    search = CASE WHEN f.document_digest = p_document_digest[i]
                        THEN f.search ELSE p_search[i] END,
                    enabled = p_enabled[i], deleted = p_deleted[i],
                    published_version = p_published_version[i], published_by_version = p_published_by_version[i],
                    published_at = CASE WHEN p_published_by_version[i] = v THEN at
                        WHEN p_published_by_version[i] IS NOT NULL THEN f.published_at END,
                    published_digest = p_published_digest[i],
                    published_phone_number_id = CASE WHEN f.published_digest = p_published_digest[i]
                        THEN f.published_phone_number_id ELSE p_published_phone_number_id[i] END,
                    published_search = CASE WHEN f.published_digest = p_published_digest[i]
                        THEN f.published_search ELSE p_published_search[i] END,
                    updated_at = at, updated_by = p_author[i], restored_from = p_restored_from[i]
                    WHERE f.org_id = p_org_id[i] AND f.flow_id = p_stream_id[i] AND f.version = p_expected[i];
                IF NOT FOUND THEN
                    RAISE EXCEPTION 'the view of flow % does not stand at version %: rebuild it',
                        p_stream_id[i], p_expected[i] USING ERRCODE = 'data_corrupted';
                END IF;
            ELSIF p_stream_kind[i] = 2 AND v = 1 THEN
                INSERT INTO api_key
                    SELECT p_org_id[i], p_stream_id[i], v, k.prefix, k.secret_hash, k.name, k.scopes,
                        k.phone_number_ids, at, k.expires_at, NULL, NULL
                    FROM jsonb_populate_record(NULL::api_key, p_api_key[i]) k;
            ELSIF p_stream_kind[i] = 2 THEN
                UPDATE api_key a SET version = v, name = k.name, scopes = k.scopes,
                    phone_number_ids = k.phone_number_ids, revoked_at = CASE WHEN p_deleted[i] THEN at END
                    FROM jsonb_populate_record(NULL::api_key, p_api_key[i]) k
                    WHERE a.org_id = p_org_id[i] AND a.id = p_stream_id[i] AND a.version = p_expected[i];
                IF NOT FOUND THEN
                    RAISE EXCEPTION 'API key % does not stand at version %',
                        p_stream_id[i], p_expected[i] USING ERRCODE = 'data_corrupted';
                END IF;
            END IF;
        END IF;

        IF p_idempotency_key[i] IS NOT NULL THEN
            INSERT INTO idempotency_key VALUES (
                p_org_id[i], p_idempotency_key[i], p_request_digest[i], p_stream_id[i], o_version, at);
        END IF;
        RETURN NEXT;
    END LOOP;

    FOR k IN 1 .. cardinality(orgs) LOOP
        IF moved[k] THEN
            UPDATE log_head l SET position = positions[k], chain_hash = chains[k], recorded_at = times[k]
                WHERE l.org_id = orgs[k];
        END IF;
    END LOOP;
END $$;

-- The last version of a stream recorded before an instant, found by halving: versions and times grow together.
CREATE FUNCTION version_before(p_org_id uuid, p_stream_id uuid, p_instant timestamptz) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
DECLARE
    low     bigint := 0;
    high    bigint;
    middle  bigint;
    earlier boolean;
BEGIN
    SELECT max(e.version) INTO high FROM event e WHERE e.org_id = p_org_id AND e.stream_id = p_stream_id;
    WHILE low < high LOOP
        middle := (low + high + 1) / 2;
        SELECT e.recorded_at < p_instant INTO earlier FROM event e
            WHERE e.org_id = p_org_id AND e.stream_id = p_stream_id AND e.version = middle;
        IF earlier THEN low := middle; ELSE high := middle - 1; END IF;
    END LOOP;
    RETURN nullif(low, 0);
END $$;
