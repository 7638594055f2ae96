-- Authorizations, what people allowed before, and what was used up or revoked before its time.

-- One row is one authorization: its code, its refresh tokens and its access tokens.
CREATE TABLE grants (
    id              TEXT   NOT NULL PRIMARY KEY,
    user_id         TEXT   NOT NULL,
    client_id       TEXT   NOT NULL,
    session_id      TEXT,
    scope           TEXT   NOT NULL,
    claims          TEXT,              -- the claims parameter as JSON; NULL when there was none
    nonce           TEXT,
    redirect_uri    TEXT   NOT NULL,
    code_challenge  TEXT,
    auth_time       BIGINT NOT NULL,
    acr             TEXT   NOT NULL,
    amr             TEXT   NOT NULL,   -- separated by spaces
    salt            TEXT   NOT NULL,
    code_hash       TEXT   NOT NULL,
    code_expires_at BIGINT NOT NULL,
    redeemed_at     BIGINT,
    generation      BIGINT NOT NULL,
    rotated_at      BIGINT,
    idle_expires_at BIGINT NOT NULL,
    expires_at      BIGINT NOT NULL,
    created_at      BIGINT NOT NULL,
    ended_at        BIGINT,
    end_reason      TEXT
);

-- The sweep. The only index beside the key, on a column that never changes.
CREATE INDEX grants_expiry ON grants (expires_at);

CREATE TABLE consents (
    user_id    TEXT   NOT NULL,
    client_id  TEXT   NOT NULL,
    scope      TEXT   NOT NULL,
    granted_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, client_id)
);

-- Deleting a client: whoever gets its name later inherits nothing.
CREATE INDEX consents_client ON consents (client_id);

-- Single access tokens that were revoked (RFC 7009), until they expire by themselves.
CREATE TABLE revoked_tokens (
    jti        TEXT   NOT NULL PRIMARY KEY,
    expires_at BIGINT NOT NULL
);

CREATE INDEX revoked_tokens_expiry ON revoked_tokens (expires_at);

-- Client assertions that were accepted once (RFC 7523 §3, item 7), until they expire by themselves.
CREATE TABLE used_assertions (
    client_id  TEXT   NOT NULL,
    jti        TEXT   NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (client_id, jti)
);

CREATE INDEX used_assertions_expiry ON used_assertions (expires_at);
