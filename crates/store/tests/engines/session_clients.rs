//! Which clients a session signed in to: remembered with the grant, and only while the session lives.

use protocol::client::Client;
use protocol::time::Seconds;
use store::session_clients::{self, FrontchannelClient, SessionClient};
use store::sessions::Session;
use store::{Store, StoreError, Won, grants, sessions, sweep};

use crate::database::{TestDatabase, engines};
use crate::samples::{LATER, NOW, client, client_id, grant, grant_id, session, session_id, sign_in};

fn entry(client: &str) -> SessionClient {
    SessionClient {
        session_id: session_id("s1"),
        client_id: client_id(client),
        signed_in_at: NOW,
        expires_at: NOW + Seconds::days(1),
    }
}

/// The session `s1` of ada, and the clients `a`, `b` and `c`.
async fn open(database: &TestDatabase) -> Store {
    let store = database.open().await;
    sign_in(&store, &session("s1", "ada")).await;
    for id in ["a", "b", "c"] {
        store::clients::insert(&store, &Client { expires_unused_at: None, ..client(id) }).await.expect("is new");
    }
    store
}

async fn clients(store: &Store) -> Vec<String> {
    let found = session_clients::frontchannel(store, &session_id("s1"), 100).await.expect("is readable");
    found.iter().map(|client| client.client_id.to_string()).collect()
}

#[tokio::test]
async fn each_client_of_a_session_is_remembered_once() {
    for database in engines() {
        let store = open(&database).await;
        sign_in(&store, &session("s2", "ada")).await;
        for (client, at) in [("b", NOW), ("a", NOW + Seconds(1)), ("c", NOW + Seconds(2)), ("b", NOW + Seconds(3))] {
            let entry = SessionClient { signed_in_at: at, ..entry(client) };
            assert_eq!(session_clients::sign_in(&store, &entry, None).await.expect("is writable"), Won::Yes);
        }
        assert_eq!(clients(&store).await, ["b", "c", "a"], "the latest sign-in first");
        let latest = session_clients::frontchannel(&store, &session_id("s1"), 1).await.expect("is readable");
        let (client_id, frontchannel_logout_uri) = (client_id("b"), "https://b.example/front".to_owned());
        assert_eq!(latest, [FrontchannelClient { client_id, frontchannel_logout_uri }]);
        let other = session_clients::frontchannel(&store, &session_id("s2"), 100).await;
        assert_eq!(other.expect("is readable"), []);
    }
}

#[tokio::test]
async fn who_is_disabled_or_has_no_page_is_not_loaded() {
    for database in engines() {
        let store = open(&database).await;
        for client in ["a", "b", "c"] {
            assert_eq!(session_clients::sign_in(&store, &entry(client), None).await.expect("is writable"), Won::Yes);
        }
        let won = store::clients::disable(&store, &client_id("a"), LATER).await.expect("is writable");
        assert_eq!(won, Won::Yes);
        let changed = Client { frontchannel_logout: None, ..client("b") };
        assert_eq!(store::clients::update(&store, &changed).await.expect("is writable"), Won::Yes);
        assert_eq!(clients(&store).await, ["c"]);
    }
}

#[tokio::test]
async fn an_ended_session_signs_in_to_nothing() {
    for database in engines() {
        let store = open(&database).await;
        let won = session_clients::sign_in(&store, &entry("a"), Some(&grant("g1"))).await.expect("is writable");
        assert_eq!(won, Won::Yes);
        assert!(grants::find(&store, &grant_id("g1")).await.expect("is readable").is_some());
        let _first = sessions::end(&store, &session_id("s1"), LATER).await.expect("is writable");
        let lost = session_clients::sign_in(&store, &entry("b"), Some(&grant("g2"))).await.expect("is writable");
        assert_eq!(lost, Won::No);
        assert!(grants::find(&store, &grant_id("g2")).await.expect("is readable").is_none());
        assert_eq!(clients(&store).await, ["a"], "those of before are still known");
        let ended = sessions::find(&store, &session_id("s1")).await.expect("is readable").expect("exists");
        assert_eq!(ended.ended_at, Some(LATER));
    }
}

#[tokio::test]
async fn a_grant_that_cannot_be_written_leaves_no_trace() {
    for database in engines() {
        let store = open(&database).await;
        grants::insert(&store, &grant("g1")).await.expect("is new");
        let twice = session_clients::sign_in(&store, &entry("a"), Some(&grant("g1"))).await;
        assert!(matches!(twice, Err(StoreError::Conflict)), "{twice:?}");
        assert_eq!(clients(&store).await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_session_that_goes_on_keeps_its_clients() {
    for database in engines() {
        let store = open(&database).await;
        let before = session("s1", "ada");
        assert_eq!(session_clients::sign_in(&store, &entry("a"), None).await.expect("is writable"), Won::Yes);
        let renewed = Session { auth_time: LATER, expires_at: NOW + Seconds::days(9), ..before.clone() };
        let won = sessions::renew(&store, &renewed, &before.secret_hash, None).await.expect("is writable");
        assert_eq!(won, Won::Yes);
        sweep::run_once(&store, NOW + Seconds::days(8), 100).await.expect("is writable");
        assert_eq!(clients(&store).await, ["a"]);
        sweep::run_once(&store, NOW + Seconds::days(9), 100).await.expect("is writable");
        assert_eq!(clients(&store).await, Vec::<String>::new());
    }
}

/// Whichever comes first: a client that was signed in to hears of the end.
#[tokio::test]
async fn a_sign_in_beside_the_end_is_either_refused_or_told() {
    for database in engines() {
        let store = database.open().await;
        store::clients::insert(&store, &client("a")).await.expect("is new");
        for round in 0..40 {
            let id = session_id(&format!("r{round}"));
            sign_in(&store, &session(id.as_str(), "ada")).await;
            let entry = SessionClient { session_id: id.clone(), ..entry("a") };
            let (signed_in, ended) =
                tokio::join!(session_clients::sign_in(&store, &entry, None), sessions::end(&store, &id, LATER));
            assert_eq!(ended.expect("is writable"), Won::Yes);
            let deliveries = store::logout_deliveries::of_client(&store, &client_id("a"), 100).await;
            let told = deliveries.expect("is readable").iter().any(|delivery| delivery.session_id == id);
            assert_eq!(signed_in.expect("is writable") == Won::Yes, told, "round {round}");
        }
    }
}
