//! Each claim missing, of a wrong type, with a wrong value.

use serde_json::{Value, json};

use super::corpus::{AUDIENCE, Corpus, ISSUER};

const REQUIRED: [&str; 7] = ["iss", "sub", "aud", "exp", "iat", "jti", "client_id"];

pub(super) fn add(corpus: &mut Corpus) {
    for claim in REQUIRED {
        corpus.bad(&format!("without {claim}"), corpus.without_claim(claim));
        corpus.bad(&format!("{claim} is null"), corpus.with_claim(claim, Value::Null));
        corpus.bad(&format!("{claim} is an object"), corpus.with_claim(claim, json!({ "a": 1 })));
        corpus.bad(&format!("{claim} is true"), corpus.with_claim(claim, true));
    }
    for claim in ["sub", "jti", "client_id", "iss"] {
        corpus.bad(&format!("{claim} is a number"), corpus.with_claim(claim, 7));
        corpus.bad(&format!("{claim} is empty"), corpus.with_claim(claim, ""));
    }
    identity(corpus);
    issuer(corpus);
    audience(corpus);
    scope(corpus);
    meaning(corpus);
}

fn identity(corpus: &mut Corpus) {
    corpus.good("sub in another script", corpus.with_claim("sub", "Ä \"名\" 🔑"));
    corpus.good("sub has 255 characters", corpus.with_claim("sub", "a".repeat(255)));
    corpus.bad("sub has 256 characters", corpus.with_claim("sub", "a".repeat(256)));
    corpus.bad("sub has a zero", corpus.with_claim("sub", "ali\u{0}ce"));
    corpus.bad("sub has a line break", corpus.with_claim("sub", "alice\nroot"));
    corpus.bad("client_id has a control character", corpus.with_claim("client_id", "a\u{7}pp"));
    corpus.good("acr and auth_time", {
        let mut claims = corpus.claims();
        (claims["acr"], claims["auth_time"]) = (json!("2"), json!(corpus.now - 60));
        corpus.with_payload(claims.to_string())
    });
    corpus.bad("acr is a number", corpus.with_claim("acr", 2));
    corpus.bad("auth_time is a text", corpus.with_claim("auth_time", "now"));
    corpus.good("a claim that nobody knows", corpus.with_claim("https://x.example/y", json!({ "z": [1, null, {}] })));
    corpus.good("a claim of the language's own", corpus.with_claim("__proto__", json!({ "exp": 1 })));
}

fn issuer(corpus: &mut Corpus) {
    for (name, iss) in [
        ("another issuer", "https://other.test".to_owned()),
        ("the issuer with a slash", format!("{ISSUER}/")),
        ("the issuer in capitals", ISSUER.to_ascii_uppercase()),
        ("the issuer over http", ISSUER.replace("https", "http")),
        ("a longer name than the issuer's", format!("{ISSUER}.evil.example")),
        ("a shorter name than the issuer's", ISSUER[..ISSUER.len() - 1].to_owned()),
        ("the issuer with its port", format!("{ISSUER}:443")),
        ("the issuer behind a space", format!(" {ISSUER}")),
        ("the issuer before a zero", format!("{ISSUER}\u{0}")),
    ] {
        corpus.bad(name, corpus.with_claim("iss", iss));
    }
    corpus.bad("a list with the issuer in it", corpus.with_claim("iss", json!([ISSUER])));
    corpus.bad("a list of two issuers", corpus.with_claim("iss", json!(["https://other.test", ISSUER])));
}

fn audience(corpus: &mut Corpus) {
    corpus.good("a list with the audience alone", corpus.with_claim("aud", json!([AUDIENCE])));
    corpus.good("a list with the audience last", corpus.with_claim("aud", json!(["https://other.example", AUDIENCE])));
    corpus.good("a list with the audience twice", corpus.with_claim("aud", json!([AUDIENCE, AUDIENCE])));
    for (name, aud) in [
        ("another audience", json!("https://other.example")),
        ("a list of other audiences", json!(["https://other.example", "app"])),
        ("an empty list of audiences", json!([])),
        ("an empty audience", json!("")),
        ("an audience that is a number", json!(7)),
        ("a list with the audience and a number", json!([AUDIENCE, 7])),
        ("a list with the audience and null", json!([AUDIENCE, null])),
        ("the audience in a list in a list", json!([[AUDIENCE]])),
        ("the audience as a name in an object", json!({ AUDIENCE: true })),
        ("the audience with a slash", json!(format!("{AUDIENCE}/"))),
        ("the audience with a path", json!(format!("{AUDIENCE}/notes"))),
        ("the audience in capitals", json!(AUDIENCE.to_ascii_uppercase())),
        ("two audiences in one text", json!(format!("https://other.example {AUDIENCE}"))),
        ("a part of the audience", json!("api.example")),
        ("any audience by a star", json!("*")),
    ] {
        corpus.bad(name, corpus.with_claim("aud", aud));
    }
}

fn scope(corpus: &mut Corpus) {
    corpus.good("without scope", corpus.without_claim("scope"));
    corpus.good("an empty scope", corpus.with_claim("scope", ""));
    corpus.good("several scopes", corpus.with_claim("scope", "openid notes:read notes:write"));
    corpus.bad("a scope that is a list", corpus.with_claim("scope", json!(["notes:read"])));
    corpus.bad("a scope that is a number", corpus.with_claim("scope", 1));
    corpus.bad("a scope with a line break", corpus.with_claim("scope", "notes:read\nadmin"));
    corpus.bad("a scope with a quote", corpus.with_claim("scope", "notes:\"read"));
}

/// Tokens that are something else than plain bearer tokens.
fn meaning(corpus: &mut Corpus) {
    corpus.bad("an ID token by its nonce", corpus.with_claim("nonce", "n"));
    corpus.bad("an ID token by its at_hash", corpus.with_claim("at_hash", "77QmUPtjPfzWtF2AnpK9RQ"));
    let jkt = json!({ "jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" });
    corpus.bad("bound to a DPoP key", corpus.with_claim("cnf", jkt));
    let certificate = json!({ "x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2" });
    corpus.bad("bound to a certificate", corpus.with_claim("cnf", certificate));
}
