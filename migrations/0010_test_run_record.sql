-- What a stored test run is made again from, under one digest: request, versions of called flows, digest of the trace and
-- rules. A row in which one of them was changed is found when it is read. Rows from before have none, and go after 30 days.
ALTER TABLE test_run ADD COLUMN record_digest bytea;
