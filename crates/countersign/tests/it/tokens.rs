//! `countersign token inspect`: shows what a token says, and whether this server said it.

use auth::clock::Clock;
use countersign::config::{Environment, Origin, load};
use protocol::signing::SigningAlgorithm;
use serde_json::json;

use crate::support::{installation, run, run_with_input};

#[test]
fn our_own_token_is_valid_until_it_expires_and_a_changed_one_is_not() {
    let directory = installation("");
    let at = directory.path();
    let config = load(&Origin::File(at.join("countersign.toml")), &Environment::default()).expect("is right").config;
    let now = Clock::System.now();
    let keys = countersign::installation::open_keys(&config, now).expect("keys");
    let token = |exp: i64| {
        let claims = json!({ "iss": "http://localhost:8080", "sub": "x", "exp": exp });
        keys.keyring().sign(SigningAlgorithm::ES256, Some("at+jwt"), &claims, now).expect("signs")
    };
    let (good, old) = (token(now.0 + 60), token(now.0 - 60));

    let inspected = run(at, &["token", "inspect", "--json", &good]);
    assert_eq!((inspected.code, &inspected.json()["verdict"]), (0, &json!("valid")));
    assert_eq!(inspected.json()["header"]["typ"], "at+jwt");
    assert!(run(at, &["token", "inspect", &good]).out.contains("valid: made by this server"));

    let expired = run_with_input(at, &["token", "inspect"], &format!("{old}\n"));
    assert_eq!(expired.code, 1);
    assert!(expired.err.contains("it expired at "), "{expired:?}");

    let (before, after) = (&good[..good.len() - 5], &good[good.len() - 4..]);
    let other = if good[before.len()..].starts_with('A') { 'B' } else { 'A' };
    let forged = format!("{before}{other}{after}");
    let forged = run(at, &["token", "inspect", &forged]);
    assert_eq!(forged.code, 1);
    assert!(forged.err.contains("signature"), "{forged:?}");
}

#[test]
fn a_sealed_token_opens_with_the_keys_only() {
    let directory = installation("");
    let at = directory.path();
    let config = load(&Origin::File(at.join("countersign.toml")), &Environment::default()).expect("is right").config;
    let now = Clock::System.now();
    let keys = countersign::installation::open_keys(&config, now).expect("keys");
    let sealed = jwt::sealed::seal(keys.secrets(), &json!({ "sub": "x", "exp": now.0 + 60 }));
    assert_eq!(run(at, &["token", "inspect", "--json", &sealed]).json()["claims"]["sub"], "x");

    let elsewhere = tempfile::tempdir().expect("a temporary directory");
    assert_eq!(run(elsewhere.path(), &["token", "inspect", &sealed]).code, 1);
}

#[test]
fn without_settings_a_foreign_token_is_only_shown() {
    let elsewhere = tempfile::tempdir().expect("a temporary directory");
    // {"alg":"HS256"} . {"sub":"x"} . nothing
    let foreign = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.AA";
    let shown = run(elsewhere.path(), &["token", "inspect", foreign]);
    assert_eq!(shown.code, 0);
    assert!(shown.out.contains("\"sub\": \"x\"") && shown.err.contains("was not checked"), "{shown:?}");
    assert_eq!(run(elsewhere.path(), &["token", "inspect", "nonsense"]).code, 1);
}
