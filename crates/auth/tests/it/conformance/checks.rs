//! What the suite checks of every answer, whichever module asked: `AbstractOIDCCServerTest` and the conditions that it calls.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use protocol::signing::{MaybeSigned, SigningAlgorithm};
use serde_json::Value;
use testkit::browser::{Answer, Page};
use testkit::requests::text;
use url::Url;

use super::client::{Module, Request, Round};

const RS256: MaybeSigned = MaybeSigned::Signed(SigningAlgorithm::RS256);
/// The clock may be wrong by five minutes.
const SKEW: i64 = 300;
const YEAR: i64 = 365 * 86_400;
/// 1990-01-01.
const LONG_AGO: i64 = 631_152_000;

pub(super) const PROFILE_CLAIMS: &[&str] = &[
    "name",
    "given_name",
    "family_name",
    "middle_name",
    "nickname",
    "preferred_username",
    "profile",
    "picture",
    "website",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
    "updated_at",
];

/// An ID token whose signature was verified with the published keys.
pub(super) struct IdToken {
    pub(super) jwt: String,
    pub(super) header: Value,
    pub(super) claims: Value,
}

/// A member of the metadata that must be an https address.
#[track_caller]
pub(super) fn https<'a>(metadata: &'a Value, member: &str) -> &'a str {
    let url = text(metadata, member);
    assert!(url.starts_with("https://"), "{member}: {url}");
    url
}

/// Public parts only, distinct `kid`s, base64url without padding.
#[track_caller]
pub(super) fn jwks(jwks: &Value) {
    let keys = jwks["keys"].as_array().unwrap();
    let kids: BTreeSet<&str> = keys.iter().map(|key| text(key, "kid")).collect();
    assert!(kids.len() == keys.len() && !kids.contains(""), "{kids:?}");
    for key in keys {
        let needed: &[&str] = match text(key, "kty") {
            "RSA" => &["n", "e"],
            "EC" => &["x", "y", "crv"],
            "OKP" => &["x", "crv"],
            other => panic!("{other}"),
        };
        for member in needed.iter().filter(|member| **member != "crv") {
            assert!(URL_SAFE_NO_PAD.decode(text(key, member)).is_ok(), "{member} of {key}");
        }
        assert!(["d", "p", "q", "dp", "dq", "qi", "oth", "k"].iter().all(|private| key.get(private).is_none()));
        assert!(["RS256", "PS256", "ES256", "ES384", "EdDSA"].contains(&text(key, "alg")), "{key}");
        assert_eq!(key["use"], "sig");
    }
}

/// What the suite demands of a registration beside 201 and JSON.
#[track_caller]
pub(super) fn registered(told: &Value) {
    assert!(told.get("error").is_none() && !text(told, "client_id").is_empty(), "{told}");
    assert!(!text(told, "registration_access_token").is_empty());
    https(told, "registration_client_uri");
    if told.get("client_secret").is_some() {
        assert!(told["client_secret_expires_at"].is_i64(), "{told}");
    }
}

/// An answer to the authorization request that brings what was asked for.
#[track_caller]
pub(super) fn success(answer: &Answer, request: &Request, module: &Module<'_>) {
    let kind = module.variant.kind;
    assert!(!answer.contains_key("error"), "{answer:?}");
    assert_eq!(answer.get("state"), request.get("state"));
    assert_eq!(answer["iss"], module.suite.app.issuer);
    assert_eq!((answer.contains_key("code"), answer.contains_key("id_token")), (kind.has_code(), kind.has_id_token()));
    assert_eq!(answer.contains_key("access_token"), kind.has_token(), "{answer:?}");
    if kind.has_token() {
        assert_eq!(answer["token_type"], "Bearer");
        entropy(&answer["access_token"]);
    }
    if let Some(code) = answer.get("code") {
        entropy(code);
    }
}

/// `performGenericAuthorizationEndpointErrorResponseValidation`; gives the code.
#[track_caller]
pub(super) fn error(answer: &Answer, state: Option<&String>, issuer: &str) -> String {
    assert_eq!(answer.get("state"), state, "{answer:?}");
    assert_eq!(answer["iss"], issuer);
    let known = ["error", "error_description", "error_uri", "state", "session_state", "iss"];
    assert!(answer.keys().all(|name| known.contains(&name.as_str())), "{answer:?}");
    if let Some(description) = answer.get("error_description") {
        described(description);
    }
    if let Some(uri) = answer.get("error_uri") {
        assert!(Url::parse(uri).is_ok(), "{uri}");
    }
    answer["error"].clone()
}

/// RFC 6749 §4.1.2.1: %x20-21 / %x23-5B / %x5D-7E.
#[track_caller]
fn described(description: &str) {
    let fits = |character: char| matches!(character, ' '..='~') && !matches!(character, '"' | '\\');
    assert!(!description.is_empty() && description.chars().all(fits), "{description}");
}

/// A JSON error of the token endpoint with status 400.
#[track_caller]
pub(super) fn token_error(page: &Page, error: &str) {
    let json = page.json();
    assert_eq!((page.status.as_u16(), text(&json, "error")), (400, error), "{json}");
    described(text(&json, "error_description"));
}

/// At least 16 characters, and more than 96 by the entropy of Shannon.
#[track_caller]
pub(super) fn entropy(value: &str) {
    let mut counts = BTreeMap::new();
    for character in value.chars() {
        *counts.entry(character).or_insert(0_u32) += 1;
    }
    let length = f64::from(counts.values().sum::<u32>());
    let per_character: f64 =
        counts.values().map(|count| f64::from(*count) / length).map(|share| -share * share.log2()).sum();
    assert!(length >= 16.0 && per_character * length > 96.0, "{value} is guessed too easily");
}

