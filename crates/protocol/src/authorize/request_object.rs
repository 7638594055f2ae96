//! Request objects (OpenID Connect Core §6, RFC 9101): how one is presented, what its claims must say, and the request that
//! it makes together with the query.
//!
//! Fetching it and verifying its signature is the work of the shell, between [`presented`] and [`assemble`]. It happens once,
//! when the request arrives; from then on there is the assembled request only.

use serde_json::{Map, Value};

use super::request::REQUEST_LIMIT;
use super::response_type::ResponseType;
use crate::client::Client;
use crate::error::{ErrorCode, OAuthError};
use crate::feature::Feature;
use crate::issuer::Issuer;
use crate::params::{self, Params};
use crate::signing::MaybeSigned;
use crate::time::{self, Seconds, Timestamp};

/// The types that a request object may name; naming none is fine, OpenID Connect asks for none. RFC 9101 §10.8 wants it told
/// apart from every other JWT that the client signs.
pub const REQUEST_OBJECT_TYPES: &[&str] = &["JWT", "oauth-authz-req+jwt"];

/// How far two honest clocks may differ.
const LEEWAY: Seconds = Seconds(30);

/// Members that speak of the object itself (RFC 7519 §4.1). They are checked and never become parameters.
const ABOUT_THE_OBJECT: &[&str] = &["iss", "sub", "aud", "exp", "nbf", "iat", "jti"];
/// How the object is presented. Consumed by this file; nothing of them is left in the assembled request.
const CARRIERS: &[&str] = &["request", "request_uri"];
/// Parameters whose value is JSON text in a query and JSON itself in an object (OpenID Connect Core §6.1).
const WRITTEN_IN_JSON: &[&str] = &["claims", "registration"];

/// How the object came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presented<'a> {
    /// `request`: the object itself.
    ByValue(&'a str),
    /// `request_uri`: where to fetch it. Registered by the client, and without a fragment.
    ByReference(&'a str),
}

/// What the claims of a request object are compared with.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    pub client: &'a Client,
    pub issuer: &'a Issuer,
    pub now: Timestamp,
}

impl Presented<'_> {
    /// The parameter that carried it, for errors.
    pub fn parameter(self) -> &'static str {
        match self {
            Self::ByValue(_) => "request",
            Self::ByReference(_) => "request_uri",
        }
    }
}

/// The request object of this query, if it has one that may be looked at.
pub fn presented<'a>(
    query: &'a Params,
    client: &Client,
    switched_on: &[Feature],
) -> Result<Option<Presented<'a>>, OAuthError> {
    match (query.get("request")?, query.get("request_uri")?) {
        (None, None) => Ok(None),
        // OIDC Core §6: "If one of these parameters is used, the other MUST NOT be used in the same request."
        (Some(_), Some(_)) => Err(OAuthError::new(ErrorCode::InvalidRequest, "send request or request_uri, not both")),
        (Some(object), None) => check_query(query).map(|()| Some(Presented::ByValue(object))),
        (None, Some(uri)) => {
            if !switched_on.contains(&Feature::RequestUri) {
                let description = "request_uri is not supported here; send the object itself as request";
                return Err(OAuthError::new(ErrorCode::RequestUriNotSupported, description).at("request_uri"));
            }
            check_query(query)?;
            registered_place(uri, client).map(|place| Some(Presented::ByReference(place)))
        }
    }
}

/// What must hold before anything is fetched or verified.
fn check_query(query: &Params) -> Result<(), OAuthError> {
    // The object would hide a repeated parameter, so they are counted before it is opened.
    query.refuse_duplicates()?;
    if query.encode().len() > REQUEST_LIMIT {
        return Err(OAuthError::new(ErrorCode::InvalidRequest, "the request is larger than 16 KiB"));
    }
    // It says whose keys to take. response_type may stand in the object alone: RFC 9101 §5 lets a client send nothing else
    // beside the object, and client libraries do, although OIDC Core §6.1 would have it in the query too.
    query.require("client_id").map(|_| ())
}

