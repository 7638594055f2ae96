//! What the app does before, and without, an issuer: its pages, its headers, its refusals. The whole round with a real
//! issuer is walked by `testkit/clients/javascript/demo-app.mjs` in a browser.

#![allow(clippy::disallowed_methods, reason = "a test is a stranger: it asks over HTTP")]

use reqwest::{Client, Response, StatusCode, redirect::Policy};
use std::net::TcpListener;
use tokio::sync::oneshot;

/// The app on a loopback port; nobody listens where its issuer should be.
fn app() -> (String, oneshot::Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port is free");
    let base_url = format!("http://{}", listener.local_addr().expect("the listener has an address"));
    let config = demo_app::Config {
        issuer: "http://127.0.0.1:9/<issuer>".into(),
        client_id: "demo-web".into(),
        api_url: "http://127.0.0.1:9".into(),
        base_url: base_url.clone(),
        extra_ca: None,
    };
    let (stop, stopped) = oneshot::channel();
    tokio::spawn(demo_app::run(config, listener, async {
        let _ = stopped.await;
    }));
    (base_url, stop)
}

fn client() -> Client {
    Client::builder().redirect(Policy::none()).tls_certs_only([]).build().expect("a client without TLS can be built")
}

async fn get(url: String) -> Response {
    client().get(url).send().await.expect("the app answers")
}

#[tokio::test]
async fn the_start_page_offers_to_sign_in_and_escapes_what_it_shows() {
    let (url, _stop) = app();
    let answer = get(format!("{url}/")).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let policy = answer.headers()["Content-Security-Policy"].to_str().expect("the policy is ASCII").to_owned();
    assert!(
        policy.contains("default-src 'none'") && policy.contains("form-action 'self' http://127.0.0.1:9;"),
        "{policy}"
    );
    let page = answer.text().await.expect("the page is text");
    assert!(page.contains("id=\"sign-in\"") && !page.contains("<issuer>"), "{page}");
}

#[tokio::test]
async fn an_unreachable_issuer_is_said_plainly() {
    let (url, _stop) = app();
    let answer = get(format!("{url}/sign-in")).await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    assert!(answer.text().await.expect("the page is text").contains("id=\"error\""));
}

#[tokio::test]
async fn an_answer_that_nobody_waits_for_is_refused() {
    let (url, _stop) = app();
    let answer = get(format!("{url}/callback?code=x&state=y&iss=z")).await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    assert!(answer.text().await.expect("the page is text").contains("No sign-in is under way"));
}

#[tokio::test]
async fn a_form_on_another_site_is_not_obeyed() {
    let (url, _stop) = app();
    let post = |site| client().post(format!("{url}/sign-out")).header("Sec-Fetch-Site", site).send();
    let (foreign, own) = (post("cross-site").await.expect("answered"), post("same-origin").await.expect("answered"));
    assert!(foreign.status().is_client_error(), "{}", foreign.status());
    assert_eq!(
        (own.status(), &own.headers()["Location"]),
        (StatusCode::SEE_OTHER, &"/signed-out".parse().expect("a header"))
    );
}

#[tokio::test]
async fn nobody_signed_in_is_sent_to_the_start() {
    let (url, _stop) = app();
    for path in ["call-api", "refresh"] {
        let answer = client().post(format!("{url}/{path}")).send().await.expect("the app answers");
        assert_eq!(
            (answer.status(), &answer.headers()["Location"]),
            (StatusCode::SEE_OTHER, &"/".parse().expect("a header"))
        );
    }
}
