//! Addresses that take forms only, opened by somebody who presses Enter in the address bar: none of them is an empty page.

use reqwest::Method;
use testkit::app::{PASSWORD, TestApp};
use testkit::browser::{Browser, Page};

use crate::on_each_engine;

/// In the console: the address, and the page that it leads to.
const ACCOUNT: &[(&str, &str)] = &[
    ("/account/sign-out", "/account"),
    ("/account/data/export", "/account/data"),
    ("/account/data/keep", "/account/data"),
    ("/account/api-keys/abc/rotate", "/account/api-keys/abc"),
    ("/account/api-keys/abc/revoke", "/account/api-keys/abc"),
    ("/account/api-keys/a%0Ab%3Fc/revoke", "/account/api-keys/a%0Ab%3Fc"),
    ("/account/security/passkeys/abc/remove", "/account/security/passkeys/abc"),
    ("/account/security/totp/remove", "/account/security/totp"),
];

/// On the way to somewhere: the address, and the page of the same step.
const STEPS: &[(&str, &str)] = &[
    ("/signup/resend", "/signup/code"),
    ("/signup/passkey", "/signup/password"),
    ("/passkey/sign-in", "/login"),
    ("/enrol/passkey", "/enrol"),
];

/// Nobody comes there but scripts and clients.
const MACHINES: &[&str] =
    &["/passkey/options", "/passkey/creation-options", "/signup/passkey-options", "/token", "/revoke", "/introspect"];

fn leads_to(page: &Page, app: &TestApp, expected: &str) {
    let url = &page.url;
    assert_eq!((page.status.as_u16(), page.header("location")), (303, app.url(expected).as_str()), "{url}");
    assert_eq!(page.header("cache-control"), "no-store", "{url}");
}

#[actix_web::test]
async fn whoever_opens_the_address_of_a_form_comes_to_its_page() {
    on_each_engine(async |app| {
        let browser = Browser::new(&app);
        for (address, page) in ACCOUNT {
            leads_to(&browser.get(address).await, &app, page);
        }
        for (address, page) in STEPS {
            let id = "0123456789abcdefghijkl";
            let named = browser.get(&format!("{address}?interaction={id}&x=1")).await;
            leads_to(&named, &app, &format!("{page}?interaction={id}"));
            for nothing in ["", "?interaction=", "?interaction=%0A"] {
                leads_to(&browser.get(&format!("{address}{nothing}")).await, &app, "/account");
            }
        }
        let http = reqwest::Client::new();
        for (address, _) in ACCOUNT.iter().chain(STEPS) {
            let answer = http.request(Method::DELETE, app.url(address)).send().await.unwrap();
            let allow = answer.headers()["allow"].to_str().unwrap().to_owned();
            assert_eq!((answer.status().as_u16(), allow.as_str()), (405, "GET, POST"), "{address}");
        }
        for address in MACHINES {
            assert_eq!(browser.get(address).await.status, 405, "{address}");
        }
    })
    .await;
}

/// The form says in its own address which interaction it belongs to, so the address bar does.
#[actix_web::test]
async fn enter_in_the_address_bar_stays_in_the_sign_in() {
    on_each_engine(async |app| {
        let browser = Browser::new(&app);
        let login = browser.open("/account").await;
        let form = login.body.split("action=\"").find(|form| form.starts_with("/passkey/sign-in")).expect("a form");
        let address = form.split('"').next().expect("an address").to_owned();
        let page = browser.open(&address).await;
        assert!(page.has_id("login-page"), "{}", page.body);
        let page = browser.submit(&page, &[("username", "alice"), ("password", PASSWORD)]).await;
        assert!(browser.follow(page).await.has_id("account-page"));
    })
    .await;
}
