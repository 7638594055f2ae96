//! No request waits for a second database connection while it holds one: everything works with a pool of one, in parallel.

use futures_util::future::join_all;
use testkit::app::{TestApp, TestOptions};
use testkit::database::engines;
use testkit::requests::{As, text};

#[actix_web::test]
async fn the_whole_flow_works_many_times_at_once_with_one_connection() {
    for database in engines() {
        let app = TestApp::start_with(database, TestOptions { pool_size: 1, ..TestOptions::default() }).await;
        let flow = async || {
            let tokens =
                app.tokens(As::Basic("confidential"), &[("scope", "openid email offline_access notes:read")]).await;
            let next = app.refresh(As::Basic("confidential"), text(&tokens, "refresh_token"), &[]).await.json();
            let token = text(&next, "access_token");
            assert_eq!(app.userinfo(token).await.status, 200);
            assert_eq!(app.introspect(As::Basic("confidential"), token).await.json()["active"], true);
            assert_eq!(app.revoke(As::Basic("confidential"), text(&next, "refresh_token")).await.status, 200);
        };
        join_all((0..16).map(|_| flow())).await;
    }
}
