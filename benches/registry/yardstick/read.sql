\set flow random(1, 10000)
\set org :flow % 100
SELECT version, name, status, document, hash, updated_at FROM yardstick.whole WHERE org_id = :org AND flow_id = :flow;
