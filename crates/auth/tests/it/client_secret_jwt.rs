//! Clients that prove themselves with a MAC under their secret (OpenID Connect Core §9): the secret is kept encrypted.

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use jwt::key::SigningKey;
use protocol::ids::ClientId;
use protocol::secret::TokenHash;
use protocol::signing::SigningAlgorithm;
use serde_json::{Value, json};
use store::clients::KeptSecret;
use testkit::app::{TestApp, TestOptions};
use testkit::browser::Page;
use testkit::database::TestDatabase;
use testkit::requests::text;

use crate::registration::{metadata, on_each, open, public_keys, register};

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

struct MacClient {
    app: TestApp,
    told: Value,
}

impl MacClient {
    async fn new(app: TestApp, changes: Value) -> Self {
        let mut all = json!({ "token_endpoint_auth_method": "client_secret_jwt" });
        all.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        let told = register(&app, all).await;
        Self { app, told }
    }

    fn claims(&self, jti: &str) -> Value {
        let (now, id) = (self.app.now().0, text(&self.told, "client_id"));
        json!({ "iss": id, "sub": id, "aud": self.app.issuer, "iat": now, "exp": now + 60, "jti": jti })
    }

    fn signed(&self, header: &Header, jti: &str) -> String {
        let key = EncodingKey::from_secret(text(&self.told, "client_secret").as_bytes());
        encode(header, &self.claims(jti), &key).unwrap()
    }

    async fn present(&self, assertion: &str) -> Page {
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", "x"),
            ("client_assertion_type", ASSERTION_TYPE),
            ("client_assertion", assertion),
        ];
        let form = form.map(|(name, value)| (name.to_owned(), value.to_owned()));
        self.app.post_raw("/token", None, &form).await
    }

    /// Whether the client was taken for itself; its refresh token is refused then.
    async fn accepts(&self, assertion: &str) -> bool {
        let page = self.present(assertion).await;
        match text(&page.json(), "error") {
            "invalid_client" => false,
            "invalid_grant" => true,
            other => panic!("{other}"),
        }
    }
}

fn grants() -> Value {
    json!({ "grant_types": ["authorization_code", "refresh_token"] })
}

#[actix_web::test]
async fn a_mac_is_accepted_once_and_never_again() {
    on_each(open, async |app| {
        let mut client = MacClient::new(app, grants()).await;
        let assertion = client.signed(&Header::default(), "once");
        assert!(client.accepts(&assertion).await);
        assert!(!client.accepts(&assertion).await, "again");
        let assertion = client.signed(&Header::default(), "kept");
        assert!(client.accepts(&assertion).await);
        client.app.restart().await;
        assert!(!client.accepts(&assertion).await, "remembered across a restart");
        assert!(client.accepts(&client.signed(&Header::default(), "after")).await, "the secret is kept, too");
    })
    .await;
}

#[actix_web::test]
async fn only_the_registered_algorithm_counts_and_hs256_where_none_is() {
    let all = [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512];
    for registered in [None, Some(Algorithm::HS256), Some(Algorithm::HS384), Some(Algorithm::HS512)] {
        let app = TestApp::start_with(TestDatabase::sqlite(), options()).await;
        let mut only = grants();
        if let Some(alg) = registered {
            only["token_endpoint_auth_signing_alg"] = json!(alg);
        }
        let client = MacClient::new(app, only).await;
        for (number, alg) in all.into_iter().enumerate() {
            let accepted = client.accepts(&client.signed(&Header::new(alg), &number.to_string())).await;
            assert_eq!(accepted, alg == registered.unwrap_or(Algorithm::HS256), "{alg:?}, registered {registered:?}");
        }
    }
}

fn options() -> TestOptions {
    TestOptions { config: Box::new(open), ..TestOptions::default() }
}

/// Whoever can write the database but has no keys of ours: a secret that they know does not become that of another client.
#[actix_web::test]
async fn a_sealed_secret_is_of_one_client() {
    on_each(open, async |app| {
        let mine = MacClient::new(app, grants()).await;
        let id = |told: &Value| ClientId::parse(text(told, "client_id")).unwrap();
        let (my_id, now) = (id(&mine.told), mine.app.now());
        let mut secrets = store::clients::live_sealed_secrets(&mine.app.store, &my_id, now).await.unwrap();
        let sealed = secrets.swap_remove(0);
        let mut theirs = json!({ "token_endpoint_auth_method": "client_secret_jwt" });
        theirs.as_object_mut().unwrap().extend(grants().as_object().unwrap().clone());
        let theirs = register(&mine.app, theirs).await;
        let hash = TokenHash::of(text(&mine.told, "client_secret").as_bytes());
        let copied = KeptSecret { hash, sealed: Some(sealed), created_at: now, expires_at: None };
        store::clients::keep_secret(&mine.app.store, &id(&theirs), &copied).await.unwrap();
        assert!(mine.accepts(&mine.signed(&Header::default(), "mine")).await);
        let told = json!({ "client_id": theirs["client_id"], "client_secret": mine.told["client_secret"] });
        let forged = MacClient { app: mine.app, told };
        assert!(!forged.accepts(&forged.signed(&Header::default(), "forged")).await);
    })
    .await;
}

