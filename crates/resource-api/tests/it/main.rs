//! The resource API from the outside: a real server, a real issuer on loopback, real tokens. Modules mirror the routes;
//! `token` and `keys` are about what stands before all of them.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "a test is a stranger: it asks over HTTP")]
#![allow(clippy::unwrap_used, unreachable_pub, reason = "a test that fails says where; nothing here is exported")]

mod access;
mod api;
mod app;
mod certificate;
mod cors;
mod database;
mod events;
mod files;
mod health;
mod idempotency;
mod issuer;
mod keys;
mod logs;
mod me;
mod notes;
mod openapi;
mod people;
mod problems;
mod program;
mod shares;
mod tls;
mod token;
