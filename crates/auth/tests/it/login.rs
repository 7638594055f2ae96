//! `/login`: who may sign in, what a wrong try looks like, and that an interaction belongs to one browser.

use futures_util::future::join_all;
use protocol::time::Seconds;
use testkit::app::PASSWORD;
use testkit::browser::{Browser, Page, plain_http};
use testkit::requests::{As, text};

use crate::on_each_engine;

fn typed<'a>(username: &'a str, password: &'a str) -> [(&'a str, &'a str); 2] {
    [("username", username), ("password", password)]
}

#[actix_web::test]
async fn name_and_e_mail_address_both_work_in_any_case() {
    on_each_engine(async |app| {
        for name in ["alice", "Alice", " ALICE@example.test "] {
            let browser = Browser::new(&app);
            let page = browser.open(&app.authorize_url("first-party", &[])).await;
            let page = browser.submit(&page, &typed(name, PASSWORD)).await;
            assert!(page.answer().contains_key("code"), "{name}");
        }
    })
    .await;
}

#[actix_web::test]
async fn unknown_disabled_and_wrong_look_alike() {
    on_each_engine(async |app| {
        let bob = app.user("bob").await;
        let _won = store::users::disable(&app.store, &bob.id, app.now()).await.unwrap();
        let mut pages = Vec::new();
        for (name, password) in [("alice", "wrong"), ("bob", PASSWORD), ("nobody", PASSWORD), ("", "")] {
            let browser = Browser::new(&app);
            let page = browser.open(&app.authorize_url("public", &[])).await;
            let page = browser.submit(&page, &typed(name, password)).await;
            assert_eq!(page.status, 422, "{name}");
            assert!(page.has_id("login-page") && page.body.contains("role=\"alert\""), "{}", page.body);
            assert!(!page.body.contains(PASSWORD), "a password is never sent back");
            assert!(page.headers.get("set-cookie").is_none());
            pages.push(without_secrets(&page).replace(&format!("value=\"{name}\""), "value=\"\""));
        }
        assert!(pages.windows(2).all(|two| two[0] == two[1]), "{pages:#?}");
    })
    .await;
}

/// The page without what differs from browser to browser.
fn without_secrets(page: &Page) -> String {
    page.hidden_fields().iter().fold(page.body.clone(), |body, (_, value)| body.replace(value, "-"))
}

#[actix_web::test]
async fn after_too_many_wrong_tries_one_has_to_wait() {
    on_each_engine(async |app| {
        let browser = Browser::new(&app);
        let mut page = browser.open(&app.authorize_url("first-party", &[])).await;
        for _ in 0..app.config.limits.failed_logins_per_account {
            page = browser.submit(&page, &typed("alice", "wrong")).await;
            assert_eq!(page.status, 422);
        }
        let page = browser.submit(&page, &typed("alice", PASSWORD)).await;
        assert_eq!(page.status, 429);
        let wait: i64 = page.header("retry-after").parse().unwrap();
        app.clock.advance(Seconds(wait));
        assert!(browser.submit(&page, &typed("alice", PASSWORD)).await.answer().contains_key("code"));
    })
    .await;
}

#[actix_web::test]
async fn an_interaction_belongs_to_the_browser_that_began_it() {
    on_each_engine(async |app| {
        let attacker = Browser::new(&app);
        let page = attacker.open(&app.authorize_url("public", &[])).await;
        let victim = Browser::new(&app);
        let seen = victim.get(page.url.as_str()).await;
        assert!(seen.has_id("error-page"));
        victim.open(&app.authorize_url("public", &[])).await; // the victim has a cookie of its own now
        assert!(victim.get(page.url.as_str()).await.has_id("error-page"));
        let stolen = victim.submit(&page, &typed("alice", PASSWORD)).await;
        assert!(stolen.has_id("error-page"), "{}", stolen.body);
    })
    .await;
}

