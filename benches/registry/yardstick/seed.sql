-- 10,000 flows in 100 organizations, and flow 0 with 10,000 versions. The variable `document` is each one's.
SET search_path = yardstick;

INSERT INTO event (org_id, flow_id, version, type, actor, payload, hash)
    SELECT n % 100, n, 1, 'flow.created', 'key:1', :'document'::jsonb, sha256('\x00') FROM generate_series(1, 10000) n;
INSERT INTO whole
    SELECT n % 100, n, 1, 'flow ' || n, 'draft', :'document'::jsonb, sha256('\x00') FROM generate_series(1, 10000) n;
INSERT INTO summary
    SELECT n % 100, n, 1, 'flow ' || n, 'draft', sha256('\x00') FROM generate_series(1, 10000) n;
INSERT INTO event (org_id, flow_id, version, type, actor, payload, hash)
    SELECT 0, 0, n, 'flow.updated', 'key:1', :'document'::jsonb, sha256('\x00') FROM generate_series(1, 10000) n;
VACUUM ANALYZE event;
VACUUM ANALYZE whole;
VACUUM ANALYZE summary;
