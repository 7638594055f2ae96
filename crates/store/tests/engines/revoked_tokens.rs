//! Revoked access tokens.

use protocol::ids::TokenId;
use store::revoked_tokens;

use crate::database::engines;
use crate::samples::{LATER, NOW};

#[tokio::test]
async fn a_revoked_token_stays_revoked() {
    for database in engines() {
        let store = database.open().await;
        let id = |text| TokenId::parse(text).expect("is an id");
        assert!(!revoked_tokens::is_revoked(&store, &id("g1.t1")).await.expect("is readable"));
        for expires_at in [LATER, NOW] {
            revoked_tokens::insert(&store, &id("g1.t1"), expires_at).await.expect("may be revoked again");
        }
        assert!(revoked_tokens::is_revoked(&store, &id("g1.t1")).await.expect("is readable"));
        assert!(!revoked_tokens::is_revoked(&store, &id("g1.t2")).await.expect("is readable"));
    }
}
