//! The tables on real databases: one body per behaviour, run on SQLite and on PostgreSQL.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "a test asks the database itself")]
#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

#[path = "../../../testkit/src/database.rs"]
#[allow(dead_code, unreachable_pub)]
mod database;
mod samples;

mod action_tokens;
mod api_keys;
mod apis;
mod attempts;
mod client_columns;
mod clients;
mod consents;
mod deletion;
mod durability;
mod grants;
mod interactions;
mod known_browsers;
mod logout_deliveries;
mod mails;
mod model;
mod opening;
mod passkeys;
mod passwords;
mod protocol_log;
mod races;
mod recovery_codes;
mod registrations;
mod revoked_tokens;
mod session_clients;
mod sessions;
mod sweep;
mod totp;
mod used_assertions;
mod users;
