//! A front end with its sessions on https, the issuer that it signs people in at, and people with browsers.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::web::{self, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use auth::config::OutboundConfig;
use protocol::ids::ClientId;
use protocol::issuer::Issuer;
use protocol::secret::Secret;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, ClientBuilder, Method};
use resource_api::bff::{Bff, BffConfig, MemoryStore};
use serde_json::json;
use store::protocol_log::{self, Whose};
use testkit::app::{API, CLIENT_SECRET, TestApp, TestOptions};
use testkit::browser::{Browser, Page, plain_http};
use testkit::database::TestDatabase;
use testkit::elsewhere::Authority;
use tokio::time::sleep;

pub(super) const COOKIE: &str = "__Host-bff";
/// What a script of the front end's own pages sends.
pub(super) const OWN: [(&str, &str); 2] = [("sec-fetch-site", "same-origin"), ("x-csrf", "1")];

pub(super) struct Scene {
    pub(super) app: TestApp,
    /// The origin of the front end.
    pub(super) front: String,
    authority: Authority,
    raw: Client,
}

/// How the test wants its front end.
pub(super) struct Wanted {
    /// The identifier of the API that the access tokens are for.
    pub(super) api: String,
    pub(super) over_tls: bool,
    pub(super) config: fn(&mut BffConfig),
}

impl Default for Wanted {
    fn default() -> Self {
        Self { api: API.to_owned(), over_tls: true, config: |_| {} }
    }
}

impl Scene {
    pub(super) async fn start() -> Self {
        Self::start_as(Wanted::default()).await
    }

    pub(super) async fn start_as(wanted: Wanted) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = format!("localhost:{}", listener.local_addr().unwrap().port());
        let scheme = if wanted.over_tls { "https" } else { "http" };
        let front = format!("{scheme}://{host}");
        let authority = Authority::new();
        let outbound = OutboundConfig {
            extra_ca: Some(authority.file().to_owned()),
            allowed_private_addresses: vec![host],
            ..OutboundConfig::default()
        };
        let options = TestOptions {
            api: wanted.api,
            config: Box::new(|config: &mut auth::config::Config| config.outbound = outbound),
            ..TestOptions::default()
        };
        let app = TestApp::start_with(TestDatabase::sqlite(), options).await;
        let mut config = BffConfig::new(Issuer::parse(&app.issuer).unwrap(), "front", front.clone());
        config.client_secret = Some(Secret::new(CLIENT_SECRET.to_owned()));
        config.scopes = ["profile", "email", "offline_access", "notes:read", "notes:write"].map(str::to_owned).into();
        (wanted.config)(&mut config);
        let mut metadata = json!({
            "consent_policy": "first_party",
            "redirect_uris": [config.redirect_uri()],
            "post_logout_redirect_uris": [config.post_logout_redirect_uri()],
        });
        if wanted.over_tls {
            metadata["backchannel_logout_uri"] = config.backchannel_logout_uri().into();
        }
        app.client("front", &metadata.to_string()).await;
        let clock = app.clock.clone();
        let store = Arc::new(MemoryStore::new());
        let bff = Bff::with_clock(config, store, Arc::new(move || clock.now())).unwrap();
        serve(bff, listener, wanted.over_tls.then_some(&authority));
        let raw = trusting(&authority).redirect(Policy::none()).build().unwrap();
        Self { app, front, authority, raw }
    }

    /// A browser in which the front end's pages run: what they send is sent with each request.
    pub(super) fn browser(&self) -> Browser {
        let headers: HeaderMap =
            OWN.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect();
        Browser::over(&self.app.issuer, trusting(&self.authority).default_headers(headers))
    }

    /// One without any of the headers that newer browsers send.
    pub(super) fn old_browser(&self) -> Browser {
        Browser::over(&self.app.issuer, trusting(&self.authority))
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.front)
    }

    /// Signs in from `/bff/login` on, up to the callback's answer.
    pub(super) async fn sign_in(&self, browser: &Browser, query: &str, person: &str) -> Page {
        let callback = self.up_to_callback(browser, query, person).await;
        browser.get(&callback).await
    }

    /// The address that the issuer sends the browser back to.
    pub(super) async fn up_to_callback(&self, browser: &Browser, query: &str, person: &str) -> String {
        let start = browser.get(&self.url(&format!("/bff/login{query}"))).await;
        self.onward(browser, start, person).await
    }

    pub(super) async fn onward(&self, browser: &Browser, start: Page, person: &str) -> String {
        assert_eq!(start.status, 303, "{}", start.body);
        let mut page = browser.follow(start).await;
        if page.has_id("login-page") {
            page = browser.sign_in(&page, person).await;
        }
        let callback = page.location().unwrap_or_else(|| panic!("no callback: {}", page.body));
        assert!(callback.starts_with(&self.url("/bff/callback?")), "{callback}");
        callback
    }

    /// A signed-in browser and its session cookie.
    pub(super) async fn signed_in(&self) -> (Browser, String) {
        let browser = self.browser();
        let page = self.sign_in(&browser, "", "alice").await;
        let cookie = set_cookie(&page, COOKIE).unwrap_or_else(|| panic!("no session: {} {}", page.status, page.body));
        (browser, cookie)
    }

    pub(super) async fn me(&self, browser: &Browser) -> u16 {
        browser.get(&self.url("/bff/me")).await.status.as_u16()
    }

    /// A request without a browser: these headers and no others.
    pub(super) async fn raw(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Page {
        let method: Method = method.parse().unwrap();
        let request = self.raw.request(method, self.url(path));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        Page::read(request.send().await.unwrap()).await
    }

    /// A POST with a body as it is.
    pub(super) async fn raw_with(&self, path: &str, headers: &[(&str, &str)], body: &str) -> Page {
        let request = self.raw.post(self.url(path)).body(body.to_owned());
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        Page::read(request.send().await.unwrap()).await
    }

    /// The same with a session cookie, as the front end's pages send it.
    pub(super) async fn with_cookie(&self, method: &str, path: &str, cookie: &str) -> Page {
        let cookie = format!("{COOKIE}={cookie}");
        self.raw(method, path, &[OWN[0], OWN[1], ("cookie", cookie.as_str())]).await
    }

    /// How often the issuer was asked for this by the front end, once its log is written.
    pub(super) async fn asked(&self, endpoint: &str, grant_type: Option<&str>) -> usize {
        sleep(Duration::from_millis(1_200)).await;
        let client = ClientId::parse("front").unwrap();
        let log = protocol_log::last(&self.app.store, Whose::Client(&client), 1_000).await.unwrap();
        let has = |parameters: &[(String, String)]| {
            grant_type
                .is_none_or(|wanted| parameters.iter().any(|(name, value)| name == "grant_type" && value == wanted))
        };
        log.iter().filter(|exchange| exchange.endpoint == endpoint && has(&exchange.parameters)).count()
    }
}

