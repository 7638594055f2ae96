//! Three tabs, two apps, two hours of idling, back, reload, bookmark, cookies deleted half way: each tab ends in its own app, or on a
//! page whose button works.

use protocol::time::Seconds;
use testkit::app::TestApp;
use testkit::browser::{Browser, Page};

use crate::on_each_engine;
use crate::signup::{onward, page_id};

async fn with_apps(app: &TestApp) {
    let addresses = r#"{"consent_policy": "first_party", "initiate_login_uri": "https://calendar.example/start?x=1"}"#;
    app.client("calendar", addresses).await;
    let addresses = r#"{"consent_policy": "first_party", "client_uri": "https://photos.example/"}"#;
    app.client("photos", addresses).await;
}

/// An error page that names the app and leads back to it.
fn leads_back(page: &Page, name: &str) -> String {
    assert_eq!((page.status.as_u16(), page_id(page)), (400, "error-page"), "{}", page.body);
    assert!(page.body.contains(name), "{name} is not named: {}", page.body);
    onward(page)
}

#[actix_web::test]
async fn after_two_hours_each_tab_leads_back_to_its_own_app() {
    on_each_engine(async |app| {
        with_apps(&app).await;
        let browser = Browser::new(&app);
        let mut tabs = Vec::new();
        for client in ["calendar", "photos", "first-party"] {
            tabs.push(browser.open(&app.authorize_url(client, &[("state", client)])).await);
        }
        app.clock.advance(Seconds::hours(2));
        for sent in [false, true] {
            let mut pages = Vec::new();
            for tab in &tabs {
                pages.push(match sent {
                    true => browser.submit(tab, &[("username", "alice"), ("password", "x")]).await,
                    false => browser.open(tab.url.as_str()).await,
                });
            }
            let calendar = leads_back(&pages[0], "Test calendar");
            assert!(calendar.starts_with("https://calendar.example/start?x=1&iss=http"), "{calendar}");
            assert_eq!(leads_back(&pages[1], "Test photos"), "https://photos.example/");
            let again = leads_back(&pages[2], "Test first-party");
            let login = browser.open(&again).await;
            assert!(login.has_id("login-page"), "the request as it was: {}", login.body);
            if sent {
                let answer = browser.sign_in(&login, "alice").await.answer();
                assert_eq!(answer["state"], "first-party");
            }
        }
    })
    .await;
}

#[actix_web::test]
async fn what_was_finished_leads_back_for_a_day() {
    on_each_engine(async |app| {
        with_apps(&app).await;
        let browser = Browser::new(&app);
        let login = browser.open(&app.authorize_url("photos", &[])).await;
        assert!(browser.sign_in(&login, "alice").await.answer().contains_key("code"));
        let back = browser.open(login.url.as_str()).await;
        assert_eq!(leads_back(&back, "Test photos"), "https://photos.example/");
        let resent = browser.submit(&login, &[("username", "alice"), ("password", "x")]).await;
        assert_eq!(leads_back(&resent, "Test photos"), "https://photos.example/");
        let sweep = async || store::sweep::run_once(&app.store, app.now(), 1_000).await.unwrap();
        app.clock.advance(Seconds(23 * 3_600));
        sweep().await;
        assert_eq!(leads_back(&browser.open(login.url.as_str()).await, "Test photos"), "https://photos.example/");
        app.clock.advance(Seconds(2 * 3_600));
        sweep().await;
        let bookmark = browser.open(login.url.as_str()).await;
        assert_eq!((page_id(&bookmark), onward(&bookmark).as_str()), ("error-page", "/account"));
    })
    .await;
}

#[actix_web::test]
async fn an_app_that_is_gone_is_not_named() {
    on_each_engine(async |app| {
        with_apps(&app).await;
        let browser = Browser::new(&app);
        let login = browser.open(&app.authorize_url("photos", &[])).await;
        let id = protocol::ids::ClientId::parse("photos").unwrap();
        let _won = store::clients::disable(&app.store, &id, app.now()).await.unwrap();
        app.clock.advance(Seconds::hours(2));
        let over = browser.open(login.url.as_str()).await;
        assert_eq!(onward(&over), "/account");
        assert!(!over.body.contains("Test photos"));
    })
    .await;
}

/// A link to somebody else's sign-in tells nothing of it.
#[actix_web::test]
async fn another_browser_is_told_nothing() {
    on_each_engine(async |app| {
        with_apps(&app).await;
        let browser = Browser::new(&app);
        let login = browser.open(&app.authorize_url("first-party", &[("state", "of-the-other")])).await;
        let other = Browser::new(&app);
        other.open(&app.authorize_url("public", &[])).await;
        for wait in [0, 7_200] {
            app.clock.advance(Seconds(wait));
            let seen = other.get(login.url.as_str()).await;
            assert_eq!((page_id(&seen), onward(&seen).as_str()), ("error-page", "/account"));
            assert!(!seen.body.contains("of-the-other") && !seen.body.contains("first-party"), "{}", seen.body);
        }
        for bad in ["/login", "/login?interaction=", "/login?interaction=none", "/consent?interaction=x"] {
            let page = other.get(bad).await;
            assert_eq!((page_id(&page), onward(&page).as_str()), ("error-page", "/account"), "{bad}");
        }
    })
    .await;
}

#[actix_web::test]
async fn without_cookies_there_is_a_way_that_needs_none_of_them() {
    on_each_engine(async |app| {
        with_apps(&app).await;
        for (client, way) in [
            ("calendar", "https://calendar.example/start"),
            ("photos", "https://photos.example/"),
            ("public", "/account"),
        ] {
            let browser = Browser::new(&app);
            let login = browser.open(&app.authorize_url(client, &[("state", "kept-to-itself")])).await;
            let deleted = Browser::new(&app);
            for page in [
                deleted.open(login.url.as_str()).await,
                deleted.submit(&login, &[("username", "alice"), ("password", "x")]).await,
            ] {
                assert!(page.body.contains("cookie"), "it says why: {}", page.body);
                assert!(onward(&page).starts_with(way), "{client}: {}", onward(&page));
                assert!(!page.body.contains("kept-to-itself") && !page.body.contains("code_challenge"));
            }
        }
    })
    .await;
}

#[actix_web::test]
async fn a_form_that_is_too_old_leads_to_the_step_that_is_due() {
    on_each_engine(async |app| {
        let browser = Browser::new(&app);
        let login = browser.open(&app.authorize_url("public", &[])).await;
        let consent = browser.sign_in(&login, "alice").await;
        assert!(consent.has_id("consent-page"));
        // In another tab somebody signs in anew, and the session has a new secret.
        let mut fields: Vec<_> = consent.hidden_fields().into_iter().filter(|(name, _)| name != "csrf").collect();
        fields.push(("decision".to_owned(), "allow".to_owned()));
        let refused = browser.post("/consent", &fields).await;
        assert_eq!(refused.status, 403);
        let due = browser.open(&onward(&refused)).await;
        assert!(due.has_id("consent-page"), "{}", due.body);
        assert!(browser.submit(&due, &[("decision", "allow")]).await.answer().contains_key("code"));
    })
    .await;
}

#[actix_web::test]
async fn nothing_here_leads_to_the_account() {
    on_each_engine(async |app| {
        let page = Browser::new(&app).get("/no-such-page").await;
        assert_eq!((page.status.as_u16(), onward(&page).as_str()), (404, "/account"));
    })
    .await;
}
