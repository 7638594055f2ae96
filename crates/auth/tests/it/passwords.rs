//! Hashes that other programs made, at `/login`.

use protocol::time::Seconds;
use testkit::browser::Browser;

use crate::on_each_engine;

/// What `htpasswd -nbm` of Apache 2.4 printed for this password.
const PASSWORD: &str = "kittens & 12 mice";
const APR1: &str = "$apr1$M0mEARai$9PABK3iWZnf0Sa6iU75Tz/";

#[actix_web::test]
async fn the_first_sign_in_replaces_a_foreign_hash_and_nothing_else() {
    on_each_engine(async |app| {
        let adam = app.user("adam").await;
        store::passwords::set(&app.store, &adam.id, APR1, app.now()).await.unwrap();
        let set_at = store::passwords::changed_at(&app.store, &adam.id).await.unwrap();
        app.clock.advance(Seconds(60));
        let stored = async || store::passwords::find(&app.store, &adam.id).await.unwrap().unwrap();
        let sign_in = async |password: &str| {
            let browser = Browser::new(&app);
            let page = browser.open(&app.authorize_url("first-party", &[])).await;
            browser.submit(&page, &[("username", "adam"), ("password", password)]).await
        };
        assert_eq!(sign_in("kittens & 13 mice").await.status, 422);
        assert_eq!(stored().await, APR1, "a wrong password replaces nothing");

        assert!(sign_in(PASSWORD).await.answer().contains_key("code"));
        let ours = stored().await;
        assert!(ours.starts_with("$argon2id$v=19$"), "{}", &ours[..10]);
        assert_eq!(
            store::passwords::changed_at(&app.store, &adam.id).await.unwrap(),
            set_at,
            "it is the same password"
        );

        assert!(sign_in(PASSWORD).await.answer().contains_key("code"));
        assert_eq!(stored().await, ours, "once is enough");
        assert_eq!(sign_in("kittens & 13 mice").await.status, 422);
    })
    .await;
}
