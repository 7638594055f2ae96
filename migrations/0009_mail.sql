-- Mail to people, and the links and codes in it.

-- The outbox: from the moment a message is decided until some days after it was settled.
CREATE TABLE mails (
    id         TEXT   NOT NULL PRIMARY KEY,
    kind       TEXT   NOT NULL,  -- which message it is
    sealed     TEXT,             -- recipient, subject and bodies, encrypted; NULL as soon as it is settled
    state      TEXT   NOT NULL,
    tries      BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    due_at     BIGINT,           -- the next try; NULL when it is settled
    tried_at   BIGINT,
    last_error TEXT,
    give_up_at BIGINT NOT NULL,  -- then nobody could use what is in it any more
    expires_at BIGINT NOT NULL
);

-- What waits, the oldest first. What is settled is not in it.
CREATE INDEX mails_due ON mails (due_at) WHERE due_at IS NOT NULL;

-- The sweep.
CREATE INDEX mails_expiry ON mails (expires_at);

-- Where mail ends up in development: the embedded mailbox.
CREATE TABLE mailbox (
    id          TEXT   NOT NULL PRIMARY KEY,
    recipient   TEXT   NOT NULL,
    subject     TEXT   NOT NULL,
    text        TEXT   NOT NULL,
    html        TEXT   NOT NULL,
    received_at BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL
);

-- The list, newest first.
CREATE INDEX mailbox_received ON mailbox (received_at, id);

-- The sweep.
CREATE INDEX mailbox_expiry ON mailbox (expires_at);

-- One row is one link or code that was sent: for one purpose, good once.
CREATE TABLE action_tokens (
    id             TEXT   NOT NULL PRIMARY KEY,
    purpose        TEXT   NOT NULL,
    secret_hash    TEXT   NOT NULL,  -- of the secret in the link
    code_mac       TEXT,             -- of the short code beside the link; NULL when there is none
    user_id        TEXT,             -- NULL: there is no account yet
    email          TEXT,             -- the address that it was sent to
    interaction_id TEXT,             -- the sign-in that asked for it; its code works nowhere else
    account_state  TEXT,             -- a digest of what must not have changed meanwhile; NULL: there is no account yet
    details        TEXT   NOT NULL,  -- JSON object, depends on the purpose
    tries_left     BIGINT NOT NULL,  -- of the code
    created_at     BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL,
    proven_at      BIGINT,           -- somebody who received it has shown so
    used_at        BIGINT
);

-- The latest of a sign-in.
CREATE INDEX action_tokens_interaction ON action_tokens (interaction_id, created_at);

-- All of a person.
CREATE INDEX action_tokens_user ON action_tokens (user_id);

-- The sweep.
CREATE INDEX action_tokens_expiry ON action_tokens (expires_at);
