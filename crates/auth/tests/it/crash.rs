//! What was answered is kept, what was spent stays spent, across a restart. The `kill -9` of a whole process is in
//! `countersign/tests`.

use testkit::app::TestApp;
use testkit::browser::Browser;
use testkit::requests::{As, text};

use crate::on_each_engine;

const PUBLIC: As<'_> = As::Public("public");

#[actix_web::test]
async fn a_restart_keeps_sessions_consents_and_tokens_and_revives_nothing() {
    on_each_engine(async |mut app: TestApp| {
        let browser = Browser::new(&app);
        let code = browser.authorize(&app.authorize_url("public", &[])).await["code"].clone();
        let unused = browser.get(&app.authorize_url("public", &[])).await.answer()["code"].clone();
        let tokens = app.redeem(PUBLIC, &code, &[]).await.json();
        let revoked = app.tokens(PUBLIC, &[]).await;
        app.revoke(PUBLIC, text(&revoked, "access_token")).await;
        app.restart().await;
        assert_eq!(app.userinfo(text(&revoked, "access_token")).await.status, 401);
        assert_eq!(app.userinfo(text(&tokens, "access_token")).await.status, 200);
        assert_eq!(app.redeem(PUBLIC, &unused, &[]).await.status, 200);
        assert!(browser.get(&app.authorize_url("public", &[])).await.answer().contains_key("code"));
        assert_eq!(app.redeem(PUBLIC, &code, &[]).await.json()["error"], "invalid_grant");
        assert_eq!(
            app.refresh(PUBLIC, text(&tokens, "refresh_token"), &[]).await.status,
            400,
            "the replay ended the grant"
        );
    })
    .await;
}
