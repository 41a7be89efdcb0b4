-- The tables that postgres-es asks for: events, and one for the view.
CREATE TABLE events (
    aggregate_type text                         NOT NULL,
    aggregate_id   text                         NOT NULL,
    sequence       bigint CHECK (sequence >= 0) NOT NULL,
    event_type     text                         NOT NULL,
    event_version  text                         NOT NULL,
    payload        json                         NOT NULL,
    metadata       json                         NOT NULL,
    PRIMARY KEY (aggregate_type, aggregate_id, sequence)
);
CREATE TABLE flow_view (
    view_id text                        NOT NULL PRIMARY KEY,
    version bigint CHECK (version >= 0) NOT NULL,
    payload json                        NOT NULL
);
