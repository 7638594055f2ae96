//! The end of an account: asked for, taken back, carried out so that nothing of the person is left.

use std::time::Duration;

use auth::config::{Config, MailTransport};
use protocol::login::ResetBy;
use protocol::time::Seconds;
use sqlx::any::install_default_drivers;
use sqlx::{AnyPool, AssertSqlSafe, Column as _, Row as _};
use store::Engine;
use store::passwords::{How, NewPassword};
use testkit::app::{TestApp, TestOptions};
use testkit::browser::{Browser, plain_http};
use testkit::database::engines;
use testkit::requests::{As, text};

use super::{form, link_in, mails_to, send, sign_in_again, signed_in, with_mail};
use crate::on_each_engine;

/// Where a name of a deleted person may still stand, and why.
const ALLOWED: [(&str, &str); 3] = [
    ("interactions.parameters", "a client sent `login_hint`; gone with the interaction, within hours"),
    ("mailbox.recipient", "the mailbox of development keeps what was sent, like any mailbox, for some days"),
    ("protocol_log.parameters", "what clients sent; gone with the log, after its lifetime"),
];
/// Where the id of a deleted person may still stand.
const ID_ALLOWED: [(&str, &str); 3] = [
    ("user_ids.id", "so that nobody gets the id again"),
    ("logout_deliveries.user_id", "clients are told of the end of the sessions"),
    ("interactions.login_user_id", "a sign-in under way; gone with the interaction, within hours"),
];

