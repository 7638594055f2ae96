//! What a client that registered itself may become: never one that reads with the permission of before whom people are elsewhere,
//! or that is trusted for a name and place that it no longer has (OA-024, OA-025; OpenID Connect Core §8.1).

use auth::config::Config;
use protocol::client::Client;
use protocol::ids::ClientId;
use protocol::signing::MaybeSigned;
use protocol::time::Seconds;
use serde_json::{Value, json};
use testkit::app::{REDIRECT_URI, TestApp};
use testkit::browser::Browser;
use testkit::requests::{As, text};

use crate::registration::{assert_refused, metadata, on_each, open, post, register};
use crate::registration_management::Managed;

const SCOPE: &[(&str, &str)] = &[("scope", "openid offline_access")];

/// A public client with refresh tokens.
fn public(changes: Value) -> Value {
    let mut all = json!({
        "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code", "refresh_token"],
    });
    all.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    all
}

async fn sub(app: &TestApp, client: &str, redirect_uri: &str) -> String {
    let browser = Browser::new(app);
    let login = browser.open(&app.authorize_url(client, &[("redirect_uri", redirect_uri)])).await;
    let consent = browser.sign_in(&login, "alice").await;
    let answer = browser.submit(&consent, &[("decision", "allow")]).await.answer_at(redirect_uri);
    let tokens = app.redeem(As::Public(client), &answer["code"], &[("redirect_uri", redirect_uri)]).await.json();
    app.userinfo(text(&tokens, "access_token")).await.json()["sub"].as_str().unwrap().to_owned()
}

#[actix_web::test]
async fn a_client_that_moves_learns_nothing_of_the_sector_that_it_moves_to() {
    on_each(open, async |app| {
        for (before, after) in [
            (
                json!({ "subject_type": "pairwise" }),
                json!({ "subject_type": "pairwise", "redirect_uris": ["https://bank.example/x"] }),
            ),
            (json!({ "subject_type": "pairwise" }), json!({ "subject_type": "public" })),
            (json!({ "subject_type": "public" }), json!({ "subject_type": "pairwise" })),
        ] {
            let mut managed = Managed::new(&app, public(before.clone())).await;
            let tokens = app.tokens(As::Public(&managed.id), SCOPE).await;
            let (access, refresh) = (text(&tokens, "access_token"), text(&tokens, "refresh_token"));
            let code = app.code(&managed.id, SCOPE).await;
            assert_eq!(app.userinfo(access).await.status, 200);
            managed.change(public(after.clone())).await;
            assert_eq!(app.userinfo(access).await.status, 401, "{after}");
            let refused = app.refresh(As::Public(&managed.id), refresh, &[]).await.json();
            assert_eq!(refused["error"], "invalid_grant", "{after}: {refused}");
            let refused = app.redeem(As::Public(&managed.id), &code, &[]).await.json();
            assert_eq!(refused["error"], "invalid_grant", "{after}: {refused}");
        }
    })
    .await;
}

#[actix_web::test]
async fn a_client_that_stays_in_its_sector_keeps_its_tokens() {
    on_each(open, async |app| {
        let mut managed = Managed::new(&app, public(json!({ "subject_type": "pairwise" }))).await;
        let tokens = app.tokens(As::Public(&managed.id), SCOPE).await;
        let other_path = REDIRECT_URI.replace("/callback", "/other");
        let changes =
            json!({ "subject_type": "pairwise", "redirect_uris": [REDIRECT_URI, other_path], "client_name": "New" });
        managed.change(public(changes)).await;
        assert_eq!(app.userinfo(text(&tokens, "access_token")).await.status, 200);
        let refreshed = app.refresh(As::Public(&managed.id), text(&tokens, "refresh_token"), &[]).await;
        assert_eq!(refreshed.status, 200, "{}", refreshed.body);
    })
    .await;
}

#[actix_web::test]
async fn a_client_that_looks_like_another_one_is_asked_about_again() {
    on_each(open, async |app| {
        for (changes, asked) in [
            (json!({ "client_name": "Bank" }), true),
            (json!({ "logo_uri": "https://app.example.com/bank.png" }), true),
            (json!({ "redirect_uris": [REDIRECT_URI, "https://evil.example/cb"] }), true),
            (json!({ "subject_type": "pairwise" }), true),
            (json!({ "contacts": ["ops@example.com"], "tos_uri": "https://openid.net/" }), false),
            (json!({ "redirect_uris": [REDIRECT_URI, "https://app.example.com/other"] }), false),
        ] {
            let mut managed = Managed::new(&app, public(json!({}))).await;
            let (browser, url) = (Browser::new(&app), app.authorize_url(&managed.id, &[]));
            browser.authorize(&url).await;
            assert!(browser.get(&url).await.answer().contains_key("code"), "the consent is remembered");
            managed.change(public(changes.clone())).await;
            assert_eq!(browser.open(&url).await.has_id("consent-page"), asked, "{changes}");
        }
    })
    .await;
}

