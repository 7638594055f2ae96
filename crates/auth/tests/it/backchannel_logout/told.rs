//! Who is told, and what: the logout token.

use std::collections::HashSet;
use std::time::Duration;

use protocol::client::{Client, RegisteredBy};
use protocol::ids::{ClientId, UserId};
use protocol::logout::backchannel::DeliveryState;
use protocol::signing::SigningAlgorithm;
use protocol::time::Seconds;
use serde_json::json;
use testkit::browser::Browser;
use testkit::database::TestDatabase;
use testkit::elsewhere::Reply;
use testkit::requests::text;
use tokio::time::sleep;

use super::{PATH, header, logout_token, on_each_engine, payload, scene};

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

#[actix_web::test]
async fn a_client_hears_of_a_logout_once_with_a_token_of_exactly_these_claims() {
    on_each_engine(async |scene| {
        let browser = Browser::new(&scene.app);
        let id_token = scene.sign_in(&browser, "told").await;
        scene.sign_out(&browser, &id_token).await;
        let [request] = &scene.told(1).await[..] else { panic!("told twice") };
        assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", PATH));
        assert_eq!(request.headers["content-type"], "application/x-www-form-urlencoded");
        let mut claims = scene.claims(request, SigningAlgorithm::RS256).await;
        let jti = claims["jti"].take();
        assert!(jti.as_str().is_some_and(|jti| jti.len() >= 20), "{jti}");
        let (id_token, now) = (payload(&id_token), scene.app.now().0);
        let expected = json!({
            "iss": scene.app.issuer, "aud": "told", "sub": id_token["sub"], "sid": id_token["sid"], "iat": now,
            "exp": now + 120, "jti": null, "events": { EVENT: {} },
        });
        assert_eq!(claims, expected);
        let delivery = scene.delivery("told", |delivery| delivery.state == DeliveryState::Delivered).await;
        assert_eq!((delivery.tries, delivery.due_at, delivery.last_error), (1, None, None));
        scene.app.clock.advance(Seconds::hours(2));
        sleep(Duration::from_millis(1_500)).await;
        assert_eq!(scene.elsewhere.count(), 1);
    })
    .await;
}

#[actix_web::test]
async fn only_clients_of_the_session_that_registered_for_it_are_told() {
    on_each_engine(async |scene| {
        scene.client("too", json!({ "backchannel_logout_uri": scene.elsewhere.url("/too") })).await;
        scene.client("never", json!({ "backchannel_logout_uri": scene.elsewhere.url("/never") })).await;
        scene.elsewhere.publish("/too", Reply::status(204));
        let browser = Browser::new(&scene.app);
        scene.sign_in(&browser, "told").await;
        browser.authorize(&scene.app.authorize_url("first-party", &[])).await;
        let id_token = scene.sign_in(&browser, "too").await;
        scene.sign_in(&Browser::new(&scene.app), "never").await;
        scene.sign_out(&browser, &id_token).await;
        scene.told(2).await;
        scene.delivery("too", |delivery| delivery.state == DeliveryState::Delivered).await;
        let mut paths: Vec<_> = scene.elsewhere.received().into_iter().map(|request| request.path).collect();
        paths.sort();
        assert_eq!(paths, [PATH, "/too"]);
    })
    .await;
}

#[actix_web::test]
async fn the_token_is_signed_and_names_the_person_as_the_client_knows_them() {
    for (id, metadata, algorithm) in [
        ("es", json!({ "id_token_signed_response_alg": "ES256" }), SigningAlgorithm::ES256),
        ("pairwise", json!({ "subject_type": "pairwise" }), SigningAlgorithm::RS256),
    ] {
        let scene = scene(TestDatabase::sqlite()).await;
        scene.client(id, metadata).await;
        let browser = Browser::new(&scene.app);
        let id_token = scene.sign_in(&browser, id).await;
        scene.sign_out(&browser, &id_token).await;
        let claims = scene.claims(&scene.told(1).await[0], algorithm).await;
        assert_eq!(claims["sub"], payload(&id_token)["sub"], "{id}");
    }
}