/// Every value of every table, with `table.column`.
async fn dump(app: &TestApp) -> Vec<(String, String)> {
    let tables = match app.store.engine() {
        Engine::Sqlite => {
            "SELECT CAST(name AS TEXT) AS t FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        }
        Engine::Postgres => {
            "SELECT CAST(table_name AS TEXT) AS t FROM information_schema.tables WHERE table_schema = 'public'"
        }
    };
    install_default_drivers();
    let pool = AnyPool::connect(app.database.url()).await.unwrap();
    let mut values = Vec::new();
    for table in sqlx::query(AssertSqlSafe(tables)).fetch_all(&pool).await.unwrap() {
        let table: String = table.get("t");
        if table == "_sqlx_migrations" {
            continue;
        }
        for row in sqlx::query(AssertSqlSafe(format!("SELECT * FROM {table}"))).fetch_all(&pool).await.unwrap() {
            for column in row.columns() {
                if let Ok(Some(value)) = row.try_get::<Option<String>, _>(column.ordinal()) {
                    values.push((format!("{table}.{}", column.name()), value));
                }
            }
        }
    }
    pool.close().await;
    values
}

/// Asks for the deletion of the account that the browser is signed in to.
async fn delete(browser: &Browser, username: &str) -> testkit::browser::Page {
    let page = browser.open("/account/data/delete").await;
    assert!(page.has_id("delete-page"), "{}", page.body);
    send(browser, &page, "/account/data/delete", &[("confirm_name", username)]).await
}

async fn is_gone(app: &TestApp, username: &str) -> bool {
    for _ in 0..200 {
        if store::users::find_by_login(&app.store, username).await.unwrap().is_none() {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    false
}

#[actix_web::test]
async fn nothing_of_a_deleted_person_is_left() {
    with_mail(async |app| {
        let canary = app.user("canary").await;
        let mut profile = canary.clone();
        profile.profile.nickname = Some("canary-nickname".to_owned());
        let _changed = store::users::change_profile(&app.store, &profile).await.unwrap();
        app.client("told", r#"{"backchannel_logout_uri": "https://app.example.com/out"}"#).await;
        let browser = Browser::over(&app.issuer, plain_http().user_agent("canary-agent"));
        let page = sign_in_again(&browser, "canary", "/account").await;
        // A consent, an authorization for each kind, a wrong try, a change of address under way, an export.
        for client in ["public", "told"] {
            let url = app.authorize_url(client, &[("scope", "openid email"), ("login_hint", "canary@example.test")]);
            browser.arrive(&url).await.answer();
        }
        send(&browser, &page, "/account/email", &[("email", "canary2@example.test")]).await;
        send(&browser, &page, "/account/data/export", &[]).await;
        let before = dump(&app).await;
        for table in ["users", "sessions", "consents", "security_events", "grants", "action_tokens", "user_logins"] {
            let there = |(place, value): &(String, String)| {
                place.starts_with(&format!("{table}."))
                    && (value.contains("canary") || value.contains(canary.id.as_str()))
            };
            assert!(before.iter().any(there), "{table} holds nothing of the person, so this test shows nothing");
        }
        delete(&browser, "canary").await;
        app.clock.advance(Seconds(app.config.accounts.deletion_grace + 1));
        assert!(is_gone(&app, "canary").await);
        for (place, value) in dump(&app).await {
            let allowed = |list: &[(&str, &str)]| list.iter().any(|(at, _)| *at == place);
            let of_mailbox = place.starts_with("mailbox.");
            assert!(!value.contains("canary") || allowed(&ALLOWED) || of_mailbox, "{place}: {value}");
            assert!(!value.contains(canary.id.as_str()) || allowed(&ID_ALLOWED), "{place}: {value}");
        }
        let told = store::logout_deliveries::of_client(&app.store, &"told".parse().unwrap(), 10).await.unwrap();
        assert!(told.iter().any(|delivery| delivery.user_id == canary.id), "the app hears of it");
        mails_to(&app, "canary@example.test", 2).await; // what was asked for, and that it was done
    })
    .await;
}

#[actix_web::test]
async fn an_id_is_never_given_out_again_but_a_name_is_free() {
    on_each_engine(async |app| {
        let bob = app.user("bob").await;
        let (browser, _) = signed_in(&app, "bob", "/account").await;
        delete(&browser, "bob").await;
        app.clock.advance(Seconds(app.config.accounts.deletion_grace));
        assert!(is_gone(&app, "bob").await);
        assert!(store::users::insert(&app.store, &bob).await.is_err(), "the id of before");
        let new = app.user("bob").await;
        assert_ne!(new.id, bob.id);
        assert!(browser.open("/account").await.has_id("login-page"));
    })
    .await;
}

#[actix_web::test]
async fn asking_for_it_ends_the_other_sessions_and_it_can_be_taken_back() {
    on_each_engine(async |app| {
        let (other, _) = signed_in(&app, "alice", "/account").await;
        let (browser, page) = signed_in(&app, "alice", "/account/data/delete").await;
        let wrong = send(&browser, &page, "/account/data/delete", &[("confirm_name", "bob")]).await;
        assert!(wrong.status == 422 && wrong.has_id("confirm_name-error"), "{}", wrong.body);
        let asked = send(&browser, &page, "/account/data/delete", &[("confirm_name", " Alice ")]).await;
        assert!(asked.has_id("keep-submit"), "{}", asked.body);
        assert!(other.open("/account").await.has_id("login-page"));
        assert!(browser.get("/account").await.body.contains("is going to be deleted"));
        let kept = send(&browser, &asked, "/account/data/keep", &[]).await;
        assert!(kept.body.contains("Your account stays.") && !kept.has_id("keep-submit"), "{}", kept.body);
        app.clock.advance(Seconds(app.config.accounts.deletion_grace + 1));
        tokio::time::sleep(Duration::from_millis(2_500)).await; // the job has looked
        assert!(store::users::find_by_login(&app.store, "alice").await.unwrap().is_some());
    })
    .await;
}

#[actix_web::test]
async fn until_then_one_signs_in_as_always_and_apps_work() {
    on_each_engine(async |app| {
        let tokens = app.tokens(As::Public("public"), &[]).await;
        let (browser, _) = signed_in(&app, "alice", "/account").await;
        delete(&browser, "alice").await;
        assert_eq!(app.userinfo(text(&tokens, "access_token")).await.status, 200);
        let (_, page) = signed_in(&app, "alice", "/account").await;
        assert!(page.has_id("account-page"));
        app.clock.advance(Seconds(app.config.accounts.deletion_grace));
        assert!(is_gone(&app, "alice").await);
        let refused = app.refresh(As::Public("public"), text(&tokens, "refresh_token"), &[]).await;
        assert_eq!(refused.json()["error"], "invalid_grant");
    })
    .await;
}

#[actix_web::test]
async fn the_link_in_the_mail_takes_it_back_once() {
    with_mail(async |app| {
        let (browser, _) = signed_in(&app, "alice", "/account").await;
        delete(&browser, "alice").await;
        let mails = mails_to(&app, "alice@example.test", 1).await;
        let link = link_in(&app, &mails[0], "/account/cancel-deletion");
        let elsewhere = Browser::new(&app);
        let page = elsewhere.get(&link).await;
        assert!(page.has_id("account-link-page"), "{}", page.body);
        let due = |user: protocol::user::User| user.deletion_due_at;
        let alice = store::users::find_by_login(&app.store, "alice").await.unwrap().unwrap();
        assert!(due(alice).is_some(), "opening it does nothing");
        assert_eq!(elsewhere.post(&link, &[]).await.status, 403);
        let kept = elsewhere.post(&link, &form(&page, &[])).await;
        assert!(kept.body.contains("Your account stays"), "{}", kept.body);
        let alice = store::users::find_by_login(&app.store, "alice").await.unwrap().unwrap();
        assert_eq!(due(alice), None);
        let again = elsewhere.post(&link, &form(&page, &[])).await;
        assert!(again.status == 410 && again.body.contains("This link no longer works"), "{}", again.body);
        assert_eq!(elsewhere.get(&link).await.status, 410);
        let scanned = plain_http().build().unwrap().head(&link).send().await.unwrap();
        assert_eq!(scanned.status(), 410, "scanners of mail ask so, too");
        assert_eq!(mails_to(&app, "alice@example.test", 2).await.len(), 2, "and the owner hears of that");
    })
    .await;
}

/// Whoever scheduled it in an account that is not theirs cannot take the way back from its owner.
#[actix_web::test]
async fn the_link_outlives_another_password_another_address_and_a_lock_down() {
    with_mail(async |app| {
        let (browser, _) = signed_in(&app, "alice", "/account").await;
        delete(&browser, "alice").await;
        let mails = mails_to(&app, "alice@example.test", 1).await;
        let link = link_in(&app, &mails[0], "/account/cancel-deletion");
        let alice = store::users::find_by_login(&app.store, "alice").await.unwrap().unwrap();
        let page = browser.open("/account/lock-down").await;
        send(&browser, &page, "/account/lock-down", &[]).await;
        app.clock.advance(Seconds(1));
        let new = NewPassword { phc: "$argon2id$other".to_owned(), needs_second_factor: false };
        let how = How::Reset { by: ResetBy::Email, browser: None };
        store::passwords::replace(&app.store, &alice.id, &new, how, app.now()).await.unwrap();
        let moved = store::users::change_email(&app.store, &alice, "eve@example.test", app.now()).await.unwrap();
        assert_eq!(moved, store::Won::Yes);
        let elsewhere = Browser::new(&app);
        let page = elsewhere.get(&link).await;
        assert!(page.has_id("account-link-page"), "{}", page.body);
        assert!(elsewhere.post(&link, &form(&page, &[])).await.body.contains("Your account stays"));
        let alice = store::users::find(&app.store, &alice.id).await.unwrap().unwrap();
        assert_eq!(alice.deletion_due_at, None);
    })
    .await;
}

#[actix_web::test]
async fn without_grace_it_is_gone_at_once() {
    for database in engines() {
        let config = Box::new(|config: &mut Config| {
            config.accounts.deletion_grace = 0;
            config.mail.transport = MailTransport::Mailbox;
        });
        let app = TestApp::start_with(database, TestOptions { config, ..TestOptions::default() }).await;
        let (browser, page) = signed_in(&app, "alice", "/account/data/delete").await;
        assert!(page.body.contains("There is no way back."), "{}", page.body);
        delete(&browser, "alice").await;
        assert!(is_gone(&app, "alice").await);
        let mails = mails_to(&app, "alice@example.test", 1).await;
        assert!(!mails[0].contains("cancel-deletion"));
    }
}