#[actix_web::test]
async fn nothing_else_than_a_mac_under_the_secret_proves_the_client() {
    on_each(open, async |app| {
        let client = MacClient::new(
            app,
            json!({ "grant_types": ["authorization_code", "refresh_token"], "jwks": public_keys() }),
        )
        .await;
        let other = EncodingKey::from_secret(&[7; 64]);
        assert!(!client.accepts(&encode(&Header::default(), &client.claims("other"), &other).unwrap()).await);
        let foreign = Header { typ: Some("at+jwt".to_owned()), ..Header::default() };
        assert!(!client.accepts(&client.signed(&foreign, "type")).await);
        let signed = SigningKey::generate(SigningAlgorithm::ES256).unwrap().sign(Some("JWT"), &client.claims("key"));
        assert!(!client.accepts(&signed.unwrap()).await, "a signature is not for it");
        let mac = client.signed(&Header::default(), "cut");
        let unsigned = mac.rsplit_once('.').unwrap().0;
        assert!(!client.accepts(&format!("{unsigned}.")).await);
        let secret = text(&client.told, "client_secret");
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", "x"),
            ("client_id", text(&client.told, "client_id")),
            ("client_secret", secret),
        ];
        let form = form.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let page = client.app.post_raw("/token", None, &form).await;
        assert_eq!(page.json()["error"], "invalid_client", "the secret itself does not count");
    })
    .await;
}

/// The oldest trick: the public key of a client, or its hash in the database, as the secret of a MAC.
#[actix_web::test]
async fn a_client_with_a_key_is_not_proven_by_a_mac() {
    on_each(open, async |app| {
        let keys = public_keys();
        let changes = json!({
            "token_endpoint_auth_method": "private_key_jwt",
            "grant_types": ["authorization_code", "refresh_token"],
            "jwks": keys,
        });
        let told = register(&app, changes).await;
        let client = MacClient { app, told };
        let key = EncodingKey::from_secret(keys["keys"][0].to_string().as_bytes());
        assert!(!client.accepts(&encode(&Header::default(), &client.claims("trick"), &key).unwrap()).await);
    })
    .await;
}

#[actix_web::test]
async fn two_secrets_work_side_by_side_while_they_are_rotated() {
    on_each(open, async |app| {
        let old = MacClient::new(app, grants()).await;
        let id = ClientId::parse(text(&old.told, "client_id")).unwrap();
        let client = store::clients::find(&old.app.store, &id).await.unwrap().unwrap();
        let (now, next) = (old.app.now(), auth::registration::new_secret(&client));
        let end = now + protocol::time::Seconds(60);
        store::clients::expire_secrets(&old.app.store, &id, end).await.unwrap();
        let kept = auth::registration::keep(old.app.keys.secrets(), &client, &next, now);
        store::clients::keep_secret(&old.app.store, &id, &kept).await.unwrap();
        let key = EncodingKey::from_secret(next.expose().as_bytes());
        let by_next = |jti: &str| encode(&Header::default(), &old.claims(jti), &key).unwrap();
        assert!(old.accepts(&old.signed(&Header::default(), "1")).await);
        assert!(old.accepts(&by_next("2")).await);
        old.app.clock.advance(protocol::time::Seconds(60));
        assert!(!old.accepts(&old.signed(&Header::default(), "3")).await);
        assert!(old.accepts(&by_next("4")).await);
    })
    .await;
}

#[actix_web::test]
async fn an_algorithm_of_another_method_is_not_registered() {
    on_each(open, async |app| {
        let changes =
            json!({ "token_endpoint_auth_method": "client_secret_jwt", "token_endpoint_auth_signing_alg": "RS256" });
        let page = crate::registration::post(&app, None, &metadata(changes)).await;
        crate::registration::assert_refused(&page, 400, "invalid_client_metadata", "HS256, HS384, HS512");
    })
    .await;
}
