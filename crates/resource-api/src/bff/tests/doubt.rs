//! What becomes of a session whose access token the issuer took back.

use super::*;

#[actix_web::test]
async fn a_token_that_was_taken_back_is_replaced_once_a_minute() {
    let fake = Fake::start();
    let scene = scene_at(&fake.url);
    let (_, request) = scene.session(|_| {}).await;
    let token = async || scene.bff.session(&request).await.unwrap().unwrap().access_token;
    let first = token().await;
    scene.bff.doubt(&request, &TokenText::new("a token of before")).await.unwrap();
    assert_eq!((token().await.expose(), fake.refreshed()), (first.expose(), 0));
    scene.bff.doubt(&request, &first).await.unwrap();
    let second = token().await;
    assert_eq!(second.expose(), "access 1");
    scene.bff.doubt(&request, &second).await.unwrap();
    assert_eq!(token().await.expose(), "access 1", "an issuer that always says so is not asked all the time");
    scene.later(60);
    scene.bff.doubt(&request, &second).await.unwrap();
    assert_eq!(token().await.expose(), "access 2");
}

#[actix_web::test]
async fn a_session_that_is_over_at_the_issuer_is_over_with_the_first_token_that_was_taken_back() {
    let fake = Fake::start();
    let scene = scene_at(&fake.url);
    fake.answers(400, "invalid_grant");
    let (key, request) = scene.session(|_| {}).await;
    let (lonely, without) = scene.session(|session| session.tokens.refresh_token = None).await;
    for (key, request) in [(key, request), (lonely, without)] {
        let token = scene.bff.session(&request).await.unwrap().unwrap().access_token;
        scene.bff.doubt(&request, &token).await.unwrap();
        assert_eq!(scene.bff.session(&request).await.unwrap_err(), BffError::SessionOver);
        assert!(scene.store.load(&key).await.unwrap().is_none());
    }
    assert_eq!(fake.refreshed(), 1);
}

#[actix_web::test]
async fn a_doubt_does_not_disturb_a_refresh_that_is_under_way() {
    let scene = scene_at("http://localhost:1");
    let (key, request) = scene.session(|session| session.refreshing_until = Some(NOW + Seconds(15))).await;
    scene.bff.doubt(&request, &TokenText::new("an access token")).await.unwrap();
    assert_eq!(scene.store.load(&key).await.unwrap().unwrap().version, 1);
}
