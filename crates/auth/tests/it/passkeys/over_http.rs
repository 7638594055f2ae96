//! The same through the front door: options by JSON, the answer in a form, and what comes after it.

use auth::passkeys::RESPONSE_LIMIT;
use protocol::security_event::SecurityEvent;
use protocol::time::Seconds;
use serde_json::Value;
use testkit::app::{PASSWORD, TestApp};
use testkit::authenticator::{Authenticator, Told};
use testkit::browser::{Browser, Page};

use super::Desk;
use crate::on_each_engine;

/// A browser on the login page.
struct Tab<'a> {
    app: &'a TestApp,
    browser: Browser,
    login: Page,
}

impl<'a> Tab<'a> {
    async fn open(app: &'a TestApp) -> Self {
        let browser = Browser::new(app);
        let login = browser.open(&app.authorize_url("first-party", &[])).await;
        assert!(login.has_id("login-page"), "{}", login.body);
        Self { app, browser, login }
    }

    fn fields(&self, more: &[(&str, &str)]) -> Vec<(String, String)> {
        let hidden =
            self.login.hidden_fields().into_iter().filter(|(name, _)| matches!(&**name, "interaction" | "csrf"));
        hidden.chain(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))).collect()
    }

    async fn options(&self, purpose: &str) -> Page {
        self.browser.post("/passkey/options", &self.fields(&[("purpose", purpose)])).await
    }

    async fn send(&self, options: &Value, credential: &str) -> Page {
        let ceremony = options["ceremony"].as_str().unwrap();
        let more = [("ceremony", ceremony), ("credential", credential), ("keep", "yes")];
        self.browser.post("/passkey/sign-in", &self.fields(&more)).await
    }

    /// The whole way, with the truth changed by `change`.
    async fn sign_in(&self, authenticator: &Authenticator, change: impl FnOnce(&mut Told)) -> Page {
        let options = self.options("sign_in").await.json();
        let mut told = Told::got(&options, &self.app.issuer);
        change(&mut told);
        self.send(&options, &authenticator.get(&told).to_string()).await
    }

    async fn second_factor(&self, options: &Value, authenticator: &Authenticator) -> Page {
        let answer = authenticator.get(&Told::got(options, &self.app.issuer)).to_string();
        let ceremony = options["ceremony"].as_str().unwrap();
        self.browser.post("/login/passkey", &self.fields(&[("ceremony", ceremony), ("credential", &answer)])).await
    }

    /// The reason that the browser takes back to the login page.
    fn refused(&self, page: &Page) -> String {
        assert_eq!(page.status, 303, "{}", page.body);
        let location = page.location().expect("a redirect");
        assert!(location.starts_with(&self.app.url("/login?interaction=")), "{location}");
        location.split("&passkey=").nth(1).unwrap_or_default().to_owned()
    }
}

#[actix_web::test]
async fn one_touch_signs_in_with_two_factors() {
    on_each_engine(async |app| {
        let desk = Desk::new(&app).await;
        let mut phone = Authenticator::new();
        desk.enrol(&mut phone).await;
        let tab = Tab::open(&app).await;
        let page = tab.sign_in(&phone, |_| ()).await;
        assert!(tab.browser.follow(page).await.answer().contains_key("code"));
        let events = store::security_events::of_user(&app.store, &desk.user.id, None, None, 10).await.unwrap();
        let signed_in = events.iter().find(|event| event.kind == SecurityEvent::SignedIn).expect("an entry");
        assert_eq!(signed_in.details["amr"], serde_json::json!(["swk", "user", "mfa"]));
    })
    .await;
}

#[actix_web::test]
async fn who_is_refused_comes_back_to_the_page_with_a_reason() {
    on_each_engine(async |app| {
        let desk = Desk::new(&app).await;
        let mut phone = Authenticator::new();
        desk.enrol(&mut phone).await;
        let tab = Tab::open(&app).await;
        assert_eq!(tab.refused(&tab.sign_in(&Authenticator::new(), |_| ()).await), "unknown");
        assert_eq!(tab.refused(&tab.sign_in(&phone.forged(), |_| ()).await), "failed");
        assert_eq!(tab.refused(&tab.sign_in(&phone, |told| told.flags = 1).await), "not_verified");
        let elsewhere = |told: &mut Told| "https://evil.test".clone_into(&mut told.origin);
        assert_eq!(tab.refused(&tab.sign_in(&phone, elsewhere).await), "failed");

        let options = tab.options("sign_in").await.json();
        let answer = phone.get(&Told::got(&options, &app.issuer)).to_string();
        app.clock.advance(Seconds(300));
        assert_eq!(tab.refused(&tab.send(&options, &answer).await), "expired");

        let back = tab.send(&options, &answer).await.location().unwrap();
        assert!(tab.browser.get(&back).await.has_id("login-page"), "and can go on from there");
        assert!(
            tab.browser.open(&app.authorize_url("first-party", &[])).await.has_id("login-page"),
            "nobody signed in"
        );
    })
    .await;
}

