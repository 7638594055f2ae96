//! `POST /register` (RFC 7591, OpenID Connect Registration; OA-155 to OA-157): who may, what is echoed, what is refused.

use auth::config::{Config, RegistrationAccess};
use jwt::key::SigningKey;
use protocol::authorize::response_type::ResponseType;
use protocol::client::{GrantType, PkcePolicy, RegisteredBy};
use protocol::ids::ClientId;
use protocol::signing::SigningAlgorithm;
use protocol::time::Seconds;
use serde_json::{Value, json};
use testkit::app::{REDIRECT_URI, TestApp, TestOptions};
use testkit::browser::Page;
use testkit::database::engines;
use testkit::requests::text;

use crate::registration_admission::dynamic_clients;

/// Everybody may register, and everything is switched on.
pub(super) fn open(config: &mut Config) {
    config.registration.access = RegistrationAccess::Open;
    config.registration.per_address_per_hour = 0;
    config.openid.response_types_supported = ResponseType::ALL.to_vec();
    config.openid.request_uri_parameter_supported = true;
    config.openid.unsigned_request_objects = true;
    config.openid.unsigned_id_tokens = true;
    config.openid.frontchannel_logout = true;
    config.keys.algorithms = SigningAlgorithm::ALL.to_vec();
}

pub(super) async fn on_each<F: Future<Output = ()>>(config: fn(&mut Config), test: impl Fn(TestApp) -> F) {
    for database in engines() {
        let options = TestOptions { config: Box::new(config), ..TestOptions::default() };
        test(TestApp::start_with(database, options).await).await;
    }
}

/// A registration that is right, with `changes`; null takes a member away.
pub(super) fn metadata(changes: Value) -> Value {
    let mut metadata = json!({ "client_name": "Notes", "redirect_uris": [REDIRECT_URI] });
    for (name, value) in changes.as_object().unwrap() {
        metadata[name] = value.clone();
    }
    metadata
}

pub(super) async fn post(app: &TestApp, bearer: Option<&str>, metadata: &Value) -> Page {
    app.json("POST", "/register", bearer, Some(metadata)).await
}

pub(super) async fn register(app: &TestApp, changes: Value) -> Value {
    let page = post(app, None, &metadata(changes)).await;
    assert_eq!(page.status, 201, "{}", page.body);
    page.json()
}

#[track_caller]
pub(super) fn assert_refused(page: &Page, status: u16, error: &str, told: &str) {
    assert_eq!(page.status.as_u16(), status, "{}", page.body);
    let json = page.json();
    assert_eq!(json["error"], error, "{json}");
    assert!(text(&json, "error_description").contains(told), "{json}");
    assert_eq!(page.header("cache-control"), "no-store");
}

pub(super) fn public_keys() -> Value {
    json!({ "keys": [SigningKey::generate(SigningAlgorithm::ES256).unwrap().jwk()] })
}

#[actix_web::test]
async fn a_registered_client_is_told_everything_once() {
    on_each(open, async |app| {
        let discovery = app.json("GET", "/.well-known/openid-configuration", None, None).await.json();
        assert_eq!(discovery["registration_endpoint"], app.url("/register"));
        let page = post(&app, None, &metadata(json!({}))).await;
        assert_eq!((page.status.as_u16(), page.header("cache-control")), (201, "no-store"));
        assert_eq!(page.header("access-control-allow-origin"), "");
        let told = page.json();
        let id = text(&told, "client_id");
        assert_eq!(text(&told, "client_secret").len(), 43);
        assert_eq!(told["client_secret_expires_at"], 0);
        assert_eq!(told["client_id_issued_at"], app.now().0);
        assert_eq!(text(&told, "registration_access_token").len(), 43, "256 bits");
        assert_eq!(told["registration_client_uri"], app.url(&format!("/register/{id}")));
        assert_eq!(told["token_endpoint_auth_method"], "client_secret_basic");
        assert_eq!(told["scope"], "openid profile email address phone");
        for ours in ["consent_policy", "pkce_policy", "scope_claims"] {
            assert_eq!(told.get(ours), None, "the client cannot set it");
        }
        let client = store::clients::find(&app.store, &ClientId::parse(id).unwrap()).await.unwrap().unwrap();
        assert_eq!(client.registered_by, RegisteredBy::Dynamic);
        assert_eq!(client.expires_unused_at, Some(app.now() + Seconds::days(30)));
        assert_eq!(client.pkce, PkcePolicy::Required);
    })
    .await;
}

