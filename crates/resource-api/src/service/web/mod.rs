//! HTTP: the route table of the service and the handlers behind it.

mod app;
mod body;
mod etag;
mod events;
mod files;
mod found;
mod groups;
mod health;
mod kept;
mod me;
mod notes;
mod once;
pub(crate) mod openapi;
pub(crate) mod problems;
pub(crate) mod routes;
mod security;
mod shares;