#[actix_web::test]
async fn a_copied_passkey_is_noted_once_for_its_owner() {
    on_each_engine(async |app| {
        let desk = Desk::new(&app).await;
        let mut key = Authenticator::new();
        desk.enrol(&mut key).await;
        assert_eq!(Tab::open(&app).await.sign_in(&key, |told| told.sign_count = 5).await.status, 303);
        let tab = Tab::open(&app).await;
        for count in [5, 6] {
            assert_eq!(tab.refused(&tab.sign_in(&key, |told| told.sign_count = count).await), "cloned");
        }
        let events = store::security_events::of_user(&app.store, &desk.user.id, None, None, 10).await.unwrap();
        let suspected = events.iter().filter(|event| event.kind == SecurityEvent::PasskeyCloneSuspected);
        assert_eq!(suspected.count(), 1);
    })
    .await;
}

#[actix_web::test]
async fn somebody_disabled_is_refused_and_keeps_the_passkey() {
    on_each_engine(async |app| {
        let desk = Desk::new(&app).await;
        let mut phone = Authenticator::new();
        desk.enrol(&mut phone).await;
        let _won = store::users::disable(&app.store, &desk.user.id, app.now()).await.unwrap();
        let tab = Tab::open(&app).await;
        let refused = tab.sign_in(&phone, |_| ()).await;
        assert_eq!(tab.refused(&refused), "failed");
        // Whoever was told "unknown" would hide it, or delete it.
        let login = tab.browser.follow(refused).await;
        assert!(login.has_id("login-page") && !login.body.contains("data-signal"), "{}", login.body);
        let _won = store::users::enable(&app.store, &desk.user.id).await.unwrap();
        assert!(tab.browser.follow(tab.sign_in(&phone, |_| ()).await).await.answer().contains_key("code"));
    })
    .await;
}

/// Otherwise whoever has a copy of the passkey and the password could trade two factors for one.
#[actix_web::test]
async fn a_copied_passkey_does_not_make_the_password_enough() {
    on_each_engine(async |app| {
        let desk = Desk::new(&app).await;
        let mut key = Authenticator::new();
        let passkey = desk.enrol(&mut key).await;
        let codes = auth::recovery_codes::make_first(&desk.state, &desk.user.id, app.now()).await.unwrap().unwrap();
        let _won = store::passkeys::mark_clone(&app.store, &passkey.id, app.now()).await.unwrap();
        let tab = Tab::open(&app).await;
        let after_password =
            async || tab.browser.submit(&tab.login, &[("username", "alice"), ("password", PASSWORD)]).await;
        let page = tab.browser.follow(after_password().await).await;
        assert!(page.has_id("recovery-code-page") && !page.body.contains("/login/passkey"), "{}", page.body);

        for code in &codes {
            let _won = auth::recovery_codes::use_one(&desk.state, &desk.user.id, code, app.now()).await.unwrap();
        }
        let page = tab.browser.follow(after_password().await).await;
        assert!(page.has_id("passkey-page"), "nothing else is left, and this page says so: {}", page.body);
        let options = tab.options("second_factor").await.json();
        assert_eq!(options["publicKey"]["allowCredentials"].as_array().map_or(0, Vec::len), 0, "it is not offered");
        let refused = tab.second_factor(&options, &key).await;
        assert_eq!((refused.status.as_u16(), refused.has_id("passkey-page")), (422, true), "{}", refused.body);
        assert!(refused.body.contains("may have been copied"), "{}", refused.body);
        assert!(tab.browser.open(&app.authorize_url("first-party", &[])).await.has_id("login-page"));
    })
    .await;
}

