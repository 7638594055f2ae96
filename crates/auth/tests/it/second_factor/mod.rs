//! The second factor of a sign-in over HTTP: what each factor is good for, who may use it, and that nobody gets around it.

mod after_reset;
mod email_code;
mod new_password;
mod paths;
mod races;
mod recovery_code;
mod remembered;
mod step_up;
mod totp;

use auth::config::Config;
use auth::{AppState, recovery_codes};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use protocol::security_event::SecurityEvent;
use protocol::time::Seconds;
use protocol::user::User;
use serde_json::Value;
use testkit::app::{PASSWORD, TestApp, TestOptions};
use testkit::browser::{Browser, Page, plain_http};
use testkit::database::TestDatabase;
use testkit::otp::OtpApp;
use testkit::requests::{As, text};

use crate::limits::state;

/// What makes a browser remembered for the time that the settings say.
const TRUST: (&str, &str) = ("remember", "yes");

/// `alice` with an authenticator app and recovery codes.
pub(crate) struct Alice {
    pub(crate) user: User,
    pub(crate) phone: OtpApp,
    pub(crate) codes: Vec<String>,
}

async fn configured(database: TestDatabase, config: impl FnOnce(&mut Config) + Send + 'static) -> TestApp {
    TestApp::start_with(database, TestOptions { config: Box::new(config), ..TestOptions::default() }).await
}

/// Enrols both; the phone shows a code that was not used.
pub(crate) async fn alice(app: &TestApp) -> Alice {
    let (state, user) = (state(app), of_name(app, "alice").await);
    let phone = phone(&state, app, &user).await;
    let codes = recovery_codes::make_first(&state, &user.id, app.now()).await.unwrap().unwrap();
    Alice { user, phone, codes }
}

async fn phone(state: &AppState, app: &TestApp, user: &User) -> OtpApp {
    let offer = auth::totp::offer(state, user, app.now());
    let phone = OtpApp::scan(&offer.uri);
    let code = phone.code(app.now());
    let enrolment = auth::totp::enrol(state, &user.id, &offer.sealed, &code, app.now()).await.unwrap();
    assert_eq!(enrolment, auth::totp::Enrolment::Done);
    app.clock.advance(Seconds(30));
    phone
}

async fn of_name(app: &TestApp, name: &str) -> User {
    store::users::find_by_login(&app.store, name).await.unwrap().unwrap()
}

/// Opens the request and types the password: the page that follows.
async fn after_password(browser: &Browser, app: &TestApp, changes: &[(&str, &str)]) -> Page {
    let page = browser.open(&app.authorize_url("first-party", changes)).await;
    assert!(page.has_id("login-page"), "{}", page.body);
    browser.sign_in(&page, "alice").await
}

/// The page of a factor, as its link on another page leads there.
async fn other_way(browser: &Browser, page: &Page, path: &str) -> Page {
    browser.open(&format!("{path}?interaction={}", interaction(page))).await
}

fn interaction(page: &Page) -> String {
    let fields = page.hidden_fields();
    fields.into_iter().find(|(name, _)| name == "interaction").expect("a step of an interaction").1
}

async fn id_token(app: &TestApp, page: &Page) -> Value {
    let answer = page.answer();
    let code = answer.get("code").unwrap_or_else(|| panic!("no code: {answer:?}"));
    let tokens = app.redeem(As::Basic("first-party"), code, &[]).await;
    assert_eq!(tokens.status, 200, "{}", tokens.body);
    let tokens = tokens.json();
    let payload = text(&tokens, "id_token").split('.').nth(1).expect("a payload");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

/// The value of a cookie that an answer sets.
fn cookie(page: &Page, name: &str) -> Option<String> {
    let cookies = page.headers.get_all("set-cookie").iter().filter_map(|cookie| cookie.to_str().ok());
    let ours = cookies.filter_map(|cookie| cookie.strip_prefix(name)?.strip_prefix('='));
    ours.map(|rest| rest.split(';').next().unwrap_or_default().to_owned()).next_back()
}

/// Whether anybody is signed in in this browser, as an app sees it.
async fn is_signed_in(browser: &Browser, app: &TestApp) -> bool {
    let page = browser.get(&app.authorize_url("first-party", &[("prompt", "none")])).await;
    page.answer().contains_key("code")
}

/// The same for whoever has only this cookie.
async fn signs_in(app: &TestApp, cookie: &str) -> bool {
    let http = plain_http().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let url = app.authorize_url("first-party", &[("prompt", "none")]);
    let answer = http.get(url).header("cookie", format!("countersign_session={cookie}")).send().await.unwrap();
    answer.headers()["location"].to_str().unwrap().contains("code=")
}

async fn sessions(app: &TestApp, user: &User) -> usize {
    store::sessions::living_of_user(&app.store, &user.id, app.now()).await.unwrap().len()
}

async fn events(app: &TestApp, user: &User, kind: SecurityEvent) -> usize {
    store::security_events::of_user(&app.store, &user.id, Some(kind), None, 500).await.unwrap().len()
}

fn typed_password() -> [(&'static str, &'static str); 2] {
    [("username", "alice"), ("password", PASSWORD)]
}