#[actix_web::test]
async fn a_form_of_another_site_is_refused() {
    on_each_engine(async |app| {
        let browser = Browser::new(&app);
        let page = browser.open(&app.authorize_url("public", &[])).await;
        let mut fields = page.hidden_fields();
        fields.extend(typed("alice", PASSWORD).map(|(name, value)| (name.to_owned(), value.to_owned())));
        let without: Vec<_> = fields.iter().filter(|(name, _)| name != "csrf").cloned().collect();
        assert_eq!(browser.post("/login", &without).await.status, 403);
        let forged: Vec<_> = fields
            .iter()
            .map(|(name, value)| (name.clone(), if name == "csrf" { "x".repeat(43) } else { value.clone() }))
            .collect();
        assert_eq!(browser.post("/login", &forged).await.status, 403);
        for site in ["cross-site", "same-site"] {
            let page = browser.post_with("/login", &fields, ("sec-fetch-site", site)).await;
            assert_eq!(page.status, 403, "{site}, whatever the token");
        }
        assert_eq!(browser.post("/login", &fields).await.status, 303);
    })
    .await;
}

#[actix_web::test]
async fn each_tab_ends_in_its_own_app() {
    on_each_engine(async |app| {
        let browser = Browser::new(&app);
        let one = browser.open(&app.authorize_url("first-party", &[("state", "tab-one")])).await;
        let two = browser.open(&app.authorize_url("first-party", &[("state", "tab-two")])).await;
        let answer = browser.submit(&two, &typed("alice", PASSWORD)).await.answer();
        assert_eq!(answer["state"], "tab-two");
        let page = browser.get(one.url.as_str()).await; // reload: the person is signed in by now
        assert_eq!(page.answer()["state"], "tab-one");
    })
    .await;
}

#[actix_web::test]
async fn back_and_reload_show_the_step_that_is_due() {
    on_each_engine(async |app| {
        let browser = Browser::new(&app);
        let login = browser.open(&app.authorize_url("public", &[])).await;
        let consent = browser.sign_in(&login, "alice").await;
        assert!(consent.has_id("consent-page"));
        let back = browser.open(login.url.as_str()).await;
        assert!(back.has_id("consent-page"), "the login is done, so the way leads on");
        let done = browser.submit(&back, &[("decision", "allow")]).await;
        assert!(done.answer().contains_key("code"));
        let late = browser.open(login.url.as_str()).await;
        assert!(late.has_id("error-page"), "finished is finished");
        assert!(browser.submit(&consent, &[("decision", "allow")]).await.has_id("error-page"));
    })
    .await;
}

#[actix_web::test]
async fn an_expired_interaction_says_so() {
    on_each_engine(async |app| {
        let browser = Browser::new(&app);
        let page = browser.open(&app.authorize_url("public", &[])).await;
        app.clock.advance(Seconds(app.config.sessions.interaction_lifetime));
        let late = browser.submit(&page, &typed("alice", PASSWORD)).await;
        assert_eq!((late.status.as_u16(), late.has_id("error-page")), (400, true));
    })
    .await;
}

#[actix_web::test]
async fn a_login_changes_the_session_secret_and_another_person_begins_a_session_beside_it() {
    on_each_engine(async |app| {
        app.user("bob").await;
        let browser = Browser::new(&app);
        let page = browser.open(&app.authorize_url("first-party", &[])).await;
        let first = browser.submit(&page, &typed("alice", PASSWORD)).await;
        let page = browser.open(&app.authorize_url("first-party", &[("prompt", "login")])).await;
        let again = browser.submit(&page, &typed("alice", PASSWORD)).await;
        assert_ne!(session_cookie(&first), session_cookie(&again));
        assert_eq!(cookie_id(&first), cookie_id(&again), "the session of the same person goes on");
        let page = browser.open(&app.authorize_url("first-party", &[("prompt", "login")])).await;
        let other = browser.submit(&page, &typed("bob", PASSWORD)).await;
        assert_ne!(cookie_id(&again), cookie_id(&other));
        let waits = protocol::ids::SessionId::parse(&cookie_id(&again)).unwrap();
        let session = store::sessions::find(&app.store, &waits).await.unwrap().unwrap();
        assert_eq!(session.ended_at, None, "it waits to be chosen");
    })
    .await;
}

fn cookie_id(page: &Page) -> String {
    let cookie = session_cookie(page).expect("a session");
    let value = cookie.split_once('=').expect("a cookie").1;
    value.split('.').next().expect("an id").to_owned()
}

/// Name and value.
fn session_cookie(page: &Page) -> Option<String> {
    let mut cookies = page.headers.get_all("set-cookie").iter().filter_map(|cookie| cookie.to_str().ok());
    let ours = cookies.find(|cookie| cookie.starts_with("countersign_session="))?;
    ours.split(';').next().map(str::to_owned)
}

