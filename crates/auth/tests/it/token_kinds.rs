//! Every kind of token of ours at every place that reads one (security OA-112, RFC 8725 §3.11 and §3.12): only the right place
//! takes it. All of them are made as in life, for one client and one person, so nothing but its kind can refuse a token.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use auth::config::{Config, RegistrationAccess};
use jwt::key::SigningKey;
use protocol::scope::Scope;
use protocol::signing::SigningAlgorithm;
use serde_json::{Value, json};
use testkit::app::{REDIRECT_URI, TestApp, TestOptions};
use testkit::browser::{Browser, Page};
use testkit::database::{TestDatabase, engines};
use testkit::elsewhere::{Authority, Elsewhere, Reply};
use testkit::requests::{VERIFIER, text};
use tokio::time::sleep;

const SCOPE: &str = "openid offline_access";
const PATH: &str = "/logout-here";
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    IdToken,
    UserInfo,
    LogoutToken,
    JwtAccessToken,
    SealedAccessToken,
    RefreshToken,
    RegistrationToken,
    ClientAssertion,
    RequestObject,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    HintAtAuthorize,
    HintAtLogout,
    UserInfo,
    Introspection,
    Registration,
    ClientAssertion,
    Request,
    Revocation,
}

/// What is right; everything else is wrong.
fn right(place: Place) -> &'static [Kind] {
    match place {
        Place::HintAtAuthorize | Place::HintAtLogout => &[Kind::IdToken],
        Place::UserInfo => &[Kind::JwtAccessToken, Kind::SealedAccessToken],
        Place::Introspection | Place::Revocation => {
            &[Kind::JwtAccessToken, Kind::SealedAccessToken, Kind::RefreshToken]
        }
        Place::Registration => &[Kind::RegistrationToken],
        Place::ClientAssertion => &[Kind::ClientAssertion],
        Place::Request => &[Kind::RequestObject],
    }
}

/// A client that registered itself with everything that makes tokens, and a browser that is signed in to it.
struct Scene {
    app: TestApp,
    elsewhere: Elsewhere,
    _authority: Authority,
    key: SigningKey,
    registered: Value,
    browser: Browser,
}

async fn scene(database: TestDatabase) -> Scene {
    let authority = Authority::new();
    let elsewhere = Elsewhere::start(&authority);
    elsewhere.publish(PATH, Reply::new(""));
    let outbound = elsewhere.allowed_by(&authority);
    let config = Box::new(|config: &mut Config| {
        config.outbound = outbound;
        config.registration.access = RegistrationAccess::Open;
        config.registration.scope = Scope::parse("openid offline_access notes:read").unwrap();
    });
    let app = TestApp::start_with(database, TestOptions { config, ..TestOptions::default() }).await;
    let key = SigningKey::generate(SigningAlgorithm::ES256).unwrap();
    let metadata = json!({
        "client_name": "Everything",
        "redirect_uris": [REDIRECT_URI],
        "grant_types": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": { "keys": [key.jwk()] },
        "userinfo_signed_response_alg": "RS256",
        "backchannel_logout_uri": elsewhere.url(PATH),
    });
    let page = app.json("POST", "/register", None, Some(&metadata)).await;
    assert_eq!(page.status, 201, "{}", page.body);
    let browser = Browser::new(&app);
    Scene { app, elsewhere, _authority: authority, key, registered: page.json(), browser }
}

impl Scene {
    fn id(&self) -> &str {
        text(&self.registered, "client_id")
    }

    fn assertion(&self) -> String {
        let (now, id) = (self.app.now().0, self.id());
        let jti = SigningKey::generate(SigningAlgorithm::ES256).unwrap().kid().to_string();
        let claims = json!({ "iss": id, "sub": id, "aud": self.app.issuer, "iat": now, "exp": now + 60, "jti": jti });
        self.key.sign(None, &claims).unwrap()
    }

    fn request_object(&self) -> String {
        let now = self.app.now().0;
        let claims = json!({ "iss": self.id(), "aud": self.app.issuer, "iat": now, "exp": now + 60, "jti": "r" });
        self.key.sign(None, &claims).unwrap()
    }

    /// Posts as the client, which proves itself with a fresh assertion.
    async fn post(&self, path: &str, form: &[(&str, &str)]) -> Page {
        self.post_as(&self.assertion(), path, form).await
    }

    async fn post_as(&self, assertion: &str, path: &str, form: &[(&str, &str)]) -> Page {
        let proof =
            [("client_assertion_type", ASSERTION_TYPE), ("client_assertion", assertion), ("client_id", self.id())];
        let all: Vec<_> =
            form.iter().chain(&proof).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.app.post_raw(path, None, &all).await
    }

    async fn sign_in(&self, browser: &Browser, scope: &str) -> Value {
        let code = browser.authorize(&self.app.authorize_url(self.id(), &[("scope", scope)])).await["code"].clone();
        let form = [
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", REDIRECT_URI),
            ("code_verifier", VERIFIER),
        ];
        let page = self.post("/token", &form).await;
        assert_eq!(page.status, 200, "{}", page.body);
        page.json()
    }

    /// Somebody else signs out, so that the client gets a logout token.
    async fn logout_token(&self) -> String {
        let browser = Browser::new(&self.app);
        let tokens = self.sign_in(&browser, "openid").await;
        browser.get(&format!("/logout?id_token_hint={}", text(&tokens, "id_token"))).await;
        let began = Instant::now();
        while self.elsewhere.count() == 0 {
            assert!(began.elapsed() < Duration::from_secs(20), "the client is not told");
            sleep(Duration::from_millis(20)).await;
        }
        self.elsewhere.received()[0].body.strip_prefix("logout_token=").unwrap().to_owned()
    }