#[actix_web::test]
async fn native_apps_are_no_sector_of_their_own_making() {
    on_each(open, async |app| {
        let pairwise = async |uri: &str| {
            let kind = if uri.starts_with("https") { "web" } else { "native" };
            let members = json!({ "subject_type": "pairwise", "application_type": kind, "redirect_uris": [uri] });
            let told = register(&app, public(members)).await;
            sub(&app, text(&told, "client_id"), uri).await
        };
        let bank = pairwise("https://bank.example/cb").await;
        assert_eq!(bank, pairwise("https://bank.example/other").await, "one host is one sector");
        assert_ne!(bank, pairwise("bank.example:/cb").await);
        assert_ne!(pairwise("http://127.0.0.1/cb").await, pairwise("http://127.0.0.1/cb").await);
        assert_ne!(pairwise("com.example.app:/cb").await, pairwise("com.example.app:/cb").await);
    })
    .await;
}

#[actix_web::test]
async fn a_scheme_is_not_shown_as_a_host_and_not_allowed_by_one() {
    let limited = |config: &mut Config| {
        open(config);
        config.registration.redirect_hosts = vec!["bank.example".to_owned()];
        config.registration.redirect_schemes = vec!["com.example.app".to_owned()];
    };
    on_each(limited, async |app| {
        let native = |uri: &str| public(json!({ "application_type": "native", "redirect_uris": [uri] }));
        for uri in ["bank.example:/cb", "https://com.example.app/cb", "http://127.0.0.1/cb"] {
            let page = post(&app, None, &metadata(native(uri))).await;
            assert_refused(&page, 400, "invalid_redirect_uri", "that clients may register here");
        }
        let uri = "com.example.app:/cb";
        let told = register(&app, native(uri)).await;
        let browser = Browser::new(&app);
        let url = app.authorize_url(text(&told, "client_id"), &[("redirect_uri", uri), ("ui_locales", "en")]);
        let consent = browser.sign_in(&browser.open(&url).await, "alice").await;
        let words = consent.body.split("class=\"lede\"").nth(1).unwrap();
        assert!(words.contains("the app on this device that opens") && words.contains("com.example.app"), "{words}");
    })
    .await;
}

#[actix_web::test]
async fn a_client_that_was_never_used_is_gone_before_the_sweep() {
    on_each(open, async |app| {
        let grants = json!({ "token_endpoint_auth_method": "client_secret_post" });
        let (never, used) = (register(&app, grants.clone()).await, register(&app, grants).await);
        app.code(text(&used, "client_id"), &[]).await;
        app.clock.advance(Seconds::days(30));
        let status = async |told: &Value| {
            Browser::new(&app).open(&app.authorize_url(text(told, "client_id"), &[])).await.status.as_u16()
        };
        assert_eq!((status(&never).await, status(&used).await), (400, 200));
        let error = async |told: &Value| {
            let form = [
                ("grant_type", "authorization_code"),
                ("code", "x"),
                ("client_id", text(told, "client_id")),
                ("client_secret", text(told, "client_secret")),
                ("redirect_uri", REDIRECT_URI),
                ("code_verifier", testkit::requests::VERIFIER),
            ];
            let form = form.map(|(name, value)| (name.to_owned(), value.to_owned()));
            text(&app.post_raw("/token", None, &form).await.json(), "error").to_owned()
        };
        assert_eq!((error(&never).await.as_str(), error(&used).await.as_str()), ("invalid_client", "invalid_grant"));
        let id = ClientId::parse(text(&never, "client_id")).unwrap();
        assert!(store::clients::find(&app.store, &id).await.unwrap().is_some(), "the sweep has not come yet");
    })
    .await;
}

/// What an administrator switches off is off for those who registered for it before, and for them alone.
#[actix_web::test]
async fn what_was_switched_off_is_refused_to_those_who_registered_for_it() {
    on_each(open, async |app| {
        let id = ClientId::parse(text(&register(&app, public(json!({}))).await, "client_id")).unwrap();
        let kept = store::clients::find(&app.store, &id).await.unwrap().unwrap();
        let unsigned = Client { id_token_signed_response_alg: MaybeSigned::Unsigned, ..kept };
        let _won = store::clients::update(&app.store, &unsigned).await.unwrap();
        assert_eq!(app.tokens(As::Public(id.as_str()), &[]).await["token_type"], "Bearer", "while it is on");
    })
    .await;
    let off = |config: &mut Config| {
        open(config);
        config.openid.unsigned_id_tokens = false;
    };
    on_each(off, async |app| {
        let id = ClientId::parse(text(&register(&app, public(json!({}))).await, "client_id")).unwrap();
        let code = app.code(id.as_str(), &[]).await;
        let kept = store::clients::find(&app.store, &id).await.unwrap().unwrap();
        let unsigned = Client { id_token_signed_response_alg: MaybeSigned::Unsigned, ..kept };
        let _won = store::clients::update(&app.store, &unsigned).await.unwrap();
        let refused = app.redeem(As::Public(id.as_str()), &code, &[]).await.json();
        assert_eq!(refused["error"], "invalid_client", "{refused}");
        assert_eq!(Browser::new(&app).open(&app.authorize_url(id.as_str(), &[])).await.status, 400);
    })
    .await;
}
