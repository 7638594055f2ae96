-- What people prove themselves with beside a password.

CREATE TABLE passkeys (
    id            TEXT   NOT NULL PRIMARY KEY,  -- the credential id, base64url
    user_id       TEXT   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name          TEXT   NOT NULL,
    credential    TEXT   NOT NULL,              -- JSON: public key, sign count, flags, attestation
    aaguid        TEXT,                         -- the make of the authenticator
    created_at    BIGINT NOT NULL,
    last_used_at  BIGINT,
    clone_seen_at BIGINT                        -- the sign count went backwards; the passkey is not accepted since
);

CREATE INDEX passkeys_user ON passkeys (user_id, created_at);

-- Challenges that wait for an authenticator; whoever deletes the row may use its answer.
CREATE TABLE passkey_ceremonies (
    id           TEXT   NOT NULL PRIMARY KEY,
    kind         TEXT   NOT NULL,  -- registration or authentication
    browser_hash TEXT   NOT NULL,
    user_id      TEXT,             -- NULL: whoever has a discoverable credential
    state        TEXT   NOT NULL,  -- JSON
    expires_at   BIGINT NOT NULL
);

-- The sweep.
CREATE INDEX passkey_ceremonies_expiry ON passkey_ceremonies (expires_at);

CREATE TABLE totp (
    user_id        TEXT   NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    sealed         TEXT   NOT NULL,  -- the secret, encrypted
    last_used_step BIGINT NOT NULL,  -- no code of this time step or an earlier one is accepted again
    created_at     BIGINT NOT NULL
);

CREATE TABLE recovery_codes (
    user_id    TEXT   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    hash       TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    used_at    BIGINT,
    PRIMARY KEY (user_id, hash)
);

-- Browsers that signed in as somebody before.
CREATE TABLE known_browsers (
    id               TEXT   NOT NULL PRIMARY KEY,
    secret_hash      TEXT   NOT NULL,
    user_id          TEXT   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    user_agent       TEXT   NOT NULL,
    created_at       BIGINT NOT NULL,
    last_seen_at     BIGINT NOT NULL,
    remembered_until BIGINT,          -- until then the password is enough here; NULL when the person did not ask for that
    expires_at       BIGINT NOT NULL
);

-- Those of a person; the one that was not seen for longest goes first.
CREATE INDEX known_browsers_user ON known_browsers (user_id, last_seen_at);

-- The sweep.
CREATE INDEX known_browsers_expiry ON known_browsers (expires_at);

-- How often something was tried: passwords, codes, messages, registrations.
CREATE TABLE attempts (
    bucket     TEXT   NOT NULL PRIMARY KEY,  -- MAC of what is limited, and for whom
    count      BIGINT NOT NULL,
    since      BIGINT NOT NULL,              -- the first one that counts
    last_at    BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

-- The sweep.
CREATE INDEX attempts_expiry ON attempts (expires_at);
