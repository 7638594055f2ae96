//! The command line of the authorization server: settings from a file and the environment, TLS, `dev`, `serve`, and the verbs
//! that look after clients, people and keys.
//!
//! Nothing about OAuth is decided here. `config/` finds and explains settings, `tls/` keeps certificates fresh, `dev/` makes a
//! demonstration that works at once, `cli/` holds one file per verb. Kept as a library so that tests reach the parts.

pub mod cli;
pub mod config;
pub mod dev;
pub mod failure;
pub mod installation;
pub mod log;
pub mod output;
pub mod person;
pub mod seed;
pub mod shutdown;
pub mod tls;
