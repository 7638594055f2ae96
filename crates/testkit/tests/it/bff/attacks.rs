//! What strangers try: changed cookies, planted sessions, answers of other browsers, other issuers, other places to go.

use serde_json::json;
use url::Url;

use super::scene::{COOKIE, OWN, Scene, cookie_lines, set_cookie};

#[actix_web::test]
async fn a_changed_cookie_opens_nothing() {
    let scene = Scene::start().await;
    let (browser, cookie) = scene.signed_in().await;
    assert_eq!(scene.with_cookie("GET", "/api", &cookie).await.status, 200);
    let flipped = |at: usize| {
        let other = if cookie.as_bytes()[at] == b'A' { "B" } else { "A" };
        format!("{}{other}{}", &cookie[..at], &cookie[at + 1..])
    };
    let mut wrong: Vec<_> = (0..cookie.len()).map(flipped).collect();
    wrong.extend([cookie[1..].to_owned(), cookie[..42].to_owned(), format!("{cookie}A"), format!("{cookie}=")]);
    wrong.extend(["x".to_owned(), "x".repeat(4_000), cookie.to_lowercase()]);
    for cookie in &wrong {
        let answer = scene.with_cookie("GET", "/api", cookie).await;
        assert_eq!((answer.status.as_u16(), answer.json()["error"].clone()), (401, json!("session_over")), "{cookie}");
    }
    let me = scene.with_cookie("GET", "/bff/me", &wrong[0]).await;
    assert_eq!(me.status, 401);
    assert!(cookie_lines(&me)[0].starts_with("__Host-bff=;"), "a dead cookie is taken away");
    let twice = format!("{COOKIE}={cookie}; {COOKIE}={cookie}");
    assert_eq!(scene.raw("GET", "/api", &[("cookie", twice.as_str())]).await.status, 401, "two are none");
    let unprefixed = format!("bff={cookie}");
    let answer = scene.raw("GET", "/api", &[("cookie", unprefixed.as_str())]).await;
    assert_eq!(answer.json(), json!({ "sub": null }), "one that a sibling could have planted is not looked at");
    assert_eq!(scene.me(&browser).await, 200, "all of that harmed nobody");
}

#[actix_web::test]
async fn a_planted_session_is_over_after_the_sign_in() {
    let scene = Scene::start().await;
    scene.app.user("mallory").await;
    // Mallory's own session, planted in the browser of alice: as hers it would show him what she does.
    let mallory = scene.browser();
    let page = scene.sign_in(&mallory, "", "mallory").await;
    let planted = set_cookie(&page, COOKIE).unwrap();
    let alice = scene.browser();
    let start = alice.get(&scene.url("/bff/login")).await;
    let pending = cookie_lines(&start)[0].split(';').next().unwrap().to_owned();
    let callback = scene.onward(&alice, start, "alice").await;
    let path = callback.strip_prefix(&scene.front).unwrap();
    let cookies = format!("{COOKIE}={planted}; {pending}");
    let page = scene.raw("GET", path, &[("cookie", cookies.as_str())]).await;
    let fresh = set_cookie(&page, COOKIE).unwrap();
    assert_ne!(fresh, planted, "a new id at each sign-in");
    assert_eq!(scene.with_cookie("GET", "/api", &planted).await.status, 401);
    assert_eq!(scene.me(&mallory).await, 401);
    let me = scene.with_cookie("GET", "/bff/me", &fresh).await.json();
    assert_eq!(me["email"], json!("alice@example.test"));
}

#[actix_web::test]
async fn an_answer_is_good_in_the_browser_that_asked_and_once() {
    let scene = Scene::start().await;
    scene.app.user("mallory").await;
    let (alice, mallory) = (scene.browser(), scene.browser());
    let his = scene.up_to_callback(&mallory, "", "mallory").await;
    // Alice is made to open his answer (login CSRF): nothing happens, whether she is on her way or not.
    for _ in 0..2 {
        let page = alice.get(&his).await;
        assert_eq!((page.status.as_u16(), page.json()["error"].clone()), (400, json!("sign_in_not_under_way")));
        assert!(set_cookie(&page, COOKIE).is_none());
        let _ = alice.get(&scene.url("/bff/login")).await;
    }
    // His browser with her code (code injection): his state, her code.
    let hers = scene.up_to_callback(&alice, "", "alice").await;
    let code = parameter(&hers, "code");
    let mixed = with_parameter(&his, "code", &code);
    let page = mallory.get(&mixed).await;
    assert_eq!((page.status.as_u16(), page.json()["error"].clone()), (400, json!("sign_in_failed")), "PKCE and nonce");
    assert!(set_cookie(&page, COOKIE).is_none());
    // Her own answer in his browser.
    assert_eq!(mallory.get(&hers).await.status, 400);
    // And each answer once.
    let bob = scene.browser();
    let callback = scene.up_to_callback(&bob, "", "mallory").await;
    assert!(set_cookie(&bob.get(&callback).await, COOKIE).is_some());
    let again = bob.get(&callback).await;
    assert!(set_cookie(&again, COOKIE).is_none() && again.location().unwrap() == scene.url("/"));
}

