//! The life of a grant, step by step and without a race; the races are in `races.rs`.

use protocol::claims::ClaimsRequest;
use protocol::grant::state::{EndReason, Generation, Grant};
use protocol::secret::TokenHash;
use protocol::time::Seconds;
use store::grants::{self, Whose};
use store::{Store, StoreError, Won};

use crate::database::engines;
use crate::samples::{LATER, NOW, client_id, code_of, grant, grant_id, redeemed_grant, user_id};

async fn found(store: &Store, id: &str) -> Grant {
    grants::find(store, &grant_id(id)).await.expect("is readable").expect("exists")
}

#[tokio::test]
async fn a_grant_comes_back_as_stored() {
    for database in engines() {
        let store = database.open().await;
        let bare = Grant {
            sector: None,
            session_id: None,
            claims: ClaimsRequest::default(),
            nonce: None,
            code_challenge: None,
            ended_at: Some(LATER),
            end_reason: Some(EndReason::Logout),
            rotated_at: Some(LATER),
            ..redeemed_grant("g2")
        };
        for stored in [grant("g1"), bare] {
            grants::insert(&store, &stored).await.expect("is new");
            assert_eq!(format!("{:?}", found(&store, stored.id.as_str()).await), format!("{stored:?}"));
            assert!(matches!(grants::insert(&store, &stored).await, Err(StoreError::Conflict)));
        }
        assert!(grants::find(&store, &grant_id("g3")).await.expect("is readable").is_none());
    }
}

#[tokio::test]
async fn a_code_is_redeemed_once() {
    for database in engines() {
        let store = database.open().await;
        grants::insert(&store, &grant("g1")).await.expect("is new");
        let redeem = |code: TokenHash, now| {
            let store = store.clone();
            async move {
                grants::redeem(&store, &grant_id("g1"), &code, now, now + Seconds(500)).await.expect("is writable")
            }
        };
        assert_eq!(redeem(TokenHash::of(b"another"), NOW).await, Won::No);
        assert_eq!(redeem(code_of("g1"), NOW + Seconds(60)).await, Won::No, "expired");
        assert_eq!(redeem(code_of("g1"), NOW + Seconds(59)).await, Won::Yes);
        assert_eq!(redeem(code_of("g1"), NOW + Seconds(59)).await, Won::No, "redeemed");
        let redeemed = found(&store, "g1").await;
        assert_eq!(redeemed.redeemed_at, Some(NOW + Seconds(59)));
        assert_eq!(redeemed.generation, Generation::FIRST);
        assert_eq!(redeemed.idle_expires_at, NOW + Seconds(559));
    }
}

#[tokio::test]
async fn an_ended_grant_redeems_and_advances_no_more() {
    for database in engines() {
        let store = database.open().await;
        grants::insert(&store, &grant("code")).await.expect("is new");
        grants::insert(&store, &redeemed_grant("tokens")).await.expect("is new");
        for id in ["code", "tokens"] {
            let id = grant_id(id);
            assert_eq!(grants::end(&store, &id, EndReason::Revoked, NOW).await.expect("is writable"), Won::Yes);
            assert_eq!(grants::end(&store, &id, EndReason::Logout, LATER).await.expect("is writable"), Won::No);
        }
        let redeemed = grants::redeem(&store, &grant_id("code"), &code_of("code"), NOW, LATER).await;
        assert_eq!(redeemed.expect("is writable"), Won::No);
        let advanced = grants::advance(&store, &grant_id("tokens"), Generation::FIRST, NOW, LATER).await;
        assert_eq!(advanced.expect("is writable"), Won::No);
        let ended = found(&store, "tokens").await;
        assert_eq!((ended.ended_at, ended.end_reason), (Some(NOW), Some(EndReason::Revoked)), "the first reason stays");
    }
}

