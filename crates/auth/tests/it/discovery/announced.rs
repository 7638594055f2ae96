//! Every value that the discovery document announces is exercised once, and what the specifications know besides is refused, or
//! handled as they say. The work is taken from the document itself: a member that has no exercise here fails.
//!
//! With the settings of a new installation, and with everything switched on that can be.

mod algorithms;
mod authentication;
mod flows;
mod parameters;

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};

use auth::config::{Config, RegistrationAccess};
use jwt::key::SigningKey;
use protocol::authorize::response_type::ResponseType;
use protocol::ids::ClientId;
use protocol::registration::ClientMetadata;
use protocol::signing::SigningAlgorithm;
use serde_json::{Value, json};
use testkit::app::{REDIRECT_URI, TestApp, TestOptions};
use testkit::browser::{Answer, Browser};
use testkit::database::{TestDatabase, engines};
use testkit::elsewhere::{Authority, Elsewhere};
use testkit::requests::{As, text};

/// A server, what it announces, and a machine where its clients publish.
struct Announced {
    app: TestApp,
    elsewhere: Elsewhere,
    document: Value,
    clients: Cell<usize>,
    _authority: Authority,
}

#[actix_web::test]
async fn every_announced_value_works_and_nothing_else_does_by_default() {
    for database in engines() {
        let server = Announced::start(database, |_| {}).await;
        assert_eq!(server.document.get("registration_endpoint"), None);
        assert_eq!(server.values("response_types_supported"), ["code"]);
        exercise_everything(&server).await;
    }
}

#[actix_web::test]
async fn every_announced_value_works_and_nothing_else_does_with_everything_switched_on() {
    for database in engines() {
        let server = Announced::start(database, |config| {
            config.openid.response_types_supported = ResponseType::ALL.to_vec();
            config.openid.request_uri_parameter_supported = true;
            config.openid.unsigned_request_objects = true;
            config.openid.unsigned_id_tokens = true;
            config.openid.frontchannel_logout = true;
            config.registration.access = RegistrationAccess::Open;
            config.registration.per_address_per_hour = 0;
            config.keys.algorithms = SigningAlgorithm::ALL.to_vec();
        })
        .await;
        assert!(server.document["registration_endpoint"].is_string());
        exercise_everything(&server).await;
    }
}

async fn exercise_everything(server: &Announced) {
    let members: Vec<String> = server.document.as_object().unwrap().keys().cloned().collect();
    for member in members {
        let _says = Says(member.clone());
        exercise(server, &member).await;
    }
    flows::a_member_that_is_not_there(server).await;
}

/// The exercise of one member.
async fn exercise(server: &Announced, member: &str) {
    match member {
        "issuer" => flows::issuer(server).await,
        "authorization_endpoint"
        | "token_endpoint"
        | "userinfo_endpoint"
        | "jwks_uri"
        | "registration_endpoint"
        | "introspection_endpoint"
        | "revocation_endpoint"
        | "end_session_endpoint" => {
            flows::endpoint(server, member).await;
        }
        "scopes_supported" => flows::scopes(server).await,
        "response_types_supported" => flows::response_types(server).await,
        "response_modes_supported" => flows::response_modes(server).await,
        "grant_types_supported" => flows::grant_types(server).await,
        "subject_types_supported" => flows::subject_types(server).await,
        "claims_supported" | "claim_types_supported" | "claims_parameter_supported" => parameters::claims(server).await,
        "code_challenge_methods_supported" => parameters::challenges(server).await,
        "acr_values_supported" => parameters::acr_values(server).await,
        "prompt_values_supported" => parameters::prompts(server).await,
        "display_values_supported" => parameters::displays(server).await,
        "ui_locales_supported" => parameters::ui_locales(server).await,
        "authorization_response_iss_parameter_supported" => parameters::iss(server).await,
        "frontchannel_logout_supported" | "frontchannel_logout_session_supported" => {
            flows::frontchannel_logout(server, member).await;
        }
        "backchannel_logout_supported" | "backchannel_logout_session_supported" => {
            flows::backchannel_logout(server).await;
        }
        "request_parameter_supported" | "request_object_signing_alg_values_supported" => {
            algorithms::request_objects(server).await;
        }
        "request_uri_parameter_supported" | "require_request_uri_registration" => {
            algorithms::request_uris(server, member).await;
        }
        "id_token_signing_alg_values_supported" => algorithms::id_token_signatures(server).await,
        "userinfo_signing_alg_values_supported" => algorithms::userinfo_signatures(server).await,
        "id_token_encryption_alg_values_supported" | "userinfo_encryption_alg_values_supported" => {
            algorithms::encryption(server, member).await;
        }
        // With the algorithms above.
        "id_token_encryption_enc_values_supported" | "userinfo_encryption_enc_values_supported" => {}
        "token_endpoint_auth_methods_supported"
        | "introspection_endpoint_auth_methods_supported"
        | "revocation_endpoint_auth_methods_supported" => authentication::methods(server, member).await,
        "token_endpoint_auth_signing_alg_values_supported"
        | "introspection_endpoint_auth_signing_alg_values_supported"
        | "revocation_endpoint_auth_signing_alg_values_supported" => authentication::algorithms(server, member).await,
        other => panic!("{other} is announced, and nothing here tries it"),
    }
}

