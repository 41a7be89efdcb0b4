-- Test runs: what was asked, with every version resolved, and the digest of the trace it led to. The trace itself is
-- not kept: the run is a function of these and is run again when it is read. Rows go after 30 days.
CREATE TABLE test_run (
    org_id      uuid        NOT NULL,
    run_id      uuid        NOT NULL,
    flow_id     uuid        NOT NULL,
    version     bigint,
    name        text,
    description text,
    request     bytea       NOT NULL,
    callees     jsonb       NOT NULL,
    digest      bytea       NOT NULL,
    -- The rules the run was carried out by.
    engine      text        NOT NULL,
    status      text        NOT NULL,
    passed      boolean,
    executed_at timestamptz NOT NULL,
    duration_ms bigint      NOT NULL,
    author      bytea       NOT NULL,
    PRIMARY KEY (org_id, run_id)
);
CREATE INDEX test_run_of_flow ON test_run (org_id, flow_id, run_id DESC);
CREATE INDEX test_run_age ON test_run (executed_at);
