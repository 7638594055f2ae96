//! Password hashes: one per person, replaced in place.

use store::{StoreError, passwords, users};

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
