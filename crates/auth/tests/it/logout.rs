//! `/logout` (OpenID Connect RP-Initiated Logout 1.0).

use protocol::time::Seconds;
use testkit::app::TestApp;
use testkit::browser::Browser;
use testkit::requests::{As, text};
use url::form_urlencoded::byte_serialize;

use crate::on_each_engine;

const SIGNED_OUT: &str = "https://app.example.com/signed-out";

/// A signed-in browser and what its client got.
async fn signed_in(app: &TestApp, scope: &str) -> (Browser, serde_json::Value) {
    let browser = Browser::new(app);
    let code = browser.authorize(&app.authorize_url("public", &[("scope", scope)])).await["code"].clone();
    (browser, app.redeem(As::Public("public"), &code, &[]).await.json())
}

fn encoded(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect()
}

#[actix_web::test]
async fn a_hint_of_this_session_signs_out_and_goes_back() {
    on_each_engine(async |app| {
        let (browser, tokens) = signed_in(&app, "openid").await;
        let hint = text(&tokens, "id_token");
        let uri = encoded(SIGNED_OUT);
        let page = browser.get(&format!("/logout?id_token_hint={hint}&post_logout_redirect_uri={uri}&state=s1")).await;
        assert_eq!(page.status, 303);
        assert_eq!(page.location().unwrap(), format!("{SIGNED_OUT}?state=s1"));
        assert!(browser.open(&app.authorize_url("public", &[])).await.has_id("login-page"));
        assert_eq!(app.userinfo(text(&tokens, "access_token")).await.status, 401, "the session took its tokens along");
    })
    .await;
}

#[actix_web::test]
async fn without_a_hint_the_person_is_asked_and_sent_nowhere() {
    on_each_engine(async |app| {
        let (browser, _) = signed_in(&app, "openid").await;
        let query = format!("client_id=public&state=s1&post_logout_redirect_uri={}", encoded(SIGNED_OUT));
        let page = browser.get(&format!("/logout?{query}")).await;
        assert!(page.has_id("logout-yes") && page.has_id("logout-no"), "{}", page.body);
        let stay = browser.submit(&page, &[("decision", "no")]).await;
        assert_eq!(stay.status, 303);
        assert!(browser.get(&app.authorize_url("public", &[("scope", "openid")])).await.answer().contains_key("code"));
        let gone = browser.submit(&page, &[("decision", "yes")]).await;
        assert_eq!((gone.status.as_u16(), gone.location()), (200, None), "anybody can write a client_id into a link");
        assert!(gone.has_id("logged-out-page"));
        let way_back = format!("<a id=\"onward\" href=\"{SIGNED_OUT}?state=s1\">");
        assert!(gone.body.contains(&way_back), "{}", gone.body);
        assert!(browser.open(&app.authorize_url("public", &[])).await.has_id("login-page"));
    })
    .await;
}

#[actix_web::test]
async fn a_hint_of_another_session_asks_first_and_then_goes_back() {
    on_each_engine(async |app| {
        let (_, tokens) = signed_in(&app, "openid").await;
        let (browser, _) = signed_in(&app, "openid").await;
        let (hint, uri) = (text(&tokens, "id_token"), encoded(SIGNED_OUT));
        let page = browser.get(&format!("/logout?id_token_hint={hint}&post_logout_redirect_uri={uri}")).await;
        assert!(page.has_id("logout-yes"), "{}", page.body);
        let gone = browser.submit(&page, &[("decision", "yes")]).await;
        assert_eq!(gone.location().unwrap(), SIGNED_OUT);
    })
    .await;
}

