-- A second wall: where the service connects as an account that owns nothing, it may add to the log, and take content from it
-- only through erase_recorded, which takes what an event of the same transaction says. Appends have to be able to bring
-- back the bytes of a document that were erased, so that account may update them; it may not blank them itself.
CREATE OR REPLACE FUNCTION refuse_rewriting_document() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.org_id IS DISTINCT FROM OLD.org_id OR NEW.digest IS DISTINCT FROM OLD.digest
        OR (NEW.bytes IS NOT NULL AND NEW.bytes IS DISTINCT FROM OLD.bytes
            AND (OLD.bytes IS NOT NULL OR sha256(NEW.bytes) <> OLD.digest)) THEN
        RAISE EXCEPTION 'documents are immutable' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.bytes IS NULL AND OLD.bytes IS NOT NULL
        AND NOT pg_has_role(current_user, (SELECT c.relowner FROM pg_class c WHERE c.oid = TG_RELID), 'USAGE') THEN
        RAISE EXCEPTION 'documents are erased on record' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;

REVOKE EXECUTE ON FUNCTION erase_recorded(uuid, bigint) FROM PUBLIC;
