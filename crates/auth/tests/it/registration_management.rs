//! `/register/{client_id}` (RFC 7592; OA-155): read, replace, delete, with a token that changes with each replacement.

use futures_util::future::join_all;
use protocol::ids::ClientId;
use protocol::login::Level;
use protocol::scope::Scope;
use protocol::time::Seconds;
use serde_json::{Value, json};
use store::Won;
use testkit::app::{REDIRECT_URI, TestApp};
use testkit::browser::Page;
use testkit::requests::{VERIFIER, text};

use crate::registration::{assert_refused, metadata, on_each, open, public_keys, register};

/// A client that registered itself, with what it was told last.
pub(super) struct Managed<'a> {
    app: &'a TestApp,
    path: String,
    pub(super) id: String,
    pub(super) token: String,
    secret: Option<String>,
}

impl<'a> Managed<'a> {
    pub(super) async fn new(app: &'a TestApp, changes: Value) -> Self {
        let told = register(app, changes).await;
        let id = text(&told, "client_id").to_owned();
        let mut managed = Self { app, path: format!("/register/{id}"), id, token: String::new(), secret: None };
        managed.learn(&told);
        managed
    }

    fn learn(&mut self, told: &Value) {
        text(told, "registration_access_token").clone_into(&mut self.token);
        if let Some(secret) = told.get("client_secret") {
            self.secret = secret.as_str().map(str::to_owned);
        }
    }

    async fn get(&self) -> Page {
        self.get_with(&self.token).await
    }

    pub(super) async fn get_with(&self, token: &str) -> Page {
        self.app.json("GET", &self.path, Some(token), None).await
    }

    /// A replacement whose answer is lost.
    pub(super) async fn put(&self, changes: Value) -> Page {
        let mut document = metadata(json!({ "client_id": self.id }));
        for (name, value) in changes.as_object().unwrap() {
            document[name] = value.clone();
        }
        self.app.json("PUT", &self.path, Some(&self.token), Some(&document)).await
    }

    pub(super) async fn change(&mut self, changes: Value) -> Value {
        let page = self.put(changes).await;
        assert_eq!(page.status, 200, "{}", page.body);
        self.learn(&page.json());
        page.json()
    }

    /// Whether the secret opens the token endpoint, where its code is refused then.
    async fn authenticates(&self, secret: &str) -> bool {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", "x"),
            ("redirect_uri", REDIRECT_URI),
            ("code_verifier", VERIFIER),
            ("client_id", &self.id),
            ("client_secret", secret),
        ];
        let form = form.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let page = self.app.post_raw("/token", None, &form).await;
        match text(&page.json(), "error") {
            "invalid_client" => false,
            "invalid_grant" => true,
            other => panic!("{other}"),
        }
    }
}

#[actix_web::test]
async fn reading_tells_everything_but_the_secret() {
    on_each(open, async |app| {
        let told = register(&app, json!({ "initiate_login_uri": "https://app.example.com/login" })).await;
        let path = format!("/register/{}", text(&told, "client_id"));
        let page = app.json("GET", &path, Some(text(&told, "registration_access_token")), None).await;
        assert_eq!((page.status.as_u16(), page.header("cache-control")), (200, "no-store"));
        let mut expected = told.clone();
        for once in ["client_secret", "client_secret_expires_at"] {
            expected.as_object_mut().unwrap().remove(once);
        }
        assert_eq!(page.json(), expected);
    })
    .await;
}

#[actix_web::test]
async fn without_the_right_token_nobody_learns_whether_the_client_exists() {
    on_each(open, async |app| {
        let (managed, other) = (Managed::new(&app, json!({})).await, Managed::new(&app, json!({})).await);
        let mut bodies = Vec::new();
        for (path, token) in [
            (managed.path.as_str(), Some(other.token.as_str())),
            ("/register/nobody", Some(managed.token.as_str())),
            ("/register/confidential", Some(managed.token.as_str())),
            (managed.path.as_str(), managed.secret.as_deref()),
        ] {
            for method in ["GET", "PUT", "DELETE"] {
                let page = app.json(method, path, token, Some(&metadata(json!({})))).await;
                assert_refused(&page, 401, "invalid_token", "registration access token");
                assert!(page.header("www-authenticate").starts_with("Bearer "));
                bodies.push(text(&page.json(), "error_description").to_owned());
            }
        }
        bodies.dedup();
        assert_eq!(bodies.len(), 1, "{bodies:?}");
        for path in [managed.path.as_str(), "/register/a b"] {
            assert_refused(&app.json("GET", path, None, None).await, 401, "invalid_token", "token");
        }
        assert_eq!(app.json("POST", &managed.path, Some(&managed.token), None).await.status, 405);
    })
    .await;
}

