//! The resource API from the outside: a real server, a real issuer on loopback, real tokens. Modules mirror the routes;
//! `token` and `keys` are about what stands before all of them,
//! `ways` is what the tests of each way to authenticate share.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "a test is a stranger: it asks over HTTP")]
#![allow(clippy::unwrap_used, unreachable_pub, reason = "a test that fails says where; nothing here is exported")]

mod access;
mod api;
mod api_keys;
mod app;
mod basic;
mod bound_to_certificate;
mod certificate;
mod challenges;
mod cors;
mod database;
mod dpop;
mod events;
mod files;
mod groups;
mod guards;
mod health;
mod idempotency;
mod issuer;
mod keys;
mod logs;
mod me;
mod measurements;
mod metadata;
mod notes;
mod odd_requests;
mod opaque;
mod openapi;
mod people;
mod presets;
mod problems;
mod program;
mod proxy;
mod secrets;
mod sessions;
mod shares;
mod signed_requests;
mod tls;
mod token;
mod ways;