#[actix_web::test]
async fn options_are_for_the_page_and_browser_that_ask() {
    on_each_engine(async |app| {
        let tab = Tab::open(&app).await;
        let options = tab.options("sign_in").await;
        assert_eq!((options.status.as_u16(), options.header("cache-control")), (200, "no-store"));
        assert_eq!(options.header("access-control-allow-origin"), "");
        assert_eq!(tab.options("registration").await.status, 400);
        assert_eq!(tab.options("second_factor").await.json()["error"], "invalid_request", "nobody is under way");

        let forged: Vec<_> = tab
            .fields(&[("purpose", "sign_in")])
            .into_iter()
            .map(|(name, value)| if name == "csrf" { (name, "x".repeat(43)) } else { (name, value) })
            .collect();
        assert_eq!(tab.browser.post("/passkey/options", &forged).await.status, 403);
        let fields = tab.fields(&[("purpose", "sign_in")]);
        let cross = tab.browser.post_with("/passkey/options", &fields, ("sec-fetch-site", "cross-site")).await;
        assert_eq!(cross.status, 403);
        let elsewhere = Browser::new(&app).post("/passkey/options", &fields).await;
        assert_eq!(elsewhere.json()["error"], "invalid_request");
        assert_eq!(tab.browser.post("/passkey/creation-options", &fields).await.json()["error"], "login_required");
        assert_eq!(tab.browser.get("/passkey/options").await.status, 405);
    })
    .await;
}

#[actix_web::test]
async fn a_challenge_of_one_browser_is_of_no_use_in_another() {
    on_each_engine(async |app| {
        let desk = Desk::new(&app).await;
        let mut phone = Authenticator::new();
        desk.enrol(&mut phone).await;
        let (attacker, victim) = (Tab::open(&app).await, Tab::open(&app).await);
        let options = attacker.options("sign_in").await.json();
        let answer = phone.get(&Told::got(&options, &app.issuer)).to_string();
        assert_eq!(victim.refused(&victim.send(&options, &answer).await), "expired");
        assert_eq!(attacker.send(&options, &answer).await.status, 303, "it is still good where it was made");
    })
    .await;
}

#[actix_web::test]
async fn nothing_that_is_sent_is_a_fault() {
    on_each_engine(async |app| {
        let tab = Tab::open(&app).await;
        let long = "a".repeat(RESPONSE_LIMIT + 1);
        for credential in ["", "null", "{}", "[[[[", "\u{1}\u{7}", r#"{"id":"","rawId":"*"}"#, &long] {
            let options = tab.options("sign_in").await.json();
            assert_eq!(tab.refused(&tab.send(&options, credential).await), "failed", "{credential:.20}");
        }
        let page = tab.browser.post("/passkey/sign-in", &tab.fields(&[])).await;
        assert_eq!(tab.refused(&page), "expired", "no ceremony is named");
        let huge = "a".repeat(app.config.limits.body_bytes);
        let fields = tab.fields(&[("credential", &huge)]);
        assert_eq!(tab.browser.post("/passkey/sign-in", &fields).await.status, 413);
    })
    .await;
}

/// After a password the passkey is the second factor, and only one of this person.
#[actix_web::test]
async fn a_passkey_is_the_second_factor_after_a_password() {
    on_each_engine(async |app| {
        let desk = Desk::new(&app).await;
        let mut phone = Authenticator::new();
        desk.enrol(&mut phone).await;
        let tab = Tab::open(&app).await;
        let page = tab.browser.submit(&tab.login, &[("username", "alice"), ("password", PASSWORD)]).await;
        let location = page.location().expect("on to the second factor");
        assert!(location.starts_with(&app.url("/login/passkey?interaction=")), "{location}");

        let page = tab.browser.follow(page).await;
        assert!(page.has_id("passkey-page") && page.has_id("passkey-sign-in"), "{}", page.body);
        assert!(page.body.contains(r#"action="/login/passkey" id="passkey-form" data-passkey="get""#), "{}", page.body);

        let options = tab.options("second_factor").await.json();
        assert_eq!(options["publicKey"]["allowCredentials"].as_array().map(Vec::len), Some(1));
        let wrong = tab.second_factor(&options, &phone.forged()).await;
        assert_eq!((wrong.status.as_u16(), wrong.has_id("passkey-page")), (422, true), "{}", wrong.body);
        assert!(wrong.has_id("alert") && !wrong.body.contains("data-signal"), "{}", wrong.body);

        let foreign = tab.second_factor(&tab.options("second_factor").await.json(), &Authenticator::new()).await;
        assert!(foreign.body.contains(r#"data-signal="unknown" data-rp="localhost""#), "{}", foreign.body);
        let events = store::security_events::of_user(&app.store, &desk.user.id, None, None, 10).await.unwrap();
        let failed = events.iter().filter(|event| event.kind == SecurityEvent::SecondFactorFailed);
        assert_eq!(failed.count(), 2);

        let page = tab.second_factor(&tab.options("second_factor").await.json(), &phone).await;
        assert!(tab.browser.follow(page).await.answer().contains_key("code"));
    })
    .await;
}
