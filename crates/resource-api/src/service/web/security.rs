//! How callers prove who they are, as the OpenAPI document says it: the security schemes that are switched on, and which of them
//! with which permissions pass a line of the route table.
//!
//! What OpenAPI has no words for (proofs, signatures, the header against CSRF) stands in the descriptions.

use protocol::api_key;
use protocol::issuer::Issuer;
use serde_json::{Map, Value, json};
use utoipa::openapi::security::SecurityRequirement;

use crate::access::guard::{Access, Demand, Guard};
use crate::access::routes::Line;
use crate::resource_server::{BasicSecret, Schemes};
use crate::token::issuers::TrustedIssuer;

/// Name and Security Scheme Object (OpenAPI 3.1 §4.8.27).
type Scheme = (String, Value);

/// Every way that is on. What is off is not there.
pub(crate) fn schemes(on: &Schemes, issuers: &[TrustedIssuer]) -> Map<String, Value> {
    let issuers = issuers.iter().enumerate().map(|(at, trusted)| openid(at, &trusted.issuer));
    let mut found: Map<String, Value> = issuers.collect();
    found.extend([bearer(on)]);
    found.extend(on.dpop.as_deref().map(dpop));
    found.extend(on.api_keys.then(api_keys).into_iter().flatten());
    found.extend(on.basic.map(basic));
    found.extend(on.signatures.then(signature));
    found.extend(on.session_cookie.as_deref().map(session));
    found
}

fn named(name: &str, scheme: Value) -> Scheme {
    (name.to_owned(), scheme)
}

fn openid(at: usize, issuer: &Issuer) -> Scheme {
    let name = if at == 0 { "openid".to_owned() } else { format!("openid-{}", at + 1) };
    let discovery = issuer.endpoint("/.well-known/openid-configuration");
    let about = format!("Access tokens of {issuer}. Ask for the scopes that an operation names.");
    (name, json!({ "type": "openIdConnect", "openIdConnectUrl": discovery, "description": about }))
}

fn bearer(on: &Schemes) -> Scheme {
    let opaque = if on.api_keys { "; or an opaque one, which the issuer is asked about (RFC 7662)" } else { "" };
    let about = format!(
        "An access token of a trusted issuer, as a JWT (RFC 6750, RFC 9068){opaque}. One that is bound to a client certificate comes over a \
         connection with that certificate (RFC 8705)."
    );
    named("bearer", json!({ "type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": about }))
}

/// `algorithms` are separated by spaces.
fn dpop(algorithms: &str) -> Scheme {
    let about = format!(
        "An access token that is bound to a key, and in the header DPoP a proof of that key for this one request (RFC 9449). Proofs are \
         signed with one of {algorithms}."
    );
    named("dpop", json!({ "type": "http", "scheme": "DPoP", "description": about }))
}

fn api_keys() -> [Scheme; 2] {
    let form = format!("{}...", api_key::PREFIX);
    let about = "An API key in the place of an access token.";
    let bearer = json!({ "type": "http", "scheme": "bearer", "bearerFormat": form, "description": about });
    let header = json!({ "type": "apiKey", "in": "header", "name": "X-API-Key", "description": "An API key." });
    [named("apiKeyBearer", bearer), named("apiKey", header)]
}

fn basic(secret: BasicSecret) -> Scheme {
    let secret = match secret {
        BasicSecret::ApiKey => "in the place of the password,",
        BasicSecret::ApiKeyOrPassword => "the password or, in its place,",
    };
    let about = format!("A user name and, {secret} an API key of that person; over TLS only (RFC 7617).");
    named("basic", json!({ "type": "http", "scheme": "basic", "description": about }))
}

fn signature() -> Scheme {
    let about = "The request is signed with an API key (HTTP Message Signatures, RFC 9421, hmac-sha256): Signature and Signature-Input \
                 cover method and URL, and with a body its Content-Digest (RFC 9530) and Content-Type. Each signature counts once.";
    named("signature", json!({ "type": "apiKey", "in": "header", "name": "Signature", "description": about }))
}

fn session(cookie: &str) -> Scheme {
    let about = "The session of a web front end on this origin, after a sign-in at /bff/login. Requests that change something carry \
                 X-CSRF: 1 as well.";
    named("session", json!({ "type": "apiKey", "in": "cookie", "name": cookie, "description": about }))
}

/// Each scheme will do, with each way to hold enough permissions.
pub(crate) fn of(line: &Line, schemes: &Map<String, Value>) -> Vec<SecurityRequirement> {
    if is_public(line) {
        return Vec::new();
    }
    let ways = ways(line);
    let anonymous = line.guards.iter().all(|guard| matches!(guard.access, Access::Public | Access::Optional));
    let nobody = anonymous.then(SecurityRequirement::default);
    let of_scheme = |scheme| ways.iter().map(move |way| SecurityRequirement::new(scheme, way.iter().copied()));
    nobody.into_iter().chain(schemes.keys().flat_map(of_scheme)).collect()
}

