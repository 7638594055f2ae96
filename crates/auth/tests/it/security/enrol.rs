//! An app demands a second factor of somebody who has none.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use protocol::security_event::SecurityEvent;
use protocol::time::Seconds;
use serde_json::{Value, json};
use testkit::app::{PASSWORD, TestApp};
use testkit::authenticator::Authenticator;
use testkit::browser::{Browser, Page};
use testkit::otp::OtpApp;
use testkit::requests::{As, text};

use super::{SECURITY, connect, created, events, factors, hidden, phone, send, sessions, shown, signed_in};
use crate::on_each_engine;

/// The choice that a sign-in at a demanding app comes to.
async fn asked(app: &TestApp, browser: &Browser) -> Page {
    let page = browser.open(&app.authorize_url("first-party", &[("acr_values", "2")])).await;
    let page = if page.has_id("login-page") { browser.sign_in(&page, "alice").await } else { page };
    assert!(page.has_id("enrol-page"), "{}", page.body);
    page
}

async fn offer(browser: &Browser, choice: &Page) -> Page {
    browser.open(&format!("/enrol/totp?interaction={}", hidden(choice, "interaction"))).await
}

async fn type_code(browser: &Browser, page: &Page, code: &str) -> Page {
    let fields = [("offer", hidden(page, "offer")), ("interaction", hidden(page, "interaction"))];
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).chain([("code", code)]).collect();
    send(browser, page, "/enrol/totp", &fields).await
}

async fn onward(browser: &Browser, page: &Page) -> Page {
    assert!(page.has_id("enrol-codes-page"), "{}", page.body);
    let href = page.body.split("id=\"codes-kept\" href=\"").nth(1).unwrap().split('"').next().unwrap();
    browser.open(href).await
}

