//! `/recover`: back into an account, by ways that are no weaker than the front door; and back from every page that is over.

mod dead_ends;
mod link;
mod recovery_code;

use testkit::app::TestApp;
use testkit::browser::{Browser, Page};

use crate::signup::{link, mail_to};

const ALICE: &str = "alice@example.test";
const NEW: &str = "a path of green lanterns";

/// The link that somebody is sent who asks for it with this name.
async fn ask(app: &TestApp, browser: &Browser, name: &str) -> Page {
    let page = browser.open("/recover").await;
    assert!(page.has_id("recover-page") && page.body.contains("autocomplete=\"username\""), "{}", page.body);
    let page = browser.follow(browser.submit(&page, &[("username", name)]).await).await;
    assert!(page.has_id("recover-sent-page"), "{}", page.body);
    let _ = app;
    page
}

async fn sent(app: &TestApp, browser: &Browser) -> String {
    ask(app, browser, "alice").await;
    link(app, &mail_to(app, ALICE, 1).await, "/recover")
}

/// Whether a password opens the account, as far as the next step.
async fn opens(app: &TestApp, password: &str) -> Option<Page> {
    let browser = Browser::new(app);
    let page = browser.open(&app.authorize_url("first-party", &[])).await;
    let page = browser.submit(&page, &[("username", "alice"), ("password", password)]).await;
    (page.status == 303).then_some(page)
}
