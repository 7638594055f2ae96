//! The ID token of an answer: the right ones, and each rule broken alone (OpenID Connect Core §3.1.3.7, §12.2).

use jwt::key::SigningKey;
use protocol::signing::SigningAlgorithm;

use super::*;

const ES256: SigningAlgorithm = SigningAlgorithm::ES256;

/// What the issuer signs beside the access token `access 1`.
fn claims(issuer: &str) -> Value {
    let at_hash = jwt::half_hash(protocol::signing::MaybeSigned::Signed(ES256), "access 1");
    json!({
        "iss": issuer, "aud": "front", "sub": "ada", "sid": "s1", "nonce": "a nonce", "at_hash": at_hash,
        "iat": NOW.0 + 271, "exp": NOW.0 + 571,
    })
}

/// Whether the new tokens are used after a refresh that brings an ID token with `change`; `null` takes a claim away.
async fn is_believed(change: Value, sign: impl FnOnce(&SigningKey, &Value) -> String) -> bool {
    let fake = Fake::start();
    let key = SigningKey::generate(ES256).unwrap();
    fake.shared.keys.lock().unwrap().push(serde_json::to_value(key.jwk()).unwrap());
    let mut claims = claims(&fake.url);
    for (name, value) in change.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    *fake.shared.id_token.lock().unwrap() = Some(sign(&key, &claims));
    let scene = scene_at(&fake.url);
    let (session, request) = scene.session(|_| {}).await;
    scene.later(271);
    let answer = scene.bff.session(&request).await;
    let kept = scene.store.load(&session).await.unwrap();
    match answer {
        Ok(handed) => handed.unwrap().access_token.expose() == "access 1",
        Err(error) => {
            assert_eq!(error, BffError::SessionOver, "{change}");
            assert!(kept.is_none(), "tokens that are not believed end the session");
            false
        }
    }
}

fn signed(key: &SigningKey, claims: &Value) -> String {
    key.sign(None, claims).unwrap()
}

#[actix_web::test]
async fn a_right_id_token_is_believed() {
    for change in [
        json!({}),
        json!({ "nonce": null }),
        json!({ "at_hash": null }),
        json!({ "aud": ["front"] }),
        json!({ "exp": NOW.0 + 271 - 20 }),
        json!({ "azp": "front" }),
    ] {
        assert!(is_believed(change.clone(), signed).await, "{change}");
    }
}

#[actix_web::test]
async fn with_a_broken_rule_no_token_is_used() {
    for change in [
        json!({ "iss": "https://evil.example" }),
        json!({ "iss": null }),
        json!({ "aud": "other" }),
        json!({ "aud": ["front", "other"] }),
        json!({ "aud": null }),
        json!({ "sub": "bob" }),
        json!({ "sub": null }),
        json!({ "exp": NOW.0 + 240 }),
        json!({ "exp": null }),
        json!({ "nonce": "another" }),
        json!({ "at_hash": "AAAAAAAAAAAAAAAAAAAAAA" }),
    ] {
        assert!(!is_believed(change.clone(), signed).await, "{change}");
    }
}

#[actix_web::test]
async fn only_the_issuers_signature_is_believed() {
    let stranger = SigningKey::generate(ES256).unwrap();
    assert!(!is_believed(json!({}), |_, claims| stranger.sign(None, claims).unwrap()).await);
    assert!(!is_believed(json!({}), |_, claims| jwt::unsecured::unsigned_id_token(claims).unwrap()).await);
    let mixed = |key: &SigningKey, claims: &Value| {
        let (ours, theirs) = (key.sign(None, claims).unwrap(), stranger.sign(None, claims).unwrap());
        format!("{}.{}", ours.rsplit_once('.').unwrap().0, theirs.rsplit_once('.').unwrap().1)
    };
    assert!(!is_believed(json!({}), mixed).await);
}

#[actix_web::test]
async fn a_key_that_is_new_is_fetched() {
    let fake = Fake::start();
    let scene = scene_at(&fake.url);
    scene.bff.0.provider.known().await.unwrap();
    scene.bff.0.provider.grow_old();
    let key = SigningKey::generate(ES256).unwrap();
    fake.shared.keys.lock().unwrap().push(serde_json::to_value(key.jwk()).unwrap());
    *fake.shared.id_token.lock().unwrap() = Some(signed(&key, &claims(&fake.url)));
    let (_, request) = scene.session(|_| {}).await;
    scene.later(271);
    assert!(scene.bff.session(&request).await.is_ok());
    assert_eq!(fake.shared.discovered.load(Ordering::SeqCst), 2);
}
