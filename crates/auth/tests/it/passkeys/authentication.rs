//! A proof by a passkey: as the first factor, as the second one, and the sign count.

use auth::passkeys;
use futures_util::future::join_all;
use protocol::time::Seconds;
use serde_json::json;
use testkit::authenticator::{Authenticator, Told};

use super::{Desk, name};
use crate::on_each_engine;

#[actix_web::test]
async fn a_discoverable_credential_names_its_owner() {
    on_each_engine(async |app| {
        let desk = Desk::new(&app).await;
        let mut phone = Authenticator::new();
        desk.enrol(&mut phone).await;
        let options = desk.request_options().await;
        assert_eq!(options["publicKey"]["allowCredentials"], json!([]));
        assert_eq!(options["publicKey"]["userVerification"], "required");
        app.clock.advance(Seconds(299));
        let passkey = desk.authenticate(&options, &phone.get(&Told::got(&options, &desk.origin))).await.unwrap();
        assert_eq!(passkey.last_used_at, Some(app.now()));
        assert_eq!(store::passkeys::find(&app.store, &passkey.id).await.unwrap(), Some(passkey));
    })
    .await;
}

#[actix_web::test]
async fn a_second_factor_is_one_of_the_person_who_is_under_way() {
    on_each_engine(async |app| {
        let desk = Desk::new(&app).await;
        let other = Desk { user: app.user("mallory").await, ..Desk::new(&app).await };
        let (mut alices, mut mallorys) = (Authenticator::new(), Authenticator::new());
        let passkey = desk.enrol(&mut alices).await;
        other.enrol(&mut mallorys).await;
        let now = desk.state.now();
        let begin = async || {
            let begun = passkeys::begin_authentication(&desk.state, Some(&desk.user.id), &desk.browser, now).await;
            begun.unwrap().1
        };
        let finish = async |options: &serde_json::Value, key: &Authenticator| {
            let answer = key.get(&Told::got(options, &desk.origin)).to_string();
            let presented = desk.presented(options, &answer);
            let proven = passkeys::finish_authentication(&desk.state, Some(&desk.user.id), presented, now).await;
            name(proven.map(|(_, passkey)| passkey))
        };
        let options = begin().await;
        assert_eq!(options["publicKey"]["allowCredentials"], json!([{ "type": "public-key", "id": passkey.id }]));
        assert_eq!(finish(&options, &alices).await, "accepted");
        assert_eq!(finish(&begin().await, &mallorys).await, "OtherPerson");
        alices.user_handle = None;
        assert_eq!(finish(&begin().await, &alices).await, "accepted", "a person who is known need not be named");
        alices.user_handle = Some(b"somebody".to_vec());
        assert_eq!(finish(&begin().await, &alices).await, "OtherPerson");
    })
    .await;
}

#[actix_web::test]
async fn a_sign_count_that_goes_backwards_ends_the_passkey() {
    on_each_engine(async |app| {
        let desk = Desk::new(&app).await;
        let mut key = Authenticator::new();
        let id = desk.enrol(&mut key).await.id;
        let count = async |count: u32| name(desk.assert(&key, |told| told.sign_count = count).await);
        assert_eq!(count(0).await, "accepted", "one that does not count");
        assert_eq!(count(0).await, "accepted");
        assert_eq!(count(7).await, "accepted");
        let forger = desk.assert(&key.forged(), |told| told.sign_count = 7).await;
        assert_eq!(name(forger), "WrongSignature", "who cannot sign cannot make it look copied");
        assert_eq!(count(8).await, "accepted");
        assert_eq!(count(8).await, "Cloned");
        let marked = store::passkeys::find(&app.store, &id).await.unwrap().unwrap();
        assert_eq!(marked.clone_seen_at, Some(app.now()));
        assert_eq!(count(100).await, "Cloned", "from now on");
        let begun = passkeys::begin_authentication(&desk.state, Some(&desk.user.id), &desk.browser, app.now()).await;
        assert_eq!(begun.unwrap().1["publicKey"]["allowCredentials"], json!([]), "nor is it offered");
    })
    .await;
}

#[actix_web::test]
async fn of_many_answers_to_one_challenge_one_is_accepted() {
    on_each_engine(async |app| {
        let desk = Desk::new(&app).await;
        let mut phone = Authenticator::new();
        desk.enrol(&mut phone).await;
        let options = desk.request_options().await;
        let answer = phone.get(&Told::got(&options, &desk.origin));
        let outcomes = join_all((0..16).map(|_| async { name(desk.authenticate(&options, &answer).await) })).await;
        assert_eq!(outcomes.iter().filter(|outcome| *outcome == "accepted").count(), 1, "{outcomes:?}");
        assert_eq!(outcomes.iter().filter(|outcome| *outcome == "UnknownCeremony").count(), 15, "{outcomes:?}");
    })
    .await;
}

#[actix_web::test]
async fn answers_at_the_same_time_to_different_challenges_are_all_counted() {
    on_each_engine(async |app| {
        let desk = Desk::new(&app).await;
        let mut phone = Authenticator::new();
        let id = desk.enrol(&mut phone).await.id;
        let both = join_all([5, 5].map(|count| desk.assert(&phone, move |told| told.sign_count = count))).await;
        let mut outcomes: Vec<_> = both.into_iter().map(name).collect();
        outcomes.sort();
        assert_eq!(outcomes, ["Cloned", "accepted"], "the same count twice is two devices");
        assert!(store::passkeys::find(&app.store, &id).await.unwrap().unwrap().clone_seen_at.is_some());
    })
    .await;
}
