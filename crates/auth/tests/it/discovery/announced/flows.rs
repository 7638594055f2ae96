//! Where the endpoints are, what flows there are, whom tokens speak of, and who hears of a logout.

use std::time::Duration;

use protocol::authorize::response_type::ResponseType;
use serde_json::{Value, json};
use testkit::app::{CLIENT_SECRET, REDIRECT_URI};
use testkit::browser::{Browser, plain_http};
use testkit::elsewhere::Reply;
use testkit::requests::{As, text};

use super::{Announced, parts, sub};

pub(super) async fn issuer(server: &Announced) {
    let tokens = server.tokens(&server.client(json!({})).await, &[]).await;
    let (_, claims) = parts(text(&tokens, "id_token"));
    assert_eq!((&claims["iss"], &server.document["issuer"]), (&json!(server.app.issuer), &json!(server.app.issuer)));
}

/// The address does what its name says; that the whole flow runs through these addresses is shown by the other exercises.
pub(super) async fn endpoint(server: &Announced, member: &str) {
    let url = text(&server.document, member);
    let (http, app) = (plain_http().redirect(reqwest::redirect::Policy::none()).build().unwrap(), &server.app);
    let client = server.client(json!({})).await;
    let basic = |request: reqwest::RequestBuilder| request.basic_auth(&client, Some(CLIENT_SECRET));
    let tokens = server.tokens(&client, &[]).await;
    let token = text(&tokens, "access_token");
    let json = async |request: reqwest::RequestBuilder| -> (u16, Value) {
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap_or_default())
    };
    match member {
        "authorization_endpoint" => {
            let request = app.authorize_url(&client, &[]).replace(&app.url("/authorize"), url);
            assert!(Browser::new(app).authorize(&request).await.contains_key("code"));
        }
        "token_endpoint" => {
            let form = [("grant_type", "refresh_token"), ("refresh_token", text(&tokens, "refresh_token"))];
            assert_eq!(json(basic(http.post(url)).form(&form)).await.0, 200);
        }
        "userinfo_endpoint" => assert_eq!(json(http.get(url).bearer_auth(token)).await.1["sub"], sub(&tokens)),
        "jwks_uri" => {
            let (header, _) = parts(text(&tokens, "id_token"));
            let keys = json(http.get(url)).await.1["keys"].as_array().unwrap().clone();
            assert!(keys.iter().any(|key| key["kid"] == header["kid"]));
        }
        "introspection_endpoint" => {
            assert_eq!(json(basic(http.post(url)).form(&[("token", token)])).await.1["active"], true);
        }
        "revocation_endpoint" => {
            assert_eq!(json(basic(http.post(url)).form(&[("token", token)])).await.0, 200);
            assert_eq!(app.userinfo(token).await.status, 401);
        }
        "end_session_endpoint" => assert_eq!(json(http.get(url)).await.0, 200),
        "registration_endpoint" => {
            let (status, told) = json(http.post(url).json(&json!({ "redirect_uris": [REDIRECT_URI] }))).await;
            assert_eq!(status, 201);
            let request = http.delete(text(&told, "registration_client_uri"));
            assert_eq!(json(request.bearer_auth(text(&told, "registration_access_token"))).await.0, 204);
        }
        other => panic!("{other}"),
    }
}

/// Members that stand for something that is switched off: the path is not there.
pub(super) async fn a_member_that_is_not_there(server: &Announced) {
    for (member, path) in [
        ("registration_endpoint", "/register"),
        ("pushed_authorization_request_endpoint", "/par"),
        ("device_authorization_endpoint", "/device_authorization"),
        ("backchannel_authentication_endpoint", "/bc-authorize"),
        ("check_session_iframe", "/check_session"),
    ] {
        if server.document.get(member).is_none() {
            assert_eq!(server.app.json("POST", path, None, Some(&json!({}))).await.status, 404, "{path}");
        }
    }
}

