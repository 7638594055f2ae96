//! A run of a module: its client, its browser, and the steps from the authorization request to the deletion of the client.

use std::collections::BTreeMap;
use std::rc::Rc;

use protocol::authorize::response_type::ResponseType;
use serde_json::{Value, json};
use testkit::app::PASSWORD;
use testkit::browser::{Answer, Browser, Page};
use testkit::requests::text;
use url::Url;

use super::checks::{self, IdToken};
use super::keys::{ClientKey, WithKid, random};
use super::suite::{PERSON, Plan, Suite, Variant};

pub(super) type Request = BTreeMap<String, String>;

pub(super) struct Module<'a> {
    pub(super) suite: &'a Suite,
    pub(super) variant: Variant,
    /// Where the suite is called back.
    pub(super) base: String,
    /// The path of the module at the server that the server under test can fetch from.
    pub(super) path: String,
    /// What the registration endpoint answered.
    pub(super) told: Value,
    pub(super) redirect_uri: String,
    pub(super) browser: Rc<Browser>,
    method: String,
}

/// What came of an authorization request.
pub(super) struct Round {
    pub(super) request: Request,
    /// The pages that the person went through.
    pub(super) seen: Vec<&'static str>,
    pub(super) page: Page,
}

/// What a flow brought.
pub(super) struct Outcome {
    pub(super) answer: Answer,
    /// From the authorization endpoint first.
    pub(super) id_tokens: Vec<IdToken>,
    pub(super) access_tokens: Vec<String>,
    /// The answer of the token endpoint.
    pub(super) tokens: Value,
    /// The answers of UserInfo, one for each access token.
    pub(super) userinfo: Vec<Page>,
}

impl Outcome {
    pub(super) fn id_token(&self) -> &IdToken {
        self.id_tokens.last().expect("an ID token")
    }
}

impl<'a> Module<'a> {
    /// The registration that the suite sends in each module, with what this one adds.
    pub(super) fn registration(variant: Variant, base: &str, path: &str, suite: &Suite, added: &Value) -> Value {
        let mut grants = Vec::new();
        grants.extend(variant.kind.has_code().then_some("authorization_code"));
        grants.extend((variant.kind.has_id_token() || variant.kind.has_token()).then_some("implicit"));
        let mut all = json!({
            "client_name": "Conformance client 1",
            "grant_types": grants,
            "jwks": { "keys": [ClientKey::usual().jwk()] },
            "token_endpoint_auth_method": variant.plan.method(),
            "response_types": [variant.kind],
            "redirect_uris": ["B/callback"],
            "contacts": ["certification@oidf.org"],
        });
        for (name, value) in added.as_object().unwrap() {
            match (name.as_str(), value) {
                ("more_grant_types", more) => all["grant_types"].as_array_mut().unwrap().push(more.clone()),
                (_, Value::Null) => drop(all.as_object_mut().unwrap().remove(name)),
                _ => all[name] = value.clone(),
            }
        }
        let written = all.to_string().replace("\"B/", &format!("\"{base}/"));
        serde_json::from_str(&written.replace("\"E/", &format!("\"{}/", suite.elsewhere.url(path)))).unwrap()
    }

    pub(super) async fn begin(suite: &'a Suite, variant: Variant, added: &Value) -> Self {
        let id = random(15);
        let (base, path) = (format!("https://suite.test:8443/test/{id}"), format!("/test/{id}"));
        let browser = Rc::new(Browser::over(&suite.app.issuer, suite.trusting()));
        let module = Self {
            suite,
            variant,
            base,
            path,
            told: Value::Null,
            redirect_uri: String::new(),
            browser,
            method: String::new(),
        };
        module.registered(added).await
    }

    /// The same module with another client.
    pub(super) async fn second(&self, added: &Value) -> Self {
        let (base, path) = (self.base.clone(), self.path.clone());
        let browser = Rc::clone(&self.browser);
        Self {
            suite: self.suite,
            base,
            path,
            told: Value::Null,
            redirect_uri: String::new(),
            browser,
            method: String::new(),
            ..*self
        }
        .registered(added)
        .await
    }

    async fn registered(self, added: &Value) -> Self {
        let asked = Self::registration(self.variant, &self.base, &self.path, self.suite, added);
        if asked.get("jwks_uri").is_some() {
            assert!(asked.get("jwks").is_none());
        }
        let page = self.register(&asked).await;
        assert_eq!(page.status, 201, "{}", page.body);
        let told = page.json();
        checks::registered(&told);
        Self {
            told,
            redirect_uri: asked["redirect_uris"][0].as_str().unwrap().to_owned(),
            method: text(&asked, "token_endpoint_auth_method").to_owned(),
            ..self
        }
    }