#[actix_web::test]
async fn what_a_registered_client_was_told_works() {
    on_each(open, async |app| {
        let grants = json!({ "grant_types": ["authorization_code", "refresh_token"] });
        let told = register(&app, grants).await;
        assert_eq!(told["scope"], "openid profile email address phone offline_access");
        let (id, secret) = (text(&told, "client_id"), text(&told, "client_secret"));
        let code = app.code(id, &[]).await;
        let form = [
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", REDIRECT_URI),
            ("code_verifier", testkit::requests::VERIFIER),
            ("client_id", id),
            ("client_secret", secret),
        ];
        let form = form.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let page = app.post_raw("/token", None, &form).await;
        assert_eq!(page.status, 200, "{}", page.body);
        assert!(page.json()["refresh_token"].is_string());
    })
    .await;
}

#[actix_web::test]
async fn every_member_is_echoed_as_it_stands() {
    on_each(open, async |app| {
        let https = |path: &str| json!(format!("https://app.example.com{path}"));
        let mut keys = public_keys();
        let mut encrypting = keys["keys"][0].clone();
        encrypting.as_object_mut().unwrap().remove("alg");
        (encrypting["use"], encrypting["kid"]) = (json!("enc"), json!("enc"));
        keys["keys"].as_array_mut().unwrap().push(encrypting);
        let members = json!({
            "application_type": "web",
            "client_name": "Änne's notes",
            "token_endpoint_auth_method": "private_key_jwt",
            "token_endpoint_auth_signing_alg": "ES256",
            "grant_types": ["authorization_code", "implicit", "refresh_token"],
            "response_types": ["code", "code id_token"],
            "response_modes": ["fragment", "form_post", "query"],
            "redirect_uris": [REDIRECT_URI, "https://app.example.com/other"],
            "post_logout_redirect_uris": ["https://app.example.com/bye"],
            "scope": "openid email offline_access",
            "subject_type": "pairwise",
            "id_token_signed_response_alg": "ES256",
            "id_token_encrypted_response_alg": "ECDH-ES",
            "id_token_encrypted_response_enc": "A256GCM",
            "userinfo_signed_response_alg": "ES384",
            "userinfo_encrypted_response_alg": "ECDH-ES",
            "userinfo_encrypted_response_enc": "A128CBC-HS256",
            "request_object_signing_alg": "PS256",
            "request_uris": [https("/request#hash")],
            "jwks": keys,
            "client_uri": https("/"),
            "logo_uri": https("/logo.png"),
            "policy_uri": "https://policies.example.org/p",
            "tos_uri": "https://openid.net",
            "initiate_login_uri": https("/login"),
            "frontchannel_logout_uri": https("/frontchannel"),
            "frontchannel_logout_session_required": true,
            "backchannel_logout_uri": https("/backchannel"),
            "backchannel_logout_session_required": true,
            "default_max_age": 3600,
            "require_auth_time": true,
            "default_acr_values": ["1"],
            "contacts": ["ops@example.com"],
            "software_id": "notes",
            "software_version": "1.2",
        });
        let told = register(&app, members.clone()).await;
        for (name, value) in members.as_object().unwrap() {
            let same = match name.as_str() {
                "response_modes" => told[name].as_array().map(Vec::len) == Some(3),
                _ => told[name] == *value,
            };
            assert!(same, "{name}: {} for {value}", told[name]);
        }
        assert_eq!(told.get("client_secret"), None, "it has a key");
        assert_eq!(told.get("client_secret_expires_at"), None);
        let missing: Vec<_> =
            protocol::registration::MEMBERS.iter().filter(|member| members.get(**member).is_none()).collect();
        let elsewhere = [
            "consent_policy",
            "pkce_policy",
            "scope_claims",
            "minimum_acr",
            "password_check_scope",
            "sector_identifier_uri",
            "jwks_uri",
        ];
        assert!(missing.iter().all(|member| elsewhere.contains(member)), "{missing:?}");
        let told = register(&app, json!({ "jwks_uri": https("/jwks") })).await;
        assert_eq!(told["jwks_uri"], https("/jwks"));
    })
    .await;
}

