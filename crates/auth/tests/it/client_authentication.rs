//! Who asks at `/token` (RFC 6749 §2.3, RFC 7523, OA-047 to OA-060).

use std::sync::Arc;

use futures_util::future::join_all;
use jwt::key::SigningKey;
use protocol::signing::SigningAlgorithm;
use serde_json::json;
use testkit::app::TestApp;
use testkit::browser::Page;
use testkit::requests::{As, text};

use crate::on_each_engine;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

fn form(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

async fn raw(app: &TestApp, authorization: Option<&str>, pairs: &[(&str, &str)]) -> Page {
    let mut pairs = pairs.to_vec();
    pairs.push(("grant_type", "client_credentials"));
    app.post_raw("/token", authorization, &form(&pairs)).await
}

#[actix_web::test]
async fn basic_and_post_both_work_but_not_together() {
    on_each_engine(async |app| {
        assert_eq!(app.client_credentials(As::Basic("machine"), &[]).await.status, 200);
        assert_eq!(app.client_credentials(As::Post("machine"), &[]).await.status, 200);
        let both = [("client_id", "machine"), ("client_secret", testkit::app::CLIENT_SECRET)];
        let page = app.client_credentials(As::Basic("machine"), &both).await;
        assert_eq!((page.status.as_u16(), text(&page.json(), "error")), (400, "invalid_request"));
    })
    .await;
}

#[actix_web::test]
async fn every_failure_looks_the_same() {
    on_each_engine(async |app| {
        let wrong = [("client_id", "machine"), ("client_secret", "wrong")];
        let unknown = [("client_id", "nobody"), ("client_secret", "wrong")];
        let none = [("client_id", "machine")];
        let mut bodies = Vec::new();
        for pairs in [&wrong[..], &unknown[..], &none[..]] {
            let page = raw(&app, None, pairs).await;
            assert_eq!(page.status, 401, "{pairs:?} {}", page.body);
            assert_eq!(page.json()["error"], "invalid_client");
            bodies.push((text(&page.json(), "error_description").to_owned(), page.body.len()));
        }
        assert_eq!(bodies[0], bodies[1]);
        let page = raw(&app, Some("Basic bWFjaGluZTp3cm9uZw=="), &[]).await;
        assert_eq!(page.status, 401);
        assert!(page.header("www-authenticate").starts_with("Basic realm="), "RFC 6749 §5.2");
        let page = raw(&app, None, &[]).await;
        assert_eq!((page.status.as_u16(), text(&page.json(), "error")), (401, "invalid_client"));
    })
    .await;
}

#[actix_web::test]
async fn malformed_authorization_headers_are_refused_politely() {
    on_each_engine(async |app| {
        for header in ["Basic", "Basic !!!", "Basic bWFjaGluZQ==", "Bearer x", "Digest a=b", "Basic bWFjaGluZTo="] {
            let page = raw(&app, Some(header), &[]).await;
            assert!([400, 401].contains(&page.status.as_u16()), "{header}: {}", page.status);
            assert!(["invalid_client", "invalid_request"].contains(&text(&page.json(), "error")), "{header}");
        }
    })
    .await;
}

struct KeyClient {
    app: TestApp,
    key: SigningKey,
}

impl KeyClient {
    async fn new(app: TestApp) -> Self {
        let key = SigningKey::generate(SigningAlgorithm::ES256).unwrap();
        let metadata = json!({
            "token_endpoint_auth_method": "private_key_jwt",
            "grant_types": ["client_credentials"],
            "redirect_uris": [],
            "scope": "notes:read",
            "jwks": { "keys": [key.jwk()] },
        });
        app.client("key-client", &metadata.to_string()).await;
        Self { app, key }
    }

    fn claims(&self, jti: &str) -> serde_json::Value {
        let now = self.app.now().0;
        json!({ "iss": "key-client", "sub": "key-client", "aud": self.app.issuer, "iat": now, "exp": now + 60, "jti": jti })
    }

    async fn present(&self, claims: &serde_json::Value) -> Page {
        self.present_as(Some("JWT"), claims).await
    }

    async fn present_as(&self, typ: Option<&str>, claims: &serde_json::Value) -> Page {
        let assertion = self.key.sign(typ, claims).unwrap();
        let pairs = [("client_assertion_type", ASSERTION_TYPE), ("client_assertion", assertion.as_str())];
        raw(&self.app, None, &pairs).await
    }
}

#[actix_web::test]
async fn private_key_jwt_is_accepted_once() {
    on_each_engine(async |app| {
        let mut client = KeyClient::new(app).await;
        let claims = client.claims("one");
        assert_eq!(client.present(&claims).await.status, 200);
        assert_eq!(client.present(&claims).await.json()["error"], "invalid_client");
        client.app.restart().await;
        assert_eq!(client.present(&claims).await.json()["error"], "invalid_client", "remembered across a restart");
        assert_eq!(client.present(&client.claims("two")).await.status, 200);
    })
    .await;
}

#[actix_web::test]
async fn an_assertion_of_another_type_proves_nobody() {
    on_each_engine(async |app| {
        let client = KeyClient::new(app).await;
        let types = [None, Some("JWT"), Some("jwt"), Some("client-authentication+jwt")];
        for typ in types.into_iter().chain([Some("application/client-authentication+jwt")]) {
            let page = client.present_as(typ, &client.claims(&format!("right {typ:?}"))).await;
            assert_eq!(page.status, 200, "{typ:?} {}", page.body);
        }
        for typ in ["at+jwt", "logout+jwt", "dpop+jwt", "oauth-authz-req+jwt", ""] {
            let page = client.present_as(Some(typ), &client.claims(&format!("wrong {typ}"))).await;
            assert_eq!(page.json()["error"], "invalid_client", "{typ}");
        }
    })
    .await;
}

#[actix_web::test]
async fn of_64_parallel_uses_of_one_assertion_one_wins() {
    on_each_engine(async |app| {
        let client = Arc::new(KeyClient::new(app).await);
        let claims = client.claims("race");
        let pages = join_all((0..64).map(|_| client.present(&claims))).await;
        assert_eq!(pages.iter().filter(|page| page.status == 200).count(), 1);
    })
    .await;
}

#[actix_web::test]
async fn each_wrong_claim_of_an_assertion_is_refused() {
    on_each_engine(async |app| {
        let client = KeyClient::new(app).await;
        let now = client.app.now().0;
        let wrong = [
            ("iss", json!("machine")),
            ("sub", json!("machine")),
            ("aud", json!("https://elsewhere.example.com")),
            ("aud", json!([client.app.issuer, "https://elsewhere.example.com"])),
            ("exp", json!(now - 60)),
            ("exp", json!(now + 7_200)),
            ("nbf", json!(now + 300)),
            ("jti", json!("")),
            ("jti", json!("a\u{0}b")),
            ("jti", json!(null)),
            ("exp", json!(null)),
        ];
        for (index, (claim, value)) in wrong.into_iter().enumerate() {
            let mut claims = client.claims(&format!("wrong-{index}"));
            claims[claim] = value.clone();
            if value.is_null() {
                claims.as_object_mut().unwrap().remove(claim);
            }
            let page = client.present(&claims).await;
            assert_eq!(page.json()["error"], "invalid_client", "{claim} = {value}");
        }
        let stranger = SigningKey::generate(SigningAlgorithm::ES256).unwrap();
        let assertion = stranger.sign(Some("JWT"), &client.claims("stranger")).unwrap();
        let pairs = [("client_assertion_type", ASSERTION_TYPE), ("client_assertion", assertion.as_str())];
        assert_eq!(raw(&client.app, None, &pairs).await.json()["error"], "invalid_client");
    })
    .await;
}
