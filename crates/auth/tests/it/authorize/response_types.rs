//! The response types beside `code` (OpenID Connect Core §3.2, §3.3): off by default, and right where they are on.

use jwt::half_hash;
use jwt::jwks::JwkSet;
use jwt::verify::Expected;
use protocol::authorize::response_type::ResponseType;
use protocol::signing::{MaybeSigned, SigningAlgorithm};
use serde_json::{Value, json};
use testkit::app::{REDIRECT_URI, TestApp, TestOptions};
use testkit::browser::Browser;
use testkit::database::engines;
use testkit::requests::{As, NONCE, STATE, text};

/// Servers with every response type switched on and the client `implicit`, which is registered for all of them.
async fn with_every_response_type() -> Vec<TestApp> {
    let mut apps = Vec::new();
    for database in engines() {
        let config = |config: &mut auth::config::Config| {
            config.openid.response_types_supported = ResponseType::ALL.to_vec();
        };
        let app =
            TestApp::start_with(database, TestOptions { config: Box::new(config), ..TestOptions::default() }).await;
        register(&app, "implicit", json!({})).await;
        apps.push(app);
    }
    apps
}

async fn register(app: &TestApp, id: &str, over: Value) {
    let mut metadata = json!({
        "response_types": ResponseType::ALL,
        "grant_types": ["authorization_code", "implicit", "refresh_token"],
        "consent_policy": "first_party",
        "pkce_policy": "optional",
    });
    for (name, value) in over.as_object().unwrap() {
        metadata[name] = value.clone();
    }
    app.client(id, &metadata.to_string()).await;
}

async fn claims(app: &TestApp, id_token: &str) -> Value {
    let keys = JwkSet::parse(&Browser::new(app).get("/jwks").await.body).unwrap();
    keys.verify(id_token, &Expected { typ: &["JWT"], algorithms: SigningAlgorithm::ALL }).unwrap()
}

#[actix_web::test]
async fn each_response_type_brings_exactly_what_it_names() {
    for app in with_every_response_type().await {
        for kind in ResponseType::ALL {
            let url = app.authorize_url("implicit", &[("response_type", kind.name()), ("scope", "openid email")]);
            let browser = Browser::new(&app);
            let page = browser.sign_in(&browser.open(&url).await, "alice").await;
            let mark = if *kind == ResponseType::Code { '?' } else { '#' };
            assert!(page.location().unwrap().starts_with(&format!("{REDIRECT_URI}{mark}")), "{kind}");
            let answer = page.answer();
            let mut expected = vec!["iss", "state"];
            expected.extend(kind.has_code().then_some("code"));
            expected.extend(kind.has_id_token().then_some("id_token"));
            if kind.has_token() {
                expected.extend(["access_token", "expires_in", "scope", "token_type"]);
            }
            expected.sort_unstable();
            assert_eq!(answer.keys().collect::<Vec<_>>(), expected, "{kind}");
            assert_eq!(answer["state"], STATE);
            if kind.has_token() {
                assert_eq!((answer["token_type"].as_str(), answer["expires_in"].as_str()), ("Bearer", "600"));
                assert_eq!(app.userinfo(&answer["access_token"]).await.json()["email"], "alice@example.test", "{kind}");
            }
        }
    }
}

#[actix_web::test]
async fn an_id_token_is_bound_to_what_travels_with_it() {
    for app in with_every_response_type().await {
        for alg in ["RS256", "ES384", "EdDSA"] {
            register(&app, alg, json!({ "id_token_signed_response_alg": alg })).await;
            let signature = MaybeSigned::parse(alg).unwrap();
            let url = app.authorize_url(alg, &[("response_type", "code id_token token"), ("scope", "openid")]);
            let answer = Browser::new(&app).authorize(&url).await;
            let claims = claims(&app, &answer["id_token"]).await;
            assert_eq!(claims["at_hash"], half_hash(signature, &answer["access_token"]), "{alg}");
            assert_eq!(claims["c_hash"], half_hash(signature, &answer["code"]), "{alg}");
            assert_eq!(claims["s_hash"], half_hash(signature, STATE), "{alg}");
            assert_eq!((&claims["nonce"], &claims["aud"]), (&json!(NONCE), &json!(alg)));

            let tokens = app.redeem(As::Basic(alg), &answer["code"], &[]).await.json();
            let second = self::claims(&app, text(&tokens, "id_token")).await;
            assert_eq!(second["at_hash"], half_hash(signature, text(&tokens, "access_token")));
            for same in ["iss", "sub", "aud", "auth_time", "nonce", "sid"] {
                assert_eq!(claims[same], second[same], "{same}");
            }
            assert!(second.get("c_hash").is_none() && second.get("s_hash").is_none());
        }
    }
}

#[actix_web::test]
async fn without_an_access_token_the_claims_are_in_the_id_token() {
    for app in with_every_response_type().await {
        for (kind, expected) in [("id_token", json!("Alice Moreau")), ("id_token token", Value::Null)] {
            let url = app.authorize_url("implicit", &[("response_type", kind), ("scope", "openid profile")]);
            let answer = Browser::new(&app).authorize(&url).await;
            let claims = claims(&app, &answer["id_token"]).await;
            assert_eq!(claims.get("name").cloned().unwrap_or_default(), expected, "{kind}");
        }
    }
}

