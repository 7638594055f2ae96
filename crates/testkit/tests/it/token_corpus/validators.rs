//! How each validator is asked. What a library leaves to its caller is done here, as little as its documentation allows: the key by
//! `kid`, `typ`, and which claims there must be.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};

use actix_web::App;
use actix_web::http::header::{AUTHORIZATION, HeaderValue};
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use resource_api::testkit::TestIssuer;
use resource_api::{Caller, ResourceServer, Routes, authenticated, get};
use serde::Deserialize;
use serde_json::Value;

use super::corpus::Verdict::{Accept, Refuse};
use super::corpus::{AUDIENCE, Corpus, ISSUER, Sample, Verdict};
use crate::real_clients::CLIENTS;

/// What a validator said of one token.
pub(super) struct Said {
    pub verdict: Verdict,
    pub reason: String,
}

impl<E: ToString> From<Result<(), E>> for Said {
    fn from(result: Result<(), E>) -> Self {
        match result {
            Ok(()) => Self { verdict: Accept, reason: "accepted".to_owned() },
            Err(error) => Self { verdict: Refuse, reason: error.to_string() },
        }
    }
}

async fn hello(caller: Caller) -> String {
    caller.subject().to_owned()
}

/// Through the front door: a request with the token, to an API that trusts the issuer of the corpus.
pub(super) async fn ours(corpus: &Corpus) -> BTreeMap<String, Said> {
    let mut said = BTreeMap::new();
    for (set, document) in &corpus.sets {
        let issuer = TestIssuer::at(ISSUER);
        // A document that is refused leaves an API that starts with it without keys.
        issuer.vanish();
        let _ = issuer.publish_document(&document.to_string());
        let routes = Routes::new().add(get("/", hello).guard(authenticated()));
        let server = ResourceServer::new(issuer.settings(AUDIENCE), routes).unwrap();
        let app = init_service(App::new().configure(|app| server.configure(app))).await;
        for sample in corpus.samples.iter().filter(|sample| sample.set == *set) {
            let Ok(header) = HeaderValue::from_bytes(format!("Bearer {}", sample.token).as_bytes()) else {
                let refused: Result<(), _> = Err("no header field can have it");
                said.insert(sample.name.clone(), refused.into());
                continue;
            };
            let answer =
                call_service(&app, TestRequest::get().insert_header((AUTHORIZATION, header)).to_request()).await;
            let status = answer.status().as_u16();
            let body = String::from_utf8(read_body(answer).await.to_vec()).unwrap();
            assert!([200, 400, 401, 503].contains(&status), "{}: {status} {body}", sample.name);
            said.insert(sample.name.clone(), if status == 200 { Ok(()) } else { Err(body) }.into());
        }
    }
    said
}

/// A claim for each that RFC 9068 §2.2 requires, and those that an API reads.
#[derive(Deserialize)]
#[expect(dead_code, reason = "that they can be read is the check")]
struct Claims {
    iss: String,
    sub: String,
    exp: f64,
    iat: f64,
    jti: String,
    client_id: String,
    scope: Option<String>,
    acr: Option<String>,
    auth_time: Option<f64>,
}

pub(super) fn jsonwebtoken(corpus: &Corpus) -> BTreeMap<String, Said> {
    let verdict = |sample: &Sample| (sample.name.clone(), with_jsonwebtoken(corpus, sample).into());
    corpus.samples.iter().map(verdict).collect()
}

fn with_jsonwebtoken(corpus: &Corpus, sample: &Sample) -> Result<(), String> {
    let told = |error: jsonwebtoken::errors::Error| error.to_string();
    let set: JwkSet = serde_json::from_value(corpus.sets[sample.set].clone()).map_err(|error| error.to_string())?;
    let header = decode_header(&sample.token).map_err(told)?;
    let typ = header.typ.as_deref().unwrap_or_default().to_ascii_lowercase();
    if typ.strip_prefix("application/").unwrap_or(&typ) != "at+jwt" {
        return Err("the caller compares typ".to_owned());
    }
    let jwk = match &header.kid {
        Some(kid) => set.find(kid).ok_or("no key of this name")?,
        None => only_one(&set, header.alg).ok_or("no key, or several")?,
    };
    let allowed = [Algorithm::RS256, Algorithm::PS256, Algorithm::ES256, Algorithm::ES384, Algorithm::EdDSA];
    let key = DecodingKey::from_jwk(jwk).map_err(told)?;
    let mut validation = Validation::new(header.alg);
    validation.algorithms = match jwk.common.key_algorithm {
        Some(named) => named.to_string().parse().into_iter().collect(),
        None => allowed.into_iter().filter(|algorithm| algorithm.family() == key.family()).collect(),
    };
    validation.algorithms.retain(|algorithm| allowed.contains(algorithm));
    validation.leeway = 30;
    validation.validate_nbf = true;
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    decode::<Claims>(&sample.token, &key, &validation).map(drop).map_err(told)
}

fn only_one(set: &JwkSet, algorithm: Algorithm) -> Option<&Jwk> {
    let family = algorithm.family();
    let fits = |jwk: &&Jwk| match jwk.common.key_algorithm {
        Some(named) => named.to_string().parse() == Ok(algorithm),
        None => DecodingKey::from_jwk(jwk).is_ok_and(|key| key.family() == family),
    };
    let mut fitting = set.keys.iter().filter(fits);
    fitting.next().filter(|_| fitting.next().is_none())
}

/// A program reads the corpus from its input and answers with one object: for each name `null`, or why it refuses the token.
pub(super) fn program(program: &str, script: &str, corpus: &Corpus) -> BTreeMap<String, Said> {
    let mut child = Command::new(program)
        .arg(format!("{CLIENTS}/{script}"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(corpus.to_json().to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{script}");
    let said: BTreeMap<String, Value> = serde_json::from_slice(&output.stdout).unwrap();
    let read = |reason: Value| match reason {
        Value::Null => Ok(()),
        reason => Err(reason.to_string()),
    };
    said.into_iter().map(|(name, reason)| (name, read(reason).into())).collect()
}