fn serve(bff: Bff, listener: TcpListener, authority: Option<&Authority>) {
    let server = HttpServer::new(move || {
        let bff = bff.clone();
        App::new()
            .app_data(Data::new(bff.clone()))
            .configure(|config| bff.configure(config))
            .route("/api", web::to(api))
    });
    let server = server.workers(2).disable_signals();
    let server = match authority {
        Some(authority) => server.listen_rustls_0_23(listener, authority.certify(&["localhost"])).unwrap(),
        None => server.listen(listener).unwrap(),
    };
    actix_web::rt::spawn(server.run());
}

/// An API of the front end that shows what it would validate. Only a test shows a token.
async fn api(bff: Data<Bff>, request: HttpRequest) -> HttpResponse {
    match bff.session(&request).await {
        Ok(Some(session)) => HttpResponse::Ok().json(json!({
            "sub": session.sub, "token": session.access_token.expose(), "ends_at": session.ends_at,
        })),
        Ok(None) => HttpResponse::Ok().json(json!({ "sub": null })),
        Err(error) => {
            let status = actix_web::http::StatusCode::from_u16(error.status()).unwrap();
            HttpResponse::build(status).json(json!({ "error": error.code() }))
        }
    }
}

fn trusting(authority: &Authority) -> ClientBuilder {
    plain_http().tls_certs_only([Certificate::from_pem(&std::fs::read(authority.file()).unwrap()).unwrap()])
}

/// The whole `Set-Cookie` lines of an answer.
pub(super) fn cookie_lines(page: &Page) -> Vec<String> {
    page.headers.get_all("set-cookie").iter().map(|line| line.to_str().unwrap().to_owned()).collect()
}

/// The value that an answer sets for a cookie, unless it takes the cookie away.
pub(super) fn set_cookie(page: &Page, name: &str) -> Option<String> {
    let lines = cookie_lines(page);
    let values = lines.iter().filter_map(|line| line.strip_prefix(&format!("{name}="))?.split(';').next());
    values.map(str::to_owned).find(|value| !value.is_empty())
}

pub(super) async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    let began = Instant::now();
    while !holds().await {
        assert!(began.elapsed() < Duration::from_secs(10), "{what} did not come");
        sleep(Duration::from_millis(50)).await;
    }
}
