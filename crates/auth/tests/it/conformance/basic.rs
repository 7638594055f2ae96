//! The modules of the basic, implicit and hybrid plans that send a plain request, or one that lacks something.

use protocol::authorize::response_type::ResponseType;
use serde_json::{Value, json};
use testkit::requests::{challenge, text};

use super::checks::{self, part};
use super::client::{Module, Place, Request};
use super::suite::{Plan, code_only, core, everywhere};

fn has_code_or_token(kind: ResponseType) -> bool {
    kind != ResponseType::IdToken
}

/// The claims that an ID token may have when only `openid` was asked for.
const OF_AN_ID_TOKEN: &[&str] = &[
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "auth_time",
    "nonce",
    "acr",
    "amr",
    "azp",
    "at_hash",
    "c_hash",
    "s_hash",
    "nbf",
    "jti",
    "sid",
    "txn",
];

#[actix_web::test]
async fn server() {
    everywhere()
        .run(async |module| {
            let outcome = module.flow(&[]).await;
            for token in &outcome.id_tokens {
                let unexpected = |name: &&String| !OF_AN_ID_TOKEN.contains(&name.as_str());
                assert_eq!(token.claims.as_object().unwrap().keys().find(unexpected), None);
            }
            assert!(!outcome.id_tokens.is_empty());
            assert_eq!(outcome.access_tokens.is_empty(), module.variant.kind == ResponseType::IdToken);
        })
        .await;
}

/// The suite takes a page too; here the client is told, in the query whatever it wanted, as no response type says otherwise.
#[actix_web::test]
async fn response_type_missing() {
    core()
        .run(async |module| {
            let round = module.open(&[("response_type", "")]).await;
            let place = if module.variant.plan == Plan::FormPost { Place::Body } else { Place::Query };
            let answer = module.received(&round.page, place);
            let error = checks::error(&answer, round.request.get("state"), &module.suite.app.issuer);
            assert!(["unsupported_response_type", "invalid_request"].contains(&error.as_str()), "{error}");
        })
        .await;
}

#[actix_web::test]
async fn idtoken_signature() {
    core().run(signed_by_rs256).await;
}

#[actix_web::test]
async fn idtoken_rs256() {
    super::suite::dynamic().adding(json!({ "id_token_signed_response_alg": "RS256" })).run(signed_by_rs256).await;
}

async fn signed_by_rs256(module: &Module<'_>) {
    for token in module.flow(&[]).await.id_tokens {
        assert_eq!((text(&token.header, "alg"), text(&token.header, "kid").is_empty()), ("RS256", false));
    }
}

/// The profile does not announce `none`, so the suite skips it there. With the switch on it does what the module demands.
#[actix_web::test]
async fn idtoken_unsigned() {
    code_only()
        .run(async |module| assert!(!module.suite.announces("id_token_signing_alg_values_supported", "none")))
        .await;
    everywhere()
        .of(|kind| kind == ResponseType::Code)
        .with(|config| config.openid.unsigned_id_tokens = true)
        .adding(json!({ "id_token_signed_response_alg": "none" }))
        .run(async |module| {
            assert!(module.suite.announces("id_token_signing_alg_values_supported", "none"));
            let round = module.open(&[]).await;
            let answer = module.answer(&round);
            let tokens = checks::token_response(&module.redeem(&answer["code"], None).await);
            let id_token = text(&tokens, "id_token");
            assert!(part(id_token, 0)["alg"] == "none" && id_token.ends_with('.'));
            checks::standard_id_token(module, round.request.get("nonce"), &part(id_token, 1));
            module.userinfo(text(&tokens, "access_token")).await;
        })
        .await;
}

#[actix_web::test]
async fn ensure_request_without_nonce_succeeds_for_code_flow() {
    core()
        .of(|kind| !kind.has_id_token())
        .run(async |module| {
            let round = module.open(&[("nonce", "")]).await;
            module.answer(&round);
        })
        .await;
}