/// Such a client may have moved to another sector since the sign-in, where it must not learn whom people are.
#[actix_web::test]
async fn a_client_that_moves_is_told_of_a_logout_without_sub() {
    let scene = scene(TestDatabase::sqlite()).await;
    scene.client("model", json!({ "subject_type": "pairwise" })).await;
    let store = &scene.app.store;
    let [model, moves] = ["model", "moves"].map(|id| ClientId::parse(id).unwrap());
    let model = store::clients::find(store, &model).await.unwrap().unwrap();
    let client = Client { id: moves, registered_by: RegisteredBy::Dynamic, ..model };
    store::clients::insert(store, &client).await.unwrap();
    let browser = Browser::new(&scene.app);
    let id_token = scene.sign_in(&browser, "moves").await;
    scene.sign_out(&browser, &id_token).await;
    let claims = scene.claims(&scene.told(1).await[0], SigningAlgorithm::RS256).await;
    assert_eq!((claims.get("sub"), &claims["sid"]), (None, &payload(&id_token)["sid"]));
}

#[actix_web::test]
async fn a_client_without_signatures_gets_a_signed_logout_token() {
    let scene = scene(TestDatabase::sqlite()).await;
    scene.client("unsigned", json!({ "id_token_signed_response_alg": "none" })).await;
    let browser = Browser::new(&scene.app);
    let unsigned = scene.sign_in(&browser, "unsigned").await;
    assert_eq!(header(&unsigned)["alg"], "none");
    let id_token = scene.sign_in(&browser, "told").await;
    scene.sign_out(&browser, &id_token).await;
    for request in scene.told(2).await {
        scene.claims(&request, SigningAlgorithm::RS256).await;
    }
}

#[actix_web::test]
async fn a_client_with_encrypted_id_tokens_gets_an_encrypted_logout_token() {
    let scene = scene(TestDatabase::sqlite()).await;
    let key = jwt::key::SigningKey::generate(SigningAlgorithm::ES256).unwrap();
    let mut jwk = serde_json::to_value(key.jwk()).unwrap();
    (jwk["use"], jwk["alg"]) = (json!("enc"), json!("ECDH-ES"));
    let metadata = json!({
        "id_token_encrypted_response_alg": "ECDH-ES",
        "id_token_encrypted_response_enc": "A256GCM",
        "jwks": { "keys": [jwk] },
    });
    scene.client("sealed", metadata).await;
    let browser = Browser::new(&scene.app);
    scene.sign_in(&browser, "sealed").await;
    let id_token = scene.sign_in(&browser, "told").await;
    scene.sign_out(&browser, &id_token).await;
    let tokens: Vec<String> = scene.told(2).await.iter().map(logout_token).collect();
    let sealed = tokens.iter().find(|token| token.split('.').count() == 5).expect("one is encrypted");
    let header = header(sealed);
    assert_eq!((&header["alg"], &header["enc"], &header["cty"]), (&json!("ECDH-ES"), &json!("A256GCM"), &json!("JWT")));
}

#[actix_web::test]
async fn a_person_who_is_signed_out_everywhere_is_signed_out_of_every_session() {
    on_each_engine(async |scene| {
        let mut expected = HashSet::new();
        let mut user = None;
        for _ in 0..2 {
            let id_token = payload(&scene.sign_in(&Browser::new(&scene.app), "told").await);
            user = Some(UserId::parse(text(&id_token, "sub")).unwrap());
            expected.insert(id_token["sid"].to_string());
        }
        let _won = store::users::disable(&scene.app.store, &user.unwrap(), scene.app.now()).await.unwrap();
        let mut told = HashSet::new();
        for request in scene.told(2).await {
            told.insert(scene.claims(&request, SigningAlgorithm::RS256).await["sid"].to_string());
        }
        assert_eq!((told, expected.len()), (expected, 2));
    })
    .await;
}
