//! `countersign user …`: people, their passwords, and who may not come in.

use std::path::Path;

use store::{Store, StoreOptions};
use testkit::browser::Browser;

use crate::house::{House, code, text};
use crate::support::{installation, run, run_with_input, succeed};

#[test]
fn a_person_is_added_listed_locked_out_and_let_in_again() {
    let directory = installation("");
    let at = directory.path();
    let added =
        succeed(at, &["user", "add", "alice", "--email", "alice@example.com", "--group", "staff", "--json"]).json();
    assert_eq!(added["username"], "alice");
    assert_eq!(added["password"].as_str().map(str::len), Some(22), "nobody was asked, so one was made");
    assert_eq!(run(at, &["user", "add", "ALICE"]).err.trim(), "somebody has that name or e-mail address already");

    succeed(at, &["user", "disable", "alice@example.com"]);
    assert!(succeed(at, &["user", "list"]).out.contains("disabled"));
    succeed(at, &["user", "enable", "Alice"]);
    let listed = succeed(at, &["user", "list", "--json"]).json();
    assert_eq!(listed.as_array().map(Vec::len), Some(1));
    assert!(listed[0].get("disabled_at").is_none() && listed[0].get("password").is_none());
    assert_eq!(run(at, &["user", "disable", "bob"]).code, 1);
}

#[test]
fn a_password_comes_from_standard_input_and_is_not_printed() {
    let directory = installation("");
    let at = directory.path();
    let added = run_with_input(at, &["user", "add", "bob", "--password-stdin"], "correct horse battery\n");
    assert_eq!((added.code, added.out.trim()), (0, "bob is created"));
    let changed = succeed(at, &["user", "password", "bob", "--generate", "--json"]).json();
    assert!(changed["password"].is_string());
    let short = run_with_input(at, &["user", "password", "bob", "--password-stdin"], "short\n");
    assert_eq!((short.code, short.err.trim()), (1, "the password needs at least 15 characters"));
    let own = run_with_input(at, &["user", "password", "bob", "--password-stdin"], "countersign-bob-1\n");
    assert_eq!(own.err.trim(), "the password is made of names that belong to the account or to this server");
    let weak = run_with_input(at, &["user", "password", "bob", "--password-stdin"], "Password\n");
    assert_eq!(
        weak.err.trim(),
        "the password needs at least 15 characters; the password is one of those that are tried first"
    );
}

#[test]
fn everything_that_discovery_announces_can_be_given() {
    let directory = installation("");
    let at = directory.path();
    let claims = r#"{"name":"A","nickname":"Al","birthdate":"1990-01-02","address":{"country":"FR"}}"#;
    std::fs::write(at.join("alice.json"), claims).expect("is written");
    let add = ["user", "add", "alice", "--name", "Alice", "--phone-number", "+33 1 55", "--claims", "alice.json"];
    succeed(at, &add);
    let listed = &succeed(at, &["user", "list", "--json"]).json()[0];
    assert_eq!((&listed["name"], &listed["nickname"]), (&"Alice".into(), &"Al".into()));
    assert_eq!((&listed["birthdate"], &listed["address"]["country"]), (&"1990-01-02".into(), &"FR".into()));
    assert_eq!(listed["phone_number"], "+33 1 55");

    std::fs::write(at.join("bob.json"), r#"{"shoe_size":"44"}"#).expect("is written");
    let unknown = run(at, &["user", "add", "bob", "--claims", "bob.json"]);
    assert_eq!(unknown.code, 1);
    assert!(unknown.err.starts_with("--claims: bob.json: unknown field `shoe_size`, expected one of"), "{unknown:?}");
    assert_eq!(run(at, &["user", "add", "bob", "--phone-number", "call me"]).code, 1);
    assert_eq!(succeed(at, &["user", "list", "--json"]).json().as_array().map(Vec::len), Some(1));
}

#[test]
fn names_that_could_be_taken_for_addresses_are_refused() {
    let directory = installation("");
    // The sign-up folds U+FF20 to @ and compares that; what nobody sees makes two names of one.
    let names = ["a@b", "a b", "bob\u{ff20}example.org", "bob\u{fe6b}example.org", "bob\u{200b}", "bo\u{ad}b"];
    for name in names {
        let refused = run(directory.path(), &["user", "add", name]);
        let reason = "a user name has letters, digits and ASCII punctuation, but no @, no space and nothing invisible";
        assert_eq!((refused.code, refused.err.trim()), (1, reason), "{name:?}");
    }
    assert_eq!(run(directory.path(), &["user", "add", "c", "--email", "none"]).code, 1);
    assert_eq!(succeed(directory.path(), &["user", "list", "--json"]).json().as_array().map(Vec::len), Some(0));
}

#[tokio::test]
async fn a_new_password_ends_sessions_and_grants() {
    let house = House::new();
    let browser = Browser::at(&house.issuer);
    let login = browser.open(&house.authorize_url()).await;
    let page = browser.submit(&login, &[("username", "alice"), ("password", &house.password)]).await;
    let consent = browser.follow(page).await;
    let first = code(&browser.submit(&consent, &[("decision", "allow")]).await);
    let tokens = house.redeem(&browser, &first).await;
    let (access, refresh) = (text(&tokens, "access_token"), text(&tokens, "refresh_token"));
    assert_eq!(house.userinfo(&browser, &access).await, 200);
    let unredeemed = code(&browser.get(&house.authorize_url()).await);

    let chosen = "a new and better password";
    let change = ["user", "password", "alice", "--password-stdin"];
    let changed = run_with_input(&house.path, &change, &format!("{chosen}\n"));
    assert_eq!((changed.code, changed.out.trim()), (0, "alice has a new password"));

    let refused = house.refresh(&browser, &refresh).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["error"]), (400, &"invalid_grant".into()));
    let refused = house.redeem(&browser, &unredeemed).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["error"]), (400, &"invalid_grant".into()));
    assert_eq!(house.userinfo(&browser, &access).await, 401);
    let login = browser.open(&house.authorize_url()).await;
    assert!(login.has_id("login-page"), "the old session has ended: {}", login.body);
    let old = browser.submit(&login, &[("username", "alice"), ("password", &house.password)]).await;
    let login = browser.follow(old).await;
    assert!(login.has_id("login-page"), "{}", login.body);
    let new = browser.submit(&login, &[("username", "alice"), ("password", chosen)]).await;
    assert!(!browser.follow(new).await.has_id("login-page"), "the new password opens");
}

