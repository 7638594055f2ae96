//! The outbox of back-channel logout: filled by the end of a session, leased by one at a time, settled once.

use protocol::client::Client;
use protocol::ids::ClientId;
use protocol::logout::backchannel::{DeliveryState, Next};
use protocol::time::{Seconds, Timestamp};
use store::logout_deliveries::{self, Delivery};
use store::session_clients::{self, SessionClient};
use store::{Store, Won, clients, sessions, users};

use crate::database::engines;
use crate::samples::{LATER, NOW, client, client_id, session, session_id, sign_in, user_id};

const LEASE: Seconds = Seconds(60);

/// Sessions `s1` and `s2` of ada and `s3` of bob, each signed in to `front` (no back channel), `told` and `too`.
async fn fill(store: &Store) {
    for id in ["told", "too"] {
        clients::insert(store, &client(id)).await.expect("is new");
    }
    clients::insert(store, &Client { backchannel_logout: None, ..client("front") }).await.expect("is new");
    for (id, person) in [("s1", "ada"), ("s2", "ada"), ("s3", "bob")] {
        sign_in(store, &session(id, person)).await;
        for client in ["front", "told", "too"] {
            let entry = SessionClient {
                session_id: session_id(id),
                client_id: client_id(client),
                signed_in_at: NOW,
                expires_at: NOW + Seconds::days(1),
            };
            assert_eq!(session_clients::sign_in(store, &entry, None).await.expect("is writable"), Won::Yes);
        }
    }
}

async fn of(store: &Store, client: &str) -> Vec<Delivery> {
    logout_deliveries::of_client(store, &client_id(client), 100).await.expect("is readable")
}

async fn sessions_of(store: &Store, client: &str) -> Vec<String> {
    let mut ids: Vec<_> = of(store, client).await.iter().map(|delivery| delivery.session_id.to_string()).collect();
    ids.sort();
    ids
}

async fn due(store: &Store, client: &str, now: Timestamp) -> Vec<Delivery> {
    logout_deliveries::due(store, &client_id(client), now, 100).await.expect("is readable")
}

async fn end(store: &Store, session: &str, now: Timestamp) {
    let _won = sessions::end(store, &session_id(session), now).await.expect("is writable");
}

#[tokio::test]
async fn the_end_of_a_session_fills_the_outbox_once() {
    for database in engines() {
        let store = database.open().await;
        fill(&store).await;
        assert_eq!(of(&store, "told").await, []);
        end(&store, "s1", LATER).await;
        end(&store, "s1", LATER + Seconds(5)).await;
        let expected = Delivery {
            session_id: session_id("s1"),
            client_id: client_id("told"),
            user_id: user_id("ada"),
            state: DeliveryState::Waiting,
            tries: 0,
            created_at: LATER,
            due_at: Some(LATER),
            tried_at: None,
            last_error: None,
        };
        assert_eq!(of(&store, "told").await, [expected]);
        assert_eq!(sessions_of(&store, "too").await, ["s1"]);
        assert_eq!(of(&store, "front").await, [], "it registered nothing for the back channel");
    }
}

#[tokio::test]
async fn signing_out_everywhere_tells_the_clients_of_all_sessions_that_it_ends() {
    for database in engines() {
        let store = database.open().await;
        fill(&store).await;
        end(&store, "s1", LATER).await;
        assert_eq!(sessions::end_all_of_user(&store, &user_id("ada"), LATER).await.expect("is writable"), 1);
        assert_eq!(sessions_of(&store, "told").await, ["s1", "s2"]);
        assert_eq!(sessions_of(&store, "too").await, ["s1", "s2"]);
    }
}

#[tokio::test]
async fn disabling_a_person_tells_the_clients() {
    for database in engines() {
        let store = database.open().await;
        fill(&store).await;
        assert_eq!(users::disable(&store, &user_id("bob"), LATER).await.expect("is writable"), Won::Yes);
        assert_eq!(users::disable(&store, &user_id("bob"), LATER).await.expect("is writable"), Won::No);
        assert_eq!(sessions_of(&store, "told").await, ["s3"]);
    }
}

#[tokio::test]
async fn a_client_that_is_disabled_or_gone_is_told_nothing() {
    for database in engines() {
        let store = database.open().await;
        fill(&store).await;
        let _won = clients::disable(&store, &client_id("told"), NOW).await.expect("is writable");
        let _won = clients::delete(&store, &client_id("too"), NOW).await.expect("is writable");
        end(&store, "s1", LATER).await;
        assert_eq!((of(&store, "told").await, of(&store, "too").await), (vec![], vec![]));
    }
}