#[actix_web::test]
async fn what_means_nothing_here_is_ignored() {
    on_each(open, async |app| {
        let told = register(
            &app,
            json!({ "client_name": null, "client_name#de": "Notizen", "foo": [1], "consent_policy": "first_party" }),
        )
        .await;
        assert_eq!(told["client_name"], "app.example.com");
        for ignored in ["client_name#de", "foo", "consent_policy"] {
            assert_eq!(told.get(ignored), None);
        }
        let id = ClientId::parse(text(&told, "client_id")).unwrap();
        let client = store::clients::find(&app.store, &id).await.unwrap().unwrap();
        assert_eq!(client.consent.name(), "ask");
    })
    .await;
}

#[actix_web::test]
async fn what_is_switched_off_is_ignored_or_refused() {
    let off = |config: &mut Config| config.registration.access = RegistrationAccess::Open;
    on_each(off, async |app| {
        let told = register(
            &app,
            json!({
                "request_uris": ["https://app.example.com/request"],
                "frontchannel_logout_uri": "https://app.example.com/out",
                "frontchannel_logout_session_required": true,
            }),
        )
        .await;
        for ignored in ["request_uris", "frontchannel_logout_uri", "frontchannel_logout_session_required"] {
            assert_eq!(told.get(ignored), None, "{ignored}");
        }
        for (changes, member) in [
            (json!({ "response_types": ["id_token"], "grant_types": ["implicit"] }), "response_types"),
            (json!({ "id_token_signed_response_alg": "none" }), "id_token_signed_response_alg"),
            (json!({ "request_object_signing_alg": "none" }), "request_object_signing_alg"),
            (json!({ "grant_types": ["client_credentials"], "redirect_uris": [] }), "grant_types"),
        ] {
            let page = post(&app, None, &metadata(changes)).await;
            assert_refused(&page, 400, "invalid_client_metadata", member);
        }
    })
    .await;
}

#[actix_web::test]
async fn what_cannot_be_is_refused_with_the_reason() {
    on_each(open, async |app| {
        for (changes, error, told) in [
            (json!({ "redirect_uris": null }), "invalid_redirect_uri", "needs at least one"),
            (json!({ "redirect_uris": ["https://a.example/#x"] }), "invalid_redirect_uri", "number 1"),
            (json!({ "redirect_uris": ["https://*.example/"] }), "invalid_redirect_uri", "wildcards"),
            (json!({ "redirect_uris": ["com.example.app:/cb"] }), "invalid_redirect_uri", "https"),
            (
                json!({ "initiate_login_uri": "http://app.example.com/" }),
                "invalid_client_metadata",
                "initiate_login_uri",
            ),
            (json!({ "logo_uri": "https://bank.example/logo.png" }), "invalid_client_metadata", "logo_uri"),
            (json!({ "scope": "openid notes:write" }), "invalid_client_metadata", "notes:write"),
            (json!({ "jwks": { "keys": [{ "kty": "oct", "k": "AA" }] } }), "invalid_client_metadata", "jwks"),
            (json!({ "jwks": { "keys": [{ "kty": "RSA" }, 7] } }), "invalid_client_metadata", "jwks"),
            (
                json!({ "jwks": public_keys(), "id_token_encrypted_response_alg": "ECDH-ES" }),
                "invalid_client_metadata",
                "encryption with ECDH-ES",
            ),
            (json!({ "jwks_uri": "http://app.example.com/jwks" }), "invalid_client_metadata", "jwks_uri"),
            (json!({ "default_max_age": "3600" }), "invalid_client_metadata", "default_max_age"),
            (json!({ "contacts": "ops@example.com" }), "invalid_client_metadata", "contacts"),
            (json!({ "dpop_bound_access_tokens": true }), "invalid_client_metadata", "dpop_bound_access_tokens"),
            (
                json!({ "request_object_encryption_alg": "RSA-OAEP" }),
                "invalid_client_metadata",
                "encrypted request objects",
            ),
            (json!({ "software_statement": "e30.e30.AA" }), "unapproved_software_statement", "software"),
            (json!({ "software_statement": "x" }), "invalid_software_statement", "software"),
            (json!({ "client_name": "Bank\u{202e}" }), "invalid_client_metadata", "client_name"),
        ] {
            assert_refused(&post(&app, None, &metadata(changes)).await, 400, error, told);
        }
        let many = metadata(json!({ "subject_type": "x", "tos_uri": "javascript:x", "redirect_uris": [] }));
        let page = post(&app, None, &many).await;
        for member in ["subject_type", "tos_uri", "redirect_uris"] {
            assert_refused(&page, 400, "invalid_client_metadata", member);
        }
        assert_eq!(dynamic_clients(&app).await, 0, "nothing was written");
    })
    .await;
}

