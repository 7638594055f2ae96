//! What people say about themselves.

use testkit::requests::{As, text};

use super::{send, signed_in};
use crate::on_each_engine;

#[actix_web::test]
async fn what_is_saved_is_what_apps_read() {
    on_each_engine(async |app| {
        let tokens = app.tokens(As::Public("public"), &[("scope", "openid profile phone address")]).await;
        let (browser, page) = signed_in(&app, "alice", "/account/profile").await;
        assert!(page.body.contains("Read by: Test public") && page.body.contains("value=\"Alice Moreau\""));
        let fields = [
            ("name", "  Alice\u{7} M\u{f6}ller "),
            ("given_name", "Alice"),
            ("birthdate", "1990-12-31"),
            ("zoneinfo", "Europe/Berlin"),
            ("phone_number", "+49 30 7654321"),
            ("locality", "Berlin"),
            ("locale", "de"),
        ];
        let saved = send(&browser, &page, "/account/profile", &fields).await;
        assert!(saved.body.contains("Saved.") && saved.body.contains("role=\"status\""), "{}", saved.body);
        let claims = app.userinfo(text(&tokens, "access_token")).await.json();
        assert_eq!((text(&claims, "name"), text(&claims, "birthdate")), ("Alice M\u{f6}ller", "1990-12-31"));
        assert_eq!(claims["address"]["locality"], "Berlin");
        assert_eq!((claims.get("family_name"), text(&claims, "locale")), (None, "de"));
        assert_eq!(claims["phone_number_verified"], false, "{claims}");
        let log = browser.get("/account/log").await;
        assert!(log.body.contains("Profile changed"));
    })
    .await;
}

#[actix_web::test]
async fn what_cannot_be_is_told_at_its_field_and_nothing_is_saved() {
    on_each_engine(async |app| {
        let (browser, page) = signed_in(&app, "alice", "/account/profile").await;
        let long = "x".repeat(101);
        for (field, value) in [
            ("birthdate", "31.12.1990"),
            ("website", "javascript:alert(1)"),
            ("zoneinfo", "Berlin"),
            ("phone_number", "030"),
            ("name", long.as_str()),
        ] {
            let refused = send(&browser, &page, "/account/profile", &[("nickname", "Al"), (field, value)]).await;
            assert_eq!(refused.status, 422, "{field}");
            assert!(
                refused.has_id(&format!("{field}-error")) && refused.body.contains("value=\"Al\""),
                "{}",
                refused.body
            );
        }
        let alice = store::users::find_by_login(&app.store, "alice").await.unwrap().unwrap();
        assert_eq!((alice.profile.nickname, alice.profile.name.as_deref()), (None, Some("Alice Moreau")));
    })
    .await;
}

#[actix_web::test]
async fn what_belongs_to_the_operator_cannot_be_sent_along() {
    on_each_engine(async |app| {
        let (browser, page) = signed_in(&app, "alice", "/account/profile").await;
        let fields = [("username", "root"), ("groups", "admin"), ("email", "x@y.example"), ("email_verified_at", "1")];
        send(&browser, &page, "/account/profile", &fields).await;
        let alice = store::users::find_by_login(&app.store, "alice").await.unwrap().unwrap();
        assert_eq!((alice.username.as_str(), alice.groups.as_slice()), ("alice", ["staff".to_owned()].as_slice()));
        assert_eq!(alice.email.as_deref(), Some("alice@example.test"));
    })
    .await;
}
