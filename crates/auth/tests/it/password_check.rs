//! `/introspect` with `purpose=http_basic`: what an API learns about a password that somebody sent to it, and what nobody learns.

use std::time::Instant;

use futures_util::future::join_all;
use protocol::ids::ClientId;
use protocol::login::Level;
use protocol::security_event::SecurityEvent;
use protocol::time::{Seconds, Timestamp};
use protocol::user::User;
use serde_json::{Value, json};
use store::passwords::{Access, How, NewPassword};
use store::protocol_log::Whose;
use store::security_events::Entry;
use testkit::app::{API, PASSWORD, TestApp, TestOptions};
use testkit::browser::{Browser, Page};
use testkit::database::engines;
use testkit::requests::{As, text};

use crate::on_each_engine;
use crate::second_factor::alice as with_second_factor;

const INACTIVE: &str = r#"{"active":false}"#;
const API_CLIENT: As<'_> = As::Basic("notes-api");
const CALLER: &str = "198.51.100.7";

/// `notes-api` is the resource server of the API and may ask.
async fn allow(app: &TestApp) {
    let metadata = json!({ "redirect_uris": [], "grant_types": ["client_credentials"], "scope": "",
                           "password_check_scope": "notes:write notes:gone notes:read" });
    serve(app, &app.client("notes-api", &metadata.to_string()).await.id).await;
}

async fn serve(app: &TestApp, client: &ClientId) {
    let _set = store::apis::set_resource_server(&app.store, API, Some(client)).await.unwrap();
}

async fn ask_as(app: &TestApp, client: As<'_>, form: &[(&str, &str)]) -> Page {
    let form = [&[("purpose", "http_basic")], form].concat();
    let form: Vec<_> = form.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    app.post("/introspect", client, &form).await
}

async fn ask_from(app: &TestApp, caller: &str, name: &str, password: &str) -> Page {
    ask_as(app, API_CLIENT, &[("username", name), ("password", password), ("caller_address", caller)]).await
}

async fn ask(app: &TestApp, name: &str, password: &str) -> Page {
    ask_from(app, CALLER, name, password).await
}

async fn is_active(app: &TestApp, name: &str) -> bool {
    let page = ask(app, name, PASSWORD).await;
    assert_eq!(page.status.as_u16(), 200, "{}", page.body);
    page.json()["active"] == true
}

async fn find(app: &TestApp, name: &str) -> User {
    store::users::find_by_login(&app.store, name).await.unwrap().unwrap()
}

async fn events(app: &TestApp, user: &User, kind: SecurityEvent) -> Vec<Entry> {
    store::security_events::of_user(&app.store, &user.id, Some(kind), None, 100).await.unwrap()
}

