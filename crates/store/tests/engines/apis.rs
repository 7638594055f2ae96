//! APIs and their scopes; a scope tells its API.

use store::{StoreError, Won, apis, clients};

use crate::database::engines;
use crate::samples::{LATER, api, client, client_id};

#[tokio::test]
async fn an_api_comes_back_with_its_scopes_in_order() {
    for database in engines() {
        let store = database.open().await;
        let notes = api("https://notes.example", &["notes:write", "notes:read", "notes:admin"]);
        let bare = api("https://bare.example", &[]);
        apis::insert(&store, &notes).await.expect("is new");
        apis::insert(&store, &bare).await.expect("is new");
        assert_eq!(apis::find(&store, "https://notes.example").await.expect("is readable"), Some(notes.clone()));
        assert_eq!(apis::find(&store, "https://other.example").await.expect("is readable"), None);
        assert_eq!(apis::list(&store).await.expect("is readable"), [bare, notes]);
    }
}

#[tokio::test]
async fn a_scope_belongs_to_one_api() {
    for database in engines() {
        let store = database.open().await;
        apis::insert(&store, &api("https://a.example", &["read"])).await.expect("is new");
        for second in [api("https://b.example", &["write", "read"]), api("https://a.example", &[])] {
            let outcome = apis::insert(&store, &second).await;
            assert!(matches!(outcome, Err(StoreError::Conflict)), "{outcome:?}");
        }
        assert_eq!(apis::list(&store).await.expect("is readable").len(), 1, "half an API stayed");
        assert_eq!(apis::delete(&store, "https://a.example").await.expect("is writable"), Won::Yes);
        apis::insert(&store, &api("https://b.example", &["read"])).await.expect("the scope is free");
    }
}

#[tokio::test]
async fn one_client_may_introspect_the_tokens_of_an_api() {
    for database in engines() {
        let store = database.open().await;
        clients::insert(&store, &client("notes-api")).await.expect("is new");
        apis::insert(&store, &api("https://a.example", &[])).await.expect("is new");
        let resource_server = client_id("notes-api");
        let served = || async { apis::served_by(&store, &resource_server).await.expect("is readable") };
        assert_eq!(served().await, Vec::<String>::new());
        assert_eq!(
            apis::set_resource_server(&store, "https://a.example", Some(&resource_server)).await.expect("is writable"),
            Won::Yes
        );
        assert_eq!(served().await, ["https://a.example"]);
        let stranger = apis::set_resource_server(&store, "https://a.example", Some(&client_id("nobody"))).await;
        assert!(matches!(stranger, Err(StoreError::Conflict)), "{stranger:?}");
        assert_eq!(clients::delete(&store, &resource_server, LATER).await.expect("is writable"), Won::Yes);
        assert_eq!(served().await, Vec::<String>::new());
        assert!(apis::find(&store, "https://a.example").await.expect("is readable").is_some());
    }
}