/// The hint is as old as the session; its key may have been rotated away, or somebody may have changed it.
#[actix_web::test]
async fn a_hint_that_cannot_be_verified_signs_out_after_a_question_and_leads_nowhere() {
    on_each_engine(async |app| {
        let (browser, tokens) = signed_in(&app, "openid").await;
        let hint = text(&tokens, "id_token");
        let (head, signature) = hint.rsplit_once('.').unwrap();
        let claims = hint.split('.').nth(1).unwrap();
        let uri = encoded(SIGNED_OUT);
        let mut hints = vec!["x.y.z".to_owned(), format!("{head}.{}", signature.chars().rev().collect::<String>())];
        hints.push(format!("eyJhbGciOiJub25lIn0.{claims}."));
        let mut last = None;
        for hint in hints {
            for more in ["", "&client_id=public"] {
                let query = format!("id_token_hint={hint}&post_logout_redirect_uri={uri}{more}");
                let page = browser.get(&format!("/logout?{query}")).await;
                assert_eq!((page.status.as_u16(), page.location()), (200, None), "{query}");
                assert!(page.has_id("logout-yes"), "{}", page.body);
                last = Some(page);
            }
        }
        let gone = browser.submit(&last.unwrap(), &[("decision", "yes")]).await;
        assert_eq!((gone.location(), gone.has_id("logged-out-page")), (None, true));
        assert!(browser.open(&app.authorize_url("public", &[])).await.has_id("login-page"));
    })
    .await;
}

/// oidcc-rp-initiated-logout-no-id-token-hint: nobody says which client it is.
#[actix_web::test]
async fn an_address_of_nobody_is_not_used() {
    on_each_engine(async |app| {
        let (browser, _) = signed_in(&app, "openid").await;
        let page = browser.get(&format!("/logout?state=s&post_logout_redirect_uri={}", encoded(SIGNED_OUT))).await;
        assert!(page.has_id("logout-yes"), "{}", page.body);
        let gone = browser.submit(&page, &[("decision", "yes")]).await;
        assert_eq!((gone.location(), gone.has_id("logged-out-page")), (None, true));
        assert!(!gone.body.contains(SIGNED_OUT), "{}", gone.body);
    })
    .await;
}

#[actix_web::test]
async fn without_an_address_the_server_says_goodbye_itself() {
    on_each_engine(async |app| {
        let (browser, _) = signed_in(&app, "openid").await;
        let page = browser.open("/logout").await;
        let page = browser.submit(&page, &[("decision", "yes")]).await;
        assert!(page.has_id("logged-out-page"));
        assert!(browser.open("/logout").await.has_id("logged-out-page"), "nothing to sign out is fine, too");
    })
    .await;
}

#[actix_web::test]
async fn an_unregistered_address_or_two_clients_get_no_redirect() {
    on_each_engine(async |app| {
        let (browser, tokens) = signed_in(&app, "openid").await;
        let hint = text(&tokens, "id_token");
        for query in [
            format!("id_token_hint={hint}&post_logout_redirect_uri={}", encoded("https://evil.test/")),
            format!("id_token_hint={hint}&post_logout_redirect_uri={}", encoded(&format!("{SIGNED_OUT}?foo=bar"))),
            format!("client_id=public&post_logout_redirect_uri={}", encoded("https://evil.test/")),
            format!("id_token_hint={hint}&client_id=confidential&post_logout_redirect_uri={}", encoded(SIGNED_OUT)),
        ] {
            let page = browser.get(&format!("/logout?{query}")).await;
            assert_eq!((page.status.as_u16(), page.location()), (400, None), "{query}");
            assert!(page.has_id("error-page"));
        }
        assert!(browser.get(&app.authorize_url("public", &[("scope", "openid")])).await.answer().contains_key("code"));
    })
    .await;
}

#[actix_web::test]
async fn a_disabled_client_gets_nobody_back() {
    on_each_engine(async |app| {
        let (browser, tokens) = signed_in(&app, "openid").await;
        let public = protocol::ids::ClientId::parse("public").unwrap();
        let _won = store::clients::disable(&app.store, &public, app.now()).await.unwrap();
        let (hint, uri) = (text(&tokens, "id_token"), encoded(SIGNED_OUT));
        let page = browser.get(&format!("/logout?id_token_hint={hint}&post_logout_redirect_uri={uri}")).await;
        assert_eq!((page.location(), page.has_id("logged-out-page")), (None, true), "{}", page.body);
    })
    .await;
}

