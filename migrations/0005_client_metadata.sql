-- The rest of a client's metadata (RFC 7591, OpenID Connect Registration, RP-initiated, front- and back-channel logout).

ALTER TABLE clients ADD COLUMN response_types TEXT;  -- JSON array
ALTER TABLE clients ADD COLUMN response_modes TEXT;  -- separated by spaces
ALTER TABLE clients ADD COLUMN subject_type TEXT;
ALTER TABLE clients ADD COLUMN sector_identifier_uri TEXT;
ALTER TABLE clients ADD COLUMN id_token_encrypted_response_alg TEXT;
ALTER TABLE clients ADD COLUMN id_token_encrypted_response_enc TEXT;
ALTER TABLE clients ADD COLUMN userinfo_signed_response_alg TEXT;
ALTER TABLE clients ADD COLUMN userinfo_encrypted_response_alg TEXT;
ALTER TABLE clients ADD COLUMN userinfo_encrypted_response_enc TEXT;
ALTER TABLE clients ADD COLUMN request_object_signing_alg TEXT;
ALTER TABLE clients ADD COLUMN request_uris TEXT;  -- JSON array
ALTER TABLE clients ADD COLUMN token_endpoint_auth_signing_alg TEXT;
ALTER TABLE clients ADD COLUMN jwks_uri TEXT;
ALTER TABLE clients ADD COLUMN frontchannel_logout_uri TEXT;
ALTER TABLE clients ADD COLUMN frontchannel_logout_session_required BIGINT;  -- 1: yes
ALTER TABLE clients ADD COLUMN backchannel_logout_uri TEXT;
ALTER TABLE clients ADD COLUMN backchannel_logout_session_required BIGINT;  -- 1: yes
ALTER TABLE clients ADD COLUMN require_auth_time BIGINT;  -- 1: yes
ALTER TABLE clients ADD COLUMN default_acr_values TEXT;  -- JSON array
ALTER TABLE clients ADD COLUMN contacts TEXT;  -- JSON array
ALTER TABLE clients ADD COLUMN software_id TEXT;
ALTER TABLE clients ADD COLUMN software_version TEXT;
ALTER TABLE clients ADD COLUMN registered_by TEXT;
ALTER TABLE clients ADD COLUMN expires_unused_at BIGINT;

-- Clients of before could ask for a code if they had its grant, in every response mode.
UPDATE clients SET response_types = '["code"]' WHERE grant_types LIKE '%authorization_code%';
UPDATE clients SET response_types = '[]' WHERE response_types IS NULL;
UPDATE clients SET response_modes = 'query fragment form_post', subject_type = 'public', registered_by = 'administrator';

-- The sweep of clients that registered themselves and were never used.
CREATE INDEX clients_expiry ON clients (expires_unused_at);