pub(super) async fn scopes(server: &Announced) {
    let client = server.client(json!({})).await;
    for scope in server.values("scopes_supported") {
        let asked = if scope == "openid" { scope.to_owned() } else { format!("openid {scope}") };
        let tokens = server.tokens(&client, &[("scope", &asked)]).await;
        assert_eq!(text(&tokens, "scope"), asked);
        assert!(tokens.get("refresh_token").is_some(), "{scope}: bound to the session");
        let claim = match scope {
            "profile" => "name",
            "email" => "email",
            "phone" => "phone_number",
            "groups" => "groups",
            _ => continue,
        };
        let userinfo = server.app.userinfo(text(&tokens, "access_token")).await.json();
        assert!(userinfo.get(claim).is_some(), "{scope}: {userinfo}");
    }
    let public = server.client(json!({ "token_endpoint_auth_method": "none" })).await;
    for (scope, refreshable) in [("openid profile", false), ("openid offline_access", true)] {
        let code = server.answer(&public, &[("scope", scope)]).await["code"].clone();
        let told = server.app.redeem(As::Public(&public), &code, &[]).await.json();
        assert_eq!(told.get("refresh_token").is_some(), refreshable, "{told}");
    }
    for scope in server.unannounced("scopes_supported", &["admin", "device_sso", "openid2", "notes:delete"]) {
        assert_eq!(server.error(&client, &[("scope", &format!("openid {scope}"))]).await, "invalid_scope", "{scope}");
    }
}

pub(super) async fn response_types(server: &Announced) {
    let every = json!({
        "response_types": ResponseType::ALL,
        "grant_types": ["authorization_code", "implicit", "refresh_token"],
        "pkce_policy": "optional",
    });
    // As if it had been registered for everything when that was switched on.
    let client = server.client(every).await;
    for kind in server.values("response_types_supported") {
        let answer = server.answer(&client, &[("response_type", kind), ("scope", "openid")]).await;
        for part in ["code", "id_token", "token"] {
            let name = if part == "token" { "access_token" } else { part };
            assert_eq!(answer.contains_key(name), kind.split(' ').any(|word| word == part), "{kind}");
        }
        assert!(server.can_be(registered_for(kind)).await, "{kind}");
    }
    let known: Vec<&str> =
        ResponseType::ALL.iter().map(|kind| kind.name()).chain(["token", "none", "code none", "vp_token"]).collect();
    for kind in server.unannounced("response_types_supported", &known) {
        let error = server.error(&client, &[("response_type", kind)]).await;
        assert!(["unsupported_response_type", "unauthorized_client"].contains(&error.as_str()), "{kind}: {error}");
        assert!(!server.can_be(registered_for(kind)).await, "{kind}");
    }
}

/// Registration §2: "the corresponding lists of grant_types".
fn registered_for(kind: &str) -> Value {
    let mut grants = Vec::new();
    grants.extend(kind.contains("code").then_some("authorization_code"));
    grants.extend(kind.contains("token").then_some("implicit"));
    json!({ "response_types": [kind], "grant_types": grants })
}

pub(super) async fn response_modes(server: &Announced) {
    let client = server.client(json!({})).await;
    for mode in server.values("response_modes_supported") {
        let browser = Browser::new(&server.app);
        let login = browser.open(&server.app.authorize_url(&client, &[("response_mode", mode)])).await;
        let page = browser.sign_in(&login, "alice").await;
        let location = page.location().unwrap_or_default();
        match mode {
            "query" => assert!(location.starts_with(&format!("{REDIRECT_URI}?")), "{location}"),
            "fragment" => assert!(location.starts_with(&format!("{REDIRECT_URI}#")), "{location}"),
            "form_post" => assert!(page.hidden_fields().iter().any(|(name, _)| name == "code")),
            other => panic!("{other} is announced, and nothing here tries it"),
        }
    }
    let known = ["web_message", "jwt", "query.jwt", "fragment.jwt", "form_post.jwt", "direct_post", "cookie"];
    for mode in server.unannounced("response_modes_supported", &known) {
        assert_eq!(server.error(&client, &[("response_mode", mode)]).await, "invalid_request", "{mode}");
    }
}

