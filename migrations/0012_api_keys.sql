-- The keys that people make for their programs, each for one API.

CREATE TABLE api_keys (
    id               TEXT   NOT NULL PRIMARY KEY,
    user_id          TEXT   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name             TEXT   NOT NULL,
    hash             TEXT   NOT NULL,  -- of the whole key
    api              TEXT   NOT NULL,  -- its identifier; looked at when the key is used, because an API may go and come back
    permissions      TEXT   NOT NULL,
    allowed_networks TEXT   NOT NULL,  -- empty: everywhere
    signing_key      TEXT,             -- made of the key, encrypted; NULL: it signs nothing
    created_at       BIGINT NOT NULL,
    expires_at       BIGINT,           -- moved to the present when it is revoked; NULL: it does not end
    last_used_at     BIGINT,           -- to the hour
    revoked_at       BIGINT,
    replaced_by      TEXT              -- the id of the key that came in its place
);

CREATE INDEX api_keys_user ON api_keys (user_id, created_at);

-- The sweep.
CREATE INDEX api_keys_expiry ON api_keys (expires_at);
