//! What the resource server of an API learns about a key for it (RFC 7662 §2.2).

use auth::api_keys::{Signing, Wanted};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use protocol::time::Seconds;
use serde_json::json;
use testkit::app::{API, REDIRECT_URI};
use testkit::requests::{As, text};

use super::{API_CLIENT, INACTIVE, alice, introspect, kept, key, make, serve_the_api, told, wanted};
use crate::on_each_engine;

#[actix_web::test]
async fn the_resource_server_learns_whose_key_it_is_and_what_it_may_do() {
    on_each_engine(async |app| {
        let made = key(&app, &["notes:read", "write"]).await;
        let page = told(&app, &made).await;
        assert_eq!(page.header("cache-control"), "no-store");
        let expected = json!({
            "active": true,
            "iss": app.issuer,
            "sub": alice(&app).await.id,
            "aud": API,
            "username": "alice",
            "scope": "notes:read notes:write",
            "permissions": ["notes:read", "write"],
            "iat": app.now(),
            "exp": app.now() + Seconds::days(90),
            "jti": made.record.id.as_str(),
        });
        assert_eq!(page.json(), expected);
    })
    .await;
}

#[actix_web::test]
async fn the_networks_of_a_key_are_told_and_its_end_only_if_it_has_one() {
    on_each_engine(async |app| {
        serve_the_api(&app).await;
        let networks = vec!["10.0.0.0/8".parse().unwrap(), "2001:db8::/32".parse().unwrap()];
        let limited = Wanted { allowed_networks: networks, lifetime: None, ..wanted(&app, &["*"]).await };
        let answer = told(&app, &make(&app, limited).await).await.json();
        assert_eq!(answer["allowed_networks"], json!(["10.0.0.0/8", "2001:db8::/32"]));
        assert_eq!((answer.get("exp"), text(&answer, "scope")), (None, "notes:read notes:write"));
    })
    .await;
}

/// OpenID Connect Core §8.1: who sees people by pairwise names is told no other name.
#[actix_web::test]
async fn a_resource_server_of_pairwise_names_learns_no_other_name() {
    on_each_engine(async |app| {
        let metadata = json!({
            "subject_type": "pairwise", "grant_types": ["authorization_code"], "redirect_uris": [REDIRECT_URI],
        });
        let client = app.client("discreet", &metadata.to_string()).await;
        let made = key(&app, &["read"]).await;
        let _set = store::apis::set_resource_server(&app.store, API, Some(&client.id)).await.unwrap();
        let answer = app.introspect(As::Basic("discreet"), made.key.expose()).await.json();
        assert_eq!((text(&answer, "sub").len(), answer.get("username")), (43, None));
        assert!(!answer.to_string().contains(alice(&app).await.id.as_str()));
    })
    .await;
}

#[actix_web::test]
async fn a_use_is_noted_to_the_hour_and_beside_the_answer() {
    on_each_engine(async |app| {
        let made = key(&app, &["read"]).await;
        assert_eq!(kept(&app, &made).await.last_used_at, None);
        for _ in 0..2 {
            let hour = app.now().0 - app.now().0 % 3_600;
            told(&app, &made).await;
            told(&app, &made).await;
            let noted = async || kept(&app, &made).await.last_used_at.map(|at| at.0);
            for _ in 0..100 {
                if noted().await == Some(hour) {
                    break;
                }
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
            assert_eq!(noted().await, Some(hour));
            app.clock.advance(Seconds(3_600));
        }
    })
    .await;
}

#[actix_web::test]
async fn what_is_signed_with_is_told_only_on_request_and_only_where_it_was_allowed() {
    on_each_engine(async |app| {
        serve_the_api(&app).await;
        let signs = Wanted { signing: Signing::Allowed, ..wanted(&app, &["read"]).await };
        let (signs, bears) = (make(&app, signs).await, make(&app, wanted(&app, &["read"]).await).await);
        let name = |made: &auth::api_keys::Made| format!("cs_key_{}", made.record.id);
        let ask = async |client, token: &str, purpose: &str| {
            introspect(&app, client, &[("token", token), ("purpose", purpose)]).await
        };
        let purpose = "http_message_signature";

        let answer = ask(API_CLIENT, &name(&signs), purpose).await.json();
        let expected = URL_SAFE_NO_PAD.encode(jwt::api_key::signing_key(&signs.key).as_slice());
        assert_eq!((text(&answer, "signing_key"), text(&answer, "scope")), (expected.as_str(), "notes:read"));
        assert_eq!(answer["jti"], signs.record.id.as_str());

        assert_eq!(ask(API_CLIENT, &name(&bears), purpose).await.body, INACTIVE, "it was not allowed");
        assert_eq!(ask(API_CLIENT, &name(&signs), "anything").await.body, INACTIVE, "the id proves nothing");
        assert_eq!(app.introspect(API_CLIENT, &name(&signs)).await.body, INACTIVE, "the id proves nothing");
        assert_eq!(ask(API_CLIENT, signs.key.expose(), purpose).await.body, INACTIVE, "it is asked by id");
        assert_eq!(ask(API_CLIENT, "cs_key_0000000000000000", purpose).await.body, INACTIVE);
        assert_eq!(ask(As::Basic("confidential"), &name(&signs), purpose).await.body, INACTIVE, "a stranger");
        for page in [told(&app, &signs).await, ask(API_CLIENT, signs.key.expose(), "anything").await] {
            assert_eq!((page.json()["active"].as_bool(), page.json().get("signing_key")), (Some(true), None));
        }
        let revoked = super::event(&app, protocol::security_event::SecurityEvent::ApiKeyRevoked).await;
        let _won = super::workshop(&app).revoke(&signs.record, revoked, app.now()).await.unwrap();
        assert_eq!(ask(API_CLIENT, &name(&signs), purpose).await.body, INACTIVE, "it was revoked");
        let twice =
            introspect(&app, API_CLIENT, &[("token", &name(&signs)), ("purpose", purpose), ("purpose", "x")]).await;
        assert_eq!(twice.status, 400);
    })
    .await;
}

#[actix_web::test]
async fn neither_key_nor_what_it_signs_with_stands_in_the_database() {
    on_each_engine(async |app| {
        serve_the_api(&app).await;
        let signs = Wanted { signing: Signing::Allowed, ..wanted(&app, &["read"]).await };
        let made = make(&app, signs).await;
        let row = store::api_keys::find(&app.store, &made.record.id).await.unwrap().unwrap();
        let signing_key = URL_SAFE_NO_PAD.encode(jwt::api_key::signing_key(&made.key).as_slice());
        let text = format!("{row:?}");
        let secret = made.key.expose().rsplit('_').next().unwrap();
        assert!(!text.contains(secret) && !text.contains(&signing_key), "{text}");
        assert_eq!(row.hash.as_str(), made.key.hash());
    })
    .await;
}
