//! One thing is wrong at a time, and each has a name of its own.

use auth::passkeys::finish_authentication;
use protocol::secret::TokenHash;
use protocol::time::Seconds;
use testkit::authenticator::{Authenticator, BACKED_UP, BACKUP_ELIGIBLE, Signature, Told, USER_PRESENT, USER_VERIFIED};

use super::{Desk, name};
use crate::on_each_engine;

/// What is wrong, and what it is called.
type Lie = (fn(&mut Told), &'static str);

const LIES: &[Lie] = &[
    (|told| told.origin = told.origin.replace("localhost", "evil.test"), "WrongOrigin"),
    (|told| told.origin = told.origin.replace("localhost", "evillocalhost"), "WrongOrigin"),
    (|told| told.origin = told.origin.replace("localhost", "sub.localhost"), "WrongOrigin"),
    (|told| told.origin = told.origin.replace("localhost", "localhost.evil.test"), "WrongOrigin"),
    (|told| told.origin = told.origin.replace("http:", "https:"), "WrongOrigin"),
    (|told| "http://localhost:1".clone_into(&mut told.origin), "WrongOrigin"),
    (|told| "http://localhost".clone_into(&mut told.origin), "WrongOrigin"),
    (|told| told.origin.push('/'), "WrongOrigin"),
    (|told| told.cross_origin = true, "CrossOrigin"),
    (|told| "example.com".clone_into(&mut told.rp_id), "WrongRpId"),
    (|told| "Localhost".clone_into(&mut told.rp_id), "WrongRpId"),
    (|told| told.challenge = "A".repeat(43), "WrongChallenge"),
    (|told| told.challenge.clear(), "WrongChallenge"),
    (|told| told.flags &= !USER_PRESENT, "UserNotPresent"),
    (|told| told.flags &= !USER_VERIFIED, "UserNotVerified"),
    (|told| told.flags = USER_PRESENT | USER_VERIFIED | BACKED_UP, "WrongBackupFlags"),
];

#[actix_web::test]
async fn a_registration_with_one_lie_is_refused() {
    on_each_engine(async |app| {
        let desk = Desk::new(&app).await;
        let other_type: Lie = (|told| told.kind = "webauthn.get", "WrongType");
        for (number, (lie, expected)) in LIES.iter().chain([&other_type]).enumerate() {
            let options = desk.creation_options().await;
            let mut told = Told::created(&options, &desk.origin);
            lie(&mut told);
            let answer = Authenticator::new().create(&options, &told);
            assert_eq!(name(desk.register(&options, &answer).await), *expected, "lie {number}: {told:?}");
        }
        assert!(store::passkeys::of_user(&app.store, &desk.user.id).await.unwrap().is_empty());
    })
    .await;
}

#[actix_web::test]
async fn an_assertion_with_one_lie_is_refused() {
    on_each_engine(async |app| {
        let desk = Desk::new(&app).await;
        let mut phone = Authenticator::new();
        let passkey = desk.enrol(&mut phone).await;
        let more: [Lie; 3] = [
            (|told| told.kind = "webauthn.create", "WrongType"),
            (|told| told.signature = Signature::Wrong, "WrongSignature"),
            // Bound to one device now, and synced when it was registered.
            (|told| told.flags &= !(BACKUP_ELIGIBLE | BACKED_UP), "WrongBackupFlags"),
        ];
        for (number, (lie, expected)) in LIES.iter().chain(&more).enumerate() {
            assert_eq!(name(desk.assert(&phone, *lie).await), *expected, "lie {number}");
        }
        assert_eq!(name(desk.assert(&phone.forged(), |_| ()).await), "WrongSignature", "another key");
        assert_eq!(name(desk.assert(&Authenticator::new(), |_| ()).await), "UnknownCredential");
        phone.user_handle = None;
        assert_eq!(name(desk.assert(&phone, |_| ()).await), "NoUserHandle");
        phone.user_handle = Some(b"bob".to_vec());
        assert_eq!(name(desk.assert(&phone, |_| ()).await), "OtherPerson");
        assert_eq!(store::passkeys::find(&app.store, &passkey.id).await.unwrap(), Some(passkey), "nothing was noted");
    })
    .await;
}

#[actix_web::test]
async fn an_answer_belongs_to_one_ceremony_of_one_browser_and_person() {
    on_each_engine(async |app| {
        let desk = Desk::new(&app).await;
        let mut phone = Authenticator::new();
        desk.enrol(&mut phone).await;

        let options = desk.request_options().await;
        let answer = phone.get(&Told::got(&options, &desk.origin));
        let elsewhere = Desk { browser: TokenHash::of(b"another"), ..Desk::new(&app).await };
        assert_eq!(name(elsewhere.authenticate(&options, &answer).await), "OtherBrowser");
        assert_eq!(name(desk.register(&options, &answer).await), "OtherKind");
        let (text, alice) = (answer.to_string(), Some(&desk.user.id));
        let known = finish_authentication(&desk.state, alice, desk.presented(&options, &text), desk.state.now()).await;
        assert_eq!(name(known.map(|(_, passkey)| passkey)), "OtherPerson", "begun for nobody");
        assert_eq!(name(desk.authenticate(&options, &answer).await), "accepted", "none of them used it up");
        assert_eq!(name(desk.authenticate(&options, &answer).await), "UnknownCeremony", "a replay");

        let (one, two) = (desk.request_options().await, desk.request_options().await);
        let answer = phone.get(&Told::got(&one, &desk.origin));
        assert_eq!(name(desk.authenticate(&two, &answer).await), "WrongChallenge");

        let other = Desk { user: app.user("mallory").await, ..Desk::new(&app).await };
        let options = desk.creation_options().await;
        let answer = Authenticator::new().create(&options, &Told::created(&options, &desk.origin));
        assert_eq!(name(other.register(&options, &answer).await), "OtherPerson");

        let options = desk.request_options().await;
        app.clock.advance(Seconds(300));
        let late = phone.get(&Told::got(&options, &desk.origin));
        assert_eq!(name(desk.authenticate(&options, &late).await), "Expired");
    })
    .await;
}
