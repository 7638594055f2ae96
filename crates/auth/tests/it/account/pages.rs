//! Who comes to which page, and how.

use testkit::browser::Browser;
use testkit::requests::text;

use super::{PASSWORD, form, grow_stale, send, sign_in_again, signed_in};
use crate::on_each_engine;

const READING: [(&str, &str); 7] = [
    ("/account", "account-page"),
    ("/account/profile", "profile-page"),
    ("/account/sessions", "sessions-page"),
    ("/account/apps", "apps-page"),
    ("/account/log", "log-page"),
    ("/account/lock-down", "lock-down-page"),
    ("/account/data", "data-page"),
];
const CHANGING: [(&str, &str); 2] = [("/account/email", "email-page"), ("/account/data/delete", "delete-page")];

#[actix_web::test]
async fn every_page_asks_who_it_is_and_comes_back() {
    on_each_engine(async |app| {
        for (path, id) in READING.into_iter().chain(CHANGING) {
            let (_, page) = signed_in(&app, "alice", path).await;
            assert!(page.has_id(id), "{path}: {}", page.body);
            assert_eq!(page.url.path(), path);
            assert!(page.header("content-security-policy").contains("form-action 'self'"), "{path}");
        }
    })
    .await;
}

#[actix_web::test]
async fn an_older_session_reads_everything_and_changes_nothing_that_matters() {
    on_each_engine(async |app| {
        let (browser, page) = signed_in(&app, "alice", "/account").await;
        grow_stale(&app);
        for (path, id) in READING {
            assert!(browser.get(path).await.has_id(id), "{path}");
        }
        for (path, id) in CHANGING {
            let asked = browser.open(path).await;
            assert!(asked.has_id("login-page"), "{path}: {}", asked.body);
            let back = browser.submit(&asked, &[("username", "alice"), ("password", PASSWORD)]).await;
            assert!(browser.follow(back).await.has_id(id), "{path}");
            grow_stale(&app);
        }
        for path in ["/account/email", "/account/data/delete", "/account/data/export"] {
            let sent = browser.post(path, &form(&page, &[("email", "a@b.example"), ("confirm_name", "alice")])).await;
            assert!(browser.follow(sent).await.has_id("login-page"), "{path}");
        }
        let alice = store::users::find_by_login(&app.store, "alice").await.unwrap().unwrap();
        assert_eq!((alice.deletion_due_at, alice.email.as_deref()), (None, Some("alice@example.test")));
    })
    .await;
}

#[actix_web::test]
async fn a_form_of_another_site_or_session_changes_nothing() {
    on_each_engine(async |app| {
        app.user("bob").await;
        let (alice, page) = signed_in(&app, "alice", "/account").await;
        let (_, of_bob) = signed_in(&app, "bob", "/account").await;
        let forms = [
            ("/account/profile", [("name", "Mallory")]),
            ("/account/email", [("email", "mallory@example.test")]),
            ("/account/email/code", [("code", "12345678")]),
            ("/account/sessions", [("session", "others")]),
            ("/account/apps", [("client", "public")]),
            ("/account/lock-down", [("x", "y")]),
            ("/account/data/export", [("x", "y")]),
            ("/account/data/delete", [("confirm_name", "alice")]),
            ("/account/data/keep", [("x", "y")]),
            ("/account/sign-out", [("x", "y")]),
        ];
        for (path, fields) in &forms {
            let none: Vec<(String, String)> =
                form(&page, fields).into_iter().filter(|(name, _)| name != "csrf").collect();
            assert_eq!(alice.post(path, &none).await.status, 403, "{path} without a token");
            assert_eq!(alice.post(path, &form(&of_bob, fields)).await.status, 403, "{path} with the token of another");
            let foreign = ("sec-fetch-site", "cross-site");
            assert_eq!(alice.post_with(path, &form(&page, fields), foreign).await.status, 403, "{path} from elsewhere");
            // As it comes from another site: without cookies. New ones would take the place of those that the browser has.
            let elsewhere = Browser::new(&app);
            let answer = elsewhere.post_with(path, &form(&page, fields), foreign).await;
            assert_eq!((answer.status.as_u16(), answer.headers.contains_key("set-cookie")), (403, false), "{path}");
            let answer = elsewhere.post(path, &form(&page, fields)).await;
            assert_eq!((answer.status.as_u16(), answer.headers.contains_key("set-cookie")), (303, false), "{path}");
        }
        assert!(alice.get("/account").await.has_id("account-page"), "nobody signed alice out");
        let user = store::users::find_by_login(&app.store, "alice").await.unwrap().unwrap();
        assert_eq!((user.profile.name.as_deref(), user.deletion_due_at), (Some("Alice Moreau"), None));
    })
    .await;
}

