//! Which browsers a person signed in with, and which of them are remembered.

use protocol::ids::KnownBrowserId;
use protocol::secret::TokenHash;
use protocol::time::Seconds;
use store::known_browsers::{self, KnownBrowser};
use store::{Store, StoreError, Won, sweep, users};

use crate::database::engines;
use crate::samples::{LATER, MUCH_LATER, NOW, user, user_id};

pub(crate) fn browser(id: &str, user: &str) -> KnownBrowser {
    KnownBrowser {
        id: KnownBrowserId::parse(id).expect("is an id"),
        secret_hash: TokenHash::of(id.as_bytes()),
        user_id: user_id(user),
        user_agent: "Mozilla/5.0 (\"ä\")".to_owned(),
        created_at: NOW,
        last_seen_at: NOW,
        remembered_until: None,
        expires_at: MUCH_LATER,
    }
}

async fn find(store: &Store, id: &str) -> Option<KnownBrowser> {
    known_browsers::find(store, &browser(id, "ada").id).await.expect("is readable")
}

async fn ids(store: &Store, user: &str) -> Vec<String> {
    let list = known_browsers::list(store, &user_id(user), 100).await.expect("is readable");
    list.iter().map(|browser| browser.id.to_string()).collect()
}

#[tokio::test]
async fn a_browser_is_kept_as_it_came_and_seen_again() {
    for database in engines() {
        let store = database.open().await;
        assert!(matches!(known_browsers::insert(&store, &browser("b1", "ada"), 19).await, Err(StoreError::Conflict)));
        users::insert(&store, &user("ada")).await.expect("is new");
        known_browsers::insert(&store, &browser("b1", "ada"), 19).await.expect("is new");
        assert_eq!(find(&store, "b1").await, Some(browser("b1", "ada")));
        let id = browser("b1", "ada").id;
        let end = MUCH_LATER + Seconds(1);
        assert_eq!(known_browsers::seen(&store, &id, "other", LATER, end).await.expect("is writable"), Won::Yes);
        let expected = KnownBrowser {
            user_agent: "other".to_owned(),
            last_seen_at: LATER,
            expires_at: end,
            ..browser("b1", "ada")
        };
        assert_eq!(find(&store, "b1").await, Some(expected));
        let nobody = browser("b2", "ada").id;
        assert_eq!(known_browsers::seen(&store, &nobody, "other", LATER, end).await.expect("is writable"), Won::No);
    }
}

#[tokio::test]
async fn of_too_many_those_go_that_were_not_seen_for_longest() {
    for database in engines() {
        let store = database.open().await;
        for id in ["ada", "bob"] {
            users::insert(&store, &user(id)).await.expect("is new");
        }
        known_browsers::insert(&store, &browser("of bob".replace(' ', "-").as_str(), "bob"), 3).await.expect("is new");
        for number in 0..6 {
            let at = NOW + Seconds(number);
            let new = KnownBrowser { last_seen_at: at, ..browser(&format!("b{number}"), "ada") };
            known_browsers::insert(&store, &new, 3).await.expect("is new");
        }
        assert_eq!(ids(&store, "ada").await, ["b5", "b4", "b3", "b2"]);
        assert_eq!(ids(&store, "bob").await, ["of-bob"]);
        // One that comes with an old date is not its own victim.
        known_browsers::insert(&store, &browser("b9", "ada"), 3).await.expect("is new");
        assert_eq!(ids(&store, "ada").await, ["b5", "b4", "b3", "b9"]);
    }
}

#[tokio::test]
async fn a_browser_is_remembered_for_its_own_person_and_until_its_time() {
    for database in engines() {
        let store = database.open().await;
        users::insert(&store, &user("ada")).await.expect("is new");
        let b1 = browser("b1", "ada");
        known_browsers::insert(&store, &b1, 19).await.expect("is new");
        let remember = async |user: &str, until| {
            known_browsers::remember(&store, &b1.id, &user_id(user), until).await.expect("is writable")
        };
        assert_eq!(remember("bob", Some(LATER)).await, Won::No);
        assert!(!find(&store, "b1").await.expect("exists").is_remembered(NOW));
        assert_eq!(remember("ada", Some(LATER)).await, Won::Yes);
        let kept = find(&store, "b1").await.expect("exists");
        assert!(kept.is_remembered(LATER - Seconds(1)) && !kept.is_remembered(LATER));
        known_browsers::remember_none(&store, &user_id("ada")).await.expect("is writable");
        assert_eq!(find(&store, "b1").await, Some(b1.clone()), "still known");
    }
}

#[tokio::test]
async fn a_browser_is_forgotten_by_its_person_or_with_them_all() {
    for database in engines() {
        let store = database.open().await;
        for id in ["ada", "bob"] {
            users::insert(&store, &user(id)).await.expect("is new");
        }
        for (id, user) in [("a1", "ada"), ("a2", "ada"), ("a3", "ada"), ("b1", "bob")] {
            known_browsers::insert(&store, &browser(id, user), 19).await.expect("is new");
        }
        let forget = async |id: &str, user: &str| {
            known_browsers::forget(&store, &browser(id, user).id, &user_id(user)).await.expect("is writable")
        };
        assert_eq!(forget("a1", "bob").await, Won::No);
        assert_eq!(forget("a1", "ada").await, Won::Yes);
        assert_eq!(ids(&store, "ada").await.len(), 2);
        let a2 = &browser("a2", "ada").id;
        let _won = known_browsers::remember(&store, a2, &user_id("ada"), Some(LATER)).await.expect("is writable");
        known_browsers::forget_others(&store, &user_id("ada"), Some(a2)).await.expect("is writable");
        assert_eq!(ids(&store, "ada").await, ["a2"]);
        assert!(!find(&store, "a2").await.expect("exists").is_remembered(NOW));
        known_browsers::forget_others(&store, &user_id("ada"), None).await.expect("is writable");
        assert!(ids(&store, "ada").await.is_empty());
        assert_eq!(ids(&store, "bob").await, ["b1"]);
        sweep::run_once(&store, MUCH_LATER, 100).await.expect("is writable");
        assert!(ids(&store, "bob").await.is_empty(), "swept");
    }
}
