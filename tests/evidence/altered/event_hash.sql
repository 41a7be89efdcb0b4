-- What a forger computes hashes with. The product computes them in Rust alone.
-- The hash of an event, format 1: fixed widths, big-endian, the type's name last.
CREATE OR REPLACE FUNCTION event_hash_1(
    org_id uuid, stream_kind smallint, stream_id uuid, event_id uuid, version bigint, pos bigint,
    recorded_at timestamptz, schema_version smallint, document_digest bytea, enabled boolean, deleted boolean,
    published_version bigint, published_by_version bigint, payload_digest bytea, context_digest bytea, type text
) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT sha256(
        '\x666c6f772d72656769737472792f6576656e742f31'::bytea  -- "flow-registry/event/1"
        || uuid_send(org_id) || substr(int2send(stream_kind), 2) || uuid_send(stream_id) || uuid_send(event_id)
        || int8send(version) || int8send(pos) || int8send((extract(epoch FROM recorded_at) * 1000000)::bigint)
        || int2send(schema_version)
        || coalesce(document_digest, '\x0000000000000000000000000000000000000000000000000000000000000000'::bytea)
        || substr(int2send((enabled::int + 2 * deleted::int)::smallint), 2)
        || int8send(coalesce(published_version, 0)) || int8send(coalesce(published_by_version, 0))
        || payload_digest || context_digest
        || int2send(octet_length(type)::smallint) || convert_to(type, 'UTF8'))
$$;
