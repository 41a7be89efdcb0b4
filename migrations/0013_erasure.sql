-- Erasure, on record. What is taken from the log is what an event of the same transaction says is taken, and nothing else:
-- the function reads it there. It runs with the rights of the owner of the tables, so that an account that may not update
-- events erases through it, and only so.
CREATE FUNCTION erase_recorded(p_org_id uuid, p_position bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    told jsonb;
BEGIN
    SELECT convert_from(e.payload, 'UTF8')::jsonb INTO told FROM event e
        WHERE e.org_id = p_org_id AND e.position = p_position AND e.type = 'content.erased'
            AND e.xmin = pg_current_xact_id()::xid;
    IF told IS NULL THEN
        RAISE EXCEPTION 'only what the same transaction puts on record is erased' USING ERRCODE = 'restrict_violation';
    END IF;
    UPDATE event SET context = NULL WHERE org_id = p_org_id AND context IS NOT NULL
        AND position = ANY (ARRAY(SELECT jsonb_array_elements_text(told->'contexts')::bigint));
    UPDATE event SET payload = NULL WHERE org_id = p_org_id AND payload IS NOT NULL AND position <> p_position
        AND position = ANY (ARRAY(SELECT jsonb_array_elements_text(told->'payloads')::bigint));
    UPDATE document SET bytes = NULL WHERE org_id = p_org_id AND bytes IS NOT NULL
        AND digest = ANY (ARRAY(SELECT decode(substr(d, 8), 'hex') FROM jsonb_array_elements_text(told->'documents') AS d));
END $$;

-- Erasures that were asked for: how far each is, and when it last took something away, which is how services learn that
-- they remember what is gone. `request` and `intent`, which may name the person, are emptied when it ends.
CREATE TABLE erasure (
    org_id     uuid        NOT NULL,
    id         uuid        NOT NULL,
    request    jsonb,
    intent     jsonb,
    -- running, done or refused.
    status     text        NOT NULL,
    -- Why it was refused: a code and a sentence that names ids only.
    problem    jsonb,
    erased     bigint      NOT NULL,
    remaining  bigint      NOT NULL,
    touched_at timestamptz NOT NULL,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX erasure_touched ON erasure (touched_at);
