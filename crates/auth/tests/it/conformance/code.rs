//! The modules about codes, refresh tokens and client assertions (RFC 6749 §4.1 and §6, OpenID Connect Core §9 and §12).

use protocol::authorize::response_type::ResponseType;
use protocol::time::Seconds;
use serde_json::{Value, json};
use testkit::elsewhere::Reply;
use testkit::requests::text;

use super::checks::{self, part};
use super::client::{Module, Outcome};
use super::keys::{ClientKey, WithKid, random, signed};
use super::suite::{core, dynamic, everywhere};

#[actix_web::test]
async fn codereuse() {
    everywhere()
        .of(ResponseType::has_code)
        .run(async |module| {
            let outcome = module.flow(&[]).await;
            checks::token_error(&module.redeem(&outcome.answer["code"], None).await, "invalid_grant");
        })
        .await;
}

#[actix_web::test]
async fn codereuse_30seconds() {
    core()
        .of(ResponseType::has_code)
        .run(async |module| {
            let outcome = module.flow(&[]).await;
            module.suite.app.clock.advance(Seconds(30));
            checks::token_error(&module.redeem(&outcome.answer["code"], None).await, "invalid_grant");
            let token = text(&outcome.tokens, "access_token");
            let request = module.suite.http.get(module.suite.endpoint("userinfo_endpoint")).bearer_auth(token);
            assert!(request.send().await.unwrap().status().is_client_error(), "the first answer is worth nothing now");
        })
        .await;
}

/// Both clients refresh; neither can use what the other has.
#[actix_web::test]
async fn refresh_token() {
    let added = json!({ "more_grant_types": "refresh_token" });
    everywhere()
        .of(ResponseType::has_code)
        .adding(added.clone())
        .run(async |module| {
            assert!(module.suite.announces("grant_types_supported", "refresh_token"));
            let first = module.flow(&OFFLINE).await;
            refreshes(module, &first, &[("scope", OFFLINE[0].1)]).await;
            let second = module.second(&added).await;
            let nonce = random(43);
            let changes = [OFFLINE[0], OFFLINE[1], ("nonce", nonce.as_str())];
            let outcome = second.flow(&changes).await;
            let refreshed = refreshes(&second, &outcome, &[]).await;
            let stolen = text(&refreshed, "refresh_token");
            let page = module.token(&[("grant_type", "refresh_token"), ("refresh_token", stolen)]).await;
            checks::token_error(&page, "invalid_grant");
            second.end().await;
        })
        .await;
}

const OFFLINE: [(&str, &str); 2] = [("scope", "openid offline_access"), ("prompt", "consent")];

/// A second later the client refreshes and gets all anew.
async fn refreshes(module: &Module<'_>, outcome: &Outcome, more: &[(&str, &str)]) -> Value {
    let refresh_token = text(&outcome.tokens, "refresh_token");
    assert!(refresh_token.bytes().all(|byte| (0x20..=0x7E).contains(&byte)));
    module.suite.app.clock.advance(Seconds(1));
    let form = [&[("grant_type", "refresh_token"), ("refresh_token", refresh_token)], more].concat();
    refreshed(module, outcome, &module.token(&form).await).await
}

/// What the suite demands of the answer to a refresh.
async fn refreshed(module: &Module<'_>, outcome: &Outcome, page: &testkit::browser::Page) -> Value {
    let tokens = checks::token_response(page);
    checks::entropy(text(&tokens, "refresh_token"));
    if let Some(id_token) = tokens.get("id_token").and_then(Value::as_str) {
        let (before, after) = (&outcome.id_token().claims, part(id_token, 1));
        for same in ["iss", "sub", "aud", "auth_time", "azp"] {
            assert_eq!(before.get(same), after.get(same), "{same}");
        }
        assert_ne!(before["iat"], after["iat"]);
    }
    module.userinfo(text(&tokens, "access_token")).await;
    tokens
}

/// The client replaces its key at `jwks_uri`; a minute later it proves itself with the new one.
#[actix_web::test]
async fn refresh_token_rp_key_rotation() {
    let runs = dynamic().of(ResponseType::has_code);
    runs.started(async |suite, variant| {
        let (old, new) = (ClientKey::usual(), ClientKey::new());
        let publish = |path: &str, key: &ClientKey| {
            let document = json!({ "keys": [key.jwk_with_kid()] });
            suite.elsewhere.publish(&format!("{path}/client1_jwks"), Reply::new(document.to_string()));
        };
        let added = json!({ "jwks": null, "jwks_uri": "E/client1_jwks", "more_grant_types": "refresh_token" });
        let module = Module::begin(suite, variant, &added).await;
        publish(&module.path, old);
        let round = module.open(&OFFLINE).await;
        let outcome = finish_with(&module, &round, old).await;
        publish(&module.path, &new);
        suite.app.clock.advance(Seconds(60));
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", text(&outcome.tokens, "refresh_token")),
            ("scope", "openid offline_access"),
        ];
        let page = module.token_with(&form, Some(&assertion(&module, &new))).await;
        refreshed(&module, &outcome, &page).await;
        module.end().await;
    })
    .await;
}

fn assertion(module: &Module<'_>, key: &ClientKey) -> String {
    key.sign(WithKid::Yes, &module.assertion_claims(module.suite.endpoint("token_endpoint")))
}

/// The flow of a client whose assertions name a key of its `jwks_uri`.
async fn finish_with(module: &Module<'_>, round: &super::client::Round, key: &ClientKey) -> Outcome {
    let answer = module.answer(round);
    let form =
        [("grant_type", "authorization_code"), ("code", &*answer["code"]), ("redirect_uri", &*module.redirect_uri)];
    let page = module.token_with(&form, Some(&assertion(module, key))).await;
    let tokens = checks::token_response(&page);
    let id_token = checks::id_token(module, round.request.get("nonce"), text(&tokens, "id_token"));
    let access_token = text(&tokens, "access_token").to_owned();
    let userinfo = vec![module.userinfo(&access_token).await];
    Outcome { answer, id_tokens: vec![id_token], access_tokens: vec![access_token], tokens, userinfo }
}

/// The token request proves the client with the key that stands at its `jwks_uri`.
#[actix_web::test]
async fn registration_jwks_uri() {
    let runs = dynamic().of(ResponseType::has_code);
    runs.started(async |suite, variant| {
        let added = json!({ "jwks": null, "jwks_uri": "E/client1_jwks" });
        let module = Module::begin(suite, variant, &added).await;
        let document = json!({ "keys": [ClientKey::usual().jwk_with_kid()] }).to_string();
        suite.elsewhere.publish(&format!("{}/client1_jwks", module.path), Reply::new(document));
        let round = module.open(&[]).await;
        finish_with(&module, &round, ClientKey::usual()).await;
        module.end().await;
    })
    .await;
}

/// The default audience is the token endpoint, which all other modules of the plan send; the issuer is as good.
#[actix_web::test]
async fn ensure_client_assertion_with_iss_aud_succeeds() {
    dynamic()
        .of(ResponseType::has_code)
        .run(async |module| {
            let round = module.open(&[]).await;
            let code = module.answer(&round)["code"].clone();
            let form =
                [("grant_type", "authorization_code"), ("code", &*code), ("redirect_uri", &*module.redirect_uri)];
            let claims = module.assertion_claims(&module.suite.app.issuer);
            let page = module.token_with(&form, Some(&signed(&claims))).await;
            checks::token_response(&page);
        })
        .await;
}