impl Announced {
    async fn start(database: TestDatabase, switch: fn(&mut Config)) -> Self {
        let authority = Authority::new();
        let elsewhere = Elsewhere::start(&authority);
        let outbound = elsewhere.allowed_by(&authority);
        let config = move |config: &mut Config| {
            config.outbound = outbound;
            switch(config);
        };
        let options = TestOptions { config: Box::new(config), ..TestOptions::default() };
        let app = TestApp::start_with(database, options).await;
        let document = Browser::new(&app).get("/.well-known/openid-configuration").await.json();
        Self { app, elsewhere, document, clients: Cell::new(0), _authority: authority }
    }

    /// The values of a list, which names each once.
    fn values(&self, member: &str) -> Vec<&str> {
        let list = self.document[member].as_array().unwrap_or_else(|| panic!("no {member}"));
        let values: Vec<_> = list.iter().map(|value| value.as_str().expect("a list of texts")).collect();
        let distinct: std::collections::BTreeSet<_> = values.iter().collect();
        assert!(!values.is_empty() && distinct.len() == values.len(), "{member}: {values:?}");
        values
    }

    fn is_on(&self, member: &str) -> bool {
        self.document[member].as_bool().unwrap_or_else(|| panic!("{member} is not true or false"))
    }

    /// Those of the values that specifications have and this document has not.
    fn unannounced<'v>(&self, member: &str, known: &[&'v str]) -> Vec<&'v str> {
        let announced = self.values(member);
        known.iter().copied().filter(|value| !announced.contains(value)).collect()
    }

    fn id(&self) -> String {
        self.clients.set(self.clients.get() + 1);
        format!("client-{}", self.clients.get())
    }

    /// A client of the administrator; nobody is asked for consent.
    async fn client(&self, over: Value) -> String {
        let id = self.id();
        self.app.client(&id, &with_consent(over).to_string()).await;
        id
    }

    /// Whether an administrator could register such a client; one that registers itself can be neither more nor less.
    async fn can_be(&self, over: Value) -> bool {
        let mut all = json!({ "client_name": "Notes", "redirect_uris": [REDIRECT_URI] });
        all.as_object_mut().unwrap().extend(over.as_object().unwrap().clone());
        let metadata = serde_json::from_value::<ClientMetadata>(all.clone()).ok();
        let client = metadata.and_then(|metadata| metadata.check(ClientId::parse("x").unwrap(), self.app.now()).ok());
        let algorithms = self.app.keys.keyring().algorithms(self.app.now());
        let possible =
            client.is_some_and(|client| auth::offered::check(&self.app.config.openid, &algorithms, &client).is_empty());
        if self.document.get("registration_endpoint").is_some() {
            let page = self.app.json("POST", "/register", None, Some(&all)).await;
            // RFC 7591 §2: "The authorization server MUST ignore any client metadata sent by the client that it does not
            // understand", so what was ignored is no more than what was refused.
            let told = page.json();
            let is_told = |(name, value): (&String, &Value)| told.get(name) == Some(value);
            let became = page.status == 201 && over.as_object().unwrap().iter().all(is_told);
            assert_eq!(became, possible, "{all} {told}");
        }
        possible
    }

    /// Signs alice in and gives what the client got.
    async fn answer(&self, client: &str, changes: &[(&str, &str)]) -> Answer {
        Browser::new(&self.app).authorize(&self.app.authorize_url(client, changes)).await
    }

    async fn tokens(&self, client: &str, changes: &[(&str, &str)]) -> Value {
        let code = self.answer(client, changes).await["code"].clone();
        let page = self.app.redeem(As::Basic(client), &code, &[]).await;
        assert_eq!(page.status, 200, "{}", page.body);
        page.json()
    }

    /// The error of a request that is refused before anybody signs in.
    async fn error(&self, client: &str, changes: &[(&str, &str)]) -> String {
        let page = Browser::new(&self.app).get(&self.app.authorize_url(client, changes)).await;
        page.answer().get("error").unwrap_or_else(|| panic!("no error for {changes:?}")).clone()
    }
}

fn with_consent(mut over: Value) -> Value {
    over["consent_policy"] = json!("first_party");
    over
}

/// The claims of a token, and its header.
fn parts(jwt: &str) -> (Value, Value) {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let part = |at| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(jwt.split('.').nth(at).unwrap()).unwrap()).unwrap();
    (part(0), part(1))
}

/// A key for each algorithm, made once: RSA keys are dear.
fn key(algorithm: SigningAlgorithm) -> Arc<SigningKey> {
    static KEYS: OnceLock<Mutex<HashMap<&'static str, Arc<SigningKey>>>> = OnceLock::new();
    let mut keys = KEYS.get_or_init(Mutex::default).lock().unwrap();
    let made = || Arc::new(SigningKey::generate(algorithm).unwrap());
    Arc::clone(keys.entry(algorithm.name()).or_insert_with(made))
}

/// Tells which member it was when a test fails.
struct Says(String);

impl Drop for Says {
    fn drop(&mut self) {
        use std::io::Write as _;
        if std::thread::panicking() {
            let _ = writeln!(std::io::stderr(), "in the exercise of {}", self.0);
        }
    }
}

/// The `sub` in the ID token of an answer of the token endpoint.
fn sub(tokens: &Value) -> String {
    text(&parts(text(tokens, "id_token")).1, "sub").to_owned()
}
