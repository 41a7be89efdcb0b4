\set flow random(1, 10000)
SELECT message_store.write_message(gen_random_uuid()::varchar, 'flow-' || :flow, 'FlowUpdated', :document::jsonb);