#[actix_web::test]
async fn a_replacement_replaces_everything() {
    on_each(open, async |app| {
        let mut managed =
            Managed::new(&app, json!({ "tos_uri": "https://openid.net", "contacts": ["a@b.example"] })).await;
        let changed =
            managed.change(json!({ "client_name": "Moved", "redirect_uris": ["https://moved.example/cb"] })).await;
        assert_eq!(
            (&changed["client_name"], &changed["redirect_uris"]),
            (&json!("Moved"), &json!(["https://moved.example/cb"]))
        );
        assert_eq!((changed.get("tos_uri"), changed.get("contacts")), (None, None), "what is left out is gone");
        assert_eq!(changed.get("client_secret"), None, "the secret stays as it is");
        let mut read = managed.get().await.json();
        read["registration_access_token"] = changed["registration_access_token"].clone();
        assert_eq!(read, changed);
        let old = app.authorize_url(&managed.id, &[]);
        let page = testkit::browser::Browser::new(&app).open(&old).await;
        assert_eq!(page.status, 400, "the old redirect URI is gone");
    })
    .await;
}

#[actix_web::test]
async fn a_replacement_takes_off_nothing_that_the_administrator_laid_upon_the_client() {
    on_each(open, async |app| {
        let mut managed = Managed::new(&app, json!({})).await;
        let id = ClientId::parse(&managed.id).unwrap();
        let client = async || store::clients::find(&app.store, &id).await.unwrap().unwrap();
        let mut bound = client().await;
        bound.minimum_acr = Some(Level::Two);
        bound.password_check_scope = Some(Scope::parse("notes:read").unwrap());
        assert_eq!(store::clients::update(&app.store, &bound).await.unwrap(), Won::Yes);
        managed
            .change(json!({ "client_name": "Moved", "minimum_acr": "1", "password_check_scope": "notes:write" }))
            .await;
        let moved = client().await;
        assert_eq!((&*moved.name, moved.minimum_acr), ("Moved", bound.minimum_acr));
        assert_eq!(moved.password_check_scope, bound.password_check_scope);
    })
    .await;
}

#[actix_web::test]
async fn a_replacement_is_checked_like_a_registration_and_says_who_it_is() {
    on_each(open, async |app| {
        let managed = Managed::new(&app, json!({})).await;
        let before = managed.get().await.json();
        for (changes, error, told) in [
            (json!({ "client_id": null }), "invalid_client_metadata", "client_id"),
            (json!({ "client_id": "confidential" }), "invalid_client_metadata", "client_id"),
            (json!({ "client_secret": "wrong" }), "invalid_client_metadata", "client_secret"),
            (
                json!({ "registration_access_token": managed.token }),
                "invalid_client_metadata",
                "registration_access_token",
            ),
            (json!({ "registration_client_uri": "x" }), "invalid_client_metadata", "registration_client_uri"),
            (json!({ "client_secret_expires_at": 0 }), "invalid_client_metadata", "client_secret_expires_at"),
            (json!({ "client_id_issued_at": 0 }), "invalid_client_metadata", "client_id_issued_at"),
            (json!({ "redirect_uris": ["http://evil.example/"] }), "invalid_redirect_uri", "redirect_uris"),
            (json!({ "scope": "notes:write" }), "invalid_client_metadata", "scope"),
            (json!({ "software_statement": "e30.e30.AA" }), "unapproved_software_statement", "software"),
        ] {
            assert_refused(&managed.put(changes).await, 400, error, told);
        }
        assert_eq!(managed.get().await.json(), before, "nothing changed, the token neither");
        assert_eq!(managed.put(json!({ "client_secret": managed.secret })).await.status, 200);
    })
    .await;
}

