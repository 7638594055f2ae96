-- Sessions of the web front end. What they hold (tokens, the person) is sealed; whom they are of stands here under names that
-- only a key of the service can make. TEXT and BIGINT only; times are unix seconds.

CREATE TABLE bff_sessions (
    -- SHA-256 of what the cookie holds.
    id TEXT NOT NULL PRIMARY KEY,
    -- HMAC of `sub` and of `sid`; '' without a sid.
    sub TEXT NOT NULL,
    sid TEXT NOT NULL,
    version BIGINT NOT NULL,
    idle_ends_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    sealed TEXT NOT NULL
);
CREATE INDEX bff_sessions_of_sub ON bff_sessions (sub, idle_ends_at);
CREATE INDEX bff_sessions_of_sid ON bff_sessions (sid);
CREATE INDEX bff_sessions_by_end ON bff_sessions (ends_at);
CREATE INDEX bff_sessions_by_idle_end ON bff_sessions (idle_ends_at);

-- What logout tokens said, as long as a sign-in may be under way: 'j:' and the hash of a jti, 's:' and the name of a sid,
-- 'u:' or 'n:' and the name of a sub (all sessions of the person, or those without a sid).
CREATE TABLE bff_logouts (
    id TEXT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    forget_at BIGINT NOT NULL
);
CREATE INDEX bff_logouts_by_age ON bff_logouts (forget_at);

-- One row, locked by whoever begins a session or ends those of a logout token: they take turns, so neither misses the other.
CREATE TABLE bff_turn (
    id BIGINT NOT NULL PRIMARY KEY,
    turn BIGINT NOT NULL
);
INSERT INTO bff_turn (id, turn) VALUES (1, 0);
