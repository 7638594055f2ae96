//! The answer: response modes, `iss` (RFC 9207), `state`, and what must not be in it.

use testkit::app::REDIRECT_URI;
use testkit::browser::Browser;
use testkit::requests::STATE;

use crate::on_each_engine;

#[actix_web::test]
async fn the_answer_carries_code_state_and_issuer() {
    on_each_engine(async |app| {
        for (mode, mark) in [("", '?'), ("query", '?'), ("fragment", '#')] {
            let browser = Browser::new(&app);
            let page = browser.open(&app.authorize_url("first-party", &[("response_mode", mode)])).await;
            let page = browser.sign_in(&page, "alice").await;
            assert_eq!(page.status, 303);
            assert!(page.location().unwrap().starts_with(&format!("{REDIRECT_URI}{mark}")), "{mode}");
            let answer = page.answer();
            assert_eq!(answer.keys().collect::<Vec<_>>(), ["code", "iss", "state"]);
            assert_eq!((&answer["iss"], answer["state"].as_str()), (&app.issuer, STATE));
        }
    })
    .await;
}

#[actix_web::test]
async fn form_post_is_a_page_that_works_without_script() {
    on_each_engine(async |app| {
        let browser = Browser::new(&app);
        let page = browser.open(&app.authorize_url("first-party", &[("response_mode", "form_post")])).await;
        let page = browser.sign_in(&page, "alice").await;
        assert_eq!(page.status, 200, "{}", page.body);
        assert_eq!(page.form_action(), REDIRECT_URI);
        let fields = page.hidden_fields();
        let names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
        assert!(["code", "iss", "state"].iter().all(|name| names.contains(name)), "{names:?}");
        assert!(page.body.contains("<noscript>"));
        assert!(!page.header("content-security-policy").contains("form-action"));
        assert_eq!(page.header("cache-control"), "no-store");
    })
    .await;
}

#[actix_web::test]
async fn an_unusual_state_comes_back_unchanged() {
    on_each_engine(async |app| {
        for state in ["a b+c&d=e%20f", "\"><script>alert(1)</script>", "äöü漢字", "{\"json\": [1]}"] {
            let page =
                Browser::new(&app).get(&app.authorize_url("public", &[("state", state), ("prompt", "none")])).await;
            assert_eq!(page.answer()["state"], state);
            let page =
                Browser::new(&app)
                    .get(&app.authorize_url(
                        "public",
                        &[("state", state), ("prompt", "none"), ("response_mode", "form_post")],
                    ))
                    .await;
            let fields = page.hidden_fields();
            assert!(fields.contains(&("state".to_owned(), state.to_owned())), "{fields:?}");
        }
    })
    .await;
}

#[actix_web::test]
async fn authorization_has_no_cors_and_cannot_be_framed() {
    on_each_engine(async |app| {
        let page = Browser::new(&app).open(&app.authorize_url("public", &[])).await;
        assert_eq!(page.header("access-control-allow-origin"), "");
        assert!(page.header("content-security-policy").contains("frame-ancestors 'none'"));
        assert_eq!(page.header("referrer-policy"), "no-referrer");
    })
    .await;
}
