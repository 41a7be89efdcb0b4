-- An instant that the clock of the database has not reached yet means all there is, also where a clock that was ahead once
-- has left events with times that are still to come.
CREATE OR REPLACE FUNCTION position_before(p_org_id uuid, p_instant timestamptz) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
DECLARE
    low     bigint := 0;
    high    bigint;
    middle  bigint;
    earlier boolean;
BEGIN
    SELECT l.position INTO high FROM log_head l WHERE l.org_id = p_org_id;
    IF p_instant > now() THEN RETURN coalesce(high, 0); END IF;
    WHILE low < high LOOP
        middle := (low + high + 1) / 2;
        SELECT e.recorded_at < p_instant INTO earlier FROM event e
            WHERE e.org_id = p_org_id AND e.position = middle;
        IF earlier THEN low := middle; ELSE high := middle - 1; END IF;
    END LOOP;
    RETURN low;
END $$;

CREATE OR REPLACE FUNCTION version_before(p_org_id uuid, p_stream_id uuid, p_instant timestamptz) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
DECLARE
    low     bigint := 0;
    high    bigint;
    middle  bigint;
    earlier boolean;
BEGIN
    SELECT v.version INTO high FROM flow_view v WHERE v.org_id = p_org_id AND v.flow_id = p_stream_id;
    IF p_instant > now() THEN RETURN high; END IF;
    WHILE low < high LOOP
        middle := (low + high + 1) / 2;
        SELECT e.recorded_at < p_instant INTO earlier FROM event e
            WHERE e.org_id = p_org_id AND e.stream_id = p_stream_id AND e.version = middle;
        IF earlier THEN low := middle; ELSE high := middle - 1; END IF;
    END LOOP;
    RETURN nullif(low, 0);
END $$;
