//! What a registration makes the server fetch: the sector identifier, and nothing that is a link for people (OA-157).

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use actix_web::rt::time::sleep;
use auth::config::Config;
use serde_json::json;
use testkit::app::{REDIRECT_URI, TestApp, TestOptions};
use testkit::browser::Browser;
use testkit::database::engines;
use testkit::elsewhere::{Authority, Elsewhere, Reply};
use testkit::requests::{As, text};

use crate::registration::{assert_refused, metadata, open, post, register};

#[actix_web::test]
async fn a_sector_identifier_is_fetched_and_lists_the_redirect_uris() {
    for database in engines() {
        let authority = Authority::new();
        let elsewhere = Elsewhere::start(&authority);
        let outbound = elsewhere.allowed_by(&authority);
        let config = move |config: &mut Config| {
            open(config);
            config.outbound = outbound;
        };
        let app =
            TestApp::start_with(database, TestOptions { config: Box::new(config), ..TestOptions::default() }).await;
        elsewhere.publish("/good", Reply::new(json!(["https://other.example/", REDIRECT_URI]).to_string()));
        elsewhere.publish("/bad", Reply::new(json!(["https://other.example/"]).to_string()));
        let pairwise = |path: &str| json!({ "subject_type": "pairwise", "sector_identifier_uri": elsewhere.url(path) });
        let told = register(&app, pairwise("/good")).await;
        assert_eq!(
            (&told["sector_identifier_uri"], &told["subject_type"]),
            (&json!(elsewhere.url("/good")), &json!("pairwise"))
        );
        for (path, reason) in [("/bad", "must list every redirect URI"), ("/missing", "cannot be fetched")] {
            let page = post(&app, None, &metadata(pairwise(path))).await;
            assert_refused(&page, 400, "invalid_client_metadata", "sector_identifier_uri");
            assert_refused(&page, 400, "invalid_client_metadata", reason);
        }
        let public = json!({ "sector_identifier_uri": elsewhere.url("/bad") });
        assert_refused(&post(&app, None, &metadata(public)).await, 400, "invalid_client_metadata", "redirect URI");
        let path = format!("/register/{}", text(&told, "client_id"));
        let update = metadata(json!({
            "client_id": told["client_id"],
            "sector_identifier_uri": elsewhere.url("/bad"),
        }));
        let page = app.json("PUT", &path, Some(text(&told, "registration_access_token")), Some(&update)).await;
        assert_refused(&page, 400, "invalid_client_metadata", "sector_identifier_uri");
    }
}

/// Whoever may register must not map the network around the server with the answers.
#[actix_web::test]
async fn a_stranger_cannot_tell_why_a_sector_identifier_was_not_fetched() {
    for database in engines() {
        let authority = Authority::new();
        let elsewhere = Elsewhere::start(&authority);
        let mut outbound = elsewhere.allowed_by(&authority);
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        outbound.allowed_private_addresses.push(closed.to_string());
        let config = move |config: &mut Config| {
            open(config);
            config.outbound = outbound;
        };
        let app =
            TestApp::start_with(database, TestOptions { config: Box::new(config), ..TestOptions::default() }).await;
        let mut told = BTreeSet::new();
        for uri in [
            elsewhere.url("/missing"),
            format!("https://{closed}/closed"),
            "https://127.0.0.1:1/private".to_owned(),
            "https://10.0.0.1/private".to_owned(),
            "https://nobody.invalid/unknown".to_owned(),
        ] {
            let members = json!({ "subject_type": "pairwise", "sector_identifier_uri": uri });
            let page = post(&app, None, &metadata(members)).await;
            let mut json = page.json();
            for number in ["trace_id", "error_uri"] {
                json.as_object_mut().unwrap().remove(number);
            }
            told.insert((page.status.as_u16(), json.to_string()));
        }
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(elsewhere.count(), 1, "the others were never reached");
    }
}

/// OA-157 and CVE-2021-26715: what is a link for people is never asked for by the server.
#[actix_web::test]
async fn links_are_never_fetched() {
    for database in engines() {
        let authority = Authority::new();
        let elsewhere = Elsewhere::start(&authority);
        let outbound = elsewhere.allowed_by(&authority);
        let config = move |config: &mut Config| {
            open(config);
            config.outbound = outbound;
        };
        let app =
            TestApp::start_with(database, TestOptions { config: Box::new(config), ..TestOptions::default() }).await;
        let links = json!({
            "application_type": "native",
            "token_endpoint_auth_method": "none",
            "redirect_uris": ["https://localhost/callback"],
            "logo_uri": elsewhere.url("/logo.png"),
            "policy_uri": elsewhere.url("/policy"),
            "tos_uri": elsewhere.url("/tos"),
            "client_uri": elsewhere.url("/"),
            "initiate_login_uri": elsewhere.url("/login"),
            "backchannel_logout_uri": elsewhere.url("/logout"),
            "request_uris": [elsewhere.url("/request")],
            "jwks_uri": elsewhere.url("/jwks"),
        });
        let told = register(&app, links).await;
        let (id, callback) = (text(&told, "client_id"), ("redirect_uri", "https://localhost/callback"));
        let browser = Browser::new(&app);
        let login = browser.open(&app.authorize_url(id, &[callback])).await;
        let consent = browser.sign_in(&login, "alice").await;
        assert!(consent.body.contains(&elsewhere.url("/policy")), "people are shown the links: {}", consent.body);
        let page = browser.submit(&consent, &[("decision", "allow")]).await;
        let code = browser.follow(page).await.answer_at(callback.1)["code"].clone();
        let tokens = app.redeem(As::Public(id), &code, &[callback]).await.json();
        assert_eq!(elsewhere.count(), 0);
        browser.get(&format!("/logout?id_token_hint={}", text(&tokens, "id_token"))).await;
        let began = Instant::now();
        while elsewhere.count() == 0 && began.elapsed() < Duration::from_secs(20) {
            sleep(Duration::from_millis(20)).await;
        }
        let asked: Vec<_> = elsewhere.received().into_iter().map(|request| (request.method, request.path)).collect();
        assert_eq!(asked, [("POST".to_owned(), "/logout".to_owned())], "which is no link but a place to be told");
    }
}
