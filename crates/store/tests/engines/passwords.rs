//! Password hashes: one per person, replaced in place.

use store::{StoreError, Won, passwords, users};

use crate::database::engines;
use crate::samples::{LATER, NOW, user, user_id};

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