#[actix_web::test]
async fn the_token_is_replaced_and_the_old_one_lives_until_the_new_one_is_used() {
    on_each(open, async |app| {
        let mut managed = Managed::new(&app, json!({})).await;
        let first = managed.token.clone();
        managed.change(json!({})).await;
        let second = managed.token.clone();
        assert_ne!(first, second);
        assert_eq!(managed.get_with(&first).await.status, 200, "the answer may have been lost");
        assert_eq!(managed.get_with(&second).await.status, 200);
        assert_refused(&managed.get_with(&first).await, 401, "invalid_token", "not one of this client");

        let lost = managed.put(json!({ "client_name": "Lost" })).await.json();
        let again = managed.change(json!({ "client_name": "Again" })).await;
        assert_eq!(again["client_name"], "Again");
        let never_used = text(&lost, "registration_access_token");
        assert_refused(&managed.get_with(never_used).await, 401, "invalid_token", "not one of this client");
        assert_eq!(managed.get().await.status, 200);
        assert_refused(&managed.get_with(&second).await, 401, "invalid_token", "not one of this client");
    })
    .await;
}

/// Whoever found an old token must not take the client over, and not by the answer that it was replaced in either.
#[actix_web::test]
async fn a_token_that_was_replaced_long_ago_is_good_for_nothing() {
    on_each(open, async |app| {
        let mut managed = Managed::new(&app, json!({})).await;
        let first = managed.token.clone();
        managed.change(json!({ "client_name": "Second" })).await;
        app.clock.advance(Seconds(599));
        assert_eq!(managed.get_with(&first).await.status, 200, "the answer may have been lost");
        app.clock.advance(Seconds(1));
        for method in ["GET", "PUT", "DELETE"] {
            let document = metadata(json!({ "client_id": managed.id, "client_name": "Mine" }));
            let page = app.json(method, &managed.path, Some(&first), Some(&document)).await;
            assert_refused(&page, 401, "invalid_token", "not one of this client");
        }
        assert_eq!(managed.get().await.json()["client_name"], "Second");
    })
    .await;
}

#[actix_web::test]
async fn an_old_token_does_not_live_longer_by_being_used() {
    on_each(open, async |app| {
        let mut managed = Managed::new(&app, json!({})).await;
        let first = managed.token.clone();
        managed.put(json!({ "client_name": "Lost" })).await;
        app.clock.advance(Seconds(500));
        assert_eq!(managed.put(json!({ "client_name": "Lost again" })).await.status, 200);
        app.clock.advance(Seconds(100));
        managed.token = first;
        assert_refused(&managed.get().await, 401, "invalid_token", "not one of this client");
    })
    .await;
}

/// OA-155: nothing is mixed together and nothing is lost, whichever of them wins.
#[actix_web::test]
async fn of_parallel_replacements_each_is_whole_and_the_token_of_the_last_one_works() {
    on_each(open, async |app| {
        let managed = Managed::new(&app, json!({})).await;
        let change = |number: usize| {
            json!({
                "client_name": format!("Number {number}"),
                "redirect_uris": [format!("https://n{number}.example/cb")],
                "post_logout_redirect_uris": [format!("https://n{number}.example/bye")],
            })
        };
        let pages = join_all((0..20).map(|number| managed.put(change(number)))).await;
        let mut winners = Vec::new();
        for page in &pages {
            match page.status.as_u16() {
                200 => winners.push(page.json()),
                409 => assert_refused(page, 409, "invalid_client_metadata", "read it again"),
                other => panic!("{other}: {}", page.body),
            }
        }
        assert!(!winners.is_empty());
        let tokens = winners.iter().map(|told| text(told, "registration_access_token"));
        let mut good = Vec::new();
        for token in tokens {
            let page = managed.get_with(token).await;
            if page.status == 200 {
                good.push(page.json());
            }
        }
        assert_eq!(good.len(), 1, "one token is left");
        assert!(winners.contains(&good[0]), "it came with what is registered now: {}", good[0]);
        let number = text(&good[0], "client_name").strip_prefix("Number ").unwrap().to_owned();
        assert_eq!(good[0]["redirect_uris"], json!([format!("https://n{number}.example/cb")]));
        let origin = format!("https://n{number}.example");
        let id = ClientId::parse(&managed.id).unwrap();
        assert!(store::clients::origin_belongs_to(&app.store, &origin, &id).await.unwrap());
    })
    .await;
}

