\set org random(0, 99)
SELECT flow_id, version, name, status, updated_at FROM yardstick.summary WHERE org_id = :org ORDER BY name, flow_id LIMIT 50;
