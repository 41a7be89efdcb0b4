-- Checkpoints: where an organization's log stood, signed, as the notes that others may have kept too. A later log that
-- does not lead to the same chain hash at the same position is not the log that was signed. Kept beside the log so that
-- exports can carry them; what they prove rests on the signature alone.
CREATE TABLE checkpoint (
    org_id    uuid        NOT NULL,
    position  bigint      NOT NULL CHECK (position >= 0),
    note      text        NOT NULL,
    signed_at timestamptz NOT NULL,
    PRIMARY KEY (org_id, position)
);

-- Append-only like the log. The only update a note takes is further signatures below those it has.
CREATE FUNCTION refuse_rewriting_checkpoint() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    allowed checkpoint := OLD;
BEGIN
    IF starts_with(NEW.note, OLD.note) THEN allowed.note := NEW.note; END IF;
    IF NEW IS DISTINCT FROM allowed THEN
        RAISE EXCEPTION 'checkpoints are append-only' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER checkpoint_no_rewrite BEFORE UPDATE ON checkpoint
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting_checkpoint();
CREATE TRIGGER checkpoint_no_delete BEFORE DELETE ON checkpoint FOR EACH ROW EXECUTE FUNCTION refuse_removal();
CREATE TRIGGER checkpoint_no_truncate BEFORE TRUNCATE ON checkpoint EXECUTE FUNCTION refuse_removal();
ALTER TABLE checkpoint ENABLE ALWAYS TRIGGER checkpoint_no_rewrite;
ALTER TABLE checkpoint ENABLE ALWAYS TRIGGER checkpoint_no_delete;
ALTER TABLE checkpoint ENABLE ALWAYS TRIGGER checkpoint_no_truncate;

-- What the links to exports of an organization are signed with. Replicas share it through this table; it is made when
-- the first link is. Deleting the row ends every link that is out.
CREATE TABLE export_secret (
    org_id uuid  NOT NULL PRIMARY KEY,
    secret bytea NOT NULL
);
