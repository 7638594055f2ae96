//! How keys come, are replaced and end.

use auth::api_keys::{Signing, Wanted};
use protocol::api_keys::Standing;
use protocol::login::ResetBy;
use protocol::security_event::SecurityEvent;
use protocol::time::Seconds;
use store::passwords::{How, NewPassword};
use testkit::app::TestApp;

use super::{API_CLIENT, alice, event, kept, key, make, told, wanted, workshop};
use crate::on_each_engine;

async fn is_active(app: &TestApp, made: &auth::api_keys::Made) -> bool {
    told(app, made).await.json()["active"].as_bool().unwrap()
}

#[actix_web::test]
async fn the_key_of_before_goes_on_for_as_long_as_was_said() {
    on_each_engine(async |app| {
        let made = key(&app, &["read"]).await;
        let signing = Wanted {
            signing: Signing::Allowed,
            allowed_networks: vec!["10.0.0.0/8".parse().unwrap()],
            ..wanted(&app, &["notes:*"]).await
        };
        let signing = make(&app, signing).await;
        app.clock.advance(Seconds::days(10));
        let rotate = async |old: &auth::api_keys::Made, overlap| {
            let noted = event(&app, SecurityEvent::ApiKeyRotated).await;
            workshop(&app).rotate(&old.record, overlap, noted, app.now()).await.unwrap()
        };
        let next = rotate(&made, Seconds(0)).await.expect("it lives");
        assert_eq!((is_active(&app, &made).await, is_active(&app, &next).await), (false, true));
        let after = rotate(&signing, Seconds::days(1)).await.expect("it lives");
        assert_eq!((is_active(&app, &signing).await, is_active(&app, &after).await), (true, true));
        assert!(rotate(&signing, Seconds::days(1)).await.is_none(), "once");
        assert_eq!(kept(&app, &signing).await.standing(app.now()), Standing::Replaced);
        app.clock.advance(Seconds::days(1));
        assert_eq!((is_active(&app, &signing).await, is_active(&app, &after).await), (false, true));

        let (old, new) = (&signing.record, &after.record);
        assert_eq!((&new.name, &new.permissions, &new.api), (&old.name, &old.permissions, &old.api));
        assert_eq!((&new.allowed_networks, new.signing), (&old.allowed_networks, true));
        assert_eq!(new.expires_at, Some(old.created_at + Seconds::days(10) + Seconds::days(90)));
        assert!(old.id != new.id && signing.key.hash() != after.key.hash());
    })
    .await;
}

#[actix_web::test]
async fn nobody_lets_an_old_key_go_on_for_longer_than_a_week() {
    on_each_engine(async |app| {
        let made = key(&app, &["read"]).await;
        let noted = event(&app, SecurityEvent::ApiKeyRotated).await;
        let next = workshop(&app).rotate(&made.record, Seconds::days(60), noted, app.now()).await.unwrap();
        assert!(next.is_some());
        assert_eq!(kept(&app, &made).await.expires_at, Some(app.now() + Seconds::days(7)));
    })
    .await;
}

#[actix_web::test]
async fn of_20_rotations_at_once_one_wins() {
    on_each_engine(async |app| {
        let made = key(&app, &["read"]).await;
        let noted = event(&app, SecurityEvent::ApiKeyRotated).await;
        let rotations = (0..20).map(|_| {
            let id = protocol::ids::SecurityEventId::from_random(jwt::random::bytes::<16>());
            let noted = store::security_events::Entry { id, ..noted.clone() };
            let (workshop, record, now) = (workshop(&app), &made.record, app.now());
            async move { workshop.rotate(record, Seconds(60), noted, now).await.unwrap() }
        });
        let won: Vec<_> = futures_util::future::join_all(rotations).await.into_iter().flatten().collect();
        assert_eq!(won.len(), 1);
        assert_eq!(kept(&app, &made).await.replaced_by.as_ref(), Some(&won[0].record.id));
        assert!(is_active(&app, &won[0]).await);
        let alice = alice(&app).await.id;
        assert_eq!(store::api_keys::of_user(&app.store, &alice).await.unwrap().len(), 2, "the others left nothing");
    })
    .await;
}

#[actix_web::test]
async fn a_person_has_fifty_keys_at_most() {
    on_each_engine(async |app| {
        let wanted = wanted(&app, &["read"]).await;
        for _ in 0..50 {
            make(&app, wanted.clone()).await;
        }
        let noted = event(&app, SecurityEvent::ApiKeyCreated).await;
        assert!(workshop(&app).make(wanted, noted, app.now()).await.unwrap().is_none());
    })
    .await;
}

/// Whoever got a new password by mail may have lost the account meanwhile, to somebody who made keys.
#[actix_web::test]
async fn keys_end_with_the_password_when_all_access_ends() {
    on_each_engine(async |app| {
        let made = key(&app, &["read"]).await;
        let alice = alice(&app).await.id;
        let phc = store::passwords::find(&app.store, &alice).await.unwrap().unwrap();
        let new = NewPassword { phc, needs_second_factor: false };
        let how = How::Reset { by: ResetBy::Email, browser: None };
        store::passwords::replace(&app.store, &alice, &new, how, app.now()).await.unwrap();
        assert_eq!(kept(&app, &made).await.standing(app.now()), Standing::Revoked);
        assert!(!is_active(&app, &made).await);
    })
    .await;
}

/// A key is no token of OAuth: nothing else of the server takes one.
#[actix_web::test]
async fn a_key_opens_nothing_of_the_issuer() {
    on_each_engine(async |app| {
        let made = key(&app, &["*"]).await;
        assert_eq!(app.userinfo(made.key.expose()).await.status, 401);
        assert_eq!(app.revoke(API_CLIENT, made.key.expose()).await.status, 200);
        assert!(is_active(&app, &made).await, "nor is it revoked there");
    })
    .await;
}
