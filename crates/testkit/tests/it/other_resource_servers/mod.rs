//! Resource servers that others wrote, each protected as its documentation shows: they accept our access tokens and refuse
//! everything else. The tokens are in `tokens.rs`, the servers in `apache.rs` and `testkit/clients/javascript/express-api.mjs`.

mod apache;
pub(crate) mod tokens;

use apache::{Apache, Module};
use protocol::signing::SigningAlgorithm;
use reqwest::Client;
use serde_json::{Map, Value, json};
use testkit::browser::plain_http;
use tokens::{Issued, audience, claims_of};

use crate::node_server::NodeServer;
use crate::real_clients::program;

/// The server under examination: where it is, and what it does otherwise than the others.
struct Examined<'a> {
    url: String,
    /// Below the path of an algorithm: a way to protect it.
    mode: &'a str,
    /// Algorithms that it does not know.
    lacks: &'a [SigningAlgorithm],
    /// Whether it takes every JWT with the right claims for an access token, whatever its `typ` says.
    passes_any_type: bool,
}

/// What a server said.
struct Said {
    status: u16,
    challenge: String,
    /// For whom it takes the caller.
    subject: String,
}

impl Examined<'_> {
    async fn ask(&self, alg: SigningAlgorithm, token: Option<&str>) -> Said {
        let http: Client = plain_http().build().unwrap();
        let request = http.get(format!("{}/{}{}", self.url, alg.name(), self.mode));
        let request = token.into_iter().fold(request, reqwest::RequestBuilder::bearer_auth);
        let answer = request.send().await.unwrap();
        let header = |name: &str| answer.headers().get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
        let [challenge, subject] = ["www-authenticate", "x-subject"].map(header);
        Said { status: answer.status().as_u16(), challenge, subject }
    }

    async fn accepts(&self, what: &str, alg: SigningAlgorithm, token: &str) {
        let said = self.ask(alg, Some(token)).await;
        assert_eq!(said.status, 200, "{what}: {}", said.challenge);
        assert_eq!(said.subject, claims_of(token)["sub"].as_str().unwrap(), "{what}");
    }

    async fn refuses(&self, what: &str, alg: SigningAlgorithm, token: Option<&str>) {
        let said = self.ask(alg, token).await;
        assert_eq!(said.status, 401, "{what}");
        assert_eq!(said.subject, "", "{what}");
    }

    /// The whole matrix.
    async fn examine(&self, issued: &Issued) {
        let es256 = SigningAlgorithm::ES256;
        self.accepts("the token of a person", es256, &issued.access_token).await;
        self.accepts("a token in the middle of its life", es256, &issued.older()).await;
        for &alg in SigningAlgorithm::ALL {
            let token = issued.machine_token(alg).await;
            if self.lacks.contains(&alg) {
                self.refuses(alg.name(), alg, Some(&token)).await;
            } else {
                self.accepts(alg.name(), alg, &token).await;
            }
        }
        self.refuses("nothing", es256, None).await;
        for (what, token) in issued.wrong().await {
            self.refuses(what, es256, Some(&token)).await;
        }
        for (what, token) in issued.of_another_type() {
            if self.passes_any_type {
                self.accepts(what, es256, &token).await;
            } else {
                self.refuses(what, es256, Some(&token)).await;
            }
        }
    }
}

/// `AuthType oauth20` with the keys of discovery. It checks signature and `exp`; issuer and audience are demanded with `Require`, as
/// its documentation shows. It has no rule for `typ`, and its JOSE library (cjose) no `EdDSA`.
#[actix_web::test]
async fn apache_with_mod_auth_openidc() {
    let Some(program) = program("COUNTERSIGN_TEST_APACHE", "Apache") else { return };
    let issued = Issued::start().await;
    let keys = issued.jwks_uri().await;
    let protect = |alg: SigningAlgorithm| {
        format!(
            "AuthType oauth20
             <RequireAll>
               Require claim \"iss:{}\"
               Require claim \"aud:{}\"
             </RequireAll>",
            issued.app.issuer,
            audience(alg)
        )
    };
    let module = Module::AuthOpenidc { jwks_uri: &keys };
    let apache = Apache::start(&program, module, issued.authority.file(), protect).await;
    let lacks = &[SigningAlgorithm::EdDSA];
    Examined { url: apache.url(), mode: "", lacks, passes_any_type: true }.examine(&issued).await;
}

/// The same with the successor of that module for APIs. liboauth2, of which it is made, has no setting for the authority of an
/// issuer; the test has no other than a private one, and switches that check off.
#[actix_web::test]
async fn apache_with_mod_oauth2() {
    let Some(program) = program("COUNTERSIGN_TEST_APACHE", "Apache") else { return };
    let issued = Issued::start().await;
    let keys = issued.jwks_uri().await;
    let protect = |alg: SigningAlgorithm| {
        format!(
            "AuthType oauth2
             OAuth2TokenVerify jwks_uri {keys} jwks_uri.ssl_verify=false&verify.exp=required
             <RequireAll>
               Require oauth2_claim \"iss:{}\"
               Require oauth2_claim \"aud:{}\"
             </RequireAll>",
            issued.app.issuer,
            audience(alg)
        )
    };
    let apache = Apache::start(&program, Module::Oauth2, issued.authority.file(), protect).await;
    let lacks = &[SigningAlgorithm::EdDSA];
    Examined { url: apache.url(), mode: "", lacks, passes_any_type: true }.examine(&issued).await;
}

/// Issuer and audience are all that it is told. RFC 9068 and with it `typ` count for it when it is `strict`.
#[actix_web::test]
async fn express_with_express_oauth2_jwt_bearer() {
    let Some(node) = program("COUNTERSIGN_TEST_NODE", "express-oauth2-jwt-bearer") else { return };
    let issued = Issued::start().await;
    let audiences: Map<String, Value> =
        SigningAlgorithm::ALL.iter().map(|alg| (alg.name().to_owned(), json!(audience(*alg)))).collect();
    let given = json!({ "ISSUER": issued.app.issuer, "AUDIENCES": audiences });
    let express = NodeServer::start(&node, "express-api.mjs", &given, Some(issued.authority.file())).await;
    for (mode, passes_any_type) in [("", true), ("/strict", false)] {
        Examined { url: express.url.clone(), mode, lacks: &[], passes_any_type }.examine(&issued).await;
    }
}
