//! The parameters of an authorization request.

use protocol::time::Seconds;
use protocol::user::{Address, Profile};
use serde_json::{Map, Value, json};
use testkit::app::PASSWORD;
use testkit::browser::Browser;
use testkit::requests::{As, VERIFIER, text};

use super::{Announced, parts};
use crate::{limits, second_factor};

/// Somebody with a value for every standard claim.
async fn somebody(server: &Announced) -> String {
    let username = server.id();
    let mut user = server.app.user(&username).await;
    let text = |value: &str| Some(value.to_owned());
    user.phone_number_verified_at = Some(server.app.now());
    user.profile = Profile {
        middle_name: text("Louise"),
        nickname: text("Ali"),
        profile: text("https://alice.example/about"),
        picture: text("https://alice.example/picture.jpg"),
        website: text("https://alice.example"),
        gender: text("female"),
        birthdate: text("1990-01-02"),
        address: Some(Address { locality: text("Paris"), ..Address::default() }),
        ..user.profile
    };
    let won = store::users::update(&server.app.store, &user).await.unwrap();
    assert_eq!(won, store::Won::Yes);
    username
}

/// All claims by name, in both places that the parameter knows; `sub` and the claims of the protocol stand where they stand.
pub(super) async fn claims(server: &Announced) {
    assert_eq!(server.values("claim_types_supported"), ["normal"]);
    assert!(server.is_on("claims_parameter_supported"));
    let announced = server.values("claims_supported");
    let known = ["verified_claims", "cnf", "name_of_the_dog", "roles", "s_hash_of_nothing"];
    let unannounced = server.unannounced("claims_supported", &known);
    let wish: Map<String, Value> =
        announced.iter().chain(&unannounced).map(|name| ((*name).to_owned(), json!({ "essential": false }))).collect();
    let asked = json!({ "userinfo": wish, "id_token": wish }).to_string();
    let client = server.client(json!({})).await;
    let browser = Browser::new(&server.app);
    let login = browser.open(&server.app.authorize_url(&client, &[("scope", "openid"), ("claims", &asked)])).await;
    let username = somebody(server).await;
    let page = browser.submit(&login, &[("username", &username), ("password", PASSWORD)]).await;
    let code = browser.follow(page).await.answer()["code"].clone();
    let tokens = server.app.redeem(As::Basic(&client), &code, &[]).await.json();
    let (_, id_token) = parts(text(&tokens, "id_token"));
    let userinfo = server.app.userinfo(text(&tokens, "access_token")).await.json();
    let of_the_protocol = ["iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid"];
    for name in &announced {
        assert!(id_token.get(name).is_some(), "{name} in the ID token");
        assert_eq!(userinfo.get(name).is_some(), !of_the_protocol.contains(name), "{name} at UserInfo");
    }
    for name in unannounced {
        assert!(id_token.get(name).is_none() && userinfo.get(name).is_none(), "{name}");
    }
    for told in [&id_token, &userinfo] {
        let beyond = told.as_object().unwrap().keys().filter(|name| !announced.contains(&name.as_str()));
        let beyond: Vec<_> = beyond.filter(|name| !["at_hash", "c_hash", "s_hash"].contains(&name.as_str())).collect();
        assert!(beyond.is_empty(), "told, but not announced: {beyond:?}");
        assert!(told.get("_claim_names").is_none(), "the claim types aggregated and distributed are not announced");
    }
}

pub(super) async fn challenges(server: &Announced) {
    let client = server.client(json!({})).await;
    assert_eq!(server.values("code_challenge_methods_supported"), ["S256"], "the method that all other exercises use");
    for method in server.unannounced("code_challenge_methods_supported", &["plain", "S512", "s256"]) {
        let changes = [("code_challenge", VERIFIER), ("code_challenge_method", method)];
        assert_eq!(server.error(&client, &changes).await, "invalid_request", "{method}");
    }
    // RFC 7636 §4.3: a challenge without a method would be `plain`.
    let changes = [("code_challenge", VERIFIER), ("code_challenge_method", "")];
    assert_eq!(server.error(&client, &changes).await, "invalid_request");
}

