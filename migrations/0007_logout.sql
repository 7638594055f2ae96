-- Telling clients that a session ended (OpenID Connect Front-Channel and Back-Channel Logout).

-- Which clients a session signed in to. Only those that want to be told have a row.
CREATE TABLE session_clients (
    session_id   TEXT   NOT NULL,
    client_id    TEXT   NOT NULL,
    expires_at   BIGINT NOT NULL,
    signed_in_at BIGINT NOT NULL, -- the latest time
    PRIMARY KEY (session_id, client_id)
);

-- Whom the browser tells: the latest first.
CREATE INDEX session_clients_latest ON session_clients (session_id, signed_in_at, client_id);

-- The sweep.
CREATE INDEX session_clients_expiry ON session_clients (expires_at);

-- Notices for clients, from the end of the session until some days after they were settled.
CREATE TABLE logout_deliveries (
    session_id TEXT   NOT NULL,
    client_id  TEXT   NOT NULL,
    user_id    TEXT   NOT NULL,
    state      TEXT   NOT NULL,
    tries      BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    due_at     BIGINT,            -- the next try; NULL when it is settled
    tried_at   BIGINT,
    last_error TEXT,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (session_id, client_id)
);

-- Which clients wait, since when, and for what: each question is one step into it. What is settled is not in it.
CREATE INDEX logout_deliveries_due ON logout_deliveries (client_id, due_at) WHERE due_at IS NOT NULL;

-- What an operator looks at: the notices of one client, newest first.
CREATE INDEX logout_deliveries_client ON logout_deliveries (client_id, created_at);

-- The sweep.
CREATE INDEX logout_deliveries_expiry ON logout_deliveries (expires_at);
