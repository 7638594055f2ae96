//! Access tokens of a running issuer, and tokens that are none: each differs from a good one in the one thing that it is named for.

use auth::clock::Clock;
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use protocol::audience::{Api, ApiScope, TokenFormat};
use protocol::scope::ScopeToken;
use protocol::signing::SigningAlgorithm;
use protocol::time::Seconds;
use reqwest::Client;
use serde_json::{Value, json};
use testkit::app::{CLIENT_SECRET, REDIRECT_URI, TestApp, TestOptions};
use testkit::browser::Browser;
use testkit::database::TestDatabase;
use testkit::elsewhere::Authority;
use testkit::requests::{VERIFIER, text};

use crate::openidconnect_everything::trusting;

/// What stands before the point of a P-256 key in its SubjectPublicKeyInfo (RFC 5480 §2).
const SPKI_P256: [u8; 27] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
];

/// An issuer with an API for each algorithm, and what it issued to a person for that of `ES256`.
pub(super) struct Issued {
    pub app: TestApp,
    pub authority: Authority,
    pub access_token: String,
    id_token: String,
    /// An access token for UserInfo alone.
    opaque: String,
}

/// The API whose tokens are signed so.
pub(super) fn audience(alg: SigningAlgorithm) -> String {
    format!("https://{}.example.com", alg.name().to_lowercase())
}

fn scope(alg: SigningAlgorithm) -> String {
    format!("{}:read", alg.name().to_lowercase())
}

fn api(alg: SigningAlgorithm) -> Api {
    let name = ScopeToken::parse(&scope(alg)).unwrap();
    Api {
        identifier: audience(alg),
        name: alg.name().to_owned(),
        token_format: TokenFormat::Jwt,
        signing_alg: alg,
        access_token_lifetime: Seconds(300),
        scopes: vec![ApiScope { name, description: "Read".to_owned() }],
    }
}

impl Issued {
    /// On https, which some resource servers insist on, and by the system's clock, because they have their own.
    pub(super) async fn start() -> Self {
        let authority = Authority::new();
        let tls = Some(authority.certify(&["localhost"]));
        let options = TestOptions { clock: Clock::System, tls, ..TestOptions::default() };
        let app = TestApp::start_with(TestDatabase::sqlite(), options).await;
        for alg in SigningAlgorithm::ALL {
            store::apis::insert(&app.store, &api(*alg)).await.unwrap();
        }
        let scopes = SigningAlgorithm::ALL.iter().map(|alg| scope(*alg)).collect::<Vec<_>>().join(" ");
        let robot = json!({ "grant_types": ["client_credentials"], "redirect_uris": [], "scope": scopes });
        app.client("robot", &robot.to_string()).await;
        app.client("web", &json!({ "scope": format!("openid {scopes}") }).to_string()).await;
        let mut issued =
            Self { app, authority, access_token: String::new(), id_token: String::new(), opaque: String::new() };
        let tokens = issued.sign_in(&format!("openid {}", scope(SigningAlgorithm::ES256))).await;
        text(&tokens, "access_token").clone_into(&mut issued.access_token);
        text(&tokens, "id_token").clone_into(&mut issued.id_token);
        text(&issued.sign_in("openid").await, "access_token").clone_into(&mut issued.opaque);
        issued
    }

    /// Where discovery says that the keys are.
    pub(super) async fn jwks_uri(&self) -> String {
        let answer = self.http().get(self.app.url("/.well-known/openid-configuration")).send().await.unwrap();
        text(&answer.json().await.unwrap(), "jwks_uri").to_owned()
    }

    pub(super) async fn machine_token(&self, alg: SigningAlgorithm) -> String {
        let tokens = self.post("robot", &[("grant_type", "client_credentials"), ("scope", &scope(alg))]).await;
        text(&tokens, "access_token").to_owned()
    }

    /// What the token endpoint gives for a person who came through the browser.
    async fn sign_in(&self, scope: &str) -> Value {
        let browser = Browser::over(&self.app.issuer, trusting(&self.authority));
        let answer = browser.authorize(&self.app.authorize_url("web", &[("scope", scope)])).await;
        let grant = [("grant_type", "authorization_code"), ("code", &answer["code"])];
        self.post("web", &[grant.as_slice(), &[("redirect_uri", REDIRECT_URI), ("code_verifier", VERIFIER)]].concat())
            .await
    }

    async fn post(&self, client: &str, form: &[(&str, &str)]) -> Value {
        let request = self.http().post(self.app.url("/token")).basic_auth(client, Some(CLIENT_SECRET)).form(form);
        request.send().await.unwrap().json().await.unwrap()
    }

    fn http(&self) -> Client {
        trusting(&self.authority).build().unwrap()
    }

    /// The person's token as it was issued 200 seconds ago.
    pub(super) fn older(&self) -> String {
        self.sign("at+jwt", &self.claims(-200, &[]))
    }

