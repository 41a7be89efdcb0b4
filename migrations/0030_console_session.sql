-- Who is signed in to the console. A browser holds a random token in a cookie and never a credential; the row is found by the
-- token's hash. Of a session that was opened with an API key, what it may do is read from the key each time; of one that was
-- opened with a token issued elsewhere, it is what the token said. A row that is over is deleted within minutes.
CREATE TABLE console_session (
    org_id     uuid        NOT NULL,
    token_hash bytea       NOT NULL,
    key_id     uuid,
    -- Of a token issued elsewhere: its subject, its id, and what it allowed.
    subject    text,
    token_id   text,
    scopes     text[]      NOT NULL,
    numbers    text[]      NOT NULL,
    -- Whoever holds a shared key says who they are; a token says it.
    name       text,
    created_at timestamptz NOT NULL,
    -- To the minute or so.
    seen_at    timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    user_agent text,
    PRIMARY KEY (org_id, token_hash),
    CHECK ((key_id IS NULL) <> (subject IS NULL))
);

CREATE INDEX console_session_of_key ON console_session (org_id, key_id, created_at);
-- Of all organizations: what nobody has used for long is deleted.
CREATE INDEX console_session_age ON console_session (seen_at);
