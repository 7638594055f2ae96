//! A new passkey: the options, what is kept, how many there can be.

use auth::passkeys::{self, Naming, Owner};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use protocol::passkey::Backup;
use serde_json::json;
use testkit::authenticator::{Authenticator, Told, USER_PRESENT, USER_VERIFIED};

use super::{Desk, name};
use crate::on_each_engine;

#[actix_web::test]
async fn the_options_ask_for_a_discoverable_verified_credential_without_attestation() {
    on_each_engine(async |app| {
        let desk = Desk::new(&app).await;
        let options = desk.creation_options().await;
        let asked = &options["publicKey"];
        assert_eq!(asked["rp"]["id"], "localhost");
        assert_eq!(asked["attestation"], "none");
        assert_eq!(asked["timeout"], 300_000);
        assert_eq!(asked["authenticatorSelection"]["residentKey"], "required");
        assert_eq!(asked["authenticatorSelection"]["userVerification"], "required");
        let algorithms: Vec<_> = asked["pubKeyCredParams"].as_array().unwrap().iter().map(|one| &one["alg"]).collect();
        assert_eq!(algorithms, [-7, -257]);
        assert_eq!(asked["excludeCredentials"], json!([]));
        assert_eq!(asked["user"]["id"], URL_SAFE_NO_PAD.encode(desk.user.id.as_str()));
        let challenge = |options: &serde_json::Value| {
            URL_SAFE_NO_PAD.decode(options["publicKey"]["challenge"].as_str().unwrap()).unwrap()
        };
        assert!(challenge(&options).len() >= 32);
        assert_ne!(challenge(&options), challenge(&desk.creation_options().await));
    })
    .await;
}

#[actix_web::test]
async fn a_new_passkey_is_kept_under_the_name_of_its_maker() {
    on_each_engine(async |app| {
        let desk = Desk::new(&app).await;
        let mut phone = Authenticator::new();
        let bitwarden: u128 = 0xd548_826e_79b4_db40_a3d8_1111_6f7e_8349;
        phone.aaguid = bitwarden.to_be_bytes();
        let passkey = desk.enrol(&mut phone).await;
        assert_eq!(passkey.name, "Bitwarden");
        assert_eq!(passkeys::maker(&passkey), Some("Bitwarden"));
        assert_eq!(passkey.id, URL_SAFE_NO_PAD.encode(&phone.credential_id));
        assert_eq!(passkeys::backup(&passkey), Backup::Synced);
        assert_eq!(store::passkeys::of_user(&app.store, &desk.user.id).await.unwrap(), std::slice::from_ref(&passkey));
        assert_eq!(desk.enrol(&mut Authenticator::new()).await.name, "Passkey", "nobody knows who made it");

        let options = desk.creation_options().await;
        let excluded = options["publicKey"]["excludeCredentials"].as_array().unwrap();
        assert_eq!((excluded.len(), &excluded[0]["id"]), (2, &json!(passkey.id)));
    })
    .await;
}

#[actix_web::test]
async fn a_key_that_cannot_leave_its_device_is_known_as_such() {
    on_each_engine(async |app| {
        let desk = Desk::new(&app).await;
        let options = desk.creation_options().await;
        let mut key = Authenticator::with_rsa();
        let told = Told { flags: USER_PRESENT | USER_VERIFIED, ..Told::created(&options, &desk.origin) };
        let passkey = desk.register(&options, &key.create(&options, &told)).await.unwrap();
        assert_eq!(passkeys::backup(&passkey), Backup::DeviceBound);
        let proven = desk.assert(&key, |told| told.flags = USER_PRESENT | USER_VERIFIED).await;
        assert_eq!(name(proven), "accepted", "RS256");
    })
    .await;
}

#[actix_web::test]
async fn a_credential_is_registered_once_whoever_presents_it() {
    on_each_engine(async |app| {
        let desk = Desk::new(&app).await;
        let mut phone = Authenticator::new();
        desk.enrol(&mut phone).await;
        let options = desk.creation_options().await;
        let again = phone.create(&options, &Told::created(&options, &desk.origin));
        assert_eq!(name(desk.register(&options, &again).await), "AlreadyRegistered");

        let thief = Desk { user: app.user("mallory").await, ..Desk::new(&app).await };
        let options = thief.creation_options().await;
        let mut copy = phone.forged();
        let answer = copy.create(&options, &Told::created(&options, &thief.origin));
        assert_eq!(name(thief.register(&options, &answer).await), "AlreadyRegistered");
    })
    .await;
}

#[actix_web::test]
async fn there_is_room_for_twenty() {
    on_each_engine(async |app| {
        let desk = Desk::new(&app).await;
        let late = desk.creation_options().await;
        for _ in 0..20 {
            desk.enrol(&mut Authenticator::new()).await;
        }
        let owner = Owner::of(&desk.user);
        let more = passkeys::begin_registration(&desk.state, &owner, &desk.browser, desk.state.now()).await;
        assert!(matches!(more, Err(passkeys::PasskeyError::TooMany)));
        let mut phone = Authenticator::new();
        let answer = phone.create(&late, &Told::created(&late, &desk.origin));
        assert_eq!(name(desk.register(&late, &answer).await), "TooMany");
    })
    .await;
}

/// For an account that is made with its passkey.
#[actix_web::test]
async fn a_passkey_can_be_verified_before_its_owner_exists() {
    on_each_engine(async |app| {
        let desk = Desk::new(&app).await;
        let id = protocol::ids::UserId::parse("not-yet").unwrap();
        let owner = Owner { id: &id, name: "new@example.test", display_name: "" };
        let now = desk.state.now();
        let (_, options) = passkeys::begin_registration(&desk.state, &owner, &desk.browser, now).await.unwrap();
        let answer = Authenticator::new().create(&options, &Told::created(&options, &desk.origin)).to_string();
        let naming = Naming { typed: " my\nphone ", otherwise: "Passkey" };
        let presented = desk.presented(&options, &answer);
        let passkey = passkeys::verify_registration(&desk.state, &id, presented, naming, now).await.unwrap();
        assert_eq!((passkey.user_id.as_str(), passkey.name.as_str()), ("not-yet", "my phone"));
        assert!(store::passkeys::find(&app.store, &passkey.id).await.unwrap().is_none(), "nothing is kept yet");
    })
    .await;
}