pub(super) async fn acr_values(server: &Announced) {
    let client = server.client(json!({})).await;
    let essential = |value: &str| json!({ "id_token": { "acr": { "essential": true, "value": value } } }).to_string();
    let mut alice = None;
    for value in server.values("acr_values_supported") {
        for change in [("acr_values", value.to_owned()), ("claims", essential(value))] {
            let browser = Browser::new(&server.app);
            if value == "2" && alice.is_none() {
                alice = Some(second_factor::alice(&server.app).await);
            }
            let mut page = browser.arrive(&server.app.authorize_url(&client, &[(change.0, &change.1)])).await;
            if let Some(alice) = &alice {
                page = browser.submit(&page, &[("code", &alice.phone.code(server.app.now()))]).await;
                server.app.clock.advance(Seconds(30));
            }
            let tokens = server.app.redeem(As::Basic(&client), &page.answer()["code"], &[]).await.json();
            assert_eq!(parts(text(&tokens, "id_token")).1["acr"], value);
        }
    }
    if let Some(alice) = alice {
        let _won = auth::totp::remove(&limits::state(&server.app), &alice.user.id).await.unwrap();
    }
    for value in server.unannounced("acr_values_supported", &["0", "2", "phr", "urn:mace:incommon:iap:silver"]) {
        let answer = server.answer(&client, &[("claims", &essential(value))]).await;
        assert_eq!(answer["error"], "unmet_authentication_requirements", "{value}");
    }
}

pub(super) async fn prompts(server: &Announced) {
    let client = server.client(json!({})).await;
    for prompt in server.values("prompt_values_supported") {
        // Signed in, so that only the prompt asks for something.
        let browser = Browser::new(&server.app);
        assert!(browser.authorize(&server.app.authorize_url("first-party", &[])).await.contains_key("code"));
        let page = browser.open(&server.app.authorize_url("first-party", &[("prompt", prompt)])).await;
        match prompt {
            "none" => assert!(page.answer().contains_key("code")),
            "login" => assert!(page.has_id("login-page")),
            "consent" => assert!(page.has_id("consent-page")),
            "select_account" => assert!(page.has_id("select-account-page")),
            other => panic!("{other} is announced, and nothing here tries it"),
        }
    }
    for prompt in server.unannounced("prompt_values_supported", &["create", "admin_consent", "NONE", "login_again"]) {
        assert_eq!(server.error(&client, &[("prompt", prompt)]).await, "invalid_request", "{prompt}");
    }
}

/// OIDC Core §3.1.2.1: "The Authorization Server MAY also attempt to detect the capabilities of the User Agent and present an
/// appropriate display", so a value that is not announced brings the same page.
pub(super) async fn displays(server: &Announced) {
    for display in server.values("display_values_supported").into_iter().chain(["popup", "touch", "wap", "hologram"]) {
        let page = Browser::new(&server.app).open(&server.app.authorize_url("public", &[("display", display)])).await;
        assert!(page.has_id("login-page"), "{display}");
    }
}

/// OIDC Core §3.1.2.1, of `ui_locales`: "An error SHOULD NOT result if some or all of the requested locales are not supported".
pub(super) async fn ui_locales(server: &Announced) {
    let language = async |ui_locales: &str| {
        let url = server.app.authorize_url("public", &[("ui_locales", ui_locales)]);
        let page = Browser::new(&server.app).open(&url).await;
        assert!(page.has_id("login-page"), "{ui_locales}");
        page.body.split("<html lang=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
    };
    let usual = language("").await;
    for locale in server.values("ui_locales_supported") {
        assert_eq!(language(locale).await, locale);
    }
    for locale in server.unannounced("ui_locales_supported", &["se", "tlh", "ja", "not a tag"]) {
        assert_eq!(language(locale).await, usual, "{locale}");
    }
}

pub(super) async fn iss(server: &Announced) {
    assert!(server.is_on("authorization_response_iss_parameter_supported"));
    let client = server.client(json!({})).await;
    assert_eq!(server.answer(&client, &[]).await["iss"], server.app.issuer);
    let page = Browser::new(&server.app).get(&server.app.authorize_url(&client, &[("prompt", "none")])).await;
    assert_eq!((&*page.answer()["error"], &page.answer()["iss"]), ("login_required", &server.app.issuer));
}