#[tokio::test]
async fn waiting_clients_are_found_one_after_another() {
    for database in engines() {
        let store = database.open().await;
        fill(&store).await;
        end(&store, "s1", LATER).await;
        end(&store, "s2", LATER + Seconds(5)).await;
        let next =
            async |after: Option<&ClientId>| logout_deliveries::next_client(&store, after).await.expect("is readable");
        assert_eq!(next(None).await, Some((client_id("told"), LATER)));
        assert_eq!(next(Some(&client_id("told"))).await, Some((client_id("too"), LATER)));
        assert_eq!(next(Some(&client_id("too"))).await, None);
        for delivery in due(&store, "told", LATER + Seconds(5)).await {
            let _won = logout_deliveries::lease(&store, &delivery, LATER + Seconds(5), LATER + LEASE).await;
            let settled = Next::Settled(DeliveryState::Delivered);
            let settled = logout_deliveries::settle(&store, &delivery, 1, settled, None).await;
            assert_eq!(settled.expect("is writable"), Won::Yes);
        }
        assert_eq!(next(None).await, Some((client_id("too"), LATER)), "nothing waits for the first any more");
    }
}

#[tokio::test]
async fn of_many_servers_one_gets_the_lease() {
    for database in engines() {
        let store = database.open().await;
        fill(&store).await;
        end(&store, "s1", LATER).await;
        let [delivery] = &due(&store, "told", LATER).await[..] else { panic!("one is due") };
        let mut won = 0;
        let tasks: Vec<_> = (0..16)
            .map(|_| {
                let (store, delivery) = (store.clone(), delivery.clone());
                tokio::spawn(async move { logout_deliveries::lease(&store, &delivery, LATER, LATER + LEASE).await })
            })
            .collect();
        for task in tasks {
            won += usize::from(task.await.expect("runs to its end").expect("is writable") == Won::Yes);
        }
        assert_eq!(won, 1);
        assert_eq!(due(&store, "told", LATER).await, [], "it is on its way");
        let [again] = &due(&store, "told", LATER + LEASE).await[..] else { panic!("the lease is over") };
        assert_eq!((again.tries, again.tried_at), (1, Some(LATER)));
        let late = logout_deliveries::lease(&store, delivery, LATER + LEASE, LATER + LEASE + LEASE).await;
        assert_eq!(late.expect("is writable"), Won::No, "somebody read it before the first try");
    }
}

#[tokio::test]
async fn only_the_try_that_was_leased_is_settled_and_only_once() {
    for database in engines() {
        let store = database.open().await;
        fill(&store).await;
        end(&store, "s1", LATER).await;
        let [delivery] = &due(&store, "told", LATER).await[..] else { panic!("one is due") };
        let lease = async |delivery: &Delivery, now| {
            logout_deliveries::lease(&store, delivery, now, now + LEASE).await.expect("is writable")
        };
        let settle = async |tries, next, error: Option<&str>| {
            logout_deliveries::settle(&store, delivery, tries, next, error).await.expect("is writable")
        };
        assert_eq!(lease(delivery, LATER).await, Won::Yes);
        let again = LATER + Seconds(5);
        assert_eq!(settle(0, Next::Again(again), None).await, Won::No);
        assert_eq!(settle(1, Next::Again(again), Some("status 500")).await, Won::Yes);
        let [second] = &due(&store, "told", again).await[..] else { panic!("it is due again") };
        assert_eq!((second.state, second.last_error.as_deref()), (DeliveryState::Waiting, Some("status 500")));
        assert_eq!(lease(second, again).await, Won::Yes);
        assert_eq!(settle(1, Next::Settled(DeliveryState::GivenUp), None).await, Won::No, "the first try is history");
        assert_eq!(settle(2, Next::Settled(DeliveryState::Delivered), None).await, Won::Yes);
        assert_eq!(settle(2, Next::Settled(DeliveryState::GivenUp), None).await, Won::No);
        let [settled] = &of(&store, "told").await[..] else { panic!("it is kept") };
        assert_eq!((settled.state, settled.tries, settled.due_at), (DeliveryState::Delivered, 2, None));
        assert_eq!(settled.last_error, None);
        assert_eq!(due(&store, "told", LATER + Seconds::days(2)).await, []);
    }
}