/// The address to fetch, which is one that the client registered: nobody else's link decides what this server asks for.
fn registered_place<'a>(uri: &'a str, client: &Client) -> Result<&'a str, OAuthError> {
    let refused = |description| Err(OAuthError::new(ErrorCode::InvalidRequestUri, description).at("request_uri"));
    if uri.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("urn:")) {
        return refused("there is no pushed authorization request under this request_uri");
    }
    // RFC 9101 §5.2: a URN or an https URI. OIDC Core §6.2 would allow plain http for a signed object; nobody needs it.
    if !uri.starts_with("https://") {
        return refused("request_uri must begin with https://");
    }
    // OIDC Core §6.2 lets the fragment be a hash of the content, so that a server which keeps the content notices a change.
    // None is kept here, and clients put other things there, so the fragment decides nothing: it is neither compared nor
    // verified, and what vouches for the content is its signature. All that is before the fragment is compared byte for byte.
    let place = without_fragment(uri);
    if client.request_uris.iter().any(|registered| without_fragment(registered) == place) {
        Ok(place)
    } else {
        refused("request_uri is not registered for this client")
    }
}

fn without_fragment(uri: &str) -> &str {
    uri.split('#').next().unwrap_or_default()
}

/// Whether an object that claims this algorithm may be read at all.
pub fn check_algorithm(
    presented: Presented<'_>,
    algorithm: MaybeSigned,
    client: &Client,
    switched_on: &[Feature],
) -> Result<(), OAuthError> {
    let registered = client.request_object_signing_alg;
    let refused = |code, description: String| Err(OAuthError::new(code, description).at(presented.parameter()));
    // Registration §2, request_object_signing_alg: "All Request Objects from this Client MUST be rejected, if not signed with
    // this algorithm."
    if let Some(registered) = registered.filter(|registered| *registered != algorithm) {
        let description = format!("the algorithm of the request object must be {registered}, as registered");
        return refused(ErrorCode::InvalidRequestObject, description);
    }
    // An unsigned object is worth no more than the query, so it is read only for clients that ask for it by name.
    let unsigned_is_meant = registered.is_some() && switched_on.contains(&Feature::UnsignedRequestObjects);
    if algorithm == MaybeSigned::Unsigned && !unsigned_is_meant {
        let code = match presented {
            Presented::ByValue(_) => ErrorCode::RequestNotSupported,
            Presented::ByReference(_) => ErrorCode::RequestUriNotSupported,
        };
        return refused(code, "an unsigned request object is not supported for this client".to_owned());
    }
    Ok(())
}

/// The whole request. `claims` are those of an object whose signature was verified, or that may be unsigned.
pub fn assemble(query: &Params, claims: Map<String, Value>, expected: &Expected<'_>) -> Result<Params, OAuthError> {
    check_parties(&claims, expected)?;
    check_times(&claims, expected.now)?;
    if CARRIERS.iter().any(|name| claims.contains_key(*name)) {
        // OIDC Core §6.1: "request and request_uri parameters MUST NOT be included in Request Objects."
        return Err(invalid("a request object must not hold request or request_uri"));
    }
    let assembled = merge(query, claims)?;
    check_same(query, &assembled)?;
    Ok(assembled)
}

/// Who made the object, and for whom.
fn check_parties(claims: &Map<String, Value>, expected: &Expected<'_>) -> Result<(), OAuthError> {
    let (client, issuer) = (expected.client.id.as_str(), expected.issuer.as_str());
    // OIDC Core §6.1: "The iss value SHOULD be the Client ID of the RP, unless it was signed by a different party than the RP."
    // Nobody else's keys are known here.
    if claims.get("iss").is_some_and(|iss| iss.as_str() != Some(client)) {
        return Err(invalid("iss of the request object must be the client_id"));
    }
    // "The aud value SHOULD be or include the OP's Issuer Identifier URL."
    if claims.get("aud").is_some_and(|aud| !names(aud, issuer)) {
        return Err(invalid("aud of the request object must be or include the issuer of this server"));
    }
    // RFC 9101 §10.8, against an object that serves as a client assertion or the other way round: "never use the client_id as
    // the sub value in a Request Object."
    if claims.get("sub").is_some_and(|sub| sub.as_str() == Some(client)) {
        return Err(invalid("sub of the request object must not be the client_id"));
    }
    Ok(())
}

