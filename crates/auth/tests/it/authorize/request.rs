//! What a request may say. Errors after the redirect URI is proven go back to the client, with `iss` and `state`.

use testkit::browser::Browser;
use testkit::requests::STATE;

use crate::on_each_engine;

#[actix_web::test]
async fn each_wrong_parameter_gets_the_error_of_its_rfc() {
    on_each_engine(async |app| {
        app.client("no-code", r#"{"grant_types": ["client_credentials"], "scope": "notes:read"}"#).await;
        let long = "x".repeat(2_000);
        let cases: &[(&[(&str, &str)], &str)] = &[
            (&[("response_type", "")], "invalid_request"),
            (&[("response_type", "token")], "unsupported_response_type"),
            (&[("response_type", "code id_token")], "unsupported_response_type"),
            (&[("response_mode", "web_message")], "invalid_request"),
            (&[("scope", "")], "invalid_scope"),
            (&[("scope", "openid admin")], "invalid_scope"),
            (&[("code_challenge", "")], "invalid_request"),
            (&[("code_challenge", ""), ("code_challenge_method", "")], "invalid_request"),
            (&[("code_challenge_method", "plain")], "invalid_request"),
            (&[("code_challenge_method", "")], "invalid_request"),
            (&[("code_challenge", "too-short")], "invalid_request"),
            (&[("prompt", "none login")], "invalid_request"),
            (&[("prompt", "dance")], "invalid_request"),
            (&[("max_age", "-1")], "invalid_request"),
            (&[("max_age", "soon")], "invalid_request"),
            (&[("nonce", &long)], "invalid_request"),
            (&[("login_hint", &long)], "invalid_request"),
            (&[("claims", "{")], "invalid_request"),
            (&[("claims", "[]")], "invalid_request"),
            (&[("request", "x.y.z")], "invalid_request_object"),
            (&[("request_uri", "https://app.example.com/r")], "request_uri_not_supported"),
            (&[("registration", "{}")], "registration_not_supported"),
            (&[("id_token_hint", "x.y.z")], "invalid_request"),
            (&[("prompt", "none")], "login_required"),
            (
                &[("claims", r#"{"id_token": {"acr": {"essential": true, "values": ["9"]}}}"#)],
                "unmet_authentication_requirements",
            ),
        ];
        let browser = Browser::new(&app);
        for (changes, expected) in cases {
            let page = browser.get(&app.authorize_url("public", changes)).await;
            assert_eq!(page.status, 303, "{changes:?}");
            let answer = page.answer();
            assert_eq!(answer["error"], *expected, "{changes:?} {answer:?}");
            assert_eq!(answer["iss"], app.issuer, "{changes:?}");
            assert_eq!(answer["state"], STATE, "{changes:?}");
            assert!(!answer["error_description"].is_empty());
        }
    })
    .await;
}

#[actix_web::test]
async fn a_repeated_parameter_goes_back_as_invalid_request() {
    on_each_engine(async |app| {
        for repeated in
            ["scope=openid", "nonce=x", "code_challenge_method=S256", "unknown=1&unknown=2", "prompt=login&prompt=none"]
        {
            let url = format!("{}&{repeated}", app.authorize_url("public", &[]));
            let page = Browser::new(&app).get(&url).await;
            assert_eq!(page.answer()["error"], "invalid_request", "{repeated}");
        }
    })
    .await;
}

#[actix_web::test]
async fn a_client_without_the_code_grant_is_unauthorized() {
    on_each_engine(async |app| {
        app.client("no-code", r#"{"grant_types": ["client_credentials"], "scope": "notes:read"}"#).await;
        let page = Browser::new(&app).get(&app.authorize_url("no-code", &[("scope", "notes:read")])).await;
        assert_eq!(page.answer()["error"], "unauthorized_client");
    })
    .await;
}

#[actix_web::test]
async fn unknown_parameters_are_ignored_and_not_echoed() {
    on_each_engine(async |app| {
        let page = Browser::new(&app).open(&app.authorize_url("public", &[("canary", "c4n4ry-value")])).await;
        assert!(page.has_id("login-page"));
        assert!(!page.body.contains("c4n4ry-value"));
    })
    .await;
}

#[actix_web::test]
async fn pkce_may_be_left_out_only_by_a_client_registered_so() {
    on_each_engine(async |app| {
        app.client("old", r#"{"pkce_policy": "optional"}"#).await;
        let code = app.code("old", &[("code_challenge", ""), ("code_challenge_method", "")]).await;
        // A verifier without a stored challenge is refused (OA-033), and the code stays usable.
        let page = app.redeem(testkit::requests::As::Basic("old"), &code, &[]).await;
        assert_eq!(page.json()["error"], "invalid_grant");
        let page = app.redeem(testkit::requests::As::Basic("old"), &code, &[("code_verifier", "")]).await;
        assert_eq!(page.status, 200, "{}", page.body);
    })
    .await;
}

#[actix_web::test]
async fn a_posted_request_that_no_address_can_hold_is_a_page() {
    on_each_engine(async |app| {
        let form = [("client_id".to_owned(), "public".to_owned()), ("request".to_owned(), "x".repeat(17 * 1024))];
        let page = Browser::new(&app).post("/authorize", &form).await;
        assert_eq!((page.status.as_u16(), page.location()), (400, None));
        assert!(page.has_id("error-page"));
    })
    .await;
}

#[actix_web::test]
async fn a_posted_request_is_the_same_request() {
    on_each_engine(async |app| {
        let url = app.authorize_url("public", &[]);
        let query = url.split_once('?').unwrap().1;
        let form: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let browser = Browser::new(&app);
        let page = browser.post("/authorize", &form).await;
        assert_eq!(page.status, 303);
        let login = browser.follow(page).await;
        assert!(login.has_id("login-page"));
        let mut page = browser.sign_in(&login, "alice").await;
        page = browser.submit(&page, &[("decision", "allow")]).await;
        assert!(page.answer().contains_key("code"));
    })
    .await;
}
