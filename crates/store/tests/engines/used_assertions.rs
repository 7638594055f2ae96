//! Client assertions that are good for one use.

use store::{Won, used_assertions};

use crate::database::engines;
use crate::samples::{LATER, client_id};

#[tokio::test]
async fn an_assertion_is_spent_once_per_client() {
    for database in engines() {
        let store = database.open().await;
        let spend = |client: &'static str, jti: &'static str| {
            let store = store.clone();
            async move { used_assertions::spend(&store, &client_id(client), jti, LATER).await.expect("is writable") }
        };
        assert_eq!(spend("app", "a 1").await, Won::Yes);
        assert_eq!(spend("app", "a 1").await, Won::No);
        assert_eq!(spend("app", "a 2").await, Won::Yes);
        assert_eq!(spend("other", "a 1").await, Won::Yes);
    }
}
