-- What clients asked and how it ended: the last exchanges of each client, for those who look for the cause of a refusal.

CREATE TABLE protocol_log (
    client_id   TEXT   NOT NULL,   -- empty: the request named no client that is registered
    seq         BIGINT NOT NULL,   -- the order within one server process; begins with the time in microseconds
    standing    TEXT   NOT NULL,   -- proven, or claimed: anybody may name a client
    trace_id    TEXT   NOT NULL,
    at          BIGINT NOT NULL,
    method      TEXT   NOT NULL,
    endpoint    TEXT   NOT NULL,
    status      BIGINT NOT NULL,
    error       TEXT,              -- the code on the wire; NULL when nothing was refused
    description TEXT,              -- what the client was told
    cause       TEXT,              -- what it was not told
    micros      BIGINT NOT NULL,   -- how long the answer took
    parameters  TEXT   NOT NULL,   -- JSON array of pairs; values that could be secret are replaced
    PRIMARY KEY (client_id, seq, trace_id)
);

-- How many of each standing a client keeps.
CREATE INDEX protocol_log_quota ON protocol_log (client_id, standing, seq, trace_id);

-- The sweep.
CREATE INDEX protocol_log_age ON protocol_log (at);

-- `countersign explain`.
CREATE INDEX protocol_log_trace ON protocol_log (trace_id);
