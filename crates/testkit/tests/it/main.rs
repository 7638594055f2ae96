//! What concerns the whole house: who may depend on whom, the full flow through three programs, real clients, documents
//! that must stay true.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "a test is a stranger: it asks over HTTP")]
#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

mod architecture;
mod basic_passwords;
mod bff;
mod dead_within_ten_seconds;
mod documents;
mod encryption;
mod frontchannel_logout;
mod full_flow;
mod node_server;
mod openapi;
mod openid_clients;
mod openidconnect_client;
mod openidconnect_everything;
mod other_issuers;
mod other_resource_servers;
mod pages_in_a_browser;
mod people;
mod real_clients;
mod shelf;
mod token_corpus;
mod tutorial;
