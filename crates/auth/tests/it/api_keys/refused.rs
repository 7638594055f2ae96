//! Each reason for which a key is not accepted; the answer is the same for all.

use protocol::api_key::{ALPHABET, ApiKey};
use protocol::ids::SessionId;
use protocol::security_event::SecurityEvent;
use protocol::time::Seconds;
use testkit::app::{API, TestApp};
use testkit::requests::{As, text};

use super::{API_CLIENT, INACTIVE, alice, api, event, key, told, workshop};
use crate::on_each_engine;

async fn is_active(app: &TestApp, made: &auth::api_keys::Made) -> bool {
    let page = told(app, made).await;
    assert_eq!(page.status, 200);
    let active = page.json()["active"].as_bool().unwrap();
    assert!(active || page.body == INACTIVE, "{}", page.body);
    active
}

#[actix_web::test]
async fn a_key_that_was_revoked() {
    on_each_engine(async |app| {
        let made = key(&app, &["read"]).await;
        assert!(is_active(&app, &made).await);
        let revoked = event(&app, SecurityEvent::ApiKeyRevoked).await;
        let won = workshop(&app).revoke(&made.record, revoked, app.now()).await.unwrap();
        assert_eq!((won, is_active(&app, &made).await), (store::Won::Yes, false));
    })
    .await;
}

#[actix_web::test]
async fn a_key_that_has_expired() {
    on_each_engine(async |app| {
        let made = key(&app, &["read"]).await;
        app.clock.advance(Seconds::days(90) - Seconds(1));
        assert!(is_active(&app, &made).await);
        app.clock.advance(Seconds(1));
        assert!(!is_active(&app, &made).await);
    })
    .await;
}

#[actix_web::test]
async fn a_key_of_somebody_who_is_disabled() {
    on_each_engine(async |app| {
        let made = key(&app, &["read"]).await;
        let alice = alice(&app).await.id;
        let _won = store::users::disable(&app.store, &alice, app.now()).await.unwrap();
        assert!(!is_active(&app, &made).await);
        let _won = store::users::enable(&app.store, &alice).await.unwrap();
        assert!(is_active(&app, &made).await);
    })
    .await;
}

#[actix_web::test]
async fn a_key_of_somebody_who_leaves() {
    on_each_engine(async |app| {
        let made = key(&app, &["read"]).await;
        let (alice, none) = (alice(&app).await.id, SessionId::parse("none").unwrap());
        let due = app.now() + Seconds::days(7);
        let _won = store::deletion::schedule(&app.store, &alice, due, &none, app.now()).await.unwrap();
        assert!(!is_active(&app, &made).await);
        let _won = store::deletion::cancel(&app.store, &alice).await.unwrap();
        assert!(is_active(&app, &made).await);
        let _won = store::deletion::schedule(&app.store, &alice, app.now(), &none, app.now()).await.unwrap();
        let _won = store::deletion::carry_out(&app.store, &alice, app.now()).await.unwrap();
        assert!(!is_active(&app, &made).await);
        assert!(store::api_keys::find(&app.store, &made.record.id).await.unwrap().is_none());
    })
    .await;
}

#[actix_web::test]
async fn a_key_with_another_secret_and_a_key_that_nobody_has() {
    on_each_engine(async |app| {
        let made = key(&app, &["read"]).await;
        let id = made.record.id.as_str();
        let wrong = ApiKey::assemble(id, &"A".repeat(32)).unwrap();
        let unknown = ApiKey::assemble(&"0".repeat(16), &"A".repeat(32)).unwrap();
        for text in [wrong.expose(), unknown.expose()] {
            assert_eq!(app.introspect(API_CLIENT, text).await.body, INACTIVE);
        }
        assert!(is_active(&app, &made).await);
    })
    .await;
}

#[actix_web::test]
async fn a_key_that_was_cut_lengthened_or_mistyped() {
    on_each_engine(async |app| {
        let made = key(&app, &["read"]).await;
        let whole = made.key.expose();
        let mut mistyped = whole.to_owned();
        let other = ALPHABET.iter().map(|sign| char::from(*sign)).find(|sign| !whole.ends_with(*sign)).unwrap();
        mistyped.replace_range(61.., &other.to_string());
        for text in [&whole[..61], &whole[..30], "cs_key_", &format!("{whole}0"), &mistyped, &whole.to_uppercase()] {
            assert_eq!(app.introspect(API_CLIENT, text).await.body, INACTIVE, "{text}");
        }
    })
    .await;
}

#[actix_web::test]
async fn a_key_whose_api_was_deleted() {
    on_each_engine(async |app| {
        let made = key(&app, &["read"]).await;
        let _won = store::apis::delete(&app.store, API).await.unwrap();
        assert!(!is_active(&app, &made).await);
    })
    .await;
}

/// The key stays one; it is only worth less.
#[actix_web::test]
async fn a_scope_that_was_withdrawn_is_worth_nothing() {
    on_each_engine(async |app| {
        let made = key(&app, &["read", "notes:write"]).await;
        for (scopes, worth) in
            [(&["notes:read"][..], "notes:read"), (&["files:read", "files:write"], "files:read"), (&["mail:send"], "")]
        {
            let _won = store::apis::delete(&app.store, API).await.unwrap();
            store::apis::insert(&app.store, &api(scopes)).await.unwrap();
            super::serve_the_api(&app).await;
            let answer = told(&app, &made).await.json();
            assert_eq!((answer["active"].as_bool(), text(&answer, "scope")), (Some(true), worth));
            assert_eq!(answer["permissions"], serde_json::json!(["read", "notes:write"]));
        }
    })
    .await;
}

#[actix_web::test]
async fn a_resource_server_of_another_api_and_other_clients_learn_nothing() {
    on_each_engine(async |app| {
        let made = key(&app, &["read"]).await;
        let other =
            protocol::audience::Api { identifier: "https://mail.example.com".to_owned(), ..api(&["mail:send"]) };
        store::apis::insert(&app.store, &other).await.unwrap();
        let confidential = protocol::ids::ClientId::parse("confidential").unwrap();
        let set = store::apis::set_resource_server(&app.store, &other.identifier, Some(&confidential)).await;
        assert_eq!(set.unwrap(), store::Won::Yes);
        for client in ["confidential", "first-party"] {
            assert_eq!(app.introspect(As::Basic(client), made.key.expose()).await.body, INACTIVE, "{client}");
        }
        assert!(is_active(&app, &made).await);
        let _set = store::apis::set_resource_server(&app.store, API, None).await.unwrap();
        assert!(!is_active(&app, &made).await, "nobody serves the API any more");
    })
    .await;
}

#[actix_web::test]
async fn a_public_client_is_not_answered_at_all() {
    on_each_engine(async |app| {
        let made = key(&app, &["read"]).await;
        let public = protocol::ids::ClientId::parse("public").unwrap();
        let _set = store::apis::set_resource_server(&app.store, API, Some(&public)).await.unwrap();
        let page = app.introspect(As::Public("public"), made.key.expose()).await;
        assert_eq!((page.status.as_u16(), text(&page.json(), "error")), (401, "invalid_client"));
    })
    .await;
}
