-- Keywords in force that contain a text are found by their trigrams, where the extensions can be had: a flow that starts
-- by part of a message is compared with those before it comes in force. Elsewhere every keyword of the organization is read.
-- The kinds are those of keywords but patterns (`ReferenceKind`).
DO $$
BEGIN
    CREATE INDEX flow_reference_within ON flow_reference USING gin (org_id, value gin_trgm_ops) WHERE kind IN (1, 4, 5, 6);
EXCEPTION WHEN OTHERS THEN
    RAISE NOTICE 'without the extensions pg_trgm and btree_gin: %', SQLERRM;
END $$;