#[actix_web::test]
async fn a_changed_answer_is_refused() {
    let scene = Scene::start().await;
    for (name, value) in [
        ("iss", "https://evil.example"),
        ("iss", ""),
        ("state", ""),
        ("state", "0123456789012345678901234567890123456789012"),
        ("code", ""),
        ("code", "x"),
    ] {
        let browser = scene.browser();
        let callback = scene.up_to_callback(&browser, "", "alice").await;
        let page = browser.get(&with_parameter(&callback, name, value)).await;
        assert_eq!(page.status, 400, "{name}={value}: {}", page.body);
        assert!(set_cookie(&page, COOKIE).is_none());
    }
    let browser = scene.browser();
    let callback = scene.up_to_callback(&browser, "", "alice").await;
    let state = parameter(&callback, "state");
    assert_eq!(browser.get(&format!("{callback}&state={state}")).await.status, 400, "twice");
    // The tail of the state: the cookie is found by its head.
    let wrong = with_parameter(&callback, "state", &format!("{}{}", &state[..8], "A".repeat(35)));
    let page = browser.get(&wrong).await;
    assert_eq!((page.status.as_u16(), page.json()["error"].clone()), (400, json!("sign_in_not_under_way")));
    // An answer to another request of the same browser: its ID token has another nonce.
    let start = browser.get(&scene.url("/bff/login")).await;
    let other = with_parameter(&start.location().unwrap(), "nonce", "another");
    let page = browser.open(&other).await;
    let page = browser.get(&page.location().unwrap()).await;
    assert_eq!((page.status.as_u16(), page.json()["error"].clone()), (400, json!("sign_in_failed")));
    // The person says no.
    let start = browser.get(&scene.url("/bff/login")).await;
    let state = parameter(&start.location().unwrap(), "state");
    let issuer: String = url::form_urlencoded::byte_serialize(scene.app.issuer.as_bytes()).collect();
    let denied = scene.url(&format!("/bff/callback?error=access_denied&state={state}&iss={issuer}"));
    let page = browser.get(&denied).await;
    assert_eq!((page.status.as_u16(), page.json()["error"].clone()), (401, json!("access_denied")));
}

#[actix_web::test]
async fn a_cookie_of_a_sign_in_cannot_be_made_or_changed() {
    let scene = Scene::start().await;
    let browser = scene.browser();
    let start = browser.get(&scene.url("/bff/login")).await;
    let line = cookie_lines(&start)[0].clone();
    assert!(line.ends_with("; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=900"), "{line}");
    let pair = line.split(';').next().unwrap().to_owned();
    let (name, value) = pair.split_once('=').unwrap();
    let location = Url::parse(&start.location().unwrap()).unwrap();
    for secret in ["state", "nonce"] {
        let secret = location.query_pairs().find(|(name, _)| name == secret).unwrap().1.into_owned();
        assert!(!value.contains(&secret));
    }
    assert!(location.query_pairs().any(|pair| pair == ("code_challenge_method".into(), "S256".into())));
    let callback = scene.onward(&browser, start, "alice").await;
    let path = callback.strip_prefix(&scene.front).unwrap();
    for at in [0, 1, 30, value.len() / 2, value.len() - 1] {
        let other = if value.as_bytes()[at] == b'A' { "B" } else { "A" };
        let cookie = format!("{name}={}{other}{}", &value[..at], &value[at + 1..]);
        let page = scene.raw("GET", path, &[("cookie", cookie.as_str())]).await;
        assert_eq!((page.status.as_u16(), page.json()["error"].clone()), (400, json!("sign_in_not_under_way")));
    }
    let page = scene.raw("GET", path, &[("cookie", pair.as_str())]).await;
    assert_eq!(page.status, 303, "unchanged it is good");
}

#[actix_web::test]
async fn a_sign_in_leads_nowhere_else() {
    let scene = Scene::start().await;
    let browser = scene.browser();
    for trick in [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/%09/evil.example",
        "/%0a/evil.example",
        "/%0d%0aSet-Cookie:%20a=b",
        "/%00",
        "/..//evil.example",
        "javascript:alert(1)",
        "/bff/login",
        "/bff/logout",
        "notes",
        "%E2%80%AE/notes",
    ] {
        let page = browser.get(&scene.url(&format!("/bff/login?return_to={trick}"))).await;
        assert_eq!((page.status.as_u16(), page.location()), (400, None), "{trick}");
        assert!(cookie_lines(&page).is_empty());
    }
    assert_eq!(browser.get(&scene.url("/bff/login?return_to=/a&return_to=/b")).await.status, 400);
}