#[actix_web::test]
async fn a_secret_comes_and_goes_with_its_method() {
    on_each(open, async |app| {
        let mut managed = Managed::new(&app, json!({ "token_endpoint_auth_method": "none" })).await;
        assert_eq!(managed.secret, None);
        let post = json!({ "token_endpoint_auth_method": "client_secret_post" });
        let changed = managed.change(post.clone()).await;
        assert_eq!(changed["client_secret_expires_at"], 0);
        let first = managed.secret.clone().unwrap();
        assert!(managed.authenticates(&first).await);

        assert_eq!(managed.change(post.clone()).await.get("client_secret"), None, "it stays");
        assert!(managed.authenticates(&first).await);

        managed.change(json!({ "token_endpoint_auth_method": "client_secret_jwt" })).await;
        let of_mac = managed.secret.clone().unwrap();
        assert_eq!((of_mac.len(), of_mac != first), (86, true), "long enough for HS512");
        let id = ClientId::parse(&managed.id).unwrap();
        let sealed = store::clients::live_sealed_secrets(&app.store, &id, app.now()).await.unwrap();
        assert_eq!(sealed.len(), 1);
        assert!(!sealed[0].contains(&of_mac), "encrypted");

        let keys = json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks": public_keys() });
        assert_eq!(managed.change(keys).await.get("client_secret"), None);
        assert_eq!(store::clients::live_secrets(&app.store, &id, app.now()).await.unwrap(), []);

        managed.change(post).await;
        let last = managed.secret.clone().unwrap();
        assert!(managed.authenticates(&last).await);
        assert!(!managed.authenticates(&first).await && !managed.authenticates(&of_mac).await);
    })
    .await;
}

#[actix_web::test]
async fn a_deleted_client_is_gone_with_its_token_and_its_grants() {
    on_each(open, async |app| {
        let managed = Managed::new(&app, json!({ "token_endpoint_auth_method": "none" })).await;
        let tokens = app.tokens(testkit::requests::As::Public(&managed.id), &[]).await;
        let access_token = text(&tokens, "access_token");
        assert_eq!(app.userinfo(access_token).await.status, 200);
        let page = app.json("DELETE", &managed.path, Some(&managed.token), None).await;
        assert_eq!((page.status.as_u16(), page.body.as_str()), (204, ""));
        assert_eq!(app.userinfo(access_token).await.status, 401);
        for method in ["GET", "DELETE"] {
            let page = app.json(method, &managed.path, Some(&managed.token), None).await;
            assert_refused(&page, 401, "invalid_token", "not one of this client");
        }
        let page = testkit::browser::Browser::new(&app).open(&app.authorize_url(&managed.id, &[])).await;
        assert_eq!(page.status, 400);
    })
    .await;
}

/// CVE-2026-9705 elsewhere: the token of a registration must not undo what the administrator did.
#[actix_web::test]
async fn a_disabled_client_cannot_help_itself() {
    on_each(open, async |app| {
        let managed = Managed::new(&app, json!({})).await;
        let id = ClientId::parse(&managed.id).unwrap();
        let _won = store::clients::disable(&app.store, &id, app.now()).await.unwrap();
        assert_refused(&managed.get().await, 401, "invalid_token", "");
        assert_refused(&managed.put(json!({ "disabled_at": null })).await, 401, "invalid_token", "");
        let page = app.json("DELETE", &managed.path, Some(&managed.token), None).await;
        assert_refused(&page, 401, "invalid_token", "");
        let client = store::clients::find(&app.store, &id).await.unwrap().unwrap();
        assert_eq!(client.disabled_at, Some(app.now()));
    })
    .await;
}

/// Third-party initiated login of the conformance suite: GET on the client URI.
#[actix_web::test]
async fn oidcc_third_party_initiated_login_reads_its_address_back() {
    on_each(open, async |app| {
        let managed = Managed::new(&app, json!({ "initiate_login_uri": "https://app.example.com/initiate" })).await;
        assert_eq!(managed.get().await.json()["initiate_login_uri"], "https://app.example.com/initiate");
    })
    .await;
}
