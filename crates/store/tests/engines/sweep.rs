//! The sweep takes what expired and leaves the rest, a batch at a time.

use protocol::client::Client;
use protocol::grant::state::Grant;
use protocol::ids::{SecurityEventId, TokenId};
use protocol::secret::TokenHash;
use protocol::security_event::SecurityEvent;
use protocol::time::{Seconds, Timestamp};
use store::interactions::Interaction;
use store::security_events::Entry;
use store::session_clients::SessionClient;
use store::sessions::{Origin, Session};
use store::{
    Store, Won, clients, consents, grants, interactions, logout_deliveries, revoked_tokens, security_events,
    session_clients, sessions, sweep, used_assertions, users,
};

use crate::database::engines;
use crate::samples::{
    LATER, MUCH_LATER, NOW, client, client_id, grant, grant_id, interaction, redeemed_grant, scope, session,
    session_id, sign_in, user, user_id,
};

/// One row in every swept table that expires at `LATER`, and one that does not.
async fn fill(store: &Store) {
    for (id, expires_at) in [("old", LATER), ("young", MUCH_LATER)] {
        grants::insert(store, &Grant { expires_at, ..redeemed_grant(id) }).await.expect("is new");
        sign_in(store, &Session { expires_at, ..session(id, "ada") }).await;
        // For a day an expired one can still say where it would have led.
        let interaction = Interaction { expires_at: expires_at - Seconds::days(1), ..interaction(id) };
        interactions::insert(store, &interaction).await.expect("is new");
        let entry =
            SessionClient { session_id: session_id(id), client_id: client_id("app"), signed_in_at: NOW, expires_at };
        assert_eq!(session_clients::sign_in(store, &entry, None).await.expect("is writable"), Won::Yes);
        let jti = TokenId::parse(id).expect("is an id");
        revoked_tokens::insert(store, &jti, expires_at).await.expect("is new");
        assert_eq!(used_assertions::spend(store, &client_id("app"), id, expires_at).await.expect("is new"), Won::Yes);
    }
    clients::insert(store, &Client { expires_unused_at: None, ..client("app") }).await.expect("is new");
    // An expired secret stays for a week.
    let long_ago = Timestamp(LATER.0 - 604_800);
    for (secret, expires_at) in [("old", Some(long_ago)), ("young", Some(LATER)), ("forever", None)] {
        let hash = TokenHash::of(secret.as_bytes());
        clients::add_secret(store, &client_id("app"), &hash, NOW, expires_at).await.expect("is new");
    }
}

#[tokio::test]
async fn what_expired_goes_and_the_rest_stays() {
    for database in engines() {
        let store = database.open().await;
        fill(&store).await;
        assert_eq!(sweep::run_once(&store, NOW, 100).await.expect("is writable"), 0);
        assert_eq!(sweep::run_once(&store, LATER, 100).await.expect("is writable"), 7);
        assert_eq!(sweep::run_once(&store, LATER, 100).await.expect("is writable"), 0);

        for (id, stays) in [("old", false), ("young", true)] {
            assert_eq!(grants::find(&store, &grant_id(id)).await.expect("is readable").is_some(), stays);
            assert_eq!(sessions::find(&store, &session_id(id)).await.expect("is readable").is_some(), stays);
            assert_eq!(interactions::find(&store, &interaction(id).id).await.expect("is readable").is_some(), stays);
            let of_session = session_clients::frontchannel(&store, &session_id(id), 1).await.expect("is readable");
            assert_eq!(!of_session.is_empty(), stays);
            let jti = TokenId::parse(id).expect("is an id");
            assert_eq!(revoked_tokens::is_revoked(&store, &jti).await.expect("is readable"), stays);
            let again = used_assertions::spend(&store, &client_id("app"), id, MUCH_LATER).await.expect("is writable");
            assert_eq!(again == Won::No, stays);
        }
        let app = client_id("app");
        let expired = clients::expired_secrets(&store, &app, LATER).await.expect("is readable");
        assert_eq!(expired, [(TokenHash::of(b"young"), LATER)]);
        assert_eq!(clients::live_secrets(&store, &app, LATER).await.expect("is readable").len(), 1);
    }
}

