-- Flows read values of their organization, which change. A run that read some names the position of the log that they were
-- those of, so that it is run again with the same.
ALTER TABLE test_run ADD COLUMN env_position bigint;
