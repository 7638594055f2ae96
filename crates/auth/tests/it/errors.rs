//! Each error code through the running server: the code, its page in the catalogue, and the number of the request.

use protocol::error::ErrorCode;
use serde_json::{Value, json};
use sqlx::any::install_default_drivers;
use sqlx::{AnyPool, AssertSqlSafe};
use testkit::app::{CLIENT_SECRET, REDIRECT_URI, TestApp, TestOptions};
use testkit::browser::{Browser, Page};
use testkit::database::engines;
use testkit::requests::{As, text};

use crate::{on_each_engine, registration};

/// Codes that no request leads to, and why they exist all the same.
const NOT_PROVOKED: &[(ErrorCode, &str)] = &[(
    ErrorCode::AccountSelectionRequired,
    "prompt=none beside select_account is an invalid_request; the decision names this code for its own completeness",
)];

/// What a client reads of a refusal.
struct Told {
    error: String,
    uri: String,
}

/// A redirect to the client, or JSON.
fn told(page: &Page) -> Told {
    if page.location().is_some() {
        let answer = page.answer();
        let allowed = ["error", "error_description", "error_uri", "iss", "state"];
        assert!(answer.keys().all(|name| allowed.contains(&name.as_str())), "{answer:?}");
        return Told { error: answer["error"].clone(), uri: answer["error_uri"].clone() };
    }
    let json = page.json();
    assert_eq!(text(&json, "trace_id"), page.header("x-trace-id"));
    Told { error: text(&json, "error").to_owned(), uri: text(&json, "error_uri").to_owned() }
}

async fn authorize(app: &TestApp, client: &str, changes: &[(&str, &str)]) -> Page {
    Browser::new(app).get(&app.authorize_url(client, changes)).await
}

/// In a browser where alice is signed in.
async fn authorize_signed_in(app: &TestApp, client: &str, changes: &[(&str, &str)]) -> Page {
    let browser = Browser::new(app);
    browser.authorize(&app.authorize_url("first-party", &[])).await;
    browser.get(&app.authorize_url(client, changes)).await
}

async fn denied(app: &TestApp) -> Page {
    let browser = Browser::new(app);
    let page = browser.open(&app.authorize_url("confidential", &[])).await;
    let page = browser.sign_in(&page, "alice").await;
    browser.submit(&page, &[("decision", "deny")]).await
}

async fn token(app: &TestApp, client: As<'_>, form: &[(&str, &str)]) -> Page {
    let form: Vec<_> = form.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    app.post("/token", client, &form).await
}

/// A row that this program never wrote: what a fault inside the server looks like.
async fn with_a_broken_row(app: &TestApp) -> Page {
    app.client("broken", "{}").await;
    install_default_drivers();
    let pool = AnyPool::connect(app.database.url()).await.unwrap();
    let text = "UPDATE clients SET token_endpoint_auth_method = 'nonsense' WHERE id = 'broken'";
    sqlx::query(AssertSqlSafe(text)).execute(&pool).await.unwrap();
    pool.close().await;
    app.client_credentials(As::Basic("broken"), &[]).await
}

struct Servers {
    /// As it comes.
    app: TestApp,
    /// Everything is switched on.
    open: TestApp,
}

/// `alg` is `none`.
const UNSIGNED: &str = "eyJhbGciOiJub25lIn0.e30.";