#[tokio::test]
async fn a_sweep_takes_a_batch_at_a_time() {
    for database in engines() {
        let store = database.open().await;
        for number in 0..7 {
            grants::insert(&store, &Grant { expires_at: LATER, ..grant(&format!("g{number}")) }).await.expect("is new");
        }
        let mut batches = Vec::new();
        for _ in 0..4 {
            batches.push(sweep::run_once(&store, LATER, 3).await.expect("is writable"));
        }
        assert_eq!(batches, [3, 3, 1, 0]);
    }
}

#[tokio::test]
async fn settled_logouts_can_be_looked_at_for_a_week() {
    for database in engines() {
        let store = database.open().await;
        clients::insert(&store, &client("told")).await.expect("is new");
        sign_in(&store, &Session { expires_at: MUCH_LATER, ..session("s1", "ada") }).await;
        let entry = SessionClient {
            session_id: session_id("s1"),
            client_id: client_id("told"),
            signed_in_at: NOW,
            expires_at: MUCH_LATER,
        };
        assert_eq!(session_clients::sign_in(&store, &entry, None).await.expect("is writable"), Won::Yes);
        assert_eq!(sessions::end(&store, &session_id("s1"), NOW).await.expect("is writable"), Won::Yes);
        for (days, left) in [(6, 1), (7, 0)] {
            sweep::run_once(&store, NOW + Seconds::days(days), 100).await.expect("is writable");
            let deliveries = logout_deliveries::of_client(&store, &client_id("told"), 10).await;
            assert_eq!(deliveries.expect("is readable").len(), left, "after {days} days");
        }
    }
}

/// They all expire in the same second, more of them than a batch takes.
#[tokio::test]
async fn an_unused_client_goes_with_all_it_had_however_many_there_are() {
    for database in engines() {
        let store = database.open().await;
        let ids = ["a", "b", "c", "d", "e"].map(client_id);
        for id in &ids {
            let unused = Client { expires_unused_at: Some(LATER), ..client(id.as_str()) };
            clients::insert(&store, &unused).await.expect("is new");
            consents::remember(&store, &user_id("ada"), id, &scope("openid"), NOW).await.expect("is writable");
        }
        for (batch, left) in [(2, 3), (2, 1), (2, 0)] {
            sweep::run_once(&store, LATER, batch).await.expect("is writable");
            let (mut living, mut consented) = (0, 0);
            for id in &ids {
                living += usize::from(clients::find(&store, id).await.expect("is readable").is_some());
                let consent = consents::find(&store, &user_id("ada"), id).await.expect("is readable");
                consented += usize::from(consent.is_some());
            }
            assert_eq!((living, consented), (left, left));
        }
    }
}

#[tokio::test]
async fn where_somebody_was_is_forgotten_after_30_days_and_what_they_did_is_not() {
    for database in engines() {
        let store = database.open().await;
        users::insert(&store, &user("ada")).await.expect("is new");
        for (id, days) in [("old", 0), ("young", 1)] {
            let entry = Entry {
                id: SecurityEventId::parse(id).expect("is an id"),
                user_id: user_id("ada"),
                at: NOW + Seconds::days(days),
                kind: SecurityEvent::SignedIn,
                client_id: None,
                session_id: None,
                origin: Origin { user_agent: Some("Firefox".to_owned()), address: Some("192.0.2.1".to_owned()) },
                details: serde_json::Map::new(),
                trace_id: None,
                expires_at: NOW + Seconds::days(180),
            };
            security_events::insert(&store, &entry).await.expect("is new");
        }
        let addresses = async || {
            let log = security_events::of_user(&store, &user_id("ada"), None, None, 10).await.expect("is readable");
            log.into_iter().map(|entry| entry.origin.address.is_some()).collect::<Vec<_>>()
        };
        let thirty = NOW + Seconds::days(30);
        assert_eq!(sweep::run_once(&store, thirty - Seconds(1), 100).await.expect("is writable"), 0);
        assert_eq!(addresses().await, [true, true]);
        assert_eq!(sweep::run_once(&store, thirty, 100).await.expect("is writable"), 1);
        assert_eq!(addresses().await, [true, false], "the newest is first");
        assert_eq!(sweep::run_once(&store, thirty, 100).await.expect("is writable"), 0, "each is swept once");
    }
}
