//! Tricks with the header (RFC 7515 §4, RFC 8725): the algorithm, the key, the type, extensions.

use aws_lc_rs::hmac;
use protocol::signing::SigningAlgorithm;
use resource_api::testkit::TestKey;
use serde_json::{Value, json};

use super::corpus::{Corpus, decode, header, join, message, sign, split};

pub(super) fn add(corpus: &mut Corpus) {
    for algorithm in SigningAlgorithm::ALL {
        corpus.good(&format!("signed with {algorithm}"), corpus.signed_by(&corpus.key(*algorithm)));
    }
    none(corpus);
    secrets(corpus);
    algorithms(corpus);
    extensions(corpus);
    injected_keys(corpus);
    key_ids(corpus);
    types(corpus);
}

fn none(corpus: &mut Corpus) {
    let (_, signature) = split(&corpus.token());
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let text = json!({ "alg": alg, "typ": "at+jwt", "kid": corpus.es256().kid() }).to_string();
        let message = message(text, corpus.claims().to_string());
        corpus.bad(&format!("alg \"{alg}\" without a signature"), format!("{message}."));
        corpus.bad(&format!("alg \"{alg}\" with a signature"), join(&message, &signature));
    }
    let bare = message(r#"{"alg":"none"}"#, corpus.claims().to_string());
    corpus.bad("alg none and nothing else in the header", format!("{bare}."));
}

/// HMAC with what everybody knows (RFC 8725 §2.1).
fn secrets(corpus: &mut Corpus) {
    let jwk = corpus.key(SigningAlgorithm::RS256).jwk();
    let n = jwk["n"].as_str().expect("an RSA key").to_owned();
    let secrets: [(&str, Vec<u8>); 4] = [
        ("the JWK", jwk.to_string().into_bytes()),
        ("the modulus", decode(&n)),
        ("the modulus as text", n.into_bytes()),
        ("nothing", Vec::new()),
    ];
    for (name, secret) in secrets {
        let text = json!({ "alg": "HS256", "typ": "at+jwt", "kid": jwk["kid"] }).to_string();
        let message = message(text, corpus.claims().to_string());
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), message.as_bytes());
        corpus.bad(&format!("HS256 with {name} as the secret"), join(&message, tag.as_ref()));
    }
}

fn algorithms(corpus: &mut Corpus) {
    for alg in
        ["RS256", "PS256", "ES384", "EdDSA", "HS256", "HS512", "RS512", "ES512", "ES256K", "ES256 ", "es256", "Ed448"]
    {
        corpus.bad(&format!("an ES256 signature under alg \"{alg}\""), corpus.with_header("alg", alg));
    }
    for alg in ["ECDH-ES", "dir", "RSA-OAEP-256", "A128KW"] {
        corpus.bad(&format!("an algorithm for encryption, {alg}"), corpus.with_header("alg", alg));
    }
    corpus.bad("without alg", corpus.without_header("alg"));
    for (name, alg) in [("null", Value::Null), ("a number", json!(256)), ("a list", json!(["ES256"]))] {
        corpus.bad(&format!("alg is {name}"), corpus.with_header("alg", alg));
    }
    let (rs, ps) = (corpus.key(SigningAlgorithm::RS256), corpus.key(SigningAlgorithm::PS256));
    let claims = corpus.claims().to_string();
    // Each signature is right for its algorithm and its key, and the key is for another.
    let other = |key: &TestKey, named: &TestKey| {
        let members = json!({ "alg": key.algorithm().name(), "typ": "at+jwt", "kid": named.kid() });
        sign(key, members.to_string(), &claims)
    };
    corpus.bad("an RS256 signature under the name of the PS256 key", other(&rs, &ps));
    corpus.bad("an ES256 signature under the name of the RS256 key", other(&corpus.es256(), &rs));
    let mut members = header(&rs);
    members["alg"] = json!("PS256");
    corpus.bad("an RS256 signature under alg PS256", sign(&rs, members.to_string(), &claims));
    let mut members = header(&ps);
    members["alg"] = json!("RS256");
    corpus.bad("a PS256 signature under alg RS256", sign(&ps, members.to_string(), &claims));
    // RFC 9864 §2.2 gives the old algorithm this name.
    let ed = corpus.key(SigningAlgorithm::EdDSA);
    let mut members = header(&ed);
    members["alg"] = json!("Ed25519");
    corpus.good("EdDSA by its new name", sign(&ed, members.to_string(), &claims));
}

