-- Whose people are written by `sub` alone (`p:` and the `sub`): the issuer that came first in the settings when this table was
-- made. People of all others are written by issuer and `sub`. One row, which the service writes once and then only reads.
CREATE TABLE home_issuer (
    id BIGINT NOT NULL PRIMARY KEY,
    issuer TEXT NOT NULL
);
