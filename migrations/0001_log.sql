-- The event log. Every key begins with org_id, so that tables can be distributed or partitioned by it. No sequence, enum,
-- foreign key or session state is used: the same statements work behind a pooler and on a sharded cluster.

-- The end of each organization's log. Whoever appends holds this row's lock, so position order is commit order.
CREATE TABLE log_head (
    org_id            uuid        NOT NULL PRIMARY KEY,
    position          bigint      NOT NULL,
    chain_hash        bytea       NOT NULL,
    recorded_at       timestamptz NOT NULL,
    -- Position of the last event that changed which flows are in force; 0 before the first.
    in_force_position bigint      NOT NULL DEFAULT 0,
    -- How often rows of views were put right. Views change by appends and by repairs only, so that who knows position and
    -- repairs knows that no view has changed since.
    repairs           bigint      NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

-- Who acted, under a random id of the organization's own. The log holds the id; the name can be erased here.
CREATE TABLE actor (
    org_id  uuid NOT NULL,
    id      uuid NOT NULL,
    subject text NOT NULL,
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, subject)
);

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
    actor                uuid        NOT NULL,
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
-- What one person did, in order.
CREATE INDEX event_actor ON event (org_id, actor, position);
-- Of each type but the commonest, which a walk along the positions finds at once.
CREATE INDEX event_type ON event (org_id, type, position) WHERE type <> 'flow.updated';

-- Flow documents by the digest of their canonical bytes: stored once, whatever number of events refer to them.
CREATE TABLE document (
    org_id uuid  NOT NULL,
    digest bytea NOT NULL,
    bytes  bytea,
    PRIMARY KEY (org_id, digest)
);

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

-- Deletes are refused row by row, which partitions inherit; a truncate has no rows and is refused for each table.
-- ALWAYS: a session in replica role does not escape them.
CREATE TRIGGER event_no_rewrite BEFORE UPDATE ON event FOR EACH ROW EXECUTE FUNCTION refuse_rewriting_event();
CREATE TRIGGER event_no_delete BEFORE DELETE ON event FOR EACH ROW EXECUTE FUNCTION refuse_removal();
CREATE TRIGGER event_no_truncate BEFORE TRUNCATE ON event EXECUTE FUNCTION refuse_removal();
CREATE TRIGGER document_no_rewrite BEFORE UPDATE ON document
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting_document();
CREATE TRIGGER document_no_delete BEFORE DELETE ON document FOR EACH ROW EXECUTE FUNCTION refuse_removal();
CREATE TRIGGER document_no_truncate BEFORE TRUNCATE ON document EXECUTE FUNCTION refuse_removal();
CREATE TRIGGER log_head_no_delete BEFORE DELETE ON log_head FOR EACH ROW EXECUTE FUNCTION refuse_removal();
CREATE TRIGGER log_head_no_truncate BEFORE TRUNCATE ON log_head EXECUTE FUNCTION refuse_removal();
ALTER TABLE event ENABLE ALWAYS TRIGGER event_no_rewrite;
ALTER TABLE event ENABLE ALWAYS TRIGGER event_no_delete;
ALTER TABLE event ENABLE ALWAYS TRIGGER event_no_truncate;
ALTER TABLE document ENABLE ALWAYS TRIGGER document_no_rewrite;
ALTER TABLE document ENABLE ALWAYS TRIGGER document_no_delete;
ALTER TABLE document ENABLE ALWAYS TRIGGER document_no_truncate;
ALTER TABLE log_head ENABLE ALWAYS TRIGGER log_head_no_delete;
ALTER TABLE log_head ENABLE ALWAYS TRIGGER log_head_no_truncate;

-- The last position of an organization recorded before an instant, 0 if none. Positions and times grow together, so it is
-- found by halving.
CREATE FUNCTION position_before(p_org_id uuid, p_instant timestamptz) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
DECLARE
    low     bigint := 0;
    high    bigint;
    middle  bigint;
    earlier boolean;
BEGIN
    SELECT l.position INTO high FROM log_head l WHERE l.org_id = p_org_id;
    WHILE low < high LOOP
        middle := (low + high + 1) / 2;
        SELECT e.recorded_at < p_instant INTO earlier FROM event e
            WHERE e.org_id = p_org_id AND e.position = middle;
        IF earlier THEN low := middle; ELSE high := middle - 1; END IF;
    END LOOP;
    RETURN low;
END $$;