    /// Everything that no resource server may accept.
    pub(super) async fn wrong(&self) -> Vec<(&'static str, String)> {
        let token = &self.access_token;
        let [header, claims, signature] = parts(token);
        let claim = |name: &str, value: Value| self.sign("at+jwt", &self.claims(0, &[(name, value)]));
        let unsigned = encode(&json!({ "alg": "none", "typ": "at+jwt" }));
        let richer = encode(&self.claims(0, &[("scope", json!("es256:read es256:write"))]));
        let stranger = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let (own, embedded) = (decode(header), embedded_key(&stranger));
        vec![
            ("nonsense", "nonsense".to_owned()),
            ("expired", self.sign("at+jwt", &self.claims(-3600, &[]))),
            ("for another API", claim("aud", json!(audience(SigningAlgorithm::RS256)))),
            ("for another API, as the issuer makes it", self.machine_token(SigningAlgorithm::RS256).await),
            ("for an API whose name begins so", claim("aud", json!(format!("{}/", audience(SigningAlgorithm::ES256))))),
            ("of another issuer", claim("iss", json!("https://other.example"))),
            ("of an issuer whose name begins so", claim("iss", json!(format!("{}/", self.app.issuer)))),
            ("another signature", with_another_signature(token)),
            ("no signature", format!("{header}.{claims}.")),
            ("other claims", format!("{header}.{richer}.{signature}")),
            ("alg none", format!("{unsigned}.{claims}.")),
            ("alg none, and the signature", format!("{unsigned}.{claims}.{signature}")),
            ("HS256 by the public key as PEM", self.by_public_key(self.public_key_pem().as_bytes())),
            ("HS256 by the public key as JWK", self.by_public_key(self.public_key().to_string().as_bytes())),
            ("by a stranger who says our kid", signed_by(&stranger, &own, claims)),
            ("by a stranger who brings the key along", signed_by(&stranger, &embedded, claims)),
            ("an ID token", self.id_token.clone()),
            ("an opaque access token", self.opaque.clone()),
        ]
    }

    /// JWTs that the issuer signed for something else, although with claims as an access token has them.
    pub(super) fn of_another_type(&self) -> Vec<(&'static str, String)> {
        let claims = self.claims(0, &[]);
        let id_token = self.claims(0, &[("nonce", json!("n")), ("at_hash", json!("h")), ("client_id", Value::Null)]);
        vec![
            ("a logout token", self.sign("logout+jwt", &claims)),
            ("an ID token for a client with the name of the API", self.sign("JWT", &id_token)),
        ]
    }

    /// The claims of the person's token, moved in time, and changed; null takes one away.
    fn claims(&self, seconds: i64, changes: &[(&str, Value)]) -> Value {
        let mut claims = claims_of(&self.access_token);
        for time in ["iat", "exp"] {
            claims[time] = json!(claims[time].as_i64().unwrap() + seconds);
        }
        let members = claims.as_object_mut().unwrap();
        members.extend(changes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        members.retain(|_, value| !value.is_null());
        claims
    }

    /// By the issuer's own key.
    fn sign(&self, typ: &str, claims: &Value) -> String {
        self.app.keys.keyring().sign(SigningAlgorithm::ES256, Some(typ), claims, self.app.now()).unwrap()
    }

    /// RFC 8725 §2.1: "an attacker can […] sign it with HMAC-SHA256 using the RSA public key as the shared secret".
    fn by_public_key(&self, secret: &[u8]) -> String {
        let [header, claims, _] = parts(&self.access_token);
        let mut header = decode(header);
        header["alg"] = json!("HS256");
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        sealed(&header, claims, |input| hmac::sign(&key, input).as_ref().to_vec())
    }

    /// The key of the person's token as the issuer publishes it.
    fn public_key(&self) -> Value {
        let published: Value = serde_json::from_str(&self.app.keys.keyring().jwks(self.app.now()).print()).unwrap();
        let kid = &decode(parts(&self.access_token)[0])["kid"];
        published["keys"].as_array().unwrap().iter().find(|key| key["kid"] == *kid).unwrap().clone()
    }

    fn public_key_pem(&self) -> String {
        let jwk = self.public_key();
        let point = ["x", "y"].map(|name| URL_SAFE_NO_PAD.decode(text(&jwk, name)).unwrap()).concat();
        let der = STANDARD.encode([SPKI_P256.as_slice(), &point].concat());
        format!("-----BEGIN PUBLIC KEY-----\n{}\n{}\n-----END PUBLIC KEY-----\n", &der[..64], &der[64..])
    }
}

pub(crate) fn claims_of(token: &str) -> Value {
    decode(parts(token)[1])
}

/// Header, claims, signature.
fn parts(token: &str) -> [&str; 3] {
    token.split('.').collect::<Vec<_>>().try_into().unwrap()
}

fn decode(part: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

fn encode(part: &Value) -> String {
    URL_SAFE_NO_PAD.encode(part.to_string())
}

/// The first letter of the signature changed; the last may stand for no whole bit.
pub(crate) fn with_another_signature(token: &str) -> String {
    let [header, claims, signature] = parts(token);
    let other = if signature.starts_with('A') { "B" } else { "A" };
    format!("{header}.{claims}.{other}{}", &signature[1..])
}

fn sealed(header: &Value, claims: &str, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let input = format!("{}.{claims}", encode(header));
    let signature = URL_SAFE_NO_PAD.encode(sign(input.as_bytes()));
    format!("{input}.{signature}")
}

fn signed_by(key: &EcdsaKeyPair, header: &Value, claims: &str) -> String {
    sealed(header, claims, |input| key.sign(&SystemRandom::new(), input).unwrap().as_ref().to_vec())
}

fn embedded_key(key: &EcdsaKeyPair) -> Value {
    let point = &key.public_key().as_ref()[1..];
    let [x, y] = [&point[..32], &point[32..]].map(|half| URL_SAFE_NO_PAD.encode(half));
    json!({ "alg": "ES256", "typ": "at+jwt", "jwk": { "kty": "EC", "crv": "P-256", "x": x, "y": y } })
}
