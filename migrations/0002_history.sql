-- Reading the log: filters by who and what come from indexes, an instant leads to a position and a position to the
-- version a stream had then, both by halving.

CREATE INDEX event_actor ON event (org_id, actor, position);
CREATE INDEX event_type ON event (org_id, type, position);

-- The last position of an organization recorded before an instant, 0 if none: positions and times grow together.
CREATE FUNCTION position_before(p_org_id uuid, p_instant timestamptz) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
DECLARE
    low     bigint := 0;
    high    bigint;
    middle  bigint;
    earlier boolean;
BEGIN
    SELECT max(e.position) INTO high FROM event e WHERE e.org_id = p_org_id;
    WHILE low < high LOOP
        middle := (low + high + 1) / 2;
        SELECT e.recorded_at < p_instant INTO earlier FROM event e
            WHERE e.org_id = p_org_id AND e.position = middle;
        IF earlier THEN low := middle; ELSE high := middle - 1; END IF;
    END LOOP;
    RETURN low;
END $$;

-- The last version of a stream that is not above a position, sought up to version p_high; NULL if none.
CREATE FUNCTION version_at(p_org_id uuid, p_stream_id uuid, p_high bigint, p_position bigint) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
DECLARE
    low     bigint := 0;
    high    bigint := p_high;
    middle  bigint;
    earlier boolean;
BEGIN
    WHILE low < high LOOP
        middle := (low + high + 1) / 2;
        SELECT e.position <= p_position INTO earlier FROM event e
            WHERE e.org_id = p_org_id AND e.stream_id = p_stream_id AND e.version = middle;
        IF earlier THEN low := middle; ELSE high := middle - 1; END IF;
    END LOOP;
    RETURN nullif(low, 0);
END $$;
