//! A client with a DPoP key (RFC 9449 §4).

use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::api::{Answer, send};
use crate::issuer::{Issuer, now};
use crate::ways::Service;

static NUMBER: AtomicU64 = AtomicU64::new(0);

pub struct Holder(Ed25519KeyPair);

impl Holder {
    pub fn new() -> Self {
        Self(Ed25519KeyPair::generate().unwrap())
    }

    fn x(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0.public_key())
    }

    /// RFC 7638 §3.1.
    pub fn jkt(&self) -> String {
        hash(&format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, self.x()))
    }

    /// A token of alice's that is bound to the key.
    pub fn token(&self, issuer: &Issuer) -> String {
        issuer.token().claim("cnf", json!({ "jkt": self.jkt() })).sign()
    }

    pub fn proof(&self, method: &str, url: &str, token: &str) -> String {
        self.proof_with(method, url, token, json!({}))
    }

    /// With other claims.
    pub fn proof_with(&self, method: &str, url: &str, token: &str, change: Value) -> String {
        let jti = format!("proof-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let mut claims = json!({ "jti": jti, "htm": method, "htu": url, "iat": now(), "ath": hash(token) });
        let Value::Object(change) = change else { unreachable!("written as an object") };
        for (name, value) in change {
            claims[name] = value;
        }
        let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": self.x() });
        let header = json!({ "typ": "dpop+jwt", "alg": "EdDSA", "jwk": jwk });
        let text = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
        let signature = encode(self.0.sign(text.as_bytes()));
        format!("{text}.{signature}")
    }

    /// A proof for `GET /me`.
    pub fn proof_of_me(&self, service: &Service, token: &str) -> String {
        self.proof("GET", &format!("{}/me", service.url), token)
    }

    /// `GET /me` with a good proof.
    pub async fn me(&self, service: &Service, token: &str) -> Answer {
        me(service, token, &[&self.proof_of_me(service, token)]).await
    }
}

/// `GET /me` under the scheme DPoP, with these proofs.
pub async fn me(service: &Service, token: &str, proofs: &[&str]) -> Answer {
    let request = service.get("/me").header("authorization", format!("DPoP {token}"));
    send(proofs.iter().fold(request, |request, proof| request.header("dpop", *proof))).await
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn hash(text: &str) -> String {
    encode(digest(&SHA256, text.as_bytes()))
}
