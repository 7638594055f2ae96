//! The tables on real databases: one body per behaviour, run on SQLite and on PostgreSQL.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "a test asks the database itself")]
#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

#[path = "../../../testkit/src/database.rs"]
#[allow(dead_code, unreachable_pub)]
mod database;
mod samples;

mod apis;
mod client_columns;
mod clients;
mod consents;
mod durability;
mod grants;
mod interactions;
mod logout_deliveries;
mod model;
mod opening;
mod passwords;
mod protocol_log;
mod races;
mod registrations;
mod revoked_tokens;
mod session_clients;
mod sessions;
mod sweep;
mod used_assertions;
mod users;