#[actix_web::test]
async fn requests_of_other_sites_change_nothing() {
    let scene = Scene::start().await;
    let (browser, cookie) = scene.signed_in().await;
    let cookie = format!("{COOKIE}={cookie}");
    let origin = ("origin", scene.front.as_str());
    for headers in [
        &[][..],
        &[("x-csrf", "1")],
        &[("sec-fetch-site", "same-origin")],
        &[("sec-fetch-site", "cross-site"), ("x-csrf", "1")],
        &[("sec-fetch-site", "same-site"), ("x-csrf", "1"), origin],
        &[("sec-fetch-site", "none"), ("x-csrf", "1")],
        &[("origin", "https://evil.example"), ("x-csrf", "1")],
        &[("origin", "null"), ("x-csrf", "1")],
        &[("sec-fetch-site", "same-origin"), ("origin", "https://evil.example"), ("x-csrf", "1")],
        &[origin],
    ] {
        let all = [headers, &[("cookie", cookie.as_str())]].concat();
        for (method, path) in [("POST", "/bff/logout"), ("POST", "/api"), ("DELETE", "/api")] {
            assert_eq!(scene.raw(method, path, &all).await.status, 403, "{method} {path} {headers:?}");
        }
    }
    assert_eq!(scene.raw("GET", "/bff/me", &[("sec-fetch-site", "cross-site"), ("cookie", &cookie)]).await.status, 403);
    assert_eq!(scene.me(&browser).await, 200);
    let old = [origin, OWN[1], ("cookie", cookie.as_str())];
    assert_eq!(scene.raw("POST", "/api", &old).await.status, 200, "a browser without Sec-Fetch-Site");
    let image = scene.raw("GET", "/bff/logout", &old).await;
    assert_eq!((image.status.as_u16(), image.header("allow")), (405, "POST"), "an image tag does not sign out");
    assert_eq!(scene.raw("POST", "/bff/logout", &old).await.status, 200);
}

#[actix_web::test]
async fn only_the_issuer_logs_people_out_over_the_back_channel() {
    let scene = Scene::start().await;
    let (browser, _) = scene.signed_in().await;
    let tell = async |body: &str| {
        let form = [("content-type", "application/x-www-form-urlencoded")];
        scene.raw_with("/bff/backchannel-logout", &form, body).await
    };
    let id_token = {
        let other = scene.browser();
        scene.sign_in(&other, "", "alice").await;
        let out = other.post(&scene.url("/bff/logout"), &[]).await.json();
        parameter(out["end_session_url"].as_str().unwrap(), "id_token_hint")
    };
    let stranger = jwt::key::SigningKey::generate(protocol::signing::SigningAlgorithm::ES256).unwrap();
    let now = scene.app.now().0;
    let sub = browser.get(&scene.url("/bff/me")).await.json()["sub"].clone();
    let forged = stranger.sign(
        Some("logout+jwt"),
        &json!({
            "iss": scene.app.issuer, "aud": "front", "iat": now, "exp": now + 120, "jti": "j", "sub": sub,
            "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
        }),
    );
    let forged = format!("logout_token={}", forged.unwrap());
    for body in [
        "",
        "logout_token=",
        "logout_token=x",
        &format!("logout_token={id_token}"),
        &forged,
        &format!("{forged}&{forged}"),
    ] {
        let answer = tell(body).await;
        assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (400, "no-store"), "{body}");
        assert_eq!(answer.json()["error"], "invalid_request");
    }
    assert_eq!(tell(&format!("a={}", "x".repeat(20_000))).await.status, 400);
    let json = scene.raw_with("/bff/backchannel-logout", &[("content-type", "application/json")], "{}").await;
    assert_eq!(json.status, 400);
    assert_eq!(scene.raw("GET", "/bff/backchannel-logout", &[]).await.status, 405);
    assert_eq!(scene.me(&browser).await, 200);
}

fn parameter(url: &str, name: &str) -> String {
    let url = Url::parse(url).unwrap();
    url.query_pairs().find(|(held, _)| held == name).unwrap_or_else(|| panic!("no {name} in {url}")).1.into_owned()
}

/// With another value; an empty one takes the parameter away.
fn with_parameter(url: &str, name: &str, value: &str) -> String {
    let mut url = Url::parse(url).unwrap();
    let pairs: Vec<_> = url
        .query_pairs()
        .filter(|(held, _)| held != name)
        .map(|pair| (pair.0.into_owned(), pair.1.into_owned()))
        .collect();
    url.query_pairs_mut().clear().extend_pairs(pairs);
    if !value.is_empty() {
        url.query_pairs_mut().append_pair(name, value);
    }
    url.into()
}
