//! HTTP: the route table of the service and the handlers behind it.

mod body;
mod health;
mod me;
mod notes;
pub(crate) mod openapi;
pub(crate) mod problems;
pub(crate) mod routes;
