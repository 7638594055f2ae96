-- Registered clients, and the APIs whose scopes they may ask for.

CREATE TABLE clients (
    id                           TEXT   NOT NULL PRIMARY KEY,
    name                         TEXT   NOT NULL,
    application_type             TEXT   NOT NULL,
    token_endpoint_auth_method   TEXT   NOT NULL,
    grant_types                  TEXT   NOT NULL,  -- separated by spaces
    redirect_uris                TEXT   NOT NULL,  -- JSON array
    post_logout_redirect_uris    TEXT   NOT NULL,  -- JSON array
    scope                        TEXT   NOT NULL,
    consent                      TEXT   NOT NULL,
    pkce                         TEXT   NOT NULL,
    scope_claims                 TEXT   NOT NULL,
    id_token_signed_response_alg TEXT   NOT NULL,
    jwks                         TEXT,
    client_uri                   TEXT,
    logo_uri                     TEXT,
    policy_uri                   TEXT,
    tos_uri                      TEXT,
    initiate_login_uri           TEXT,
    default_max_age              BIGINT,
    created_at                   BIGINT NOT NULL,
    disabled_at                  BIGINT
);

CREATE TABLE client_secrets (
    client_id  TEXT   NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    hash       TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    PRIMARY KEY (client_id, hash)
);

-- The sweep.
CREATE INDEX client_secrets_expiry ON client_secrets (expires_at);

-- The web origins of a client's redirect URIs: who may call from a browser (CORS).
CREATE TABLE client_origins (
    origin    TEXT NOT NULL,
    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    PRIMARY KEY (origin, client_id)
);

CREATE INDEX client_origins_client ON client_origins (client_id);

CREATE TABLE apis (
    identifier            TEXT   NOT NULL PRIMARY KEY,  -- the audience of its tokens
    name                  TEXT   NOT NULL,
    token_format          TEXT   NOT NULL,
    signing_alg           TEXT   NOT NULL,
    access_token_lifetime BIGINT NOT NULL,
    resource_server       TEXT   REFERENCES clients (id) ON DELETE SET NULL  -- the client that may introspect its tokens
);

CREATE INDEX apis_resource_server ON apis (resource_server, identifier);

-- A scope's name tells which API it belongs to; so no two APIs share one.
CREATE TABLE scopes (
    name           TEXT   NOT NULL PRIMARY KEY,
    api_identifier TEXT   NOT NULL REFERENCES apis (identifier) ON DELETE CASCADE,
    description    TEXT   NOT NULL,
    position       BIGINT NOT NULL
);

CREATE INDEX scopes_api ON scopes (api_identifier, position);
