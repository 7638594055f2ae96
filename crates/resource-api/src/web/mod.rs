//! HTTP: the route table, the handlers behind it, and the one place where errors become answers.

mod body;
mod cors;
pub(crate) mod error;
mod health;
mod me;
mod notes;
pub(crate) mod openapi;
pub(crate) mod routes;
pub(crate) mod trace;