/// The entries that are written beside the answer.
async fn wait_for_events(app: &TestApp, user: &User, kind: SecurityEvent, count: usize) -> Vec<Entry> {
    for _ in 0..100 {
        if events(app, user, kind).await.len() >= count {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let found = events(app, user, kind).await;
    assert_eq!(found.len(), count, "{found:?}");
    found
}

#[actix_web::test]
async fn a_right_password_is_described_without_a_token_and_with_what_the_client_was_allowed() {
    on_each_engine(async |app| {
        allow(&app).await;
        let alice = find(&app, "alice").await;
        for name in ["alice", " ALICE@example.test "] {
            let page = ask(&app, name, PASSWORD).await;
            assert_eq!((page.status.as_u16(), page.header("cache-control")), (200, "no-store"), "{}", page.body);
            let expected = json!({
                "active": true, "iss": app.issuer, "sub": alice.id, "aud": API, "username": "alice",
                "scope": "notes:write notes:read", "exp": app.now() + Seconds(60), "auth_time": app.now(), "acr": "1",
                "amr": ["pwd"],
            });
            assert_eq!(page.json(), expected);
        }
        assert!(store::sessions::living_of_user(&app.store, &alice.id, app.now()).await.unwrap().is_empty());
    })
    .await;
}

/// OpenID Connect Core §8.1.
#[actix_web::test]
async fn a_resource_server_of_pairwise_names_learns_no_other_name_of_whoever_has_a_password() {
    on_each_engine(async |app| {
        let metadata = json!({ "subject_type": "pairwise", "password_check_scope": "notes:read" });
        serve(&app, &app.client("discreet", &metadata.to_string()).await.id).await;
        let form = [("username", "alice@example.test"), ("password", PASSWORD)];
        let answer = ask_as(&app, As::Basic("discreet"), &form).await.json();
        assert_eq!((text(&answer, "sub").len(), answer.get("username")), (43, None), "{answer}");
    })
    .await;
}

#[actix_web::test]
async fn nobody_asks_who_was_not_allowed_to() {
    on_each_engine(async |app| {
        let form = [("username", "alice"), ("password", PASSWORD)];
        let refused = async |client| {
            let page = ask_as(&app, client, &form).await;
            (page.status.as_u16(), text(&page.json(), "error").to_owned())
        };
        serve(&app, &ClientId::parse("machine").unwrap()).await;
        let unauthorized = (400, "unauthorized_client".to_owned());
        assert_eq!(refused(As::Basic("machine")).await, unauthorized, "a resource server, and no more");
        assert_eq!(refused(As::Public("public")).await, (401, "invalid_client".to_owned()));
        let form_without_secret = [("purpose", "http_basic"), ("username", "alice"), ("password", PASSWORD)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(app.post_raw("/introspect", None, &form_without_secret).await.status, 401);
        app.client("stray", r#"{"password_check_scope": "notes:read"}"#).await;
        assert_eq!(refused(As::Basic("stray")).await, unauthorized, "no API is its");
        allow(&app).await;
        assert_eq!(ask_as(&app, API_CLIENT, &form).await.status, 200, "until it is");
    })
    .await;
}

#[actix_web::test]
async fn unknown_disabled_wrong_and_not_enough_look_alike() {
    on_each_engine(async |app| {
        allow(&app).await;
        let now = app.now();
        for name in ["disabled", "leaving", "due", "short"] {
            app.user(name).await;
        }
        let _won = store::users::disable(&app.store, &find(&app, "disabled").await.id, now).await.unwrap();
        let _won = store::users::require_password_change(&app.store, &find(&app, "due").await.id, now).await.unwrap();
        let leaving = find(&app, "leaving").await.id;
        let session = protocol::ids::SessionId::from_random([7; 16]);
        let _won =
            store::deletion::schedule(&app.store, &leaving, now + Seconds::days(7), &session, now).await.unwrap();
        let short = find(&app, "short").await.id;
        let phc = auth::passwords::hash_blocking(&app.config.passwords, PASSWORD).unwrap();
        let new = NewPassword { phc, needs_second_factor: true };
        store::passwords::replace(&app.store, &short, &new, How::Forced, now).await.unwrap();
        let unproven =
            User { email_verified_at: None, email: Some("new@example.test".to_owned()), ..find(&app, "alice").await };
        let unproven =
            User { id: protocol::ids::UserId::from_random([9; 16]), username: "unproven".to_owned(), ..unproven };
        let phc = auth::passwords::hash_blocking(&app.config.passwords, PASSWORD).unwrap();
        store::users::insert_with_password(&app.store, &unproven, &phc, now).await.unwrap();
        assert!(is_active(&app, "alice").await);
        let mut seen = std::collections::HashSet::new();
        for (name, password) in [
            ("nobody", PASSWORD),
            ("alice", "wrong"),
            ("disabled", PASSWORD),
            ("leaving", PASSWORD),
            ("due", PASSWORD),
            ("short", PASSWORD),
            ("unproven", PASSWORD),
            ("alice", &"x".repeat(2_000)),
            (&"x".repeat(2_000), PASSWORD),
        ] {
            let page = ask(&app, name, password).await;
            assert_eq!((page.status.as_u16(), page.body.as_str()), (200, INACTIVE), "{name}");
            let mut names: Vec<_> = page.headers.keys().map(|name| name.as_str().to_owned()).collect();
            names.sort();
            seen.insert((page.header("cache-control").to_owned(), names));
        }
        assert_eq!(seen.len(), 1, "{seen:?}");
        assert_eq!(events(&app, &find(&app, "due").await, SecurityEvent::SignedIn).await, []);
    })
    .await;
}

#[actix_web::test]
async fn a_second_factor_is_not_got_around_and_its_owner_is_told_of_the_try() {
    on_each_engine(async |app| {
        allow(&app).await;
        assert!(is_active(&app, "alice").await);
        let alice = with_second_factor(&app).await;
        assert!(!is_active(&app, "alice").await, "the right one");
        let failed = wait_for_events(&app, &alice.user, SecurityEvent::SignInFailed, 1).await;
        assert_eq!(failed[0].origin.address.as_deref(), Some(CALLER));
        // Right and wrong ones are counted alike, or the count would tell which it was.
        for _ in 1..app.config.limits.failed_logins_per_account {
            assert!(!is_active(&app, "alice").await);
        }
        assert_eq!(ask(&app, "alice", PASSWORD).await.status, 429);
    })
    .await;
}

#[actix_web::test]
async fn a_client_that_demands_two_factors_never_takes_a_password() {
    on_each_engine(async |app| {
        allow(&app).await;
        let mut client =
            store::clients::find(&app.store, &ClientId::parse("notes-api").unwrap()).await.unwrap().unwrap();
        client.minimum_acr = Some(Level::Two);
        let _won = store::clients::update(&app.store, &client).await.unwrap();
        assert!(!is_active(&app, "alice").await);
    })
    .await;
}

#[actix_web::test]
async fn another_password_counts_at_once() {
    on_each_engine(async |app| {
        allow(&app).await;
        let browser = Browser::new(&app);
        browser.authorize(&app.authorize_url("first-party", &[])).await;
        let alice = find(&app, "alice").await;
        let session = store::sessions::living_of_user(&app.store, &alice.id, app.now()).await.unwrap()[0].id.clone();
        let phc = auth::passwords::hash_blocking(&app.config.passwords, "a path of green lanterns").unwrap();
        let new = NewPassword { phc, needs_second_factor: false };
        let how = How::Changed { session: &session, access: Access::GoesOn };
        store::passwords::replace(&app.store, &alice.id, &new, how, app.now()).await.unwrap();
        assert!(!is_active(&app, "alice").await);
        assert_eq!(ask(&app, "alice", "a path of green lanterns").await.json()["active"], true);
    })
    .await;
}

fn count(pages: &[Page], status: u16) -> usize {
    pages.iter().filter(|page| page.status == status).count()
}

#[actix_web::test]
async fn of_200_parallel_guesses_at_an_api_only_the_free_ones_are_evaluated() {
    for database in engines() {
        let config = |config: &mut auth::config::Config| config.passwords.max_wait_ms = 60_000;
        let app =
            TestApp::start_with(database, TestOptions { config: Box::new(config), ..TestOptions::default() }).await;
        allow(&app).await;
        let free = app.config.limits.failed_logins_per_account as usize;
        for names in [["alice", "ALICE@example.test"], ["nobody", " Nobody "]] {
            let guesses = names.iter().cycle().take(200).enumerate().map(|(number, name)| {
                let app = &app;
                async move { ask_from(app, &format!("203.0.113.{number}"), name, &format!("wrong {number}")).await }
            });
            let pages = join_all(guesses).await;
            assert_eq!((count(&pages, 200), count(&pages, 429)), (free, 200 - free), "{names:?}");
            let evaluated = pages.iter().filter(|page| page.status == 200);
            assert!(evaluated.into_iter().all(|page| page.body == INACTIVE));
            let refused = pages.iter().find(|page| page.status == 429).unwrap();
            assert_eq!(text(&refused.json(), "error"), "temporarily_unavailable");
            assert!(refused.header("retry-after").parse::<i64>().unwrap() >= 1);
        }
        let alice = find(&app, "alice").await;
        wait_for_events(&app, &alice, SecurityEvent::SignInFailed, free).await;
        // One and the same counter as that of the login page.
        let browser = Browser::new(&app);
        let page = browser.open(&app.authorize_url("first-party", &[])).await;
        assert_eq!(browser.submit(&page, &[("username", "alice"), ("password", PASSWORD)]).await.status, 429);
    }
}

#[actix_web::test]
async fn tries_are_counted_where_the_caller_is_and_not_where_the_api_is() {
    for database in engines() {
        let config = |config: &mut auth::config::Config| config.limits.failed_logins_per_network = 3;
        let app =
            TestApp::start_with(database, TestOptions { config: Box::new(config), ..TestOptions::default() }).await;
        allow(&app).await;
        for number in 0..3 {
            assert_eq!(ask_from(&app, "2001:db8::7", &format!("nobody{number}"), "wrong").await.body, INACTIVE);
        }
        assert_eq!(ask_from(&app, "2001:db8::8", "alice", PASSWORD).await.status, 429, "the same /64");
        assert_eq!(ask(&app, "alice", PASSWORD).await.json()["active"], true, "another network");
        let browser = Browser::new(&app);
        let page = browser.open(&app.authorize_url("first-party", &[])).await;
        assert_eq!(browser.submit(&page, &[("username", "alice"), ("password", PASSWORD)]).await.status, 303);
        for address in ["here", "198.51.100.7:443", "[::1]"] {
            let page = ask_from(&app, address, "alice", PASSWORD).await;
            assert_eq!((page.status.as_u16(), text(&page.json(), "error")), (400, "invalid_request"), "{address}");
        }
        // Without it, the API itself is the caller.
        let form = [("username", "nobody"), ("password", "wrong")];
        let pages = join_all([0; 4].map(|_| ask_as(&app, API_CLIENT, &form))).await;
        assert_eq!(count(&pages, 429), 1);
    }
}

#[actix_web::test]
async fn the_owner_finds_the_use_in_the_log_once_an_hour_and_guesses_stay_counted_in_between() {
    on_each_engine(async |app| {
        allow(&app).await;
        let alice = find(&app, "alice").await;
        for _ in 0..3 {
            assert!(is_active(&app, "alice").await);
        }
        let seen = events(&app, &alice, SecurityEvent::SignedIn).await;
        let [entry] = &seen[..] else { panic!("{seen:?}") };
        let client = entry.client_id.as_ref().map(ClientId::as_str);
        assert_eq!((client, entry.origin.address.as_deref()), (Some("notes-api"), Some(CALLER)));
        assert_eq!((&entry.details["amr"], &entry.session_id), (&json!(["pwd"]), &None));

        let limit = app.config.limits.failed_logins_per_account;
        for number in 1..limit {
            assert_eq!(ask(&app, "alice", &format!("wrong {number}")).await.body, INACTIVE);
            assert!(is_active(&app, "alice").await, "a right one in between");
        }
        assert_eq!(ask(&app, "alice", "wrong again").await.body, INACTIVE);
        assert_eq!(ask(&app, "alice", "one too many").await.status, 429, "no right one freed the guesses");
        app.clock.advance(Seconds::hours(1));
        assert!(is_active(&app, "alice").await);
        assert_eq!(events(&app, &alice, SecurityEvent::SignedIn).await.len(), 2);
        assert_eq!(ask(&app, "alice", "wrong").await.body, INACTIVE);
        assert_eq!(ask(&app, "alice", "wrong").await.body, INACTIVE, "an hour later it is a sign-in like others");
    })
    .await;
}

#[actix_web::test]
async fn answers_about_unknown_and_wrong_leave_at_full_steps() {
    on_each_engine(async |app| {
        allow(&app).await;
        let mut whole = Vec::new();
        // Several of each: one alone could be as slow by chance.
        for name in ["alice", "nobody"].repeat(4) {
            let began = Instant::now();
            assert_eq!(ask(&app, name, "wrong").await.body, INACTIVE);
            whole.push(began.elapsed().as_millis());
        }
        assert!(whole.iter().all(|millis| *millis >= 25), "{whole:?}");
    })
    .await;
}

#[actix_web::test]
async fn a_question_is_whole_and_its_secrets_are_in_no_log() {
    on_each_engine(async |app| {
        allow(&app).await;
        for form in [
            &[("username", "alice")][..],
            &[("password", PASSWORD)],
            &[("username", "alice"), ("password", "")],
            &[("username", "alice"), ("username", "bob"), ("password", PASSWORD)],
            &[("username", "alice"), ("password", PASSWORD), ("password", PASSWORD)],
        ] {
            let page = ask_as(&app, API_CLIENT, form).await;
            assert_eq!((page.status.as_u16(), text(&page.json(), "error")), (400, "invalid_request"), "{form:?}");
        }
        assert!(is_active(&app, "alice").await);
        let client = ClientId::parse("notes-api").unwrap();
        let logged = async || store::protocol_log::last(&app.store, Whose::Client(&client), 100).await.unwrap();
        for _ in 0..100 {
            if logged().await.len() >= 6 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        let logged = format!("{:?}", logged().await);
        assert!(
            logged.contains("http_basic") && !logged.contains(PASSWORD) && !logged.contains("\"alice\""),
            "{logged}"
        );
    })
    .await;
}

#[actix_web::test]
async fn a_stranger_registers_no_client_that_may_ask() {
    let member = |metadata: Value| {
        let metadata: protocol::registration::ClientMetadata = serde_json::from_value(metadata).unwrap();
        let checked = metadata.check(ClientId::parse("x").unwrap(), Timestamp(0));
        checked.err().map(|problems| problems.iter().map(|problem| problem.member).collect::<Vec<_>>())
    };
    let with = |scope: &str, more: Value| {
        let mut metadata = json!({ "client_name": "X", "redirect_uris": ["https://x.example/cb"],
                                   "password_check_scope": scope });
        metadata.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        metadata
    };
    let refused = Some(vec!["password_check_scope"]);
    assert_eq!(member(with("notes:read", json!({}))), None);
    assert_eq!(member(with("", json!({}))), refused);
    assert_eq!(member(with("notes:read openid", json!({}))), refused);
    assert_eq!(member(with("notes:\"", json!({}))), refused);
    assert_eq!(member(with("notes:read", json!({ "token_endpoint_auth_method": "none" }))), refused);
    assert_eq!(member(with("notes:read", json!({ "minimum_acr": "2" }))), refused);
    assert!(protocol::registration::dynamic::OF_THE_ADMINISTRATOR.contains(&"password_check_scope"));
}
