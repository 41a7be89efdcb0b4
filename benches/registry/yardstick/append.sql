\set flow random(1, 10000)
\set org :flow % 100
SELECT yardstick.append(:org, :flow, -1, 'flow.updated', 'key:1', :document);