async fn id_token(app: &TestApp, page: &Page) -> Value {
    let tokens = app.redeem(As::Basic("first-party"), &page.answer()["code"], &[]).await.json();
    let payload = text(&tokens, "id_token").split('.').nth(1).expect("a payload");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

#[actix_web::test]
async fn an_app_is_connected_on_the_way_and_the_client_hears_of_two_factors() {
    on_each_engine(async |app| {
        let browser = Browser::new(&app);
        let choice = asked(&app, &browser).await;
        assert!(choice.body.contains("Test first-party"), "{}", choice.body);
        let signed_in_at = app.now();
        app.clock.advance(Seconds(60));
        let page = offer(&browser, &choice).await;
        let wrong = type_code(&browser, &page, "000").await;
        assert_eq!((wrong.status.as_u16(), hidden(&wrong, "offer")), (422, hidden(&page, "offer")));
        let code = phone(&page).code(app.now());
        let codes = type_code(&browser, &page, &code).await;
        assert_eq!(shown(&codes).len(), 10);
        let again = type_code(&browser, &page, &code).await;
        assert!(again.location().is_some_and(|to| to.contains("code=")), "loading it again goes on: {}", again.body);
        let token = id_token(&app, &again).await;
        assert_eq!((&token["acr"], &token["amr"]), (&json!("2"), &json!(["pwd", "otp", "mfa"])));
        assert_eq!(token["auth_time"], signed_in_at.0);
        assert_eq!((sessions(&app).await.len(), events(&app, SecurityEvent::TotpAdded).await), (1, 1));
    })
    .await;
}

#[actix_web::test]
async fn a_passkey_is_added_on_the_way() {
    on_each_engine(async |app| {
        let browser = Browser::new(&app);
        let choice = asked(&app, &browser).await;
        assert!(choice.has_id("passkey-add"), "{}", choice.body);
        let (ceremony, credential) = created(&app, &browser, &choice, &mut Authenticator::new()).await;
        let interaction = hidden(&choice, "interaction");
        let wrong = [("interaction", interaction.as_str()), ("ceremony", "x"), ("credential", "{}")];
        let refused = send(&browser, &choice, "/enrol/passkey", &wrong).await;
        assert!(refused.has_id("enrol-page") && refused.has_id("alert"), "{}", refused.body);
        let fields = [("interaction", interaction.as_str()), ("ceremony", &ceremony), ("credential", &credential)];
        let codes = send(&browser, &choice, "/enrol/passkey", &fields).await;
        let token = id_token(&app, &onward(&browser, &codes).await).await;
        assert_eq!(token["acr"], "2");
        let amr: Vec<&str> = token["amr"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        assert!(amr.contains(&"swk") || amr.contains(&"hwk"), "{amr:?}");
        assert!(amr.contains(&"pwd") && amr.contains(&"mfa"), "{amr:?}");
    })
    .await;
}

#[actix_web::test]
async fn an_old_sign_in_is_renewed_before_and_comes_back() {
    on_each_engine(async |app| {
        let browser = Browser::new(&app);
        let choice = asked(&app, &browser).await;
        let page = offer(&browser, &choice).await;
        let code = |page: &Page| phone(page).code(app.now());
        app.clock.advance(Seconds(301));
        let login = type_code(&browser, &page, &code(&page)).await;
        assert!(login.has_id("login-page"), "{}", login.body);
        assert_eq!(factors(&app).await, (0, 0));
        let back = browser.submit(&login, &[("username", "alice"), ("password", PASSWORD)]).await;
        let back = browser.follow(back).await;
        assert!(back.has_id("enrol-page"), "{}", back.body);
        let page = offer(&browser, &back).await;
        let codes = type_code(&browser, &page, &code(&page)).await;
        assert_eq!(id_token(&app, &onward(&browser, &codes).await).await["acr"], "2");
    })
    .await;
}

/// The password alone must not be enough to add a factor beside one that there is.
#[actix_web::test]
async fn who_has_a_factor_proves_that_one() {
    on_each_engine(async |app| {
        let thief = Browser::new(&app);
        let choice = asked(&app, &thief).await;
        let page = offer(&thief, &choice).await;
        let (ceremony, credential) = created(&app, &thief, &choice, &mut Authenticator::new()).await;
        let (owner, _) = signed_in(&app, SECURITY).await;
        let (its, _): (OtpApp, Page) = connect(&app, &owner).await;
        assert!(type_code(&thief, &page, &phone(&page).code(app.now())).await.has_id("totp-page"));
        let interaction = hidden(&choice, "interaction");
        let fields = [("interaction", interaction.as_str()), ("ceremony", &ceremony), ("credential", &credential)];
        assert!(send(&thief, &choice, "/enrol/passkey", &fields).await.has_id("totp-page"));
        assert!(thief.open(&format!("/enrol?interaction={interaction}")).await.has_id("totp-page"));
        assert_eq!(factors(&app).await, (1, 0));
        let due = thief.open(&format!("/continue?interaction={interaction}")).await;
        let page = thief.submit(&due, &[("code", &its.code(app.now()))]).await;
        assert!(thief.follow(page).await.answer().contains_key("code"), "the owner could go on");
    })
    .await;
}

#[actix_web::test]
async fn of_two_tabs_one_connects_an_app_and_both_arrive() {
    on_each_engine(async |app| {
        let browser = Browser::new(&app);
        let (one, two) = (asked(&app, &browser).await, asked(&app, &browser).await);
        let (one, two) = (offer(&browser, &one).await, offer(&browser, &two).await);
        let codes = (phone(&one).code(app.now()), phone(&two).code(app.now()));
        let pages =
            futures_util::future::join(type_code(&browser, &one, &codes.0), type_code(&browser, &two, &codes.1)).await;
        let shown_on = [&pages.0, &pages.1].into_iter().filter(|page| !shown(page).is_empty()).count();
        assert_eq!((factors(&app).await, shown_on), ((1, 0), 1));
        for page in [&one, &two] {
            let next = browser.open(&format!("/continue?interaction={}", hidden(page, "interaction"))).await;
            let done = next.location().is_some_and(|to| to.contains("code=")) || next.has_id("error-page");
            assert!(done, "{}", next.body);
        }
    })
    .await;
}

#[actix_web::test]
async fn forms_of_elsewhere_enrol_nobody() {
    on_each_engine(async |app| {
        let browser = Browser::new(&app);
        let page = offer(&browser, &asked(&app, &browser).await).await;
        let other = Browser::new(&app);
        let of_other = offer(&other, &asked(&app, &other).await).await;
        let code = phone(&page).code(app.now());
        let fields = |csrf: &str| {
            [
                ("csrf", csrf),
                ("offer", &hidden(&page, "offer")),
                ("interaction", &hidden(&page, "interaction")),
                ("code", &code),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
        };
        assert_eq!(browser.post("/enrol/totp", &fields(&hidden(&of_other, "csrf"))).await.status, 403);
        assert_eq!(browser.post("/enrol/totp", &fields("")).await.status, 403);
        assert!(other.post("/enrol/totp", &fields(&hidden(&of_other, "csrf"))).await.has_id("error-page"));
        assert_eq!(factors(&app).await, (0, 0));
    })
    .await;
}