#[actix_web::test]
async fn the_address_of_the_server_leads_to_the_account() {
    on_each_engine(async |app| {
        assert!(Browser::new(&app).open("/").await.has_id("home-page"));
        let (browser, _) = signed_in(&app, "alice", "/account").await;
        assert!(browser.open("/").await.has_id("account-page"));
    })
    .await;
}

#[actix_web::test]
async fn signing_out_takes_one_button() {
    on_each_engine(async |app| {
        let (browser, page) = signed_in(&app, "alice", "/account").await;
        let out = send(&browser, &page, "/account/sign-out", &[]).await;
        assert!(out.has_id("logged-out-page"), "{}", out.body);
        assert!(browser.open("/account").await.has_id("login-page"));
        let again = send(&browser, &page, "/account/sign-out", &[]).await;
        assert!(again.has_id("home-page"), "who is signed out already is not asked to sign in");
        let page = sign_in_again(&browser, "alice", "/account/log?kind=signed_out").await;
        assert_eq!(page.body.matches("Signed out</").count() + page.body.matches("Signed out<div").count(), 2);
    })
    .await;
}

#[actix_web::test]
async fn another_account_can_be_chosen() {
    on_each_engine(async |app| {
        app.user("bob").await;
        let (browser, _) = signed_in(&app, "alice", "/account").await;
        let choice = browser.open("/account/switch").await;
        assert!(choice.has_id("select-account-page"), "{}", choice.body);
        let login = browser.submit(&choice, &[("decision", "other")]).await;
        let login = browser.follow(login).await;
        assert!(browser.sign_in(&login, "bob").await.has_id("account-page"));
        let choice = browser.open("/account/switch").await;
        assert_eq!(choice.body.matches("name=\"account\"").count(), 2, "{}", choice.body);
    })
    .await;
}

#[actix_web::test]
async fn the_overview_tells_what_to_do_and_what_was() {
    on_each_engine(async |app| {
        app.tokens(testkit::requests::As::Public("public"), &[]).await;
        let (browser, page) = signed_in(&app, "alice", "/account").await;
        for words in ["Hello, Alice", "Add a second factor", "Test public", "this device", "127.0.0.1"] {
            assert!(page.body.contains(words), "{words}: {}", page.body);
        }
        let german = browser.get("/account?lang=de").await;
        assert!(german.body.contains("Hallo, Alice"), "{}", german.body);
    })
    .await;
}

#[actix_web::test]
async fn an_export_is_a_file_and_holds_no_secret() {
    on_each_engine(async |app| {
        let tokens = app.tokens(testkit::requests::As::Public("public"), &[]).await;
        let (browser, page) = signed_in(&app, "alice", "/account/data").await;
        let export = send(&browser, &page, "/account/data/export", &[]).await;
        assert!(export.header("content-disposition").starts_with("attachment"));
        let json = export.json();
        assert_eq!(text(&json["account"], "email"), "alice@example.test");
        let alice = store::users::find_by_login(&app.store, "alice").await.unwrap().unwrap();
        let phc = store::passwords::find(&app.store, &alice.id).await.unwrap().unwrap();
        let session = store::sessions::living_of_user(&app.store, &alice.id, app.now()).await.unwrap();
        let mut secrets = vec![phc.as_str(), text(&tokens, "refresh_token"), text(&tokens, "access_token")];
        secrets.extend(session.iter().map(|session| session.secret_hash.as_str()));
        let grants = store::grants::of_user(&app.store, &alice.id).await.unwrap();
        secrets.extend(grants.iter().flat_map(|grant| [grant.salt.as_str(), grant.code_hash.as_str()]));
        assert!(secrets.iter().all(|secret| !export.body.contains(secret)), "{}", export.body);
    })
    .await;
}
