-- Tree heads: signed notes over the Merkle trees of a log, by which single events and flows are proven without the rest of
-- it. Kept beside the checkpoints and made less often. What they prove rests on the signature alone.
CREATE TABLE tree_head (
    org_id    uuid        NOT NULL,
    position  bigint      NOT NULL CHECK (position > 0),
    note      text        NOT NULL,
    signed_at timestamptz NOT NULL,
    PRIMARY KEY (org_id, position)
);

-- Append-only like checkpoints. The only update a note takes is further signatures below those it has.
CREATE FUNCTION refuse_rewriting_tree_head() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    allowed tree_head := OLD;
BEGIN
    IF starts_with(NEW.note, OLD.note) THEN allowed.note := NEW.note; END IF;
    IF NEW IS DISTINCT FROM allowed THEN
        RAISE EXCEPTION 'tree heads are append-only' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER tree_head_no_rewrite BEFORE UPDATE ON tree_head
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting_tree_head();
CREATE TRIGGER tree_head_no_delete BEFORE DELETE ON tree_head FOR EACH ROW EXECUTE FUNCTION refuse_removal();
CREATE TRIGGER tree_head_no_truncate BEFORE TRUNCATE ON tree_head EXECUTE FUNCTION refuse_removal();
ALTER TABLE tree_head ENABLE ALWAYS TRIGGER tree_head_no_rewrite;
ALTER TABLE tree_head ENABLE ALWAYS TRIGGER tree_head_no_delete;
ALTER TABLE tree_head ENABLE ALWAYS TRIGGER tree_head_no_truncate;