#[tokio::test]
async fn a_password_that_an_administrator_knows_can_be_one_to_replace() {
    let house = House::new();
    let (first, next) = ("a password of the first day", "a password of the owner");
    let add = ["user", "add", "bob", "--must-change", "--password-stdin"];
    assert_eq!(run_with_input(&house.path, &add, &format!("{first}\n")).code, 0);
    let arrive = async |password: &str| {
        let browser = Browser::at(&house.issuer);
        let login = browser.open(&house.authorize_url()).await;
        let page = browser.submit(&login, &[("username", "bob"), ("password", password)]).await;
        let page = browser.follow(page).await;
        (browser, page)
    };
    let (browser, page) = arrive(first).await;
    assert!(page.has_id("new-password-page"), "{}", page.body);
    let done = browser.submit(&page, &[("new-password", next)]).await;
    assert!(browser.follow(done).await.has_id("consent-page"));
    assert!(arrive(next).await.1.has_id("consent-page"), "once is enough");
    let change = ["user", "password", "bob", "--must-change", "--password-stdin"];
    assert_eq!(run_with_input(&house.path, &change, &format!("{first}\n")).code, 0);
    assert!(arrive(first).await.1.has_id("new-password-page"));
}

#[test]
fn links_are_printed_once_and_say_how_long_they_are_good() {
    let directory = installation(
        "[accounts]\nsign_up = \"invite\"\n[mail]\ntransport = \"mailbox\"\nfrom = \"accounts@example.com\"\n",
    );
    let at = directory.path();
    succeed(at, &["user", "add", "alice", "--email", "alice@example.com"]);
    let reset = succeed(at, &["user", "reset-link", "ALICE", "--json"]).json();
    assert_eq!(reset["username"], "alice");
    assert!(reset["link"].as_str().is_some_and(|link| link.contains("/recover/")), "{reset}");
    assert_eq!(run(at, &["user", "reset-link", "bob"]).code, 1);
    succeed(at, &["user", "disable", "alice"]);
    assert!(run(at, &["user", "reset-link", "alice"]).err.contains("locked out"));

    let invited = succeed(at, &["user", "invite", "ada@bücher.example", "--json"]).json();
    assert_eq!(invited["email"], "ada@xn--bcher-kva.example");
    assert!(invited["link"].as_str().is_some_and(|link| link.contains("/signup/")), "{invited}");
    let sent = succeed(at, &["user", "invite", "ada@example.com", "--send", "--json"]).json();
    assert!(sent.get("link").is_none(), "only its recipient reads it: {sent}");
    assert!(succeed(at, &["mail", "log"]).out.contains("invite"));
    assert!(run(at, &["user", "invite", "Alice@Example.com"]).err.contains("already"));
    assert_eq!(run(at, &["user", "invite", "ada"]).err.trim(), "this is no e-mail address");

    let closed = installation("");
    assert!(run(closed.path(), &["user", "invite", "ada@example.com"]).err.contains("accounts.sign_up"));
    let off = installation("[accounts]\nsign_up = \"invite\"\n");
    assert_eq!(run(off.path(), &["user", "invite", "ada@example.com"]).code, 78, "it takes mail to sign up");
}

