//! What `jwt::encrypt` makes, decrypted by the libraries of others: every key type with every `enc`, over a signed JWT and over
//! JSON. The programs make the keys, so no private key passes through here.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use jwt::{JwkSet, SigningKey};
use protocol::encryption::{ContentEncryption, Encryption, KeyManagementAlgorithm};
use protocol::signing::SigningAlgorithm;
use serde_json::{Value, json};

use crate::real_clients::{CLIENTS, program};

#[test]
fn jose_from_npm_decrypts() {
    let Some(node) = program("COUNTERSIGN_TEST_NODE", "jose") else { return };
    decrypts(&node, "javascript/decrypt.mjs");
}

#[test]
fn joserfc_from_pypi_decrypts() {
    let Some(python) = program("COUNTERSIGN_TEST_PYTHON", "joserfc") else { return };
    decrypts(&python, "python/decrypt.py");
}

fn decrypts(program: &str, script: &str) {
    let mut client = Command::new(program)
        .arg(format!("{CLIENTS}/{script}"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(client.stdout.take().unwrap());
    let mut keys = String::new();
    said.read_line(&mut keys).unwrap();
    let work = work_for(&keys);
    writeln!(client.stdin.take().unwrap(), "{work}").unwrap();
    let passed = said.lines().map(Result::unwrap).inspect(|line| println!("{line}"));
    let passed = passed.filter(|line| line.starts_with("ok ")).count();
    assert!(client.wait().unwrap().success(), "{script}");
    assert_eq!(passed, 5 * ContentEncryption::ALL.len() * 2, "{script}");
}

/// A token for each key that the client has, each `enc`, and both kinds of content; the signers take turns.
fn work_for(keys: &str) -> Value {
    let claims = json!({ "sub": "alice", "name": "Ä \"quoted\" 名" });
    let signers: Vec<_> = SigningAlgorithm::ALL.iter().map(|alg| SigningKey::generate(*alg).unwrap()).collect();
    let mut turns = signers.iter().cycle();
    let published: Value = serde_json::from_str(keys).unwrap();
    let mut tokens = Vec::new();
    for jwk in published["keys"].as_array().unwrap() {
        let alg = KeyManagementAlgorithm::parse(jwk["alg"].as_str().unwrap()).unwrap();
        let set = JwkSet::parse(&json!({ "keys": [jwk] }).to_string()).unwrap();
        assert!(set.is_empty(), "a key for encryption verifies nothing");
        let key = set.encryption_key(alg).unwrap();
        for enc in ContentEncryption::ALL {
            let encryption = Encryption { alg, enc: *enc };
            let signed = turns.next().unwrap().sign(None, &claims).unwrap();
            for (cty, content) in [(Some("JWT"), signed), (None, claims.to_string())] {
                let token = jwt::encrypt(content.as_bytes(), cty, encryption, key).unwrap();
                let name = format!("{alg} {enc} {} {}", key.kid().unwrap(), cty.unwrap_or("JSON"));
                let mut one = json!({ "name": name, "kid": key.kid(), "alg": alg, "enc": enc, "token": token });
                if let Some(cty) = cty {
                    one["cty"] = json!(cty);
                }
                tokens.push(one);
            }
        }
    }
    let signers: Vec<_> = signers.iter().map(SigningKey::jwk).collect();
    json!({ "claims": claims, "signers": { "keys": signers }, "tokens": tokens })
}