pub(crate) fn is_public(line: &Line) -> bool {
    line.guards.iter().all(|guard| guard.access == Access::Public)
}

/// Each way to satisfy all guards of a line.
fn ways(line: &Line) -> Vec<Vec<&str>> {
    all_ways(line.guards.iter().map(of_guard))
}

fn of_guard(guard: &Guard) -> Vec<Vec<&str>> {
    match &guard.access {
        Access::Needs(demand) => of_demand(demand),
        _ => vec![guard.permissions()],
    }
}

fn of_demand(demand: &Demand) -> Vec<Vec<&str>> {
    match demand {
        Demand::One(permission) => vec![vec![permission]],
        Demand::All(demands) => all_ways(demands.iter().map(of_demand)),
        Demand::Any(demands) => demands.iter().flat_map(of_demand).collect(),
    }
}

/// One way of each, in every combination.
fn all_ways<'l>(each: impl Iterator<Item = Vec<Vec<&'l str>>>) -> Vec<Vec<&'l str>> {
    each.fold(vec![Vec::new()], |ways, more| {
        ways.iter().flat_map(|way| more.iter().map(move |rest| [way.as_slice(), rest].concat())).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::guard::{all_of, any_of, authenticated, optional, public, require};
    use crate::access::routes::get;

    async fn nothing() -> &'static str {
        ""
    }

    fn issuers(names: &[&str]) -> Vec<TrustedIssuer> {
        names.iter().map(|name| TrustedIssuer::new(Issuer::parse(name).expect("is an issuer"))).collect()
    }

    fn names(on: &Schemes) -> Vec<String> {
        schemes(on, &issuers(&["https://id.example"])).keys().cloned().collect()
    }

    #[test]
    fn what_is_on_is_described_and_what_is_off_is_not() {
        let off = Schemes::default();
        assert_eq!(names(&off), ["bearer", "openid"]);
        let each: [(Schemes, &[&str]); 5] = [
            (Schemes { dpop: Some("ES256".to_owned()), ..off.clone() }, &["dpop"]),
            (Schemes { api_keys: true, ..off.clone() }, &["apiKeyBearer", "apiKey"]),
            (Schemes { basic: Some(BasicSecret::ApiKey), ..off.clone() }, &["basic"]),
            (Schemes { signatures: true, ..off.clone() }, &["signature"]),
            (Schemes { session_cookie: Some("__Host-s".to_owned()), ..off.clone() }, &["session"]),
        ];
        for (on, more) in each {
            let mut expected: Vec<&str> = ["bearer", "openid"].into_iter().chain(more.iter().copied()).collect();
            let mut found = names(&on);
            expected.sort_unstable();
            found.sort_unstable();
            assert_eq!(found, expected);
        }
        let bearer = |on: &Schemes| schemes(on, &[])["bearer"]["description"].to_string();
        assert!(!bearer(&off).contains("opaque"));
        assert!(bearer(&Schemes { api_keys: true, ..off }).contains("opaque"));
    }

    #[test]
    fn each_issuer_has_a_scheme_of_its_own() {
        let found = schemes(&Schemes::default(), &issuers(&["https://a.example", "https://b.example"]));
        for (name, url) in [("openid", "https://a.example"), ("openid-2", "https://b.example")] {
            assert_eq!(found[name]["openIdConnectUrl"], format!("{url}/.well-known/openid-configuration"));
        }
    }

    #[test]
    fn the_guards_of_a_line_say_what_it_needs() {
        let schemes = schemes(&Schemes::default(), &[]);
        let needs = |guards: &[Guard]| {
            let line = guards.iter().cloned().fold(get("/", nothing), Line::guard);
            serde_json::to_value(of(&line, &schemes)).expect("is JSON")
        };
        assert_eq!(needs(&[public()]), json!([]));
        assert_eq!(needs(&[optional()]), json!([{}, { "bearer": [] }]));
        assert_eq!(needs(&[authenticated()]), json!([{ "bearer": [] }]));
        assert_eq!(needs(&[optional(), require("a:x")]), json!([{ "bearer": ["a:x"] }]));
        let either = require(any_of([all_of(["a:x", "b:x"]), all_of(["c:x"])]));
        let expected = json!([{ "bearer": ["d:x", "a:x", "b:x"] }, { "bearer": ["d:x", "c:x"] }]);
        assert_eq!(needs(&[require("d:x"), either]), expected);
    }
}
