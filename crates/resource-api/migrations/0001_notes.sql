-- Notes of the people (and programs) that call this API. TEXT and BIGINT only; times are unix seconds.
-- `owner` is the token's `sub`; a database belongs to one issuer, because a `sub` means nothing at another one.
CREATE TABLE notes (
    id TEXT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- One person's notes, newest first: the only order in which they are read.
CREATE INDEX notes_of_owner ON notes (owner, created_at, id);
