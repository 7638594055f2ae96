//! The environment overrides the file; the file is found in a fixed order; relative paths start beside it.

use std::path::Path;

use countersign::config::{Environment, Origin, load};
use protocol::authorize::response_type::ResponseType;
use protocol::signing::SigningAlgorithm;

use crate::support::{installation, run};

const ISSUER: (&str, &str) = ("COUNTERSIGN_SERVER__ISSUER", "http://localhost:8080");

fn with<const N: usize>(variables: [(&str, &str); N]) -> auth::config::Config {
    let directory = installation("[tokens]\naccess_token_lifetime = 120\n");
    let file = directory.path().join("countersign.toml");
    load(&Origin::File(file), &Environment::of(variables)).expect("is right").config
}

#[test]
fn a_variable_wins_over_the_file() {
    assert_eq!(with([]).tokens.access_token_lifetime, 120);
    assert_eq!(with([("COUNTERSIGN_TOKENS__ACCESS_TOKEN_LIFETIME", "300")]).tokens.access_token_lifetime, 300);
}

#[test]
fn numbers_lists_and_texts_are_read_as_what_they_are() {
    let config = with([
        ("COUNTERSIGN_SERVER__LISTEN", "[::1]:9000"),
        ("COUNTERSIGN_SERVER__TRUSTED_PROXIES", "10.0.0.0/8, 192.0.2.1"),
        ("COUNTERSIGN_KEYS__ALGORITHMS", "RS256,EdDSA"),
        ("COUNTERSIGN_BRANDING__NAME", "42"),
        ("COUNTERSIGN_BRANDING__SUPPORT_CONTACT", "help@example.com"),
        ("COUNTERSIGN_LOG__FORMAT", "json"),
        ("COUNTERSIGN_OPENID__RESPONSE_TYPES_SUPPORTED", "code, code id_token"),
        ("COUNTERSIGN_OPENID__REQUEST_URI_PARAMETER_SUPPORTED", "true"),
    ]);
    assert!(config.openid.request_uri_parameter_supported);
    assert_eq!(config.openid.response_types_supported, [ResponseType::Code, ResponseType::CodeIdToken]);
    assert_eq!(config.server.listen.port(), 9000);
    assert!(config.server.trusts("10.9.9.9".parse().expect("an address")));
    assert_eq!(config.keys.algorithms, [SigningAlgorithm::RS256, SigningAlgorithm::EdDSA]);
    assert_eq!(config.branding.name, "42");
    assert_eq!(config.branding.support_contact.as_deref(), Some("help@example.com"));
}

#[test]
fn variables_that_platforms_invent_are_left_alone() {
    with([
        ("COUNTERSIGN_PORT", "tcp://10.0.0.1:8080"),
        ("COUNTERSIGN_SERVICE_HOST", "10.0.0.1"),
        ("COUNTERSIGN_API_ISSUER", "x"),
    ]);
}

#[test]
fn a_secret_may_stand_in_a_file() {
    let directory = installation("[database]\nurl = { file = \"database_url\" }\n");
    let secret = directory.path().join("database_url");
    std::fs::write(&secret, "postgres://u:p@localhost/one\n").expect("is written");
    let origin = Origin::File(directory.path().join("countersign.toml"));
    let config = load(&origin, &Environment::default()).expect("is right").config;
    assert_eq!(config.database.url.expose(), "postgres://u:p@localhost/one");

    std::fs::write(&secret, "postgres://u:p@localhost/two\r\n").expect("is written");
    let variable = Environment::of([("COUNTERSIGN_DATABASE__URL_FILE", secret.to_str().expect("is UTF-8"))]);
    let config = load(&origin, &variable).expect("is right").config;
    assert_eq!(config.database.url.expose(), "postgres://u:p@localhost/two");
}

#[test]
fn a_secret_that_is_set_twice_is_refused() {
    let directory = installation("");
    let origin = Origin::File(directory.path().join("countersign.toml"));
    let twice = [("COUNTERSIGN_DATABASE__URL", "sqlite:a.db"), ("COUNTERSIGN_DATABASE__URL_FILE", "countersign.toml")];
    let told = load(&origin, &Environment::of(twice)).expect_err("is contradictory").to_string();
    assert_eq!(
        told,
        "COUNTERSIGN_DATABASE__URL_FILE: database.url: COUNTERSIGN_DATABASE__URL sets it, too; unset one of the two"
    );
    let mut command = crate::support::countersign(directory.path(), &["check"]);
    assert_eq!(command.envs(twice).output().expect("starts").status.code(), Some(78));
}

#[test]
fn relative_paths_start_at_the_settings_file() {
    let directory = installation("[keys]\ndirectory = \"secret/keys\"\n");
    let origin = Origin::File(directory.path().join("countersign.toml"));
    let config = load(&origin, &Environment::default()).expect("is right").config;
    assert_eq!(config.keys.directory, directory.path().join("secret/keys"));
    let database = format!("sqlite:{}", directory.path().join("countersign.db").display());
    assert_eq!(config.database.url.expose(), &database);
}

#[test]
fn the_environment_alone_is_enough() {
    let loaded = load(&Origin::Usual, &Environment::of([ISSUER])).expect("is right");
    if !Path::new("/etc/countersign/countersign.toml").exists() {
        assert_eq!(loaded.file, None);
    }
    assert_eq!(loaded.config.server.issuer.as_str(), ISSUER.1);
}

#[test]
fn the_file_is_found_where_the_manual_says() {
    let directory = installation("");
    let elsewhere = installation("[branding]\nname = \"\"\n");
    let wrong = elsewhere.path().join("countersign.toml");
    let wrong = wrong.to_str().expect("is UTF-8");
    assert_eq!(run(directory.path(), &["check"]).code, 0, "in the working directory");
    assert_eq!(run(directory.path(), &["check", "--config", wrong]).code, 78, "the flag wins");
    let by_variable =
        crate::support::countersign(directory.path(), &["check"]).env("COUNTERSIGN_CONFIG", wrong).output();
    assert_eq!(by_variable.expect("starts").status.code(), Some(78), "then the variable");
}