pub(super) async fn grant_types(server: &Announced) {
    let client = server.client(json!({})).await;
    for grant in server.values("grant_types_supported") {
        match grant {
            "authorization_code" | "refresh_token" => {
                let tokens = server.tokens(&client, &[]).await;
                let page = server.app.refresh(As::Basic(&client), text(&tokens, "refresh_token"), &[]).await;
                assert_eq!(page.status, 200, "{}", page.body);
            }
            "client_credentials" => {
                assert_eq!(server.app.client_credentials(As::Basic("machine"), &[]).await.status, 200);
            }
            "implicit" => {
                let kinds = server.values("response_types_supported");
                assert!(kinds.contains(&"id_token token") && kinds.contains(&"id_token"), "{kinds:?}");
            }
            other => panic!("{other} is announced, and nothing here tries it"),
        }
    }
    let elsewhere = [
        "implicit",
        "password",
        "urn:ietf:params:oauth:grant-type:device_code",
        "urn:ietf:params:oauth:grant-type:token-exchange",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "urn:ietf:params:oauth:grant-type:saml2-bearer",
        "urn:openid:params:grant-type:ciba",
        "urn:ietf:params:oauth:grant-type:pre-authorized_code",
    ];
    for grant in server.unannounced("grant_types_supported", &elsewhere) {
        let form = [("grant_type".to_owned(), grant.to_owned()), ("username".to_owned(), "alice".to_owned())];
        let page = server.app.post("/token", As::Basic(&client), &form).await;
        assert_eq!((page.status.as_u16(), text(&page.json(), "error")), (400, "unsupported_grant_type"), "{grant}");
        let named = json!({ "grant_types": [grant, "authorization_code"] });
        assert!(grant == "implicit" || !server.can_be(named).await, "{grant}");
    }
}

pub(super) async fn subject_types(server: &Announced) {
    let mut subs = Vec::new();
    for kind in server.values("subject_types_supported") {
        let client = server.client(json!({ "subject_type": kind })).await;
        subs.push(sub(&server.tokens(&client, &[]).await));
    }
    assert_eq!(server.values("subject_types_supported"), ["public", "pairwise"]);
    assert_ne!(subs[0], subs[1]);
    assert!(!server.can_be(json!({ "subject_type": "ephemeral" })).await);
}

/// Signs in at a client, signs out, and gives the last page with the `sid` of the ID token.
async fn signed_out(server: &Announced, over: Value) -> (testkit::browser::Page, String) {
    let client = server.client(over).await;
    let browser = Browser::new(&server.app);
    let code = browser.authorize(&server.app.authorize_url(&client, &[])).await["code"].clone();
    let tokens = server.app.redeem(As::Basic(&client), &code, &[]).await.json();
    let id_token = text(&tokens, "id_token").to_owned();
    let page = browser.get(&format!("/logout?id_token_hint={id_token}")).await;
    (page, text(&parts(&id_token).1, "sid").to_owned())
}

pub(super) async fn frontchannel_logout(server: &Announced, member: &str) {
    let wants = json!({ "frontchannel_logout_uri": "https://app.example.com/out", "frontchannel_logout_session_required": true });
    assert_eq!(server.can_be(wants.clone()).await, server.is_on(member));
    let (page, sid) = signed_out(server, wants).await;
    assert!(page.has_id("logged-out-page"), "{}", page.body);
    assert_eq!(page.body.contains("<iframe src=\"https://app.example.com/out?iss="), server.is_on(member));
    assert_eq!(page.body.contains(&format!("sid={sid}")), server.is_on(member));
}

pub(super) async fn backchannel_logout(server: &Announced) {
    let path = format!("/back/{}", server.id());
    server.elsewhere.publish(&path, Reply::new(""));
    let wants =
        json!({ "backchannel_logout_uri": server.elsewhere.url(&path), "backchannel_logout_session_required": true });
    let (_, sid) = signed_out(server, wants).await;
    for _ in 0..1_000 {
        if let Some(told) = server.elsewhere.received().into_iter().find(|received| received.path == path) {
            let token = told.body.strip_prefix("logout_token=").expect("one parameter");
            assert_eq!(parts(token).1["sid"], sid);
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("nobody was told");
}
