//! A REST API that only answers to access tokens of one issuer, and the parts it is made of.
//!
//! A request passes `web/trace.rs` (trace id, CORS, log line), `web/routes.rs` (which permission does this line demand),
//! `credential.rs` (exactly one bearer token), `validator.rs` (every rule about that token), `caller.rs` (who is asking) and
//! only then reaches a handler. `jwks_cache.rs` keeps the issuer's keys ready and `outbound.rs` fetches them. The issuer is
//! known by its discovery document alone: nothing here knows our server or its database.

mod caller;
mod clock;
mod config;
mod credential;
mod database;
mod jwks_cache;
mod notes;
mod outbound;
mod server;
mod validator;
mod web;

pub use config::{Config, EnvironmentError, JwksConfig, Problem};
pub use database::DatabaseError;
pub use outbound::ClientError;
pub use server::{Api, Error, run};