#[tokio::test]
async fn a_generation_advances_once() {
    for database in engines() {
        let store = database.open().await;
        grants::insert(&store, &redeemed_grant("g1")).await.expect("is new");
        let advance = |from: i64| {
            let store = store.clone();
            async move {
                let idle = LATER + Seconds(9);
                grants::advance(&store, &grant_id("g1"), Generation(from), LATER, idle).await.expect("is writable")
            }
        };
        assert_eq!(advance(1).await, Won::Yes);
        assert_eq!(advance(1).await, Won::No);
        assert_eq!(advance(2).await, Won::Yes);
        let advanced = found(&store, "g1").await;
        assert_eq!((advanced.generation, advanced.rotated_at), (Generation(3), Some(LATER)));
        assert_eq!(advanced.idle_expires_at, LATER + Seconds(9));
        assert_eq!(advance(7).await, Won::Yes, "after a restored backup the row goes on from the newest token");
        assert_eq!(found(&store, "g1").await.generation, Generation(8));
        assert_eq!(advance(3).await, Won::No);
    }
}

#[tokio::test]
async fn a_grant_advances_neither_before_its_redemption_nor_after_its_expiry() {
    for database in engines() {
        let store = database.open().await;
        grants::insert(&store, &grant("code")).await.expect("is new");
        grants::insert(&store, &Grant { idle_expires_at: LATER, ..redeemed_grant("idle") }).await.expect("is new");
        grants::insert(&store, &Grant { expires_at: LATER, ..redeemed_grant("old") }).await.expect("is new");
        for id in ["code", "idle", "old"] {
            let advanced = grants::advance(&store, &grant_id(id), Generation(1), LATER, LATER).await;
            assert_eq!(advanced.expect("is writable"), Won::No, "{id}");
        }
    }
}

#[tokio::test]
async fn grants_end_by_person_by_client_and_by_both() {
    for database in engines() {
        let store = database.open().await;
        let people = [("ada", "app"), ("ada", "other"), ("bob", "app"), ("bob", "other")];
        for (user, client) in people {
            let id = format!("{user}-{client}");
            let grant = Grant { user_id: user_id(user), client_id: client_id(client), ..redeemed_grant(&id) };
            grants::insert(&store, &grant).await.expect("is new");
        }
        let (ada, app, other) = (user_id("ada"), client_id("app"), client_id("other"));
        let end = |whose, reason| {
            let store = store.clone();
            async move { grants::end_all(&store, whose, reason, LATER).await.expect("is writable") }
        };
        assert_eq!(end(Whose::UserAtClient(&ada, &app), EndReason::ConsentWithdrawn).await, 1);
        assert_eq!(end(Whose::User(&ada), EndReason::UserDisabled).await, 1);
        assert_eq!(end(Whose::Client(&app), EndReason::ClientDeleted).await, 1);
        let mut reasons = Vec::new();
        for (user, client) in people {
            reasons.push(found(&store, &format!("{user}-{client}")).await.end_reason);
        }
        let expected = [EndReason::ConsentWithdrawn, EndReason::UserDisabled, EndReason::ClientDeleted];
        assert_eq!(reasons, [Some(expected[0]), Some(expected[1]), Some(expected[2]), None]);
        assert_eq!(end(Whose::Client(&other), EndReason::ClientDeleted).await, 1);
    }
}

#[tokio::test]
async fn more_grants_than_a_page_end_too() {
    for database in engines() {
        let store = database.open().await;
        let inserts = (0..1100).map(|number| {
            let store = store.clone();
            tokio::spawn(async move { grants::insert(&store, &redeemed_grant(&format!("g{number}"))).await })
        });
        for insert in inserts.collect::<Vec<_>>() {
            insert.await.expect("runs to its end").expect("is new");
        }
        let ended = grants::end_all(&store, Whose::User(&user_id("ada")), EndReason::UserDisabled, LATER).await;
        assert_eq!(ended.expect("is writable"), 1100);
    }
}
