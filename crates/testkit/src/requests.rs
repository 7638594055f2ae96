//! Raw protocol requests, right by default and wrong on purpose: each test changes just the parameter that it is about.

use protocol::pkce::{Challenge, Verifier};

use crate::app::{CLIENT_SECRET, REDIRECT_URI, TestApp};
use crate::browser::{Browser, Page, plain_http};

pub const VERIFIER: &str = "a-verifier-of-at-least-forty-three-characters-0";
pub const STATE: &str = "state-af0ifjsldkj";
pub const NONCE: &str = "nonce-n-0S6_WzA2Mj";

/// How the client says who it is.
#[derive(Clone, Copy, Debug)]
pub enum As<'a> {
    /// `client_id` in the body, nothing else.
    Public(&'a str),
    Basic(&'a str),
    Post(&'a str),
}

/// The S256 challenge of [`VERIFIER`].
pub fn challenge() -> String {
    Challenge::of(&Verifier::parse(VERIFIER).expect("a verifier")).as_str().to_owned()
}

/// Lays `changes` over `defaults`; an empty value takes the parameter away.
fn changed(defaults: &[(&str, &str)], changes: &[(&str, &str)]) -> Vec<(String, String)> {
    let kept = defaults.iter().filter(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
    let all = kept.chain(changes.iter().filter(|(_, value)| !value.is_empty()));
    all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

impl TestApp {
    /// The address of an authorization request for `openid profile email offline_access`, with `changes`.
    pub fn authorize_url(&self, client_id: &str, changes: &[(&str, &str)]) -> String {
        let challenge = challenge();
        let defaults = [
            ("client_id", client_id),
            ("redirect_uri", REDIRECT_URI),
            ("response_type", "code"),
            ("scope", "openid profile email offline_access"),
            ("state", STATE),
            ("nonce", NONCE),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
        ];
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(changed(&defaults, changes));
        format!("{}/authorize?{}", self.issuer, query.finish())
    }

    /// A code for `alice`, through login and consent in a fresh browser.
    pub async fn code(&self, client_id: &str, changes: &[(&str, &str)]) -> String {
        let answer = Browser::new(self).authorize(&self.authorize_url(client_id, changes)).await;
        answer.get("code").unwrap_or_else(|| panic!("no code: {answer:?}")).clone()
    }

    /// Any POST of a form with client authentication.
    pub async fn post(&self, path: &str, client: As<'_>, form: &[(String, String)]) -> Page {
        let mut form = form.to_vec();
        let mut request = plain_http().build().expect("a client").post(self.url(path));
        match client {
            As::Public(id) => form.push(("client_id".to_owned(), id.to_owned())),
            As::Basic(id) => request = request.basic_auth(id, Some(CLIENT_SECRET)),
            As::Post(id) => form.extend([
                ("client_id".to_owned(), id.to_owned()),
                ("client_secret".to_owned(), CLIENT_SECRET.to_owned()),
            ]),
        }
        Page::read(request.form(&form).send().await.expect("an answer")).await
    }

    /// A POST of a form with an `Authorization` header as given.
    pub async fn post_raw(&self, path: &str, authorization: Option<&str>, form: &[(String, String)]) -> Page {
        let mut request = plain_http().build().expect("a client").post(self.url(path));
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        Page::read(request.form(form).send().await.expect("an answer")).await
    }

    /// Any request with a JSON body, or with none; `bearer` is the token of its `Authorization` header.
    pub async fn json(&self, method: &str, path: &str, bearer: Option<&str>, body: Option<&serde_json::Value>) -> Page {
        let method = method.parse().expect("a method");
        let mut request = plain_http().build().expect("a client").request(method, self.url(path));
        if let Some(bearer) = bearer {
            request = request.bearer_auth(bearer);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        Page::read(request.send().await.expect("an answer")).await
    }

    /// Redeems a code, right by default.
    pub async fn redeem(&self, client: As<'_>, code: &str, changes: &[(&str, &str)]) -> Page {
        let defaults = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT_URI),
            ("code_verifier", VERIFIER),
        ];
        self.post("/token", client, &changed(&defaults, changes)).await
    }

    pub async fn refresh(&self, client: As<'_>, refresh_token: &str, changes: &[(&str, &str)]) -> Page {
        let defaults = [("grant_type", "refresh_token"), ("refresh_token", refresh_token)];
        self.post("/token", client, &changed(&defaults, changes)).await
    }

    pub async fn client_credentials(&self, client: As<'_>, changes: &[(&str, &str)]) -> Page {
        self.post("/token", client, &changed(&[("grant_type", "client_credentials")], changes)).await
    }

    pub async fn introspect(&self, client: As<'_>, token: &str) -> Page {
        self.post("/introspect", client, &changed(&[("token", token)], &[])).await
    }

    pub async fn revoke(&self, client: As<'_>, token: &str) -> Page {
        self.post("/revoke", client, &changed(&[("token", token)], &[])).await
    }

    /// The whole flow: the token endpoint's answer for `alice`.
    pub async fn tokens(&self, client: As<'_>, changes: &[(&str, &str)]) -> serde_json::Value {
        let (As::Public(id) | As::Basic(id) | As::Post(id)) = client;
        let code = self.code(id, changes).await;
        let page = self.redeem(client, &code, &[]).await;
        assert_eq!(page.status, 200, "{}", page.body);
        page.json()
    }

    pub async fn userinfo(&self, access_token: &str) -> Page {
        let http = plain_http().build().expect("a client");
        Page::read(http.get(self.url("/userinfo")).bearer_auth(access_token).send().await.expect("an answer")).await
    }
}

/// A string member of a JSON answer.
pub fn text<'a>(json: &'a serde_json::Value, member: &str) -> &'a str {
    json[member].as_str().unwrap_or_else(|| panic!("no {member} in {json}"))
}