#[actix_web::test]
async fn a_forged_form_signs_nobody_out() {
    on_each_engine(async |app| {
        let (browser, _) = signed_in(&app, "openid").await;
        let page = browser.open("/logout").await;
        let fields: Vec<_> = page.hidden_fields().into_iter().filter(|(name, _)| name != "csrf").collect();
        let mut forged = fields.clone();
        forged.push(("decision".to_owned(), "yes".to_owned()));
        assert_eq!(browser.post("/logout", &forged).await.status, 403);
    })
    .await;
}

/// The form carries what was checked; what it is bound to is the browser that was asked and the session that it would end.
#[actix_web::test]
async fn a_form_is_of_the_browser_and_the_session_that_were_asked() {
    on_each_engine(async |app| {
        let yes = [("decision", "yes")];
        let (mine, _) = signed_in(&app, "openid").await;
        let (theirs, _) = signed_in(&app, "openid").await;
        let stranger = Browser::new(&app);
        let form = mine.open("/logout").await;
        assert_eq!(theirs.submit(&form, &yes).await.status, 403, "another browser that is signed in");
        assert_eq!(stranger.submit(&form, &yes).await.status, 403, "a browser that never was here");
        stranger.open(&app.authorize_url("public", &[])).await;
        assert_eq!(stranger.submit(&form, &yes).await.status, 403, "a browser with a cookie of its own");
        let ours = theirs.open("/logout").await;
        let mut mixed: Vec<_> = form.hidden_fields().into_iter().filter(|(name, _)| name != "csrf").collect();
        mixed.extend(ours.hidden_fields().into_iter().filter(|(name, _)| name == "csrf"));
        mixed.push(("decision".to_owned(), "yes".to_owned()));
        assert_eq!(theirs.post("/logout", &mixed).await.status, 403, "their token with what I was asked");
        for browser in [&mine, &theirs] {
            let code = browser.get(&app.authorize_url("public", &[("scope", "openid")])).await.answer();
            assert!(code.contains_key("code"), "nobody was signed out");
        }
        assert!(mine.submit(&form, &yes).await.has_id("logged-out-page"));
        assert!(mine.submit(&form, &yes).await.has_id("logged-out-page"), "twice is once");
        let login = mine.open(&app.authorize_url("public", &[("scope", "openid")])).await;
        mine.sign_in(&login, "alice").await;
        assert_eq!(mine.submit(&form, &yes).await.status, 403, "the session is another one now");
    })
    .await;
}

#[actix_web::test]
async fn a_question_is_open_for_a_while() {
    on_each_engine(async |app| {
        let (browser, _) = signed_in(&app, "openid").await;
        let form = browser.open("/logout").await;
        app.clock.advance(Seconds(app.config.sessions.interaction_lifetime - 1));
        let in_time = browser.submit(&form, &[("decision", "no")]).await;
        assert_eq!(in_time.status, 303);
        app.clock.advance(Seconds(1));
        assert_eq!(browser.submit(&form, &[("decision", "yes")]).await.status, 400);
        assert!(browser.get(&app.authorize_url("public", &[("scope", "openid")])).await.answer().contains_key("code"));
    })
    .await;
}

#[actix_web::test]
async fn a_client_may_post_its_request() {
    on_each_engine(async |app| {
        let (browser, tokens) = signed_in(&app, "openid").await;
        let form = [("id_token_hint".to_owned(), text(&tokens, "id_token").to_owned())];
        let page = browser.post("/logout", &form).await;
        assert!(browser.follow(page).await.has_id("logged-out-page"));
    })
    .await;
}