/// `None` when no request leads to the code.
async fn provoke(Servers { app, open }: &Servers, code: ErrorCode) -> Option<Page> {
    let register = async |changes: Value| {
        let metadata = json!({ "redirect_uris": [REDIRECT_URI] });
        let members = metadata.as_object().into_iter().chain(changes.as_object()).flatten();
        let members: Value = members.map(|(name, value)| (name.clone(), value.clone())).collect();
        open.json("POST", "/register", None, Some(&members)).await
    };
    let page = match code {
        ErrorCode::InvalidRequest => token(app, As::Basic("machine"), &[]).await,
        ErrorCode::UnauthorizedClient => app.client_credentials(As::Basic("confidential"), &[]).await,
        ErrorCode::AccessDenied => denied(app).await,
        ErrorCode::UnsupportedResponseType => authorize(app, "public", &[("response_type", "nonsense")]).await,
        ErrorCode::InvalidScope => app.client_credentials(As::Basic("machine"), &[("scope", "unknown")]).await,
        ErrorCode::ServerError => with_a_broken_row(app).await,
        ErrorCode::TemporarilyUnavailable => {
            app.store.close().await;
            app.client_credentials(As::Basic("machine"), &[]).await
        }
        ErrorCode::InvalidClient => app.client_credentials(As::Basic("nobody"), &[]).await,
        ErrorCode::InvalidGrant => app.redeem(As::Basic("confidential"), "nonsense", &[]).await,
        ErrorCode::UnsupportedGrantType => token(app, As::Basic("machine"), &[("grant_type", "password")]).await,
        ErrorCode::LoginRequired => authorize(app, "public", &[("prompt", "none")]).await,
        ErrorCode::ConsentRequired => authorize_signed_in(app, "public", &[("prompt", "none")]).await,
        ErrorCode::RequestNotSupported => authorize(app, "public", &[("request", UNSIGNED)]).await,
        ErrorCode::RequestUriNotSupported => {
            authorize(app, "public", &[("request_uri", "https://app.example.com/request.jwt")]).await
        }
        ErrorCode::RegistrationNotSupported => authorize(app, "public", &[("registration", "{}")]).await,
        ErrorCode::UnmetAuthenticationRequirements => {
            let claims = r#"{"id_token": {"acr": {"essential": true, "value": "urn:example:gold"}}}"#;
            authorize(app, "public", &[("claims", claims)]).await
        }
        ErrorCode::InvalidToken => app.userinfo("nonsense").await,
        ErrorCode::InsufficientScope => {
            let tokens = app.tokens(As::Public("public"), &[("scope", "profile")]).await;
            app.userinfo(text(&tokens, "access_token")).await
        }
        ErrorCode::InvalidRequestObject => authorize(open, "public", &[("request", "nonsense")]).await,
        ErrorCode::InvalidRequestUri => {
            authorize(open, "public", &[("request_uri", "https://app.example.com/request.jwt")]).await
        }
        ErrorCode::InvalidRedirectUri => register(json!({ "redirect_uris": ["http://app.example.com/cb"] })).await,
        ErrorCode::InvalidClientMetadata => register(json!({ "subject_type": "nonsense" })).await,
        ErrorCode::InvalidSoftwareStatement => register(json!({ "software_statement": "nonsense" })).await,
        ErrorCode::UnapprovedSoftwareStatement => register(json!({ "software_statement": UNSIGNED })).await,
        ErrorCode::AccountSelectionRequired => return None,
    };
    Some(page)
}

/// Whoever adds a code writes here how to provoke it, or above why nobody can.
#[actix_web::test]
async fn every_code_is_provoked_and_explained() {
    for (plain, other) in engines().into_iter().zip(engines()) {
        let options = TestOptions { config: Box::new(registration::open), ..TestOptions::default() };
        let servers = Servers { app: TestApp::start(plain).await, open: TestApp::start_with(other, options).await };
        let last = ErrorCode::TemporarilyUnavailable; // closes the database
        let others = ErrorCode::ALL.iter().copied().filter(|code| *code != last);
        for code in others.chain([last]) {
            let excused = NOT_PROVOKED.iter().any(|(excused, _)| *excused == code);
            let Some(page) = provoke(&servers, code).await else {
                assert!(excused, "{code} is neither provoked nor excused");
                continue;
            };
            assert!(!excused, "{code} is provoked and needs no excuse");
            let trace = page.header("x-trace-id").to_owned();
            let Told { error, uri } = told(&page);
            assert_eq!(error, code.wire(), "{}", page.body);
            let [here, there] =
                [&servers.app, &servers.open].map(|app| format!("{}/errors/{code}?trace_id={trace}", app.issuer));
            assert!(uri == here || uri == there, "{uri}");
            let explained = Browser::new(&servers.app).get(&uri).await;
            assert_eq!((explained.status.as_u16(), explained.has_id("error-code-page")), (200, true), "{uri}");
            assert!(explained.body.contains(&trace) && explained.body.contains(code.wire()), "{uri}");
        }
    }
}