/// A good answer of the token endpoint.
#[track_caller]
pub(super) fn token_response(page: &Page) -> Value {
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(page.header("content-type").starts_with("application/json"));
    assert!(page.header("cache-control").contains("no-store"));
    let tokens = page.json();
    assert!(tokens.get("error").is_none(), "{tokens}");
    assert!(text(&tokens, "token_type").eq_ignore_ascii_case("bearer"));
    entropy(text(&tokens, "access_token"));
    assert!(tokens["expires_in"].as_i64().is_some_and(|seconds| 0 < seconds && seconds <= YEAR), "{tokens}");
    tokens
}

/// An ID token of the authorization endpoint: bound to what it came with.
#[track_caller]
pub(super) fn front_id_token(module: &Module<'_>, round: &Round, answer: &Answer, jwt: &str) -> IdToken {
    let token = id_token(module, round.request.get("nonce"), jwt);
    for (beside, hash) in [("access_token", "at_hash"), ("code", "c_hash"), ("state", "s_hash")] {
        let expected = answer.get(beside).map(|value| jwt::half_hash(RS256, value));
        let found = token.claims.get(hash).and_then(Value::as_str).map(str::to_owned);
        assert_eq!(found, expected, "{hash}");
    }
    token
}

/// `PerformStandardIdTokenChecks`, with the algorithm RS256 that every client of the suite gets.
#[track_caller]
pub(super) fn id_token(module: &Module<'_>, nonce: Option<&String>, jwt: &str) -> IdToken {
    let token = verified(&module.suite.jwks, jwt);
    standard_id_token(module, nonce, &token.claims);
    token
}

/// The claims that every ID token has, however it is signed.
#[track_caller]
pub(super) fn standard_id_token(module: &Module<'_>, nonce: Option<&String>, claims: &Value) {
    let now = module.suite.app.now().0;
    let number = |name: &str| claims[name].as_i64().unwrap_or_else(|| panic!("no {name} in {claims}"));
    assert_eq!((text(claims, "iss"), text(claims, "aud")), (module.suite.app.issuer.as_str(), module.client_id()));
    assert!(number("exp") > now - SKEW && number("exp") < now + 50 * YEAR, "{claims}");
    assert!((number("iat") - now).abs() <= SKEW, "{claims}");
    if claims.get("auth_time").is_some() {
        assert!(number("auth_time") > now - YEAR && number("auth_time") <= now + SKEW, "{claims}");
    }
    if claims.get("acr").is_some() {
        assert!(!text(claims, "acr").is_empty());
    }
    assert_eq!(claims.get("nonce").and_then(Value::as_str), nonce.map(String::as_str));
    let sub = text(claims, "sub");
    assert!((1..=255).contains(&sub.len()) && sub.bytes().all(|byte| (0x20..=0x7E).contains(&byte)), "{sub}");
    well_formed(claims, now);
}

/// A JWT of this server: RS256 by a published key that its `kid` names.
#[track_caller]
pub(super) fn verified(jwks: &Value, jwt: &str) -> IdToken {
    let header = part(jwt, 0);
    assert_eq!(header["alg"], "RS256", "{header}");
    let key = jwks["keys"].as_array().unwrap().iter().find(|key| key["kid"] == header["kid"]);
    let key = key.unwrap_or_else(|| panic!("no key for {header}"));
    assert_eq!((text(key, "kty"), text(key, "alg"), text(key, "use")), ("RSA", "RS256", "sig"));
    let mut validation = Validation::new(Algorithm::RS256);
    (validation.validate_exp, validation.validate_aud) = (false, false); // the clock is the server's
    validation.required_spec_claims.clear();
    let key = DecodingKey::from_rsa_components(text(key, "n"), text(key, "e")).unwrap();
    let claims = jsonwebtoken::decode::<Value>(jwt, &key, &validation).expect("a signature of this server").claims;
    IdToken { jwt: jwt.to_owned(), header, claims }
}

/// A part of a token, unverified.
pub(super) fn part(jwt: &str, at: usize) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(jwt.split('.').nth(at).unwrap()).unwrap()).unwrap()
}

/// What the suite demands of UserInfo where it looks at it.
#[track_caller]
pub(super) fn userinfo(claims: &Value, sub: &Value, now: i64) {
    assert_eq!(&claims["sub"], sub);
    well_formed(claims, now);
}

/// Standard claims, where there are any, have their types and say something.
#[track_caller]
fn well_formed(claims: &Value, now: i64) {
    for name in PROFILE_CLAIMS.iter().chain(&["email", "phone_number"]).filter(|name| **name != "updated_at") {
        if let Some(value) = claims.get(name) {
            let said = value.as_str().unwrap_or_else(|| panic!("{name} is {value}")).trim();
            assert!(!said.is_empty() && !said.eq_ignore_ascii_case("null"), "{name}");
        }
    }
    if let Some(date) = claims.get("birthdate").and_then(Value::as_str) {
        assert!(date.len() == 4 || (date.len() == 10 && date.split('-').count() == 3), "{date}");
    }
    for name in ["email_verified", "phone_number_verified"] {
        assert!(claims.get(name).is_none_or(Value::is_boolean), "{name}");
    }
    if let Some(at) = claims.get("updated_at") {
        assert!(at.as_i64().is_some_and(|at| (LONG_AGO..=now + SKEW).contains(&at)), "{at}");
    }
    if let Some(address) = claims.get("address") {
        let members = address.as_object().expect("an object");
        assert!(!members.is_empty() && members.values().all(Value::is_string), "{address}");
    }
}
