//! `countersign key …`: the life of signing keys, changed by hand.

use std::path::Path;

use serde_json::json;

use crate::support::{installation, run, run_with_input, succeed};

// Thumbprints of the throw-away keys, computed with another program.
const RSA_KID: &str = "zHZ-t_B55xUOvYQBaynijjnoj00VfbLKbKya68PpPrI";
const P256_KID: &str = "KsCcwIZ4XMuzbrBsvFYML31oFirGmg63I9cM5x6Kn68";
const P384_KID: &str = "cS7wOLn6Ypx1pbkm57Tbk0HWHJ8D4il2UstpOK4ykgc";
const ED25519_KID: &str = "-qrBrgPnfZpWvpRIMJ5GzEmR0NNBXK3rRH40UonS37U";

/// A throw-away key of the `jwt` crate.
fn sample(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../jwt/tests/keys").join(name).display().to_string()
}

fn stages(keys: &serde_json::Value) -> Vec<(String, String)> {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let mut stages: Vec<_> =
        keys.as_array().into_iter().flatten().map(|key| (text(&key["alg"]), text(&key["stage"]))).collect();
    stages.sort();
    stages
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(alg, stage)| ((*alg).to_owned(), (*stage).to_owned())).collect()
}

#[test]
fn a_rotation_announces_and_an_emergency_replaces() {
    let directory = installation("");
    let at = directory.path();
    let first = succeed(at, &["key", "list", "--json"]).json();
    assert_eq!(stages(&first), pairs(&[("ES256", "active"), ("RS256", "active")]));

    succeed(at, &["key", "rotate", "--alg", "ES256"]);
    let announced = succeed(at, &["key", "list", "--json"]).json();
    assert_eq!(stages(&announced), pairs(&[("ES256", "active"), ("ES256", "announced"), ("RS256", "active")]));
    assert!(succeed(at, &["key", "list"]).out.contains("signs from"));

    succeed(at, &["key", "rotate", "--now"]);
    let replaced = succeed(at, &["key", "list", "--json"]).json();
    assert_eq!(stages(&replaced), pairs(&[("ES256", "active"), ("RS256", "active")]));
    let kids = |keys: &serde_json::Value| keys.to_string();
    assert!(
        replaced.as_array().into_iter().flatten().all(|key| !kids(&first).contains(key["kid"].as_str().unwrap_or("?")))
    );
}

#[test]
fn a_key_from_elsewhere_is_announced_listed_and_taken_once() {
    let directory = installation("[keys]\nalgorithms = [\"RS256\", \"ES256\", \"ES384\", \"EdDSA\"]\n");
    let at = directory.path();
    for (file, alg, kid) in [
        ("rsa-pkcs1.pem", "RS256", RSA_KID),
        ("p256-sec1.pem", "ES256", P256_KID),
        ("p384-sec1.pem", "ES384", P384_KID),
        ("ed25519-pkcs8.pem", "EdDSA", ED25519_KID),
    ] {
        let imported = succeed(at, &["key", "import", &sample(file), "--json"]).json();
        assert_eq!((&imported["kid"], &imported["alg"]), (&json!(kid), &json!(alg)));
        assert_eq!(imported["stage"], "announced");
        let listed = succeed(at, &["key", "list", "--json"]).json();
        assert!(listed.as_array().is_some_and(|keys| keys.contains(&imported)), "{listed}");
    }
    assert!(succeed(at, &["key", "list"]).out.contains(RSA_KID));
    let again = run(at, &["key", "import", &sample("rsa-pkcs8.pem")]);
    assert_eq!((again.code, again.err.trim()), (1, &*format!("the key directory holds the key {RSA_KID} already")));
}

#[test]
fn an_imported_key_signs_at_once_when_told_so() {
    let directory = installation("[keys]\nalgorithms = [\"RS256\", \"PS256\"]\n");
    let at = directory.path();
    let import = ["key", "import", &sample("rsa-pkcs8.pem"), "--alg", "PS256", "--now", "--json"];
    let imported = succeed(at, &import).json();
    assert_eq!((&imported["kid"], &imported["stage"]), (&json!(RSA_KID), &json!("active")));
    let listed = succeed(at, &["key", "list", "--json"]).json();
    assert_eq!(stages(&listed), pairs(&[("PS256", "active"), ("RS256", "active")]));
}

#[test]
fn an_encrypted_key_needs_its_password() {
    let directory = installation("");
    let at = directory.path();
    let file = sample("rsa-encrypted.pem");
    let unasked = run(at, &["key", "import", &file]);
    assert_eq!(unasked.code, 1);
    assert!(unasked.err.contains("add --password-stdin"), "{unasked:?}");
    let import = ["key", "import", &file, "--password-stdin", "--json"];
    let wrong = run_with_input(at, &import, "incorrect\n");
    assert_eq!(wrong.code, 1);
    assert!(wrong.err.contains("the password is wrong") && !wrong.err.contains("incorrect"), "{wrong:?}");
    assert_eq!(succeed(at, &["key", "list", "--json"]).json().as_array().map(Vec::len), Some(2));
    assert_eq!(run_with_input(at, &import, "correct\n").json()["kid"], RSA_KID);
}

#[test]
fn a_private_jwk_is_taken_with_the_algorithm_that_it_names() {
    let directory = installation("");
    let at = directory.path();
    // RFC 7515 appendix A.3.
    let jwk = json!({
        "kty": "EC", "crv": "P-256", "alg": "ES256", "d": "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    });
    std::fs::write(at.join("key.jwk"), jwk.to_string()).expect("is written");
    let other = run(at, &["key", "import", "key.jwk", "--alg", "RS256"]);
    assert_eq!(other.code, 1);
    assert!(other.err.starts_with("key.jwk: the key cannot be used with the algorithm"), "{other:?}");
    assert_eq!(succeed(at, &["key", "import", "key.jwk", "--json"]).json()["alg"], "ES256");
}

#[test]
fn keys_that_must_not_sign_are_refused_with_the_reason() {
    let directory = installation("");
    let at = directory.path();
    std::fs::write(at.join("key.der"), [0x30, 0x82, 0xff]).expect("is written");
    for (file, reason) in [
        (sample("rsa-1024-pkcs8.pem"), "the RSA key has 1024 bits; it needs 2048 to 8192"),
        (sample("rsa-public.pem"), "signing needs the private key"),
        (sample("p521-sec1.pem"), "the key is none of RSA, P-256, P-384 and Ed25519"),
        (sample("p384-pkcs8.pem"), "add \"ES384\" to keys.algorithms"),
        (sample("ed25519-pkcs8.pem"), "add \"EdDSA\" to keys.algorithms"),
        ("key.der".to_owned(), "neither a PEM file"),
        ("none.pem".to_owned(), "none.pem: No such file"),
    ] {
        let refused = run(at, &["key", "import", &file]);
        assert_eq!(refused.code, 1, "{refused:?}");
        assert!(refused.err.contains(reason), "{refused:?}");
    }
    let listed = succeed(at, &["key", "list", "--json"]).json();
    assert_eq!(stages(&listed), pairs(&[("ES256", "active"), ("RS256", "active")]));
}
