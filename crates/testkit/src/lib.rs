//! Support for tests of the whole house: real databases, a running server, a browser, clients as others write them.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "tests have their own clients and databases")]

pub mod app;
pub mod authenticator;
pub mod browser;
pub mod database;
pub mod elsewhere;
pub mod house;
pub mod mail_server;
pub mod otp;
pub mod requests;