    async fn tokens(&self) -> BTreeMap<Kind, String> {
        let sealed = self.sign_in(&self.browser, "openid").await;
        let jwt = self.sign_in(&self.browser, "openid notes:read").await;
        let refresh = self.sign_in(&self.browser, SCOPE).await;
        let of = |tokens: &Value, member| text(tokens, member).to_owned();
        let user_info = self.app.userinfo(text(&sealed, "access_token")).await;
        assert_eq!(user_info.header("content-type"), "application/jwt");
        let tokens = BTreeMap::from([
            (Kind::IdToken, of(&sealed, "id_token")),
            (Kind::UserInfo, user_info.body),
            (Kind::LogoutToken, self.logout_token().await),
            (Kind::JwtAccessToken, of(&jwt, "access_token")),
            (Kind::SealedAccessToken, of(&sealed, "access_token")),
            (Kind::RefreshToken, of(&refresh, "refresh_token")),
            (Kind::RegistrationToken, of(&self.registered, "registration_access_token")),
            (Kind::ClientAssertion, self.assertion()),
            (Kind::RequestObject, self.request_object()),
        ]);
        let dots = |kind| tokens[&kind].matches('.').count();
        assert_eq!((dots(Kind::JwtAccessToken), dots(Kind::SealedAccessToken)), (2, 0), "one of each format");
        let typ = |kind| jwt::verify::peek(&tokens[&kind]).unwrap().typ;
        let types = [Kind::IdToken, Kind::UserInfo, Kind::LogoutToken, Kind::JwtAccessToken].map(typ);
        assert_eq!(types.each_ref().map(Option::as_deref), [Some("JWT"), None, Some("logout+jwt"), Some("at+jwt")]);
        tokens
    }

    /// Whether the place takes the token for what it wants there.
    async fn takes(&self, place: Place, token: &str) -> bool {
        match place {
            Place::HintAtAuthorize => self.authorizes("id_token_hint", token).await,
            Place::Request => self.authorizes("request", token).await,
            Place::HintAtLogout => {
                // A hint names its client; another one beside it is a contradiction. What is no hint names nobody.
                let page = self.browser.get(&format!("/logout?client_id=public&id_token_hint={token}")).await;
                assert!(page.has_id("error-page") || page.has_id("logout-yes"), "{}", page.body);
                page.has_id("error-page")
            }
            Place::UserInfo => self.app.userinfo(token).await.status == 200,
            Place::Introspection => self.is_active(token).await,
            Place::Revocation => {
                let page = self.post("/revoke", &[("token", token)]).await;
                assert_eq!(page.status, 200, "RFC 7009 §2.2: an unknown token is no error");
                !self.is_active(token).await
            }
            Place::Registration => {
                let path = format!("/register/{}", self.id());
                self.app.json("GET", &path, Some(token), None).await.status == 200
            }
            Place::ClientAssertion => {
                let form = [("grant_type", "refresh_token"), ("refresh_token", "x")];
                let page = self.post_as(token, "/token", &form).await;
                text(&page.json(), "error") == "invalid_grant" // the refresh token is none; the client is itself
            }
        }
    }

    async fn is_active(&self, token: &str) -> bool {
        self.post("/introspect", &[("token", token)]).await.json()["active"] == true
    }

    async fn authorizes(&self, parameter: &str, token: &str) -> bool {
        let changes = [("scope", "openid"), ("prompt", "none"), (parameter, token)];
        let answer = self.browser.get(&self.app.authorize_url(self.id(), &changes)).await.answer();
        assert!(answer.contains_key("code") || answer["error"].starts_with("invalid_request"), "{answer:?}");
        answer.contains_key("code")
    }
}

#[actix_web::test]
async fn a_token_is_taken_for_what_it_is_and_for_nothing_else() {
    for database in engines() {
        let scene = scene(database).await;
        let tokens = scene.tokens().await;
        for place in [
            Place::HintAtAuthorize,
            Place::HintAtLogout,
            Place::UserInfo,
            Place::Introspection,
            Place::Registration,
            Place::ClientAssertion,
            Place::Request,
        ] {
            for (kind, token) in &tokens {
                assert_eq!(scene.takes(place, token).await, right(place).contains(kind), "{kind:?} at {place:?}");
            }
        }
    }
}

/// What is revoked by the wrong token would be alive no longer; so it comes last.
#[actix_web::test]
async fn only_what_can_be_revoked_is_revoked() {
    for database in engines() {
        let scene = scene(database).await;
        let tokens = scene.tokens().await;
        let can_be = right(Place::Revocation);
        for (kind, token) in tokens.iter().filter(|(kind, _)| !can_be.contains(kind)) {
            scene.takes(Place::Revocation, token).await;
            for alive in can_be {
                assert!(scene.is_active(&tokens[alive]).await, "{kind:?} ended {alive:?}");
            }
        }
        let registration = &tokens[&Kind::RegistrationToken];
        assert!(scene.takes(Place::Registration, registration).await, "it is no token of OAuth");
        for kind in can_be {
            assert!(scene.is_active(&tokens[kind]).await && scene.takes(Place::Revocation, &tokens[kind]).await);
        }
    }
}