#[tokio::test]
async fn a_lost_factor_is_taken_away_and_its_owner_hears_of_it() {
    let directory = installation("[mail]\ntransport = \"mailbox\"\nfrom = \"accounts@example.com\"\n");
    let at = directory.path();
    succeed(at, &["user", "add", "ada", "--email", "ada@example.com", "--email-verified"]);
    for flags in [&[][..], &["--totp", "--passkeys"]] {
        let both = run(at, &[&["user", "remove-factor", "ada"], flags].concat());
        assert_ne!(both.code, 0, "{both:?}");
    }
    assert_eq!(run(at, &["user", "remove-factor", "ada", "--totp"]).err.trim(), "ada has no authenticator app");
    assert!(!succeed(at, &["mail", "log"]).out.contains("removed"), "nothing happened");

    let store = open_store(at).await;
    let ada = store::users::find_by_login(&store, "ada").await.expect("is readable").expect("exists");
    let passkey = store::passkeys::Passkey {
        id: "credential".to_owned(),
        user_id: ada.id.clone(),
        name: "Phone".to_owned(),
        credential: "{}".to_owned(),
        aaguid: None,
        created_at: ada.created_at,
        last_used_at: None,
        clone_seen_at: None,
    };
    let added = store::passkeys::add(&store, &passkey, 10).await.expect("is writable");
    assert_eq!(added, store::Won::Yes);
    let removed = succeed(at, &["user", "remove-factor", "ADA@example.com", "--passkeys", "--json"]).json();
    assert_eq!((&removed["username"], &removed["removed"]), (&"ada".into(), &"passkey".into()));
    assert!(succeed(at, &["mail", "log"]).out.contains("passkey_removed"));
    assert_eq!(store::users::factors(&store, &ada.id).await.expect("is readable").passkeys, 0);
    let log = store::security_events::of_user(&store, &ada.id, None, None, 10).await.expect("is readable");
    assert_eq!(log.len(), 1);
    assert_eq!(log[0].details["by"], "administrator");
    store.close().await;
}

#[tokio::test]
async fn the_owner_hears_of_a_password_that_an_administrator_set() {
    let directory = installation("[mail]\ntransport = \"mailbox\"\nfrom = \"accounts@example.com\"\n");
    let at = directory.path();
    succeed(at, &["user", "add", "ada", "--email", "ada@example.com", "--email-verified"]);
    succeed(at, &["user", "add", "bob", "--email", "bob@example.com"]);
    assert!(!succeed(at, &["mail", "log"]).out.contains("password"), "the first one is no news");
    let refused = run_with_input(at, &["user", "password", "ada", "--password-stdin"], "short\n");
    assert_eq!(refused.code, 1);
    assert!(!succeed(at, &["mail", "log"]).out.contains("password"), "nothing happened");

    for name in ["ada", "bob"] {
        let changed = succeed(at, &["user", "password", name, "--generate", "--must-change", "--json"]).json();
        assert!(changed["password"].is_string(), "{changed}");
    }
    let told = succeed(at, &["mail", "log"]).out;
    assert_eq!(told.matches("password_reset").count(), 1, "an address that is not proven may be a stranger's: {told}");
    let store = open_store(at).await;
    for name in ["ada", "bob"] {
        let user = store::users::find_by_login(&store, name).await.expect("is readable").expect("exists");
        let log = store::security_events::of_user(&store, &user.id, None, None, 10).await.expect("is readable");
        let log: Vec<_> = log.iter().map(|entry| (entry.kind.name(), entry.details["by"].as_str())).collect();
        assert_eq!(log, [("password_reset", Some("administrator"))], "{name}");
    }
    store.close().await;
}

async fn open_store(directory: &Path) -> Store {
    let url = format!("sqlite://{}", directory.join("countersign.db").display());
    Store::open(&url, StoreOptions { pool_size: 1 }).await.expect("opens")
}