#[actix_web::test]
async fn ensure_request_without_nonce_fails() {
    core()
        .of(ResponseType::has_id_token)
        .run(async |module| {
            let round = module.open(&[("nonce", "")]).await;
            assert_eq!(module.error(&round), "invalid_request");
            assert!(round.seen.is_empty(), "nobody signs in for nothing");
        })
        .await;
}

/// `scope=email openid`, and the parameters in reverse order.
#[actix_web::test]
async fn alternate_happy_flow() {
    core()
        .run(async |module| {
            let request = module.request(&[("scope", "email openid")]);
            let mut url = url::Url::parse(module.suite.endpoint("authorization_endpoint")).unwrap();
            url.query_pairs_mut().extend_pairs(request.iter().rev());
            let page = module.browser.open(url.as_str()).await;
            let round = module.go_on(request, page).await;
            super::claims::email_alone(module, &module.finish(&round).await);
        })
        .await;
}

async fn with(name: &'static str, value: &'static str) {
    core()
        .run(async |module| {
            module.flow(&[(name, value)]).await;
        })
        .await;
}

#[actix_web::test]
async fn display_page() {
    with("display", "page").await;
}

#[actix_web::test]
async fn display_popup() {
    with("display", "popup").await;
}

#[actix_web::test]
async fn ui_locales() {
    with("ui_locales", "se").await;
}

#[actix_web::test]
async fn claims_locales() {
    with("claims_locales", "se").await;
}

#[actix_web::test]
async fn login_hint() {
    with("login_hint", "alice@example.test").await;
}

#[actix_web::test]
async fn ensure_request_with_unknown_parameter_succeeds() {
    with("extra", "foobar").await;
}

#[actix_web::test]
async fn ensure_request_with_acr_values_succeeds() {
    core()
        .run(async |module| {
            let announced = module.suite.metadata["acr_values_supported"].as_array().unwrap();
            let values: Vec<_> = announced.iter().filter_map(Value::as_str).collect();
            for token in module.flow(&[("acr_values", &values.join(" "))]).await.id_tokens {
                assert!(values.contains(&text(&token.claims, "acr")), "{}", token.claims);
            }
        })
        .await;
}

#[actix_web::test]
async fn ensure_request_with_valid_pkce_succeeds() {
    core()
        .of(|kind| matches!(kind, ResponseType::Code | ResponseType::CodeIdToken))
        .run(async |module| {
            module.flow(&[("code_challenge", &challenge()), ("code_challenge_method", "S256")]).await;
        })
        .await;
}

/// The browser sends the request as a form of another site: without cookies, with a body.
#[actix_web::test]
async fn ensure_post_request_succeeds() {
    core()
        .of(|kind| kind == ResponseType::Code)
        .run(async |module| {
            let request: Request = module.request(&[]);
            let form: Vec<_> = request.clone().into_iter().collect();
            let page = module.browser.post(module.suite.endpoint("authorization_endpoint"), &form).await;
            let page = module.browser.follow(page).await;
            let round = module.go_on(request, page).await;
            assert_eq!(round.seen[0], "login");
            module.finish(&round).await;
        })
        .await;
}

#[actix_web::test]
async fn server_client_secret_post() {
    core()
        .of(ResponseType::has_code)
        .adding(json!({ "token_endpoint_auth_method": "client_secret_post" }))
        .run(async |module| {
            assert!(module.suite.announces("token_endpoint_auth_methods_supported", "client_secret_post"));
            module.flow(&[]).await;
        })
        .await;
}

/// In every plan the client's own method is announced.
#[actix_web::test]
async fn the_methods_of_the_plans_are_announced() {
    everywhere()
        .of(has_code_or_token)
        .run(async |module| {
            let method = module.variant.plan.method();
            assert!(module.suite.announces("token_endpoint_auth_methods_supported", method));
        })
        .await;
}