    pub(super) async fn register(&self, document: &Value) -> Page {
        let request = self.suite.http.post(self.suite.endpoint("registration_endpoint"));
        let request = request.header("accept", "application/json").json(document);
        Page::read(request.send().await.unwrap()).await
    }

    /// The client cleans up after itself.
    pub(super) async fn end(&self) {
        let request = self.suite.http.delete(text(&self.told, "registration_client_uri"));
        let page = request.bearer_auth(text(&self.told, "registration_access_token")).send().await.unwrap();
        assert_eq!(page.status(), 204);
    }

    pub(super) fn client_id(&self) -> &str {
        text(&self.told, "client_id")
    }

    /// What every module sends, with changes; an empty value takes a parameter away.
    pub(super) fn request(&self, changes: &[(&str, &str)]) -> Request {
        let (nonce, state) = (random(10), random(10));
        let mut request: Request = [
            ("client_id", self.client_id()),
            ("nonce", &nonce),
            ("redirect_uri", &self.redirect_uri),
            ("response_type", self.variant.kind.name()),
            ("scope", "openid"),
            ("state", &state),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
        if self.variant.plan == Plan::FormPost {
            request.insert("response_mode".to_owned(), "form_post".to_owned());
        }
        for (name, value) in changes {
            match value.is_empty() {
                true => drop(request.remove(*name)),
                false => drop(request.insert((*name).to_owned(), (*value).to_owned())),
            }
        }
        request
    }

    pub(super) fn url(&self, request: &Request) -> String {
        let mut url = Url::parse(self.suite.endpoint("authorization_endpoint")).unwrap();
        url.query_pairs_mut().extend_pairs(request);
        url.into()
    }

    /// Sends a request to the authorization endpoint and does there what the pages ask for.
    pub(super) async fn open(&self, changes: &[(&str, &str)]) -> Round {
        self.open_request(self.request(changes)).await
    }

    pub(super) async fn open_request(&self, request: Request) -> Round {
        let page = self.browser.open(&self.url(&request)).await;
        self.go_on(request, page).await
    }

    /// Signs in on the login page and allows on that of consent, by the ids of the contract.
    pub(super) async fn go_on(&self, request: Request, mut page: Page) -> Round {
        let mut seen = Vec::new();
        while page.status == 200 && (page.has_id("login-page") || page.has_id("consent-page")) {
            let (name, ids, typed): (_, &[&str], &[_]) = if page.has_id("login-page") {
                ("login", &["username", "password", "login-submit"], &[("username", PERSON), ("password", PASSWORD)])
            } else {
                ("consent", &["consent-allow", "consent-deny"], &[("decision", "allow")])
            };
            assert!(page.url.path().ends_with(&format!("/{name}")), "{}", page.url);
            assert!(ids.iter().all(|id| page.body.matches(&format!("id=\"{id}\"")).count() == 1), "{}", page.body);
            assert!(!seen.contains(&name), "{name} twice");
            seen.push(name);
            let next = self.browser.submit(&page, typed).await;
            page = self.browser.follow(next).await;
        }
        Round { request, seen, page }
    }

    /// The answer of a round that succeeded, checked.
    pub(super) fn answer(&self, round: &Round) -> Answer {
        let answer = self.received(&round.page, self.place());
        checks::success(&answer, &round.request, self);
        answer
    }

    /// The code of an error that came back to the client, checked.
    pub(super) fn error(&self, round: &Round) -> String {
        let answer = self.received(&round.page, self.place());
        checks::error(&answer, round.request.get("state"), &self.suite.app.issuer)
    }

    fn place(&self) -> Place {
        match (self.variant.plan, self.variant.kind) {
            (Plan::FormPost, _) => Place::Body,
            (Plan::Core | Plan::Dynamic, ResponseType::Code) => Place::Query,
            (Plan::Core | Plan::Dynamic, _) => Place::Fragment,
        }
    }

    /// The parameters of an answer, which must stand in the right place and there only.
    pub(super) fn received(&self, page: &Page, place: Place) -> Answer {
        if place == Place::Body {
            assert_eq!((page.status.as_u16(), page.form_action()), (200, self.redirect_uri.clone()), "{}", page.body);
            return page.hidden_fields().into_iter().collect();
        }
        let location = page.location().unwrap_or_else(|| panic!("no redirect: {} {}", page.status, page.body));
        let (registered, url) = (Url::parse(&self.redirect_uri).unwrap(), Url::parse(&location).unwrap());
        assert_eq!((url.origin(), url.path()), (registered.origin(), registered.path()), "{location}");
        let mut query: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        for pair in registered.query_pairs().into_owned() {
            let at = query.iter().position(|it| *it == pair).unwrap_or_else(|| panic!("{pair:?} is lost: {location}"));
            query.remove(at);
        }
        match place {
            Place::Query => {
                assert_eq!(url.fragment(), None, "{location}");
                query.into_iter().collect()
            }
            Place::Fragment | Place::Body => {
                assert!(query.is_empty(), "{location}");
                url::form_urlencoded::parse(url.fragment().unwrap_or_default().as_bytes()).into_owned().collect()
            }
        }
    }

    /// Everything after the authorization endpoint: tokens, checks, UserInfo.
    pub(super) async fn finish(&self, round: &Round) -> Outcome {
        let answer = self.answer(round);
        let mut outcome = Outcome {
            id_tokens: Vec::new(),
            access_tokens: Vec::new(),
            tokens: Value::Null,
            userinfo: Vec::new(),
            answer,
        };
        if let Some(id_token) = outcome.answer.get("id_token") {
            outcome.id_tokens.push(checks::front_id_token(self, round, &outcome.answer, id_token));
        }
        outcome.access_tokens.extend(outcome.answer.get("access_token").cloned());
        if let Some(code) = outcome.answer.get("code") {
            let verifier = round.request.get("code_challenge").map(|_| testkit::requests::VERIFIER);
            let page = self.redeem(code, verifier).await;
            outcome.tokens = checks::token_response(&page);
            outcome.access_tokens.push(text(&outcome.tokens, "access_token").to_owned());
            let id_token = text(&outcome.tokens, "id_token");
            outcome.id_tokens.push(checks::id_token(self, round.request.get("nonce"), id_token));
        }
        let subs: Vec<_> = outcome.id_tokens.iter().map(|token| &token.claims["sub"]).collect();
        assert!(subs.windows(2).all(|pair| pair[0] == pair[1]), "{subs:?}");
        for token in &outcome.access_tokens {
            outcome.userinfo.push(self.userinfo(token).await);
        }
        outcome
    }

    /// A whole flow.
    pub(super) async fn flow(&self, changes: &[(&str, &str)]) -> Outcome {
        let round = self.open(changes).await;
        self.finish(&round).await
    }

    pub(super) async fn redeem(&self, code: &str, verifier: Option<&str>) -> Page {
        let mut form = vec![("grant_type", "authorization_code"), ("code", code), ("redirect_uri", &self.redirect_uri)];
        form.extend(verifier.map(|verifier| ("code_verifier", verifier)));
        self.token(&form).await
    }

    /// A token request with the authentication of the plan.
    pub(super) async fn token(&self, form: &[(&str, &str)]) -> Page {
        let assertion = (self.method == "private_key_jwt").then(|| {
            let claims = self.assertion_claims(self.suite.endpoint("token_endpoint"));
            ClientKey::usual().sign(WithKid::No, &claims)
        });
        self.token_with(form, assertion.as_deref()).await
    }

    pub(super) async fn token_with(&self, form: &[(&str, &str)], assertion: Option<&str>) -> Page {
        let mut form = form.to_vec();
        let mut request =
            self.suite.http.post(self.suite.endpoint("token_endpoint")).header("accept", "application/json");
        match (self.method.as_str(), assertion) {
            ("client_secret_basic", _) => {
                request = request.basic_auth(self.client_id(), Some(text(&self.told, "client_secret")));
            }
            ("client_secret_post", _) => {
                form.extend([("client_id", self.client_id()), ("client_secret", text(&self.told, "client_secret"))]);
            }
            ("private_key_jwt", Some(assertion)) => form.extend([
                ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
                ("client_assertion", assertion),
            ]),
            (other, _) => panic!("{other}"),
        }
        Page::read(request.form(&form).send().await.unwrap()).await
    }

    /// As the suite makes its assertions.
    pub(super) fn assertion_claims(&self, aud: &str) -> Value {
        let (id, now) = (self.client_id(), self.suite.app.now().0);
        json!({ "iss": id, "sub": id, "aud": aud, "jti": random(20), "nbf": now, "iat": now, "exp": now + 60 })
    }

    /// GET with the token in the header.
    pub(super) async fn userinfo(&self, access_token: &str) -> Page {
        let request = self.suite.http.get(self.suite.endpoint("userinfo_endpoint"));
        let request =
            request.header("accept", "application/json").header("authorization", format!("Bearer {access_token}"));
        let page = Page::read(request.send().await.unwrap()).await;
        assert_eq!(page.status, 200, "{}", page.body);
        page
    }
}

/// Where an answer stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Query,
    Fragment,
    Body,
}
