//! What the server answers over HTTP: the route table, one file per endpoint, and what they share.

pub(crate) mod answer;
pub mod assets;
pub(crate) mod authorize;
mod cards;
mod consent;
mod cookies;
mod cors;
mod discovery;
pub mod error;
pub(crate) mod form;
pub mod headers;
mod health;
mod home;
mod interaction;
mod introspect;
mod login;
mod logout;
pub mod pages;
mod revoke;
pub(crate) mod routes;
mod select_account;
mod session;
mod shell;
pub mod text;
mod token;
pub(crate) mod trace;
mod userinfo;
