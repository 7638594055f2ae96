//! The program as people use it: settings and their faults, every verb, TLS, `dev`. One test binary.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "a test is a stranger: it asks over HTTP")]
#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

mod api_keys;
mod apis;
mod check;
mod clients;
mod crash;
mod dev;
mod environment;
mod faults;
mod house;
mod import;
mod init;
mod keys;
mod logouts;
mod mail;
mod protocol_log;
mod reference;
mod registration;
mod rotation;
mod seed;
mod serve;
mod support;
mod tls;
mod tokens;
mod users;
