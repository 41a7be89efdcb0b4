-- What requests read. The append keeps these tables; all of them but the hashes of secrets and the times of last use can
-- be computed again from the log.

-- Flows as they are now.
CREATE TABLE flow_view (
    org_id                    uuid        NOT NULL,
    flow_id                   uuid        NOT NULL,
    version                   bigint      NOT NULL,
    position                  bigint      NOT NULL,
    document_digest           bytea       NOT NULL,
    enabled                   boolean     NOT NULL,
    deleted                   boolean     NOT NULL,
    published_version         bigint,
    published_by_version      bigint,
    phone_number_id           text,
    published_at              timestamptz,
    published_digest          bytea,
    published_phone_number_id text,
    created_at                timestamptz NOT NULL,
    created_by                bytea       NOT NULL,
    updated_at                timestamptz NOT NULL,
    updated_by                bytea       NOT NULL,
    duplicated_from_flow      uuid,
    duplicated_from_version   bigint,
    restored_from             bigint,
    PRIMARY KEY (org_id, flow_id)
) WITH (fillfactor = 70);
-- Each order that lists are read in, newest change first. An edit writes to every index that its flow is in.
CREATE INDEX flow_view_newest ON flow_view (org_id, position DESC);
CREATE INDEX flow_view_of_number ON flow_view (org_id, phone_number_id, position DESC) WHERE phone_number_id IS NOT NULL;
CREATE INDEX flow_view_in_force ON flow_view (org_id, position DESC) WHERE published_version IS NOT NULL;
CREATE INDEX flow_view_in_force_of_number ON flow_view (org_id, published_phone_number_id, position DESC)
    WHERE published_version IS NOT NULL AND published_phone_number_id IS NOT NULL;
CREATE INDEX flow_view_deleted ON flow_view (org_id, position DESC) WHERE deleted;

-- Name and description of drafts and of what is in force, folded for search. Written only when they change, by the event
-- at `since_position`. `folding` is the number of the rules that folded the text: rows with another number are computed
-- again.
CREATE TABLE flow_search (
    org_id         uuid     NOT NULL,
    flow_id        uuid     NOT NULL,
    in_force       boolean  NOT NULL,
    since_position bigint   NOT NULL,
    folding        smallint NOT NULL,
    text           text     NOT NULL,
    PRIMARY KEY (org_id, flow_id, in_force)
);
CREATE INDEX flow_search_folding ON flow_search (folding, org_id, flow_id);

-- What the document in force of each flow refers to and starts by. The kinds are those of `ReferenceKind`: keywords by how
-- they are heard (1, 4 to 7; folded, but for patterns), other triggers (8 to 11), flows it calls (2) or hands over to (3),
-- by which callers are found. `since_version` is the event that put the document in force.
CREATE TABLE flow_reference (
    org_id        uuid     NOT NULL,
    kind          smallint NOT NULL,
    value         text     NOT NULL,
    flow_id       uuid     NOT NULL,
    since_version bigint   NOT NULL,
    folding       smallint NOT NULL,
    PRIMARY KEY (org_id, kind, value, flow_id, since_version)
);
CREATE INDEX flow_reference_of_flow ON flow_reference (org_id, flow_id);
CREATE INDEX flow_reference_folding ON flow_reference (folding, org_id, flow_id);

-- Text is found by its trigrams where the extensions can be had; elsewhere a search reads the texts of the organization.
DO $$
BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
    CREATE EXTENSION IF NOT EXISTS btree_gin;
    CREATE INDEX flow_search_text ON flow_search USING gin (org_id, text gin_trgm_ops);
EXCEPTION WHEN OTHERS THEN
    RAISE NOTICE 'without the extensions pg_trgm and btree_gin: %', SQLERRM;
END $$;

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
CREATE INDEX api_key_prefix_of_organization ON api_key (org_id, prefix);
-- Tells a key of another organization from an unknown one.
CREATE INDEX api_key_prefix ON api_key (prefix);

-- Requests that were answered, so that a repeated one gets the same answer: the streams and versions it led to, as a JSON
-- array of [stream, version]. Rows go after a day.
CREATE TABLE idempotency_key (
    org_id         uuid        NOT NULL,
    key            text        NOT NULL,
    request_digest bytea       NOT NULL,
    answer         jsonb       NOT NULL,
    recorded_at    timestamptz NOT NULL,
    PRIMARY KEY (org_id, key)
);
CREATE INDEX idempotency_key_age ON idempotency_key (recorded_at);

-- The last version of a flow recorded before an instant, found by halving; NULL if none. Where that begins is read from
-- the view: sought in the log, the last version could be planned as a walk through the whole stream.
CREATE FUNCTION version_before(p_org_id uuid, p_stream_id uuid, p_instant timestamptz) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
DECLARE
    low     bigint := 0;
    high    bigint;
    middle  bigint;
    earlier boolean;
BEGIN
    SELECT v.version INTO high FROM flow_view v WHERE v.org_id = p_org_id AND v.flow_id = p_stream_id;
    WHILE low < high LOOP
        middle := (low + high + 1) / 2;
        SELECT e.recorded_at < p_instant INTO earlier FROM event e
            WHERE e.org_id = p_org_id AND e.stream_id = p_stream_id AND e.version = middle;
        IF earlier THEN low := middle; ELSE high := middle - 1; END IF;
    END LOOP;
    RETURN nullif(low, 0);
END $$;

-- The last version of a stream that is not above a position, sought up to version p_high; NULL if none.
CREATE FUNCTION version_at(p_org_id uuid, p_stream_id uuid, p_high bigint, p_position bigint) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
DECLARE
    low     bigint := 0;
    high    bigint := p_high;
    middle  bigint;
    earlier boolean;
BEGIN
    WHILE low < high LOOP
        middle := (low + high + 1) / 2;
        SELECT e.position <= p_position INTO earlier FROM event e
            WHERE e.org_id = p_org_id AND e.stream_id = p_stream_id AND e.version = middle;
        IF earlier THEN low := middle; ELSE high := middle - 1; END IF;
    END LOOP;
    RETURN nullif(low, 0);
END $$;
