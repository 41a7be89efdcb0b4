-- Only lists may use the indexes that lists walk. While a table is new and small, Postgres takes an index on (org_id, …)
-- to be as good as the primary key for finding one flow, and a connection keeps that plan when the table has grown: each
-- append then read all flows of the organization. An index with a condition serves only queries that repeat it, and
-- queries for lists do: `position > 0`, which is true of every row.
DROP INDEX flow_view_newest;
DROP INDEX flow_view_in_force;
DROP INDEX flow_view_deleted;
CREATE INDEX flow_view_newest ON flow_view (org_id, position DESC) WHERE position > 0;
CREATE INDEX flow_view_in_force ON flow_view (org_id, position DESC)
    WHERE published_version IS NOT NULL AND position > 0;
CREATE INDEX flow_view_deleted ON flow_view (org_id, position DESC) WHERE deleted AND position > 0;
