//! The modules about claims: scopes, the `claims` parameter, and the three ways to UserInfo (OpenID Connect Core §5.3 to §5.5).

use protocol::authorize::response_type::ResponseType;
use serde_json::{Value, json};
use testkit::browser::Page;
use testkit::requests::text;

use super::checks::{self, PROFILE_CLAIMS, part};
use super::client::{Module, Outcome};
use super::suite::{core, dynamic};

const EMAIL: &[&str] = &["email", "email_verified"];
const PHONE: &[&str] = &["phone_number", "phone_number_verified"];
const ADDRESS: &[&str] = &["address"];

fn has_access_token(kind: ResponseType) -> bool {
    kind != ResponseType::IdToken
}

/// A scope brings all of its claims: at UserInfo, or in the ID token where there is no access token.
async fn scope(module: &Module<'_>, scopes: &str, expected: &[&[&str]]) -> Outcome {
    for scope in scopes.split(' ') {
        assert!(
            module.suite.announces("scopes_supported", scope),
            "{scope} is not announced, so the suite would skip it"
        );
    }
    let outcome = module.flow(&[("scope", scopes)]).await;
    let sub = &outcome.id_token().claims["sub"];
    for page in &outcome.userinfo {
        assert!(page.header("content-type").starts_with("application/json"));
        checks::userinfo(&page.json(), sub, module.suite.app.now().0);
        has_all(&page.json(), expected);
    }
    if outcome.userinfo.is_empty() {
        has_all(&outcome.id_token().claims, expected);
    }
    outcome
}

fn has_all(claims: &Value, expected: &[&[&str]]) {
    for claim in expected.iter().copied().flatten() {
        assert!(claims.get(claim).is_some(), "no {claim} in {claims}");
    }
}

/// The claims of `email` are where they belong, and those of `profile` nowhere.
pub(super) fn email_alone(module: &Module<'_>, outcome: &Outcome) {
    for token in &outcome.id_tokens {
        assert!(token.claims.get("name").is_none(), "{}", token.claims);
        assert_eq!(
            token.claims.get("email").is_some(),
            module.variant.kind == ResponseType::IdToken,
            "{}",
            token.claims
        );
    }
    for page in &outcome.userinfo {
        has_all(&page.json(), &[EMAIL]);
        assert!(page.json().get("name").is_none());
    }
}

#[actix_web::test]
async fn scope_profile() {
    core().run(async |module| drop(scope(module, "openid profile", &[PROFILE_CLAIMS]).await)).await;
}

#[actix_web::test]
async fn scope_email() {
    core().run(async |module| email_alone(module, &scope(module, "openid email", &[EMAIL]).await)).await;
}

#[actix_web::test]
async fn scope_address() {
    core().run(async |module| drop(scope(module, "openid address", &[ADDRESS]).await)).await;
}

#[actix_web::test]
async fn scope_phone() {
    core().run(async |module| drop(scope(module, "openid phone", &[PHONE]).await)).await;
}

#[actix_web::test]
async fn scope_all() {
    let all: &[&[&str]] = &[EMAIL, ADDRESS, PHONE, PROFILE_CLAIMS];
    core().run(async |module| drop(scope(module, "openid email address phone profile", all).await)).await;
}

#[actix_web::test]
async fn claims_essential() {
    core()
        .run(async |module| {
            let alone = module.variant.kind == ResponseType::IdToken;
            let place = if alone { "id_token" } else { "userinfo" };
            let claims = json!({ place: { "name": { "essential": true } } }).to_string();
            let outcome = module.flow(&[("claims", &claims)]).await;
            for token in &outcome.id_tokens {
                assert_eq!(token.claims.get("name").is_some(), alone, "{}", token.claims);
            }
            for page in &outcome.userinfo {
                assert!(page.json()["name"].is_string(), "{}", page.body);
            }
        })
        .await;
}

/// UserInfo by `ask` says the same as the GET that every module sends.
async fn userinfo_by(ask: impl AsyncFn(&Module<'_>, &str) -> Page) {
    core()
        .of(has_access_token)
        .run(async |module| {
            let outcome = module.flow(&[]).await;
            for (token, usual) in outcome.access_tokens.iter().zip(&outcome.userinfo) {
                let page = ask(module, token).await;
                assert_eq!((page.status.as_u16(), page.json()), (200, usual.json()));
                assert!(page.header("content-type").starts_with("application/json"));
                checks::userinfo(&page.json(), &outcome.id_token().claims["sub"], module.suite.app.now().0);
            }
        })
        .await;
}

#[actix_web::test]
async fn userinfo_get() {
    userinfo_by(async |module, token| module.userinfo(token).await).await;
}

/// An empty form, and the token in the header.
#[actix_web::test]
async fn userinfo_post_header() {
    userinfo_by(async |module, token| {
        let request = module.suite.http.post(module.suite.endpoint("userinfo_endpoint")).bearer_auth(token);
        let request = request.header("content-type", "application/x-www-form-urlencoded").body("");
        Page::read(request.send().await.unwrap()).await
    })
    .await;
}

#[actix_web::test]
async fn userinfo_post_body() {
    userinfo_by(async |module, token| {
        let request = module.suite.http.post(module.suite.endpoint("userinfo_endpoint"));
        Page::read(request.form(&[("access_token", token)]).send().await.unwrap()).await
    })
    .await;
}

#[actix_web::test]
async fn userinfo_rs256() {
    dynamic()
        .of(has_access_token)
        .adding(json!({ "userinfo_signed_response_alg": "RS256" }))
        .run(async |module| {
            assert!(module.suite.announces("userinfo_signing_alg_values_supported", "RS256"));
            let outcome = module.flow(&[]).await;
            for page in &outcome.userinfo {
                assert_eq!(page.header("content-type"), "application/jwt");
                assert_eq!(part(&page.body, 0)["alg"], "RS256");
                let claims = checks::verified(&module.suite.jwks, &page.body).claims;
                assert!(claims.get("nonce").is_none());
                assert_eq!(text(&claims, "iss"), module.suite.app.issuer);
                assert_eq!(text(&claims, "aud"), module.client_id());
                checks::userinfo(&claims, &outcome.id_token().claims["sub"], module.suite.app.now().0);
            }
        })
        .await;
}
