-- What bare Postgres does for the same kind of work, as a measure for the service: one call that checks a version,
-- chains a SHA-256, inserts an event with its document, and brings a summary row up to date.
CREATE SCHEMA yardstick;
SET search_path = yardstick;

CREATE TABLE event (
    seq     bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    org_id  int         NOT NULL,
    flow_id int         NOT NULL,
    version int         NOT NULL,
    type    text        NOT NULL,
    actor   text        NOT NULL,
    payload jsonb       NOT NULL,
    hash    bytea       NOT NULL,
    at      timestamptz NOT NULL DEFAULT now(),
    UNIQUE (flow_id, version)
);
CREATE INDEX event_feed ON event (org_id, seq);

-- Flows with the whole document in the row.
CREATE TABLE whole (
    org_id     int         NOT NULL,
    flow_id    int         NOT NULL,
    version    int         NOT NULL,
    name       text        NOT NULL,
    status     text        NOT NULL,
    document   jsonb       NOT NULL,
    hash       bytea       NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org_id, flow_id)
) WITH (fillfactor = 70);
CREATE INDEX whole_list ON whole (org_id, name, flow_id);

-- Flows in short; the document is that of the event of the same version.
CREATE TABLE summary (
    org_id     int         NOT NULL,
    flow_id    int         NOT NULL,
    version    int         NOT NULL,
    name       text        NOT NULL,
    status     text        NOT NULL,
    hash       bytea       NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (org_id, flow_id)
) WITH (fillfactor = 70);
CREATE INDEX summary_list ON summary (org_id, name, flow_id);

-- A negative expected version accepts any.
CREATE FUNCTION append(
    p_org int, p_flow int, p_expected int, p_type text, p_actor text, p_document text
) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
    current  int;
    chain    bytea;
    document jsonb := p_document::jsonb;
BEGIN
    SELECT s.version, s.hash INTO current, chain FROM yardstick.summary s
        WHERE s.org_id = p_org AND s.flow_id = p_flow FOR UPDATE;
    IF NOT FOUND THEN
        current := 0;
        chain := '\x00';
    END IF;
    IF p_expected >= 0 AND p_expected <> current THEN
        RAISE EXCEPTION 'the flow has moved on' USING ERRCODE = 'serialization_failure';
    END IF;
    current := current + 1;
    chain := sha256(chain || convert_to(p_document, 'UTF8'));
    INSERT INTO yardstick.event (org_id, flow_id, version, type, actor, payload, hash)
        VALUES (p_org, p_flow, current, p_type, p_actor, document, chain);
    INSERT INTO yardstick.summary (org_id, flow_id, version, name, status, hash)
        VALUES (p_org, p_flow, current, document ->> 'name', 'draft', chain)
        ON CONFLICT (org_id, flow_id) DO UPDATE
            SET version = current, name = excluded.name, hash = chain, updated_at = now();
    RETURN current;
END $$;
