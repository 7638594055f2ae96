//! Waiting requests: they gather what a person did and are answered once.

use protocol::time::Seconds;
use store::interactions::{self, Interaction};
use store::{StoreError, Won};

use crate::database::engines;
use crate::samples::{LATER, NOW, interaction, session_id};

#[tokio::test]
async fn an_interaction_gathers_what_the_person_did() {
    for database in engines() {
        let store = database.open().await;
        let begun = interaction("i1");
        interactions::insert(&store, &begun).await.expect("is new");
        assert_eq!(interactions::find(&store, &begun.id).await.expect("is readable"), Some(begun.clone()));
        assert!(matches!(interactions::insert(&store, &begun).await, Err(StoreError::Conflict)));

        let at = |seconds| NOW + Seconds(seconds);
        assert_eq!(
            interactions::mark_login(&store, &begun.id, &session_id("s1"), at(1)).await.expect("lives"),
            Won::Yes
        );
        assert_eq!(interactions::mark_account_selected(&store, &begun.id, at(2)).await.expect("lives"), Won::Yes);
        assert_eq!(interactions::mark_consented(&store, &begun.id, at(3)).await.expect("lives"), Won::Yes);
        let expected = Interaction {
            login_at: Some(at(1)),
            session_id: Some(session_id("s1")),
            account_selected_at: Some(at(2)),
            consented_at: Some(at(3)),
            ..begun.clone()
        };
        assert_eq!(interactions::find(&store, &begun.id).await.expect("is readable"), Some(expected));
    }
}

#[tokio::test]
async fn an_expired_interaction_gathers_nothing() {
    for database in engines() {
        let store = database.open().await;
        let short = Interaction { expires_at: LATER, ..interaction("i1") };
        interactions::insert(&store, &short).await.expect("is new");
        assert_eq!(
            interactions::mark_login(&store, &short.id, &session_id("s1"), LATER).await.expect("is no error"),
            Won::No
        );
        assert_eq!(interactions::mark_account_selected(&store, &short.id, LATER).await.expect("is no error"), Won::No);
        assert_eq!(interactions::mark_consented(&store, &short.id, LATER).await.expect("is no error"), Won::No);
        assert_eq!(interactions::find(&store, &short.id).await.expect("is readable"), Some(short));
    }
}

#[tokio::test]
async fn an_interaction_is_finished_once() {
    for database in engines() {
        let store = database.open().await;
        let begun = interaction("i1");
        interactions::insert(&store, &begun).await.expect("is new");
        assert_eq!(interactions::finish(&store, &begun.id).await.expect("is writable"), Won::Yes);
        assert_eq!(interactions::finish(&store, &begun.id).await.expect("is writable"), Won::No);
        assert_eq!(interactions::find(&store, &begun.id).await.expect("is readable"), None);
    }
}