#[actix_web::test]
async fn the_body_is_one_json_object_of_at_most_64_kib() {
    on_each(open, async |app| {
        let http = testkit::browser::plain_http().build().unwrap();
        let send = async |media_type: &str, body: String| {
            let request = http.post(app.url("/register")).header("content-type", media_type).body(body);
            let answer = request.send().await.unwrap();
            let status = answer.status().as_u16();
            (status, answer.json::<Value>().await.unwrap()["error"].as_str().unwrap().to_owned())
        };
        let right = metadata(json!({})).to_string();
        let wrong = "invalid_client_metadata".to_owned();
        assert_eq!(send("application/x-www-form-urlencoded", right.clone()).await, (415, wrong.clone()));
        assert_eq!(send("text/plain", right.clone()).await.0, 415);
        for body in ["", "[]", "\"x\"", "{", "{} {}", r#"{"scope":"openid","scope":"email"}"#] {
            assert_eq!(send("application/json", body.to_owned()).await, (400, wrong.clone()), "{body}");
        }
        let long = metadata(json!({ "x": "y".repeat(64 * 1024) })).to_string();
        assert_eq!(send("application/json", long).await.0, 413);
        let padded = format!("{right}{}", " ".repeat(64 * 1024 - right.len()));
        let answer = http.post(app.url("/register")).header("content-type", "application/json; charset=utf-8");
        assert_eq!(answer.body(padded).send().await.unwrap().status(), 201);
    })
    .await;
}

#[actix_web::test]
async fn a_public_client_gets_no_secret_and_needs_pkce() {
    let optional = |config: &mut Config| {
        open(config);
        config.registration.pkce_policy = PkcePolicy::Optional;
        config.registration.grant_types = GrantType::ALL.to_vec();
    };
    on_each(optional, async |app| {
        let told = register(&app, json!({ "token_endpoint_auth_method": "none" })).await;
        assert_eq!((told.get("client_secret"), told.get("client_secret_expires_at")), (None, None), "OA-156");
        let pkce = async |told: &Value| {
            let id = ClientId::parse(text(told, "client_id")).unwrap();
            store::clients::find(&app.store, &id).await.unwrap().unwrap().pkce
        };
        assert_eq!(pkce(&told).await, PkcePolicy::Required);
        assert_eq!(pkce(&register(&app, json!({})).await).await, PkcePolicy::Optional);
        let machine = json!({ "grant_types": ["client_credentials"], "redirect_uris": [] });
        assert_eq!(register(&app, machine).await["grant_types"], json!(["client_credentials"]));
    })
    .await;
}

/// What the conformance suite registers in its dynamic plans (conformance.md 2.4), one client per response type.
#[actix_web::test]
async fn oidcc_dynamic_registration_of_each_response_type() {
    on_each(open, async |app| {
        for kind in ResponseType::ALL {
            let code = kind.has_code().then_some("authorization_code");
            let implicit = (kind.has_id_token() || kind.has_token()).then_some("implicit");
            let grants: Vec<_> = code.into_iter().chain(implicit).collect();
            let told = register(
                &app,
                json!({
                    "client_name": "OIDF conformance test",
                    "grant_types": grants,
                    "response_types": [kind.name()],
                    "token_endpoint_auth_method": "client_secret_basic",
                    "jwks": public_keys(),
                    "contacts": ["certification@oidf.org"],
                    "logo_uri": "https://app.example.com/images/openid.png",
                    "policy_uri": "https://app.example.com/login.html",
                    "tos_uri": "https://openid.net",
                    "initiate_login_uri": "https://app.example.com/initiate",
                    "post_logout_redirect_uris": ["https://app.example.com/post_logout"],
                    "frontchannel_logout_uri": "https://app.example.com/frontchannel",
                    "backchannel_logout_uri": "https://app.example.com/backchannel",
                }),
            )
            .await;
            assert_eq!(told["response_types"], json!([kind.name()]));
            assert_eq!(told["initiate_login_uri"], "https://app.example.com/initiate");
            assert!(told["client_secret"].is_string() && told["client_secret_expires_at"].is_number());
            let path = format!("/register/{}", text(&told, "client_id"));
            let token = text(&told, "registration_access_token");
            assert_eq!(app.json("DELETE", &path, Some(token), None).await.status, 204);
        }
    })
    .await;
}
