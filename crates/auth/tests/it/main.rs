//! The authorization server as browsers and clients see it. One test binary; the modules mirror the paths.
//!
//! Every test runs on each engine that is there (SQLite always; PostgreSQL with `COUNTERSIGN_TEST_POSTGRES_URL`).

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "a test is a stranger: it asks over HTTP")]
#![allow(clippy::unwrap_used, reason = "a test that fails says where")]

mod account;
mod api_keys;
mod authorize;
mod backchannel_logout;
mod bad_input;
mod client_authentication;
mod client_keys;
mod client_secret_jwt;
mod conformance;
mod consent;
mod cors;
mod crash;
mod discovery;
mod errors;
mod form_addresses;
mod frontchannel_logout;
mod introspect;
mod known_browsers;
mod late_proofs;
mod limits;
mod login;
mod logout;
mod mail;
mod one_row;
mod outbound;
mod overload;
mod page_samples;
mod pages;
mod passkeys;
mod password_check;
mod passwords;
mod pool_of_one;
mod protocol_log;
mod recover;
mod registration;
mod registration_admission;
mod registration_identity;
mod registration_management;
mod registration_outbound;
mod revoke;
mod rotation;
mod second_factor;
mod second_factor_codes;
mod security;
mod select_account;
mod session_ends;
mod sid;
mod signup;
mod token;
mod token_kinds;
mod userinfo;

use std::future::Future;

use testkit::app::TestApp;
use testkit::database::engines;

/// Runs a test once per engine, each time with a server and a database of its own.
async fn on_each_engine<F: Future<Output = ()>>(test: impl Fn(TestApp) -> F) {
    for database in engines() {
        test(TestApp::start(database).await).await;
    }
}
