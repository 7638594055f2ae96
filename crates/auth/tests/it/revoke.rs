//! `/revoke` (RFC 7009, OA-090 and OA-091).

use testkit::requests::{As, text};

use crate::on_each_engine;

const PUBLIC: As<'_> = As::Public("public");

#[actix_web::test]
async fn revoking_a_refresh_token_ends_everything_of_the_grant() {
    on_each_engine(async |app| {
        let tokens = app.tokens(PUBLIC, &[]).await;
        let page = app.revoke(PUBLIC, text(&tokens, "refresh_token")).await;
        assert_eq!((page.status.as_u16(), page.body.as_str(), page.header("content-type")), (200, "", ""));
        assert_eq!(app.refresh(PUBLIC, text(&tokens, "refresh_token"), &[]).await.status, 400);
        assert_eq!(app.userinfo(text(&tokens, "access_token")).await.status, 401);
    })
    .await;
}

#[actix_web::test]
async fn revoking_an_access_token_ends_only_that() {
    on_each_engine(async |app| {
        let tokens = app.tokens(PUBLIC, &[]).await;
        assert_eq!(app.revoke(PUBLIC, text(&tokens, "access_token")).await.status, 200);
        assert_eq!(app.userinfo(text(&tokens, "access_token")).await.status, 401);
        let next = app.refresh(PUBLIC, text(&tokens, "refresh_token"), &[]).await.json();
        assert_eq!(app.userinfo(text(&next, "access_token")).await.status, 200);
    })
    .await;
}

#[actix_web::test]
async fn another_client_revokes_nothing_and_unknown_tokens_are_fine() {
    on_each_engine(async |app| {
        let tokens = app.tokens(PUBLIC, &[]).await;
        for token in [text(&tokens, "refresh_token"), text(&tokens, "access_token"), "nonsense", "a.b.c"] {
            assert_eq!(app.revoke(As::Basic("confidential"), token).await.status, 200);
        }
        assert_eq!(app.userinfo(text(&tokens, "access_token")).await.status, 200);
        assert_eq!(app.revoke(PUBLIC, "").await.json()["error"], "invalid_request");
    })
    .await;
}
