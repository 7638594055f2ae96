//! A web app that signs people in with OpenID Connect and calls an API: what a relying-party developer writes with the
//! `openidconnect` crate, in under 300 lines of code beside its pages. It knows nothing of this workspace and works with
//! any OpenID provider. It is a demonstration: sessions live in its memory only and are gone after a restart.

mod api;
mod oidc;
mod pages;
mod session;

use actix_web::{HttpServer, guard, middleware::DefaultHeaders, web};
use std::{future::Future, io, net::TcpListener, time::Duration};

/// What the app has to know: who signs people in, as which client, which API it calls, where it is reached itself.
#[derive(Debug, Clone)]
pub struct Config {
    pub issuer: String,
    pub client_id: String,
    pub api_url: String,
    pub base_url: String,
    /// PEM certificates of an authority to trust beside the system's.
    pub extra_ca: Option<Vec<u8>>,
}

pub(crate) struct App {
    pub(crate) config: Config,
    pub(crate) http: reqwest::Client,
    pub(crate) sessions: session::Sessions,
}

/// Serves the app on `listener` until `shutdown` resolves.
pub async fn run<S>(config: Config, listener: TcpListener, shutdown: S) -> io::Result<()>
where
    S: Future<Output = ()> + Send + 'static,
{
    let http = http_client(&config).map_err(io::Error::other)?;
    let app = web::Data::new(App { config, http, sessions: session::Sessions::default() });
    let server = HttpServer::new(move || {
        let headers = DefaultHeaders::new()
            .add(("Content-Security-Policy", pages::content_security_policy(&app.config)))
            .add(("Cache-Control", "no-store"))
            .add(("Referrer-Policy", "no-referrer"))
            .add(("X-Content-Type-Options", "nosniff"));
        actix_web::App::new().app_data(app.clone()).wrap(headers).configure(routes)
    });
    let server = server.workers(1).disable_signals().shutdown_timeout(5).listen(listener)?.run();
    let handle = server.handle();
    tokio::spawn(async move {
        shutdown.await;
        handle.stop(true).await;
    });
    server.await
}

fn routes(app: &mut web::ServiceConfig) {
    let post = || web::post().guard(guard::fn_guard(from_own_page));
    app.route("/", web::get().to(pages::home))
        .route("/style.css", web::get().to(pages::style))
        .route("/sign-in", web::get().to(oidc::sign_in))
        .route("/callback", web::get().to(oidc::callback))
        .route("/refresh", post().to(oidc::refresh))
        .route("/sign-out", post().to(oidc::sign_out))
        .route("/signed-out", web::get().to(pages::signed_out))
        .route("/call-api", post().to(api::call))
        .route("/add-note", post().to(api::add_note));
}

/// Browsers say where a form came from; a form on somebody else's page is not obeyed.
fn from_own_page(request: &guard::GuardContext<'_>) -> bool {
    request.head().headers().get("Sec-Fetch-Site").is_none_or(|site| site == "same-origin")
}

/// No redirects: a token must only reach the address that was meant.
#[expect(clippy::disallowed_methods, reason = "the one HTTP client of this app, with all its limits")]
fn http_client(config: &Config) -> Result<reqwest::Client, reqwest::Error> {
    let client =
        reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(Duration::from_secs(10));
    let is_plain = |url: &str| url.starts_with("http://");
    match &config.extra_ca {
        Some(pem) => client.tls_certs_merge(reqwest::Certificate::from_pem_bundle(pem)?).build(),
        // The system's certificates need not be there, nor be loaded, when nothing is asked over TLS.
        None if is_plain(&config.issuer) && is_plain(&config.api_url) => client.tls_certs_only([]).build(),
        None => client.build(),
    }
}