/// RFC 7515 §4.1.11, RFC 7797.
fn extensions(corpus: &mut Corpus) {
    let with = |corpus: &Corpus, more: Value| {
        let mut members = header(&corpus.es256());
        for (name, value) in more.as_object().expect("an object") {
            members[name] = value.clone();
        }
        corpus.under(members.to_string())
    };
    for (name, more) in [
        ("crit names a claim", json!({ "crit": ["exp"], "exp": 1 })),
        ("crit names what nobody knows", json!({ "crit": ["http://x.example/y"], "http://x.example/y": 1 })),
        ("crit names what is not there", json!({ "crit": ["x"] })),
        ("crit names a member of the RFC", json!({ "crit": ["alg"] })),
        ("crit is empty", json!({ "crit": [] })),
        ("crit is a text", json!({ "crit": "exp", "exp": 1 })),
        ("crit is null", json!({ "crit": null })),
        ("crit has a number", json!({ "crit": [1] })),
        ("b64 false, critical", json!({ "crit": ["b64"], "b64": false })),
        ("b64 true, critical", json!({ "crit": ["b64"], "b64": true })),
        ("b64 false, not critical", json!({ "b64": false })),
    ] {
        corpus.bad(name, with(corpus, more));
    }
    let key = corpus.es256();
    let text = json!({ "alg": "ES256", "typ": "at+jwt", "kid": key.kid(), "crit": ["b64"], "b64": false }).to_string();
    let message = format!("{}.{}", super::corpus::encode(text), "not encoded");
    corpus.bad("an unencoded payload", join(&message, &key.signature(message.as_bytes())));
    corpus.good("a member that nobody knows", with(corpus, json!({ "x": { "y": [1, 2] } })));
    corpus.good("a content type", with(corpus, json!({ "cty": "json" })));
    corpus.bad("compressed, as only encrypted tokens are", with(corpus, json!({ "zip": "DEF", "crit": ["zip"] })));
}

/// RFC 8725 §3.10: what a header says about keys is the word of whoever wrote the token.
fn injected_keys(corpus: &mut Corpus) {
    let (honest, attacker) = (corpus.es256(), TestKey::new(SigningAlgorithm::ES256));
    let address = "http://127.0.0.1:9/jwks";
    let claims = corpus.claims().to_string();
    for (member, value) in [
        ("jwk", attacker.jwk()),
        ("jku", json!(address)),
        ("x5u", json!(address)),
        ("x5c", json!(["MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA"])),
    ] {
        for (whose, kid) in [("its own", attacker.kid()), ("an honest", honest.kid())] {
            let members = json!({ "alg": "ES256", "typ": "at+jwt", "kid": kid, member: value });
            let token = sign(&attacker, members.to_string(), &claims);
            corpus.bad(&format!("a stranger's key by {member} and {whose} name"), token);
        }
        corpus.good(&format!("an honest key, beside {member}"), corpus.with_header(member, value));
    }
}

fn key_ids(corpus: &mut Corpus) {
    for (name, kid) in [
        ("nobody's", json!("unknown")),
        ("empty", json!("")),
        ("a path", json!("../../../../dev/null")),
        ("SQL", json!("' OR 1=1 --")),
        ("a command", json!("|/usr/bin/id")),
        ("with a zero", json!(format!("{}\u{0}", corpus.es256().kid()))),
        ("in capitals", json!(corpus.es256().kid().to_ascii_uppercase())),
        ("very long", json!("k".repeat(4096))),
        ("null", Value::Null),
        ("a number", json!(1)),
        ("a list", json!([corpus.es256().kid()])),
        ("that of the RSA key", json!(corpus.key(SigningAlgorithm::RS256).kid())),
    ] {
        corpus.bad(&format!("kid: {name}"), corpus.with_header("kid", kid));
    }
    corpus.good("without kid, with one key for the algorithm", corpus.without_header("kid"));
}

/// RFC 9068 §4, RFC 8725 §3.11.
fn types(corpus: &mut Corpus) {
    for typ in ["application/at+jwt", "AT+JWT", "At+Jwt", "Application/AT+JWT"] {
        corpus.good(&format!("typ \"{typ}\""), corpus.with_header("typ", typ));
    }
    for typ in [
        "JWT",
        "jwt",
        "",
        "dpop+jwt",
        "logout+jwt",
        "secevent+jwt",
        "token-introspection+jwt",
        "application/jwt",
        "application/application/at+jwt",
        "text/at+jwt",
        " at+jwt",
        "at+jwt ",
        "at+jwt;charset=utf-8",
        "at-jwt",
    ] {
        corpus.bad(&format!("typ \"{typ}\""), corpus.with_header("typ", typ));
    }
    corpus.bad("without typ", corpus.without_header("typ"));
    corpus.bad("typ is null", corpus.with_header("typ", Value::Null));
    corpus.bad("typ is a number", corpus.with_header("typ", 1));
    corpus.bad("typ is a list", corpus.with_header("typ", json!(["at+jwt"])));
}
