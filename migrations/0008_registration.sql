-- Clients that register themselves (RFC 7591) and manage their registration (RFC 7592), and the tokens that let them in.

-- One row per client that registered itself.
CREATE TABLE registrations (
    client_id            TEXT   NOT NULL PRIMARY KEY REFERENCES clients (id) ON DELETE CASCADE,
    token_hash           TEXT   NOT NULL,
    previous_token_hash  TEXT,              -- good until token_hash is used for the first time ...
    previous_expires_at  BIGINT,            -- ... and not beyond that time
    initial_access_token TEXT,              -- the id of the token that let it in; NULL when anybody could register
    created_at           BIGINT NOT NULL
);

CREATE TABLE initial_access_tokens (
    id          TEXT   NOT NULL PRIMARY KEY,
    secret_hash TEXT   NOT NULL,
    note        TEXT   NOT NULL,            -- for whom the administrator made it
    uses_left   BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL
);

-- The sweep.
CREATE INDEX initial_access_tokens_expiry ON initial_access_tokens (expires_at);

-- The sector (OpenID Connect Core 8.1) that the client belonged to when the grant was made; NULL for public subjects, which all
-- clients of before saw.
ALTER TABLE grants ADD COLUMN sector TEXT;

-- A MAC needs the secret itself (client_secret_jwt), so there it is kept a second time, encrypted. NULL for all others.
ALTER TABLE client_secrets ADD COLUMN sealed TEXT;
