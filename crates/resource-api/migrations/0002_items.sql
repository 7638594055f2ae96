-- Notes and files of people and of groups, who may see them, what happened to them. TEXT and BIGINT, and BYTEA for content:
-- PostgreSQL's name, which SQLite reads as "keep what comes", so one text serves both. Times are unix seconds.
--
-- A principal is 'p:' and a person (`sub`), or 'g:' and the id of a group.

CREATE TABLE groups (
    id TEXT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    -- Counted here, so that one conditional statement can keep a limit.
    members BIGINT NOT NULL,
    items BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX groups_of_owner ON groups (owner);

CREATE TABLE members (
    group_id TEXT NOT NULL,
    member TEXT NOT NULL,
    added_at BIGINT NOT NULL,
    PRIMARY KEY (group_id, member)
);
CREATE INDEX groups_of_member ON members (member, group_id);

-- A note (`name` is its title, `body` its text) or a file (its bytes are in `contents`, so that lists do not read them).
CREATE TABLE items (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    body TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE contents (
    id TEXT NOT NULL PRIMARY KEY,
    content BYTEA NOT NULL
);

-- Who may what: 1 reads, 2 writes as well, 3 owns. The owner stands here like everybody else, so one question finds all.
CREATE TABLE access_list (
    item TEXT NOT NULL,
    principal TEXT NOT NULL,
    access BIGINT NOT NULL,
    -- Of the item; they never change.
    kind TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (item, principal)
);
CREATE INDEX items_of_principal ON access_list (principal, kind, created_at, item, access);

-- What an owner keeps here, in bytes.
CREATE TABLE usage (
    owner TEXT NOT NULL PRIMARY KEY,
    bytes BIGINT NOT NULL
);

-- What a POST with an Idempotency-Key has made, for 24 hours. No content: the same request brings it again.
CREATE TABLE idempotency_keys (
    caller TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    made TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (caller, key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

-- What changed, for 24 hours. No content either. `seq` is drawn from the one row of `event_counter`, which stays locked until
-- the change is committed: events become visible in the order of their numbers, and a reader never misses one.
CREATE TABLE event_counter (
    id BIGINT NOT NULL PRIMARY KEY,
    seq BIGINT NOT NULL,
    -- Events up to here are gone.
    pruned BIGINT NOT NULL
);
INSERT INTO event_counter (id, seq, pruned) VALUES (1, 0, 0);

CREATE TABLE events (
    seq BIGINT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    item TEXT NOT NULL,
    change TEXT NOT NULL,
    version BIGINT NOT NULL
);

-- Whom an event is for: those who could see the item when it happened.
CREATE TABLE event_audience (
    seq BIGINT NOT NULL,
    principal TEXT NOT NULL,
    PRIMARY KEY (principal, seq)
);
CREATE INDEX event_audience_by_age ON event_audience (seq);

INSERT INTO items (id, kind, owner, name, media_type, body, bytes, version, created_at, updated_at)
    SELECT id, 'note', 'p:' || owner, title, '', body, octet_length(title) + octet_length(body), 1, created_at, updated_at FROM notes;
INSERT INTO access_list (item, principal, access, kind, created_at)
    SELECT id, 'p:' || owner, 3, 'note', created_at FROM notes;
INSERT INTO usage (owner, bytes)
    SELECT owner, CAST(SUM(bytes) AS BIGINT) FROM items GROUP BY owner;
DROP TABLE notes;
