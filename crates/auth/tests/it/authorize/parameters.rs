//! Each parameter of an authentication request is obeyed, or ignored where OpenID Connect Core says that it may be (§3.1.2.1,
//! §5.5). What is malformed is in `request.rs`, what `prompt` and `max_age` do one by one in `prompt.rs`.

use protocol::time::Seconds;
use serde_json::{Value, json};
use testkit::app::TestApp;
use testkit::browser::{Browser, Page};
use testkit::requests::{As, text};

use crate::on_each_engine;

const PUBLIC: As<'_> = As::Public("public");

/// A browser in which alice is signed in, and `public` has her consent.
async fn signed_in(app: &TestApp) -> Browser {
    let browser = Browser::new(app);
    assert!(browser.authorize(&app.authorize_url("public", &[])).await.contains_key("code"));
    browser
}

async fn id_token(app: &TestApp, code: &str) -> Value {
    let page = app.redeem(PUBLIC, code, &[]).await;
    assert_eq!(page.status, 200, "{}", page.body);
    jwt::verify::unverified_claims(text(&page.json(), "id_token")).unwrap()
}

/// The pages that a person goes through until the client has its answer.
async fn pages(browser: &Browser, url: &str) -> (Vec<&'static str>, Page) {
    let mut page = browser.open(url).await;
    let mut seen = Vec::new();
    while page.location().is_none() {
        let account = page.button("account").unwrap_or_default();
        let (id, typed): (_, &[(&str, &str)]) = match () {
            () if page.has_id("login-page") => {
                ("login", &[("username", "alice"), ("password", testkit::app::PASSWORD)])
            }
            () if page.has_id("select-account-page") => ("select_account", &[("account", &account)]),
            () if page.has_id("consent-page") => ("consent", &[("decision", "allow")]),
            () => panic!("an unexpected page: {}", page.body),
        };
        assert!(!seen.contains(&id), "{id} twice");
        seen.push(id);
        let next = browser.submit(&page, typed).await;
        page = browser.follow(next).await;
    }
    (seen, page)
}

#[actix_web::test]
async fn every_combination_of_prompts_asks_what_it_names() {
    on_each_engine(async |app| {
        let browser = signed_in(&app).await;
        let combinations: &[(&str, &[&str])] = &[
            ("", &[]),
            ("login", &["login"]),
            ("consent", &["consent"]),
            ("select_account", &["select_account"]),
            ("login consent", &["login", "consent"]),
            ("consent login", &["login", "consent"]),
            ("select_account consent", &["select_account", "consent"]),
            // Whoever has just signed in has chosen an account by that.
            ("login select_account", &["login"]),
            ("select_account consent login", &["login", "consent"]),
            ("consent consent", &["consent"]),
        ];
        for (prompt, expected) in combinations {
            let (seen, page) = pages(&browser, &app.authorize_url("public", &[("prompt", prompt)])).await;
            assert_eq!(seen, *expected, "{prompt}");
            assert!(page.answer().contains_key("code"), "{prompt}");
        }
        let (_, page) = pages(&browser, &app.authorize_url("public", &[("prompt", "none")])).await;
        assert!(page.answer().contains_key("code"));
        for other in ["login", "consent", "select_account", "login consent select_account"] {
            for prompt in [format!("none {other}"), format!("{other} none")] {
                let page = browser.get(&app.authorize_url("public", &[("prompt", &prompt)])).await;
                assert_eq!(page.answer()["error"], "invalid_request", "{prompt}");
            }
        }
    })
    .await;
}

