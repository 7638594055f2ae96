//! Remembered consents, and what withdrawing one ends.

use protocol::grant::state::EndReason;
use store::{Won, consents, grants};

use crate::database::engines;
use crate::samples::{LATER, NOW, client_id, grant_id, redeemed_grant, scope, user_id};

#[tokio::test]
async fn a_consent_is_remembered_per_person_and_client() {
    for database in engines() {
        let store = database.open().await;
        let (ada, app) = (user_id("ada"), client_id("app"));
        assert_eq!(consents::find(&store, &ada, &app).await.expect("is readable"), None);
        for (allowed, now) in [("openid", NOW), ("openid profile notes:read", LATER), ("", LATER)] {
            consents::remember(&store, &ada, &app, &scope(allowed), now).await.expect("is writable");
            assert_eq!(consents::find(&store, &ada, &app).await.expect("is readable"), Some(scope(allowed)));
        }
        assert_eq!(consents::find(&store, &ada, &client_id("other")).await.expect("is readable"), None);
        assert_eq!(consents::find(&store, &user_id("bob"), &app).await.expect("is readable"), None);
    }
}

#[tokio::test]
async fn withdrawing_a_consent_ends_its_grants() {
    for database in engines() {
        let store = database.open().await;
        let (ada, app) = (user_id("ada"), client_id("app"));
        consents::remember(&store, &ada, &app, &scope("openid"), NOW).await.expect("is writable");
        grants::insert(&store, &redeemed_grant("g1")).await.expect("is new");
        assert_eq!(consents::withdraw(&store, &ada, &app, LATER).await.expect("is writable"), Won::Yes);
        assert_eq!(consents::withdraw(&store, &ada, &app, LATER).await.expect("is writable"), Won::No);
        assert_eq!(consents::find(&store, &ada, &app).await.expect("is readable"), None);
        let grant = grants::find(&store, &grant_id("g1")).await.expect("is readable").expect("exists");
        assert_eq!(grant.end_reason, Some(EndReason::ConsentWithdrawn));
    }
}
