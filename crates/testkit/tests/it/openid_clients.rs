//! Everything of OpenID Connect that libraries of others have, against a server on https with all of it switched on. The clients
//! register themselves. `testkit/clients/README.md` says which library has what.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use auth::clock::Clock;
use auth::config::{Config, OutboundConfig, RedirectErrors, RegistrationAccess};
use protocol::authorize::response_type::ResponseType;
use protocol::client::PkcePolicy;
use protocol::signing::SigningAlgorithm;
use serde_json::json;
use store::protocol_log::{self, Whose};
use testkit::app::{PASSWORD, TestApp, TestOptions};
use testkit::database::TestDatabase;
use testkit::elsewhere::Authority;
use tokio::process::Command;

use crate::real_clients::{CLIENTS, program};
use crate::shelf::Shelf;

/// What the configuration can switch on, switched on.
pub(crate) fn everything(config: &mut Config) {
    config.keys.algorithms = SigningAlgorithm::ALL.to_vec();
    config.openid.response_types_supported = ResponseType::ALL.to_vec();
    config.openid.request_uri_parameter_supported = true;
    config.openid.unsigned_request_objects = true;
    config.openid.unsigned_id_tokens = true;
    config.openid.frontchannel_logout = true;
    config.registration.access = RegistrationAccess::Open;
    config.registration.per_address_per_hour = 0;
    config.registration.redirect_errors = RedirectErrors::Always;
    config.registration.pkce_policy = PkcePolicy::Optional;
}

async fn run(program: &str, script: &str, expected: usize) {
    let authority = Authority::new();
    let shelf = Shelf::start(&authority);
    let outbound = OutboundConfig {
        extra_ca: Some(authority.file().to_owned()),
        allowed_private_addresses: vec![shelf.host.clone()],
        ..OutboundConfig::default()
    };
    let config = move |config: &mut Config| {
        everything(config);
        config.outbound = outbound;
    };
    let options = TestOptions {
        clock: Clock::System,
        tls: Some(authority.certify(&["localhost"])),
        config: Box::new(config),
        ..TestOptions::default()
    };
    let app = TestApp::start_with(TestDatabase::sqlite(), options).await;
    let parameters = json!({
        "ISSUER": app.issuer,
        "USERNAME": "alice",
        "PASSWORD": PASSWORD,
        "SHELF": format!("https://{}", shelf.host),
    });
    let Some(said) = said_by(program, script, &parameters.to_string(), authority.file()).await else {
        panic!("{script} failed; the server refused, the last of it last:\n{}", refusals(&app).await)
    };
    let passed = said.lines().filter(|line| line.starts_with("ok ")).count();
    assert_eq!(passed, expected, "{script}: a change of what it checks is a change of this number too\n{said}");
}

/// What the client printed if it succeeded; it trusts the authority in each of the ways that these libraries know.
async fn said_by(program: &str, script: &str, parameters: &str, authority: &Path) -> Option<String> {
    let mut command = Command::new(program);
    command.arg(format!("{CLIENTS}/{script}")).arg(parameters).stdin(Stdio::null()).kill_on_drop(true);
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    for variable in ["NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"] {
        command.env(variable, authority);
    }
    let output = command.output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    println!("{said}\n{}", String::from_utf8_lossy(&output.stderr));
    output.status.success().then_some(said)
}

/// What was refused and why, from the protocol log, which is written a moment later.
async fn refusals(app: &TestApp) -> String {
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut refused = protocol_log::last(&app.store, Whose::Nobody, 20).await.unwrap();
    for client in store::clients::list(&app.store, None, 1000).await.unwrap() {
        refused.extend(protocol_log::last(&app.store, Whose::Client(&client.id), 20).await.unwrap());
    }
    refused.retain(|exchange| exchange.error.is_some());
    refused.sort_by_key(|exchange| exchange.seq);
    let lines: Vec<_> = refused.iter().map(|exchange| format!("{exchange:?}")).collect();
    lines.join("\n")
}

#[actix_web::test]
async fn oauth4webapi_from_npm_with_everything() {
    let Some(node) = program("COUNTERSIGN_TEST_NODE", "oauth4webapi") else { return };
    run(&node, "javascript/oauth4webapi-everything.mjs", 47).await;
}

#[actix_web::test]
async fn openid_client_from_npm_with_everything() {
    let Some(node) = program("COUNTERSIGN_TEST_NODE", "openid-client") else { return };
    run(&node, "javascript/openid-client-everything.mjs", 46).await;
}

#[actix_web::test]
async fn authlib_from_pypi_with_everything() {
    let Some(python) = program("COUNTERSIGN_TEST_PYTHON", "Authlib") else { return };
    run(&python, "python/authlib_everything.py", 50).await;
}

#[actix_web::test]
async fn idpyoidc_from_pypi_with_everything() {
    let Some(python) = program("COUNTERSIGN_TEST_PYTHON", "idpyoidc") else { return };
    run(&python, "python/idpyoidc_everything.py", 48).await;
}