#[actix_web::test]
async fn a_challenge_for_a_bearer_names_the_page_too() {
    on_each_engine(async |app| {
        let page = app.userinfo("nonsense").await;
        let challenge = page.header("www-authenticate");
        let uri = format!("error_uri=\"{}/errors/invalid_token?trace_id=", app.issuer);
        assert!(challenge.starts_with("Bearer ") && challenge.contains(&uri), "{challenge}");
        let bare = Browser::new(&app).get("/userinfo").await;
        assert!(!bare.header("www-authenticate").contains("error"), "RFC 6750 §3.1: no code without a token");
    })
    .await;
}

#[actix_web::test]
async fn a_page_for_people_leads_developers_to_the_catalogue() {
    on_each_engine(async |app| {
        let browser = Browser::new(&app);
        let page = browser.get(&app.authorize_url("nobody", &[])).await;
        assert_eq!(page.status, 400);
        let link = format!("{}/errors/invalid_request?trace_id={}", app.issuer, page.header("x-trace-id"));
        assert!(page.body.contains(&format!("href=\"{link}\"")), "{}", page.body);
        assert_eq!(browser.get(&link).await.status, 200);
    })
    .await;
}

#[actix_web::test]
async fn the_list_leads_to_every_page_and_back() {
    on_each_engine(async |app| {
        let browser = Browser::new(&app);
        let list = browser.get("/errors").await;
        assert!(list.has_id("catalogue-page"));
        for code in ErrorCode::ALL {
            assert!(list.body.contains(&format!("href=\"/errors/{code}\"")), "{code}");
            let page = browser.get(&format!("/errors/{code}")).await;
            assert_eq!(page.status, 200, "{code}");
            assert!(page.body.contains("href=\"/errors\"") && !page.has_id("trace-id"), "{code}");
        }
        for unknown in ["/errors/nonsense", "/errors/INVALID_GRANT", "/errors/", "/errors/invalid_grant/x"] {
            assert_eq!(browser.get(unknown).await.status, 404, "{unknown}");
        }
    })
    .await;
}

#[actix_web::test]
async fn nothing_but_a_number_of_ours_is_repeated() {
    on_each_engine(async |app| {
        let browser = Browser::new(&app);
        let ours = "0123456789abcdef0123456789abcdef";
        let page = browser.get(&format!("/errors/invalid_grant?trace_id={ours}&lang=de&x=hunter2")).await;
        assert!(page.body.contains(ours) && !page.body.contains("hunter2"));
        assert!(page.body.contains("<html lang=\"de\""));
        assert!(page.body.contains(&format!("name=\"trace_id\" value=\"{ours}\"")), "kept by the language switch");
        for foreign in ["0123456789ABCDEF0123456789ABCDEF", "0123", "%3Cscript%3Ealert(1)%3C/script%3E", "hunter2"] {
            let page = browser.get(&format!("/errors/invalid_grant?trace_id={foreign}")).await;
            assert_eq!(page.status, 200);
            assert!(!page.has_id("trace-id") && !page.body.contains("alert(1)"), "{foreign}");
            assert!(!page.body.contains(foreign), "{foreign}");
        }
    })
    .await;
}

#[actix_web::test]
async fn the_catalogue_lies_below_an_issuer_with_a_path() {
    for database in engines() {
        let options = TestOptions { path: "/tenant", ..Default::default() };
        let app = TestApp::start_with(database, options).await;
        let page = app.client_credentials(As::Basic("nobody"), &[]).await;
        let told = told(&page);
        assert!(told.uri.starts_with(&format!("{}/errors/invalid_client?", app.issuer)), "{}", told.uri);
        let page = Browser::new(&app).get(&told.uri).await;
        assert!(page.body.contains("href=\"/tenant/errors\""), "{}", page.body);
    }
}

/// RFC 6749 §5.2: no secret may return in an error, whatever was sent.
#[actix_web::test]
async fn a_refusal_repeats_no_credential() {
    on_each_engine(async |app| {
        let form = [("grant_type", "authorization_code"), ("code", "hunter2"), ("client_secret", CLIENT_SECRET)];
        let page = token(&app, As::Public("machine"), &form).await;
        assert_ne!(page.json()["error"], Value::Null);
        assert!(!page.body.contains("hunter2") && !page.body.contains(CLIENT_SECRET), "{}", page.body);
    })
    .await;
}
