-- What an idempotency key was answered with, under one digest: a row that was altered, or put in the place of another, is
-- found by the walk over what is stored. Rows from before have none, and go after a day.
ALTER TABLE idempotency_key ADD COLUMN record_digest bytea;

CREATE FUNCTION idempotency_record(p_org_id uuid, p_key text, p_request bytea, p_answer jsonb) RETURNS bytea
LANGUAGE sql IMMUTABLE AS $$
    SELECT sha256(convert_to(p_org_id::text || ' ' || encode(p_request, 'hex') || ' ' || p_answer::text || ' ' || p_key, 'UTF8'))
$$;