#[actix_web::test]
async fn a_session_ends_when_idle() {
    on_each_engine(async |app| {
        let browser = Browser::new(&app);
        browser.authorize(&app.authorize_url("first-party", &[])).await;
        app.clock.advance(Seconds(app.config.sessions.idle - 1));
        assert!(browser.get(&app.authorize_url("first-party", &[])).await.answer().contains_key("code"));
        // The use above moved the end, off the request's path.
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        app.clock.advance(Seconds(app.config.sessions.idle - 1));
        assert!(browser.get(&app.authorize_url("first-party", &[])).await.answer().contains_key("code"));
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        app.clock.advance(Seconds(app.config.sessions.idle));
        assert!(browser.open(&app.authorize_url("first-party", &[])).await.has_id("login-page"));
    })
    .await;
}

#[actix_web::test]
async fn cookies_are_protected() {
    on_each_engine(async |app| {
        let browser = Browser::new(&app);
        let page = browser.get(&app.authorize_url("public", &[])).await;
        let cookie = page.header("set-cookie").to_owned();
        assert!(
            cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && cookie.contains("Path=/"),
            "{cookie}"
        );
        assert!(!cookie.contains("Secure"), "plain http on loopback: a Secure cookie would not come back");
    })
    .await;
}

#[actix_web::test]
async fn the_language_switch_is_remembered() {
    on_each_engine(async |app| {
        let browser = Browser::new(&app);
        let page = browser.open(&app.authorize_url("public", &[])).await;
        let german = browser.get(&format!("{}&lang=de", page.url)).await;
        assert!(german.body.contains("<html lang=\"de\""));
        assert!(browser.get(page.url.as_str()).await.body.contains("<html lang=\"de\""));
    })
    .await;
}

#[actix_web::test]
async fn a_refusal_after_a_login_keeps_the_new_session() {
    on_each_engine(async |app| {
        app.user("bob").await;
        let hint = app.tokens(As::Public("public"), &[]).await;
        let browser = Browser::new(&app);
        let page = browser.open(&app.authorize_url("first-party", &[])).await;
        browser.sign_in(&page, "bob").await;
        let url = app.authorize_url("first-party", &[("id_token_hint", text(&hint, "id_token"))]);
        let page = browser.open(&url).await;
        let answer = browser.sign_in(&page, "bob").await.answer();
        assert_eq!(answer["error"], "login_required");
        let page = browser.get(&app.authorize_url("first-party", &[("prompt", "none")])).await;
        assert!(page.answer().contains_key("code"), "bob is still signed in: {:?}", page.answer());
    })
    .await;
}

#[actix_web::test]
async fn a_double_click_signs_in_once_and_leaves_a_session_that_works() {
    on_each_engine(async |app| {
        let browser = Browser::new(&app);
        let page = browser.open(&app.authorize_url("first-party", &[])).await;
        browser.sign_in(&page, "alice").await;
        let page = browser.open(&app.authorize_url("first-party", &[("prompt", "login")])).await;
        let typed = typed("alice", PASSWORD);
        let both = join_all([browser.submit(&page, &typed), browser.submit(&page, &typed)]).await;
        assert_eq!(both.iter().filter(|page| page.status == 303).count(), 1, "one interaction, one answer");
        for cookie in both.iter().filter_map(session_cookie) {
            let http = plain_http().redirect(reqwest::redirect::Policy::none()).build().unwrap();
            let url = app.authorize_url("first-party", &[("prompt", "none")]);
            let answer = http.get(url).header("cookie", cookie).send().await.unwrap();
            assert!(answer.headers()["location"].to_str().unwrap().contains("code="), "a cookie that was set works");
        }
    })
    .await;
}

#[actix_web::test]
async fn the_language_switch_repeats_nothing_that_came_from_elsewhere() {
    on_each_engine(async |app| {
        let browser = Browser::new(&app);
        let wrong = app.authorize_url("public", &[("redirect_uri", "https://evil.test/"), ("canary", "c4n4ry")]);
        assert!(!browser.get(&wrong).await.body.contains("c4n4ry"));
        let tokens = app.tokens(As::Public("public"), &[]).await;
        let login = browser.open(&app.authorize_url("first-party", &[])).await;
        browser.sign_in(&login, "alice").await;
        let hint = text(&tokens, "id_token");
        let page = browser.get(&format!("/logout?id_token_hint={hint}")).await;
        assert!(page.has_id("logout-page") && !page.body.contains(hint));
    })
    .await;
}
