//! The sweep takes what expired and leaves the rest, a batch at a time.

use protocol::grant::state::Grant;
use protocol::ids::TokenId;
use protocol::secret::TokenHash;
use store::interactions::Interaction;
use store::sessions::Session;
use store::{Store, Won, clients, grants, interactions, revoked_tokens, sessions, sweep, used_assertions};

use crate::database::engines;
use crate::samples::{
    LATER, MUCH_LATER, NOW, client, client_id, grant, grant_id, interaction, redeemed_grant, session, session_id,
};

/// One row in every swept table that expires at `LATER`, and one that does not.
async fn fill(store: &Store) {
    for (id, expires_at) in [("old", LATER), ("young", MUCH_LATER)] {
        grants::insert(store, &Grant { expires_at, ..redeemed_grant(id) }).await.expect("is new");
        sessions::insert(store, &Session { expires_at, ..session(id, "ada") }).await.expect("is new");
        interactions::insert(store, &Interaction { expires_at, ..interaction(id) }).await.expect("is new");
        let jti = TokenId::parse(id).expect("is an id");
        revoked_tokens::insert(store, &jti, expires_at).await.expect("is new");
        assert_eq!(used_assertions::spend(store, &client_id("app"), id, expires_at).await.expect("is new"), Won::Yes);
    }
    clients::insert(store, &client("app")).await.expect("is new");
    for (secret, expires_at) in [("old", Some(LATER)), ("young", Some(MUCH_LATER)), ("forever", None)] {
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
        assert_eq!(sweep::run_once(&store, LATER, 100).await.expect("is writable"), 6);
        assert_eq!(sweep::run_once(&store, LATER, 100).await.expect("is writable"), 0);

        for (id, stays) in [("old", false), ("young", true)] {
            assert_eq!(grants::find(&store, &grant_id(id)).await.expect("is readable").is_some(), stays);
            assert_eq!(sessions::find(&store, &session_id(id)).await.expect("is readable").is_some(), stays);
            assert_eq!(interactions::find(&store, &interaction(id).id).await.expect("is readable").is_some(), stays);
            let jti = TokenId::parse(id).expect("is an id");
            assert_eq!(revoked_tokens::is_revoked(&store, &jti).await.expect("is readable"), stays);
            let again = used_assertions::spend(&store, &client_id("app"), id, MUCH_LATER).await.expect("is writable");
            assert_eq!(again == Won::No, stays);
        }
        let secrets = clients::live_secrets(&store, &client_id("app"), NOW).await.expect("is readable");
        assert_eq!(secrets.len(), 2);
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
