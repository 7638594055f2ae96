//! Password hashes: one per person, replaced in place.

use protocol::action_token::Purpose;
use protocol::grant::state::EndReason;
use protocol::ids::KnownBrowserId;
use protocol::login::ResetBy;
use store::action_tokens::{self, ActionToken};
use store::passwords::{Access, How, NewPassword};
use store::{Store, StoreError, Won, grants, known_browsers, passwords, sessions, users};

use crate::action_tokens::{action_token, id};
use crate::database::engines;
use crate::known_browsers::browser;
use crate::samples::{LATER, NOW, grant_id, redeemed_grant, session, session_id, user, user_id};

#[tokio::test]
async fn a_password_is_replaced_by_the_next() {
    for database in engines() {
        let store = database.open().await;
        users::insert(&store, &user("ada")).await.expect("is new");
        assert_eq!(passwords::find(&store, &user_id("ada")).await.expect("is readable"), None);
        for (phc, now) in [("$argon2id$first", NOW), ("$argon2id$second", LATER)] {
            passwords::set(&store, &user_id("ada"), phc, now).await.expect("is writable");
            assert_eq!(passwords::find(&store, &user_id("ada")).await.expect("is readable").as_deref(), Some(phc));
        }
    }
}

#[tokio::test]
async fn a_password_belongs_to_a_person() {
    for database in engines() {
        let store = database.open().await;
        let outcome = passwords::set(&store, &user_id("nobody"), "$argon2id$", NOW).await;
        assert!(matches!(outcome, Err(StoreError::Conflict)), "{outcome:?}");
    }
}

#[tokio::test]
async fn another_hash_of_the_same_password_takes_the_place_of_the_old_one_once() {
    for database in engines() {
        let store = database.open().await;
        users::insert_with_password(&store, &user("ada"), "$2b$old", NOW).await.expect("is new");
        let replace = async |old: &str, new: &str| passwords::replace_hash(&store, &user_id("ada"), old, new).await;
        assert_eq!(replace("$2b$other", "$argon2id$0").await.expect("is writable"), Won::No, "changed meanwhile");
        assert_eq!(replace("$2b$old", "$argon2id$1").await.expect("is writable"), Won::Yes);
        assert_eq!(replace("$2b$old", "$argon2id$2").await.expect("is writable"), Won::No, "somebody was faster");
        let stored = passwords::find(&store, &user_id("ada")).await.expect("is readable");
        assert_eq!(stored.as_deref(), Some("$argon2id$1"));
        let changed_at = passwords::changed_at(&store, &user_id("ada")).await.expect("is readable");
        assert_eq!(changed_at, Some(NOW), "the password is the same");
    }
}

#[tokio::test]
async fn a_person_and_their_password_come_together_or_not_at_all() {
    for database in engines() {
        let store = database.open().await;
        users::insert_with_password(&store, &user("ada"), "$argon2id$1", NOW).await.expect("is new");
        let again = users::insert_with_password(&store, &user("ada"), "$argon2id$2", LATER).await;
        assert!(matches!(again, Err(StoreError::Conflict)), "{again:?}");
        let stored = passwords::find(&store, &user_id("ada")).await.expect("is readable");
        assert_eq!(stored.as_deref(), Some("$argon2id$1"));
    }
}

/// Ada, signed in twice, with an app that may do things in her absence, two browsers that are remembered and two links under way.
async fn ada(store: &Store) {
    users::insert_with_password(store, &user("ada"), "$argon2id$old", NOW).await.expect("is new");
    for id in ["here", "there"] {
        let _won = sessions::insert(store, &session(id, "ada"), None).await.expect("is new");
        known_browsers::insert(store, &browser(id, "ada"), 19).await.expect("is new");
        let browser = KnownBrowserId::parse(id).expect("is an id");
        let remembered = known_browsers::remember(store, &browser, &user_id("ada"), Some(LATER)).await;
        assert_eq!(remembered.expect("is writable"), Won::Yes);
    }
    grants::insert(store, &redeemed_grant("g1")).await.expect("is new");
    for (name, purpose) in [("recover", Purpose::Recover), ("cancel", Purpose::CancelDeletion)] {
        let token = ActionToken { purpose, ..action_token(name) };
        action_tokens::insert(store, &token).await.expect("is new");
    }
}

/// What is left after a replacement: sessions, browsers that are known and that are remembered, why the grant ended, links.
async fn left(store: &Store, how: How<'_>) -> (Vec<String>, Vec<String>, usize, Option<EndReason>, Vec<&'static str>) {
    let new = NewPassword { phc: "$argon2id$new".to_owned(), needs_second_factor: false };
    passwords::replace(store, &user_id("ada"), &new, how, NOW).await.expect("is writable");
    let sessions = sessions::living_of_user(store, &user_id("ada"), NOW).await.expect("is readable");
    let mut known = known_browsers::list(store, &user_id("ada"), 20).await.expect("is readable");
    known.sort_by(|one, other| one.id.cmp(&other.id));
    let grant = grants::find(store, &grant_id("g1")).await.expect("is readable").expect("exists");
    let mut links = Vec::new();
    for name in ["recover", "cancel"] {
        let token = action_tokens::find(store, &id(name)).await.expect("is readable").expect("exists");
        links.extend(token.used_at.is_none().then_some(name));
    }
    (
        sessions.iter().map(|session| session.id.to_string()).collect(),
        known.iter().map(|browser| browser.id.to_string()).collect(),
        known.iter().filter(|browser| browser.is_remembered(NOW)).count(),
        grant.end_reason,
        links,
    )
}

#[tokio::test]
async fn what_ends_with_a_password_depends_on_how_it_was_replaced() {
    let (here, ended) = (session_id("here"), Some(EndReason::PasswordChanged));
    let browser = KnownBrowserId::parse("here").expect("is an id");
    let texts = |all: &[&str]| all.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let both = texts(&["here", "there"]);
    let cases = [
        (How::Changed { session: &here, access: Access::Ends }, texts(&["here"]), both.clone(), ended, None),
        (How::Changed { session: &here, access: Access::GoesOn }, texts(&["here"]), both.clone(), None, None),
        (How::Forced, texts(&[]), both, ended, None),
        (
            How::Reset { by: ResetBy::Email, browser: Some(&browser) },
            texts(&[]),
            texts(&["here"]),
            ended,
            Some(ResetBy::Email),
        ),
        (
            How::Reset { by: ResetBy::RecoveryCode, browser: None },
            texts(&[]),
            texts(&[]),
            ended,
            Some(ResetBy::RecoveryCode),
        ),
    ];
    for (how, sessions, known, grant, reset_by) in cases {
        for database in engines() {
            let store = database.open().await;
            ada(&store).await;
            let expected = (sessions.clone(), known.clone(), 0, grant, vec!["cancel"]);
            assert_eq!(left(&store, how).await, expected, "{how:?}");
            let factors = users::factors(&store, &user_id("ada")).await.expect("is readable");
            assert_eq!(factors.reset_by, reset_by);
            // The same password under another hash came from where it came from; a new one of its owner did not.
            let rehashed = passwords::replace_hash(&store, &user_id("ada"), "$argon2id$new", "$argon2id$newer").await;
            assert_eq!(rehashed.expect("is writable"), Won::Yes);
            let factors = users::factors(&store, &user_id("ada")).await.expect("is readable");
            assert_eq!(factors.reset_by, reset_by);
            left(&store, How::Forced).await;
            let factors = users::factors(&store, &user_id("ada")).await.expect("is readable");
            assert_eq!(factors.reset_by, None);
        }
    }
}