#[actix_web::test]
async fn max_age_of_the_request_goes_before_that_of_the_registration() {
    on_each_engine(async |app| {
        app.client("strict", r#"{"consent_policy": "first_party", "default_max_age": 60, "require_auth_time": true}"#)
            .await;
        let browser = signed_in(&app).await;
        app.clock.advance(Seconds(61));
        let (seen, _) = pages(&browser, &app.authorize_url("strict", &[("max_age", "1000")])).await;
        assert!(seen.is_empty());
        let (seen, page) = pages(&browser, &app.authorize_url("strict", &[])).await;
        assert_eq!(seen, ["login"]);
        let tokens = app.redeem(As::Basic("strict"), &page.answer()["code"], &[]).await.json();
        let claims: Value = jwt::verify::unverified_claims(text(&tokens, "id_token")).unwrap();
        assert_eq!(claims["auth_time"], app.now().0);
    })
    .await;
}

#[actix_web::test]
async fn claims_come_where_they_are_asked_for_essential_or_not() {
    on_each_engine(async |app| {
        for essential in [json!(null), json!({ "essential": true }), json!({ "essential": false })] {
            let asked = json!({
                "userinfo": { "given_name": essential, "address": essential, "http://example.com/unknown": essential },
                "id_token": { "family_name": essential, "auth_time": essential },
                "elsewhere": { "name": essential },
            });
            let tokens = app.tokens(PUBLIC, &[("scope", "openid"), ("claims", &asked.to_string())]).await;
            let userinfo = app.userinfo(text(&tokens, "access_token")).await.json();
            let id_token: Value = jwt::verify::unverified_claims(text(&tokens, "id_token")).unwrap();
            assert_eq!((&userinfo["given_name"], &id_token["family_name"]), (&json!("Alice"), &json!("Moreau")));
            assert!(id_token["auth_time"].is_i64());
            // OIDC Core §5.5.1: what is not there is left out, "whether they are Essential or Voluntary".
            assert_eq!(userinfo.as_object().unwrap().len(), 2, "{userinfo}");
            assert!(id_token.get("given_name").is_none() && id_token.get("name").is_none());
        }
    })
    .await;
}

/// A wish for a value does not change what is true: the claim is told as it is, and the client compares.
#[actix_web::test]
async fn claims_with_a_value_are_told_as_they_are() {
    on_each_engine(async |app| {
        for wish in [
            json!({ "value": "alice@example.test" }),
            json!({ "value": "somebody@example.test" }),
            json!({ "values": ["a@example.test", "b@example.test"], "essential": true }),
        ] {
            let asked = json!({ "userinfo": { "email": wish }, "id_token": { "email": wish } }).to_string();
            let tokens = app.tokens(PUBLIC, &[("scope", "openid"), ("claims", &asked)]).await;
            let userinfo = app.userinfo(text(&tokens, "access_token")).await.json();
            let id_token: Value = jwt::verify::unverified_claims(text(&tokens, "id_token")).unwrap();
            assert_eq!(
                (&userinfo["email"], &id_token["email"]),
                (&json!("alice@example.test"), &json!("alice@example.test"))
            );
        }
    })
    .await;
}

#[actix_web::test]
async fn claims_with_a_value_of_sub_insist_on_that_person() {
    on_each_engine(async |app| {
        app.user("bob").await;
        let browser = signed_in(&app).await;
        let answer = browser.get(&app.authorize_url("public", &[])).await.answer();
        let sub = text(&id_token(&app, &answer["code"]).await, "sub").to_owned();
        for place in ["id_token", "userinfo"] {
            let claims = |value: &str| json!({ place: { "sub": { "value": value } } }).to_string();
            let silent = async |value: &str| {
                let changes = [("prompt", "none"), ("claims", &claims(value))];
                browser.get(&app.authorize_url("public", &changes.map(|(name, value)| (name, value)))).await.answer()
            };
            assert!(silent(&sub).await.contains_key("code"), "{place}");
            assert_eq!(silent("somebody-else").await["error"], "login_required", "{place}");
            let other = Browser::new(&app);
            let login = other.open(&app.authorize_url("public", &[("claims", &claims(&sub))])).await;
            let page = other.sign_in(&login, "bob").await;
            assert_eq!(page.answer()["error"], "login_required", "never a token for a different person");
        }
    })
    .await;
}

#[actix_web::test]
async fn an_essential_acr_is_reached_or_refused_and_a_voluntary_one_is_a_wish() {
    on_each_engine(async |app| {
        let browser = signed_in(&app).await;
        for (wish, reached) in [
            (json!({ "essential": true, "values": ["9", "1"] }), true),
            (json!({ "essential": true, "value": "1" }), true),
            (json!({ "essential": true }), true),
            (json!(null), true),
            (json!({ "values": ["9"] }), true),
            (json!({ "essential": true, "values": ["9", "8"] }), false),
            (json!({ "essential": true, "value": "9" }), false),
        ] {
            let claims = json!({ "id_token": { "acr": wish } }).to_string();
            let answer = browser.get(&app.authorize_url("public", &[("claims", &claims)])).await.answer();
            if reached {
                assert_eq!(id_token(&app, &answer["code"]).await["acr"], "1", "{claims}");
            } else {
                assert_eq!(answer["error"], "unmet_authentication_requirements", "{claims}");
            }
        }
    })
    .await;
}

#[actix_web::test]
async fn acr_values_are_a_wish_and_the_id_token_says_what_was_reached() {
    on_each_engine(async |app| {
        let browser = signed_in(&app).await;
        let metadata = browser.get("/.well-known/openid-configuration").await.json();
        assert_eq!(metadata["acr_values_supported"], json!(["1", "2"]));
        for acr_values in ["1", "1 2", "urn:example:gold", "0"] {
            let answer = browser.get(&app.authorize_url("public", &[("acr_values", acr_values)])).await.answer();
            assert_eq!(id_token(&app, &answer["code"]).await["acr"], "1", "{acr_values}");
        }
    })
    .await;
}

#[actix_web::test]
async fn an_old_id_token_is_a_hint_and_a_forged_one_is_none() {
    on_each_engine(async |app| {
        let browser = signed_in(&app).await;
        let code = browser.get(&app.authorize_url("public", &[])).await.answer()["code"].clone();
        let tokens = app.redeem(PUBLIC, &code, &[]).await.json();
        let hint = text(&tokens, "id_token").to_owned();
        let first: Value = jwt::verify::unverified_claims(&hint).unwrap();
        app.clock.advance(Seconds::hours(2));
        let silent = async |hint: &str| {
            browser.get(&app.authorize_url("public", &[("prompt", "none"), ("id_token_hint", hint)])).await.answer()
        };
        let second = id_token(&app, &silent(&hint).await["code"]).await;
        assert_eq!((&second["sub"], &second["auth_time"]), (&first["sub"], &first["auth_time"]));
        let (start, signature) = hint.rsplit_once('.').unwrap();
        let unsigned = format!("eyJhbGciOiJub25lIn0.{}.", hint.split('.').nth(1).unwrap());
        let swapped = format!("{start}.{}", signature.chars().rev().collect::<String>());
        for forged in [unsigned, swapped, text(&tokens, "access_token").to_owned(), "x".to_owned()] {
            assert_eq!(silent(&forged).await["error"], "invalid_request", "{forged}");
        }
    })
    .await;
}

#[actix_web::test]
async fn login_hint_is_shown_and_never_trusted() {
    on_each_engine(async |app| {
        let hint = "\"><script>alert(1)</script>";
        let page = Browser::new(&app).open(&app.authorize_url("public", &[("login_hint", hint)])).await;
        assert!(page.has_id("login-page") && !page.body.contains("<script>alert"));
        let browser = signed_in(&app).await;
        let page = browser.get(&app.authorize_url("public", &[("login_hint", "bob@example.test")])).await;
        assert!(page.answer().contains_key("code"), "a hint is no demand");
    })
    .await;
}

#[actix_web::test]
async fn display_changes_nothing_as_each_page_fits_every_window() {
    on_each_engine(async |app| {
        let metadata = Browser::new(&app).get("/.well-known/openid-configuration").await.json();
        assert_eq!(metadata["display_values_supported"], json!(["page"]));
        for display in ["page", "popup", "touch", "wap", "hologram"] {
            let page = Browser::new(&app).open(&app.authorize_url("public", &[("display", display)])).await;
            assert!(page.has_id("login-page"), "{display}");
        }
    })
    .await;
}

#[actix_web::test]
async fn ui_locales_choose_the_first_language_that_is_there() {
    on_each_engine(async |app| {
        for (ui_locales, expected) in
            [("de", "de"), ("fr-CA fr de en", "de"), ("en de", "en"), ("de-AT", "de"), ("se", "en"), ("!! *", "en")]
        {
            let (changes, browser) = ([("ui_locales", ui_locales)], Browser::new(&app));
            let login = browser.open(&app.authorize_url("public", &changes)).await;
            assert!(login.body.contains(&format!("<html lang=\"{expected}\"")), "{ui_locales}");
            let consent = browser.sign_in(&login, "alice").await;
            if consent.has_id("consent-page") {
                assert!(consent.body.contains(&format!("<html lang=\"{expected}\"")), "{ui_locales}, on the next page");
                let next = browser.submit(&consent, &[("decision", "allow")]).await;
                assert!(next.answer().contains_key("code"));
            }
        }
    })
    .await;
}

/// OIDC Core §5.2: the claims exist in one language, which is told whatever is wished.
#[actix_web::test]
async fn claims_locales_are_a_wish_that_nothing_fulfils() {
    on_each_engine(async |app| {
        for claims_locales in ["se", "de fr", "x"] {
            let tokens = app.tokens(PUBLIC, &[("scope", "openid profile"), ("claims_locales", claims_locales)]).await;
            let userinfo = app.userinfo(text(&tokens, "access_token")).await.json();
            assert_eq!(userinfo["name"], "Alice Moreau");
            assert!(userinfo.as_object().unwrap().keys().all(|name| !name.contains('#')));
        }
    })
    .await;
}