#[actix_web::test]
async fn form_post_carries_tokens_too() {
    for app in with_every_response_type().await {
        let changes = [("response_type", "code id_token token"), ("response_mode", "form_post")];
        let browser = Browser::new(&app);
        let page = browser.sign_in(&browser.open(&app.authorize_url("implicit", &changes)).await, "alice").await;
        assert_eq!((page.status.as_u16(), page.form_action().as_str()), (200, REDIRECT_URI));
        let fields = page.hidden_fields();
        for name in ["code", "access_token", "id_token", "token_type", "state", "iss"] {
            assert!(fields.iter().any(|(field, value)| field == name && !value.is_empty()), "{name}");
        }
    }
}

#[actix_web::test]
async fn a_replayed_code_ends_the_token_of_the_authorization_endpoint_as_well() {
    for app in with_every_response_type().await {
        let url = app.authorize_url("implicit", &[("response_type", "code token"), ("scope", "openid")]);
        let answer = Browser::new(&app).authorize(&url).await;
        assert_eq!(app.userinfo(&answer["access_token"]).await.status, 200);
        assert_eq!(app.redeem(As::Basic("implicit"), &answer["code"], &[]).await.status, 200);
        assert_eq!(app.redeem(As::Basic("implicit"), &answer["code"], &[]).await.status, 400);
        assert_eq!(app.userinfo(&answer["access_token"]).await.status, 401);
    }
}

#[actix_web::test]
async fn a_token_of_the_authorization_endpoint_ends_with_the_session() {
    for app in with_every_response_type().await {
        let browser = Browser::new(&app);
        let url = app.authorize_url("implicit", &[("response_type", "id_token token"), ("scope", "openid")]);
        let page = browser.sign_in(&browser.open(&url).await, "alice").await;
        let answer = page.answer();
        assert_eq!(app.userinfo(&answer["access_token"]).await.status, 200);
        browser.get(&format!("/logout?id_token_hint={}", answer["id_token"])).await;
        assert_eq!(app.userinfo(&answer["access_token"]).await.status, 401);
    }
}

#[actix_web::test]
async fn what_is_switched_off_is_off_for_clients_of_before() {
    for mut app in with_every_response_type().await {
        let config = std::sync::Arc::make_mut(&mut app.config);
        config.openid.response_types_supported = vec![ResponseType::Code];
        app.restart().await;
        let browser = Browser::new(&app);
        for kind in ResponseType::ALL.iter().filter(|kind| **kind != ResponseType::Code) {
            let page = browser.get(&app.authorize_url("implicit", &[("response_type", kind.name())])).await;
            assert_eq!(page.answer()["error"], "unsupported_response_type", "{kind}");
            assert!(page.location().unwrap().contains('#'), "errors stay out of the query too");
        }
        let metadata = browser.get("/.well-known/openid-configuration").await.json();
        assert_eq!(metadata["response_types_supported"], json!(["code"]));
        assert!(!metadata["grant_types_supported"].as_array().unwrap().contains(&json!("implicit")));
    }
}

#[actix_web::test]
async fn pairwise_subjects_differ_per_sector_and_agree_everywhere_within_one() {
    for app in with_every_response_type().await {
        let pairwise = |host: &str| {
            json!({
                "subject_type": "pairwise",
                "redirect_uris": [format!("https://{host}/callback")],
                "post_logout_redirect_uris": [],
            })
        };
        for (id, host) in [("a", "a.example"), ("same", "a.example"), ("b", "b.example")] {
            register(&app, id, pairwise(host)).await;
        }
        let mut subs = Vec::new();
        for (id, host) in [("a", "a.example"), ("same", "a.example"), ("b", "b.example")] {
            let uri = format!("https://{host}/callback");
            let kind = [("response_type", "code id_token token"), ("redirect_uri", uri.as_str())];
            let browser = Browser::new(&app);
            let page = browser.sign_in(&browser.open(&app.authorize_url(id, &kind)).await, "alice").await;
            let answer = page.answer_at(&uri);
            let first = claims(&app, &answer["id_token"]).await;
            let tokens = app.redeem(As::Basic(id), &answer["code"], &[("redirect_uri", &uri)]).await.json();
            let second = claims(&app, text(&tokens, "id_token")).await;
            let access_token = text(&tokens, "access_token");
            let userinfo = app.userinfo(access_token).await.json();
            let introspection = app.introspect(As::Basic(id), access_token).await.json();
            for (place, other) in [("token", &second), ("userinfo", &userinfo), ("introspection", &introspection)] {
                assert_eq!(first["sub"], other["sub"], "{place}");
            }
            assert!(introspection.get("username").is_none(), "a user name would undo what sub hides");
            // The hint names the person by the subject of its own client; another sub of the same person is unknown to it.
            let silent = |sub: &str| {
                let claims = json!({ "id_token": { "sub": { "value": sub } } }).to_string();
                app.authorize_url(id, &[("redirect_uri", &uri), ("prompt", "none"), ("claims", &claims)])
            };
            let hinted = [("redirect_uri", uri.as_str()), ("prompt", "none"), ("id_token_hint", &answer["id_token"])];
            let sub = text(&first, "sub").to_owned();
            assert!(browser.get(&app.authorize_url(id, &hinted)).await.answer_at(&uri).contains_key("code"));
            assert!(browser.get(&silent(&sub)).await.answer_at(&uri).contains_key("code"));
            assert_eq!(browser.get(&silent("somebody")).await.answer_at(&uri)["error"], "login_required");
            subs.push(sub);
        }
        assert_eq!(subs[0], subs[1]);
        assert_ne!(subs[0], subs[2]);
        let user = store::users::find_by_login(&app.store, "alice").await.unwrap().unwrap();
        assert!(subs.iter().all(|sub| sub != user.id.as_str() && sub.len() == 43));
    }
}
