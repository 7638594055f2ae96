-- Signed-in browsers, and authorization requests that wait for a person.

CREATE TABLE sessions (
    id              TEXT   NOT NULL PRIMARY KEY,
    secret_hash     TEXT   NOT NULL,
    user_id         TEXT   NOT NULL,
    auth_time       BIGINT NOT NULL,
    acr             TEXT   NOT NULL,
    amr             TEXT   NOT NULL,  -- separated by spaces
    created_at      BIGINT NOT NULL,
    last_seen_at    BIGINT NOT NULL,
    idle_expires_at BIGINT NOT NULL,
    expires_at      BIGINT NOT NULL,
    ended_at        BIGINT
);

-- Signing a person out everywhere.
CREATE INDEX sessions_user ON sessions (user_id);

-- The sweep.
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE interactions (
    id                  TEXT   NOT NULL PRIMARY KEY,
    browser_hash        TEXT   NOT NULL,
    client_id           TEXT   NOT NULL,
    parameters          TEXT   NOT NULL,  -- the request as received, form-encoded
    started_at          BIGINT NOT NULL,
    login_at            BIGINT,
    account_selected_at BIGINT,
    consented_at        BIGINT,
    session_id          TEXT,
    expires_at          BIGINT NOT NULL
);

-- The sweep.
CREATE INDEX interactions_expiry ON interactions (expires_at);