fn names(aud: &Value, issuer: &str) -> bool {
    match aud {
        Value::String(one) => one == issuer,
        Value::Array(several) => several.iter().any(|one| one.as_str() == Some(issuer)),
        _ => false,
    }
}

/// None of the times is demanded: OpenID Connect lets a client sign an object once and use it for long (Core §6.1).
fn check_times(claims: &Map<String, Value>, now: Timestamp) -> Result<(), OAuthError> {
    if time(claims, "exp")?.is_some_and(|exp| exp <= now) {
        return Err(invalid("the request object has expired"));
    }
    for (name, description) in
        [("nbf", "the request object is not valid yet"), ("iat", "the request object was issued in the future")]
    {
        if time(claims, name)?.is_some_and(|at| at.since(now) > LEEWAY) {
            return Err(invalid(description));
        }
    }
    Ok(())
}

fn time(claims: &Map<String, Value>, name: &str) -> Result<Option<Timestamp>, OAuthError> {
    let read = |value| time::numeric_date(value).ok_or_else(|| invalid("a time in the request object is not a number"));
    claims.get(name).map(read).transpose()
}

/// OIDC Core §6.3.3: "If the same parameter exists both in the Request Object and the OAuth Authorization Request parameters,
/// the parameter in the Request Object is used."
fn merge(query: &Params, claims: Map<String, Value>) -> Result<Params, OAuthError> {
    let mut inside = Vec::new();
    for (name, value) in claims {
        if !ABOUT_THE_OBJECT.contains(&name.as_str())
            && let Some(text) = text(&name, value)?
        {
            inside.push((name, text));
        }
    }
    let superseded = |name: &str| inside.iter().any(|(held, _)| held == name);
    let outside = query.pairs().filter(|(name, _)| !CARRIERS.contains(name) && !superseded(name));
    let outside: Vec<(String, String)> = outside.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let merged = Params::from_pairs(outside.into_iter().chain(inside));
    // Read again from its text, so that what a query cannot say an object cannot say either.
    Params::parse(merged.encode().as_bytes())
        .map_err(|error| OAuthError::new(ErrorCode::InvalidRequestObject, error.description))
}

/// The value of a parameter as a query would have it; `None` for members that mean nothing here.
fn text(name: &str, value: Value) -> Result<Option<String>, OAuthError> {
    match value {
        Value::String(text) => Ok(Some(text)),
        // RFC 9101 §4: "Parameter names and string values MUST be included as JSON strings. [...] Numerical values MUST be
        // included as JSON numbers." So max_age is one.
        Value::Number(number) => Ok(Some(number.to_string())),
        Value::Bool(flag) => Ok(Some(flag.to_string())),
        Value::Object(_) if WRITTEN_IN_JSON.contains(&name) => Ok(Some(value.to_string())),
        Value::Object(_) | Value::Array(_) | Value::Null => match params::known(name) {
            Some(name) => Err(invalid("a parameter in the request object has a value of the wrong type").at(name)),
            None => Ok(None),
        },
    }
}

/// OIDC Core §6.1: "The values for these parameters MUST match those in the Request Object, if present."
fn check_same(query: &Params, assembled: &Params) -> Result<(), OAuthError> {
    if query.require("client_id")? != assembled.get("client_id")?.unwrap_or_default() {
        return Err(invalid("client_id of the request object differs from that of the query").at("client_id"));
    }
    let Some(outside) = query.get("response_type")? else { return Ok(()) };
    let inside = assembled.get("response_type")?.unwrap_or_default();
    let unordered = |text: &str| ResponseType::in_any_order(text);
    if outside != inside && (unordered(outside).is_none() || unordered(outside) != unordered(inside)) {
        return Err(invalid("response_type of the request object differs from that of the query").at("response_type"));
    }
    Ok(())
}

fn invalid(description: &'static str) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidRequestObject, description)
}

#[cfg(test)]
mod tests;
