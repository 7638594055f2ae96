//! How clients prove themselves at the endpoints that ask them to.

use auth::registration::{keep, new_secret};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use protocol::ids::ClientId;
use protocol::signing::SigningAlgorithm;
use serde_json::{Value, json};
use testkit::app::CLIENT_SECRET;
use testkit::requests::text;

use super::{Announced, key};

type Form = Vec<(String, String)>;

/// What a request carries to prove its client.
#[derive(Default)]
struct Proof {
    authorization: Option<String>,
    form: Form,
}

fn pairs<const N: usize>(pairs: [(&str, &str); N]) -> Form {
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

/// The endpoint that a member of the document speaks of.
fn path(member: &str) -> &'static str {
    match member.split("_endpoint").next().unwrap() {
        "token" => "/token",
        "introspection" => "/introspect",
        "revocation" => "/revoke",
        other => panic!("{other}"),
    }
}

/// Whether the endpoint takes the client for itself. What the request is about does not exist.
async fn accepts(server: &Announced, path: &str, proof: Proof) -> bool {
    let mut form = pairs([("token", "x"), ("grant_type", "refresh_token"), ("refresh_token", "x")]);
    form.extend(proof.form);
    let page = server.app.post_raw(path, proof.authorization.as_deref(), &form).await;
    let error = serde_json::from_str::<Value>(&page.body).unwrap_or_default()["error"].clone();
    if error == "invalid_client" || page.status == 401 {
        return false;
    }
    assert!(page.status == 200 || error == "invalid_grant", "{} {}", page.status, page.body);
    true
}

fn assertion_claims(server: &Announced, client: &str) -> Value {
    let now = server.app.now().0;
    json!({ "iss": client, "sub": client, "aud": server.app.issuer, "iat": now, "exp": now + 60, "jti": server.id() })
}

fn asserted(assertion: &str) -> Proof {
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    Proof { form: pairs([("client_assertion_type", kind), ("client_assertion", assertion)]), ..Proof::default() }
}

fn signing_keys() -> Value {
    json!({ "keys": SigningAlgorithm::ALL.iter().map(|algorithm| json!(key(*algorithm).jwk())).collect::<Vec<_>>() })
}

/// A client of this method, with the proof that it sends; `alg` is that of its assertion.
async fn proof(server: &Announced, method: &str, alg: &str) -> Proof {
    let mut over = json!({ "token_endpoint_auth_method": method });
    if method == "private_key_jwt" {
        over["jwks"] = signing_keys();
    }
    if method.ends_with("_jwt") {
        over["token_endpoint_auth_signing_alg"] = json!(alg);
    }
    let client = server.client(over).await;
    match method {
        "none" => Proof { form: pairs([("client_id", &client)]), ..Proof::default() },
        "client_secret_basic" => {
            let authorization = format!("Basic {}", STANDARD.encode(format!("{client}:{CLIENT_SECRET}")));
            Proof { authorization: Some(authorization), ..Proof::default() }
        }
        "client_secret_post" => {
            Proof { form: pairs([("client_id", &client), ("client_secret", CLIENT_SECRET)]), ..Proof::default() }
        }
        "client_secret_jwt" => {
            let secret = drawn_secret(server, &client).await;
            let algorithm: Algorithm = alg.parse().unwrap();
            let key = EncodingKey::from_secret(secret.as_bytes());
            let claims = assertion_claims(server, &client);
            asserted(&jsonwebtoken::encode(&Header::new(algorithm), &claims, &key).unwrap())
        }
        "private_key_jwt" => {
            let algorithm = SigningAlgorithm::parse(alg).expect("an algorithm of ours");
            asserted(&key(algorithm).sign(Some("JWT"), &assertion_claims(server, &client)).unwrap())
        }
        other => panic!("{other} is announced, and nothing here tries it"),
    }
}

/// A secret as `countersign client add` and the registration draw it: long enough for every MAC that is announced.
async fn drawn_secret(server: &Announced, id: &str) -> String {
    let store = &server.app.store;
    let client = store::clients::find(store, &ClientId::parse(id).unwrap()).await.unwrap().unwrap();
    let secret = new_secret(&client);
    let kept = keep(server.app.keys.secrets(), &client, &secret, server.app.now());
    store::clients::keep_secret(store, &client.id, &kept).await.unwrap();
    secret.expose().clone()
}

pub(super) async fn methods(server: &Announced, member: &str) {
    for method in server.values(member) {
        let alg = if method == "client_secret_jwt" { "HS256" } else { "ES256" };
        assert!(accepts(server, path(member), proof(server, method, alg).await).await, "{method}");
    }
    for method in server.unannounced(member, &["none"]) {
        assert!(!accepts(server, path(member), proof(server, method, "").await).await, "{method}");
    }
    let known = ["tls_client_auth", "self_signed_tls_client_auth", "attest_jwt_client_auth", "client_secret_query"];
    for method in server.unannounced(member, &known) {
        assert!(
            !server.can_be(json!({ "token_endpoint_auth_method": method, "jwks": signing_keys() })).await,
            "{method}"
        );
    }
}

pub(super) async fn algorithms(server: &Announced, member: &str) {
    let announced = server.values(member);
    for alg in &announced {
        let method = if alg.starts_with("HS") { "client_secret_jwt" } else { "private_key_jwt" };
        assert!(accepts(server, path(member), proof(server, method, alg).await).await, "{alg}");
    }
    let known = ["none", "HS1", "RS1", "RS384", "RS512", "PS384", "PS512", "ES512", "ES256K", "Ed448"];
    for alg in server.unannounced(member, &known) {
        for method in ["private_key_jwt", "client_secret_jwt"] {
            let wish = json!({
                "token_endpoint_auth_method": method,
                "token_endpoint_auth_signing_alg": alg,
                "jwks": signing_keys(),
            });
            assert!(!server.can_be(wish).await, "{alg}");
        }
        let client =
            server.client(json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks": signing_keys() })).await;
        let part = |json: Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let signature = if alg == "none" { "" } else { "AAAA" };
        let forged = format!("{}.{}.{signature}", part(json!({ "alg": alg })), part(assertion_claims(server, &client)));
        assert!(!accepts(server, path(member), asserted(&forged)).await, "{alg}");
    }
    // A MAC whose key is public, and a signature in the place of a MAC.
    for (method, alg) in [("private_key_jwt", "HS256"), ("client_secret_jwt", "RS256")] {
        assert!(!server.can_be(json!({ "token_endpoint_auth_method": method, "token_endpoint_auth_signing_alg": alg, "jwks": signing_keys() })).await);
    }
    assert!(text(&server.document, "token_endpoint").starts_with("http"));
}
