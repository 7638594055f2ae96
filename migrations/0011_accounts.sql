-- What accounts, sign-ins and sessions know beside what they knew before.

-- The sign-in under way: who proved what so far. A session begins only when it is enough.
ALTER TABLE interactions ADD COLUMN return_to TEXT;           -- a page of this server; NULL: an authorization request
ALTER TABLE interactions ADD COLUMN login_user_id TEXT;
ALTER TABLE interactions ADD COLUMN login_factors TEXT;       -- separated by spaces
ALTER TABLE interactions ADD COLUMN login_proven_at BIGINT;   -- the first of them
ALTER TABLE interactions ADD COLUMN login_kept BIGINT;        -- 1: "keep me signed in"
ALTER TABLE interactions ADD COLUMN login_password_set_at BIGINT;  -- of the password among them

-- Requests that are too long to be kept once they are over.
CREATE INDEX interactions_long ON interactions (expires_at) WHERE LENGTH(parameters) > 1024;

ALTER TABLE sessions ADD COLUMN user_agent TEXT;
ALTER TABLE sessions ADD COLUMN address TEXT;                 -- the network address of the sign-in
ALTER TABLE sessions ADD COLUMN kept BIGINT;                  -- 1: "keep me signed in"

ALTER TABLE users ADD COLUMN password_change_required_at BIGINT;
ALTER TABLE users ADD COLUMN terms_accepted_at BIGINT;
ALTER TABLE users ADD COLUMN locale TEXT;                     -- the language of mail; NULL: that of the installation
ALTER TABLE users ADD COLUMN deletion_due_at BIGINT;          -- the person asked for it

-- Accounts whose time has come.
CREATE INDEX users_deletion ON users (deletion_due_at) WHERE deletion_due_at IS NOT NULL;

-- Shorter than what is asked of a password that stands alone.
ALTER TABLE passwords ADD COLUMN needs_second_factor BIGINT;  -- 1: yes
-- What stood in for the password of before; NULL: its owner chose it, signed in.
ALTER TABLE passwords ADD COLUMN reset_by TEXT;

-- A client that takes nobody below this level.
ALTER TABLE clients ADD COLUMN minimum_acr TEXT;

-- What a person allowed: the account console shows and ends it, and deletion takes it away.
CREATE INDEX grants_user ON grants (user_id, id);

-- Every id that an account ever had. It stays when the account is deleted, so that nobody gets it again.
CREATE TABLE user_ids (
    id TEXT NOT NULL PRIMARY KEY
);

INSERT INTO user_ids (id) SELECT id FROM users;

-- What happened to an account, for its owner.
CREATE TABLE security_events (
    id         TEXT   NOT NULL PRIMARY KEY,
    user_id    TEXT   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    at         BIGINT NOT NULL,
    kind       TEXT   NOT NULL,
    client_id  TEXT,
    session_id TEXT,
    address    TEXT,
    user_agent TEXT,
    details    TEXT   NOT NULL,  -- JSON object, depends on the kind
    trace_id   TEXT,
    expires_at BIGINT NOT NULL
);

-- The log of one person, newest first.
CREATE INDEX security_events_user ON security_events (user_id, at, id);

-- The sweep.
CREATE INDEX security_events_expiry ON security_events (expires_at);
CREATE INDEX security_events_addresses ON security_events (at) WHERE address IS NOT NULL;
