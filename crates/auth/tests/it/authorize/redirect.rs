//! With an unknown client or an unregistered redirect URI the server never redirects (RFC 6749 §4.1.2.1, OA-001 to OA-003).

use std::collections::BTreeMap;

use protocol::client::ApplicationType;
use protocol::redirect_uri::RegisteredRedirectUri;
use serde_json::json;
use sqlx::any::install_default_drivers;
use sqlx::{AnyPool, AssertSqlSafe};
use testkit::app::REDIRECT_URI;
use testkit::browser::Browser;
use testkit::requests::As;

use crate::on_each_engine;

/// The rows that the rules of `protocol` are tested with.
#[path = "../../../../protocol/src/redirect_uri/corpus/comparisons.rs"]
mod comparisons;

use comparisons::{App, COMPARISONS};

#[actix_web::test]
async fn an_unregistered_redirect_uri_is_shown_on_a_page_and_never_followed() {
    on_each_engine(async |app| {
        let browser = Browser::new(&app);
        let wrong = [
            "https://app.example.com/callback/",
            "https://app.example.com/callback?x=1",
            "https://app.example.com/Callback",
            "https://app.example.com:443/callback",
            "https://app.example.com/callback#",
            "https://app.example.com/./callback",
            "https://app.example.com/%63allback",
            "https://app.example.com.evil.test/callback",
            "https://user@app.example.com/callback",
            "https://evil.test/callback",
            "http://app.example.com/callback",
            "HTTPS://app.example.com/callback",
            "//app.example.com/callback",
            "javascript:alert(1)",
            "callback",
        ];
        for uri in wrong {
            let page = browser.get(&app.authorize_url("public", &[("redirect_uri", uri)])).await;
            assert_eq!(page.status, 400, "{uri}");
            assert_eq!(page.location(), None, "{uri}");
            assert!(page.has_id("error-page"), "{uri}: {}", page.body);
        }
    })
    .await;
}

/// The corpus that decides everywhere decides here: whatever is not the same place is a page with an error, and nothing else.
#[actix_web::test]
async fn the_whole_corpus_is_followed_or_shown_on_a_page() {
    on_each_engine(async |app| {
        let browser = Browser::new(&app);
        let mut clients: BTreeMap<(&str, App), String> = BTreeMap::new();
        for (registered, kind, presented, place) in COMPARISONS {
            let number = clients.len();
            let known = clients.contains_key(&(*registered, *kind));
            let id = clients.entry((registered, *kind)).or_insert_with(|| format!("corpus-{number}")).clone();
            if !known {
                let metadata = json!({
                    "application_type": match kind { App::Web => "web", App::Native => "native" },
                    "token_endpoint_auth_method": "none",
                    "redirect_uris": [registered],
                    "post_logout_redirect_uris": [],
                });
                app.client(&id, &metadata.to_string()).await;
            }
            let page = browser.get(&app.authorize_url(&id, &[("redirect_uri", presented), ("prompt", "none")])).await;
            if place.at_authorization() {
                let location = page.headers["location"].to_str().unwrap();
                assert!(location.starts_with(presented), "{presented:?}: {location}");
            } else {
                assert_eq!(
                    (page.status.as_u16(), page.headers.get("location")),
                    (400, None),
                    "{registered} {presented:?}"
                );
                assert!(page.has_id("error-page"), "{presented:?}");
            }
        }
    })
    .await;
}

#[actix_web::test]
async fn a_missing_redirect_uri_or_client_is_a_page() {
    on_each_engine(async |app| {
        let browser = Browser::new(&app);
        for changes in [[("redirect_uri", "")], [("client_id", "")], [("client_id", "nobody")]] {
            let page = browser.get(&app.authorize_url("public", &changes)).await;
            assert_eq!((page.status.as_u16(), page.location()), (400, None), "{changes:?}");
            assert!(page.has_id("error-page"));
        }
    })
    .await;
}

#[actix_web::test]
async fn a_repeated_redirect_uri_or_client_id_is_a_page() {
    on_each_engine(async |app| {
        let browser = Browser::new(&app);
        for repeated in [format!("redirect_uri={REDIRECT_URI}"), "client_id=public".to_owned()] {
            let page = browser.get(&format!("{}&{repeated}", app.authorize_url("public", &[]))).await;
            assert_eq!((page.status.as_u16(), page.location()), (400, None), "{repeated}");
        }
    })
    .await;
}

/// Registered while the rules refused less: nobody can register it today, and its client goes on signing people in.
#[actix_web::test]
async fn a_redirect_uri_of_before_is_answered_as_ever() {
    on_each_engine(async |app| {
        let of_before = "https://app.example.com/callback;x";
        assert!(RegisteredRedirectUri::parse(of_before, ApplicationType::Web).is_err());
        install_default_drivers();
        let pool = AnyPool::connect(app.database.url()).await.unwrap();
        let row = format!("UPDATE clients SET redirect_uris = '[\"{of_before}\"]' WHERE id = 'public'");
        sqlx::query(AssertSqlSafe(row)).execute(&pool).await.unwrap();
        pool.close().await;
        let url = app.authorize_url("public", &[("redirect_uri", of_before)]);
        let page = Browser::new(&app).arrive(&url).await;
        assert!(page.location().unwrap().starts_with("https://app.example.com/callback;x?code="), "{}", page.body);
        let code = &page.answer()["code"];
        let tokens = app.redeem(As::Public("public"), code, &[("redirect_uri", of_before)]).await;
        assert_eq!(tokens.status, 200, "{}", tokens.body);
    })
    .await;
}

#[actix_web::test]
async fn a_disabled_client_gets_no_redirect() {
    on_each_engine(async |app| {
        let id = protocol::ids::ClientId::parse("public").unwrap();
        let _won = store::clients::disable(&app.store, &id, app.now()).await.unwrap();
        let page = Browser::new(&app).get(&app.authorize_url("public", &[])).await;
        assert_eq!((page.status.as_u16(), page.location()), (400, None));
    })
    .await;
}

#[actix_web::test]
async fn a_native_client_may_use_any_loopback_port() {
    on_each_engine(async |app| {
        app.client("native", r#"{"application_type": "native", "token_endpoint_auth_method": "none", "redirect_uris": ["http://127.0.0.1/cb"]}"#)
            .await;
        let page = Browser::new(&app)
            .get(&app.authorize_url("native", &[("redirect_uri", "http://127.0.0.1:49152/cb"), ("prompt", "none")]))
            .await;
        assert!(page.location().unwrap().starts_with("http://127.0.0.1:49152/cb?error=login_required"));
        let page = Browser::new(&app)
            .get(&app.authorize_url("native", &[("redirect_uri", "http://127.0.0.1.evil.test/cb")]))
            .await;
        assert_eq!((page.status.as_u16(), page.location()), (400, None));
    })
    .await;
}
