//! The resource API from the outside: a real server, a real issuer on loopback, real tokens. Modules mirror the routes;
//! `token` and `keys` are about what stands before all of them.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "a test is a stranger: it asks over HTTP")]
#![allow(clippy::unwrap_used, unreachable_pub, reason = "a test that fails says where; nothing here is exported")]

mod api;
mod certificate;
mod cors;
mod database;
mod health;
mod issuer;
mod keys;
mod logs;
mod me;
mod notes;
mod openapi;
mod problems;
mod program;
mod tls;
mod token;
