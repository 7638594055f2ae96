//! The authorization server: OAuth 2.0 and OpenID Connect endpoints, the pages that people see, sessions and tokens.
//!
//! A map of the rooms: `web/routes.rs` is the table of all endpoints; `web/` holds one file per endpoint; `grants/` does the
//! work of the token endpoint, one file per grant type; `issue.rs` is the only place that mints tokens; `active.rs` is the
//! one gate that each grant passes before it yields anything. Rules live in `protocol`, SQL lives in `store`, signatures in
//! `jwt`. This crate reads no environment variable, and no file but the one that
//! `outbound.extra_ca` names: `config` is handed in, checked.

mod access_token;
mod accounts;
pub mod action_tokens;
pub mod active;
pub mod api_keys;
mod backchannel_logout;
mod calendar;
pub mod client_keys;
pub mod clients;
pub mod clock;
pub mod config;
mod grants;
mod issue;
mod jobs;
pub mod known_browsers;
pub mod limits;
pub mod mail;
pub mod offered;
pub mod outbound;
pub mod page_paths;
pub mod passkeys;
pub mod passwords;
pub mod protocol_log;
pub mod random;
pub mod recovery_codes;
pub mod registration;
mod request_object;
mod sampled;
mod security_log;
mod sender;
mod session_clients;
mod state;
mod subject;
pub mod text;
pub mod totp;
mod trace_id;
pub mod web;

use std::future::Future;
use std::net::TcpListener;
use std::time::Duration;

use actix_web::middleware::from_fn;
use actix_web::web::Data;
use actix_web::{App, HttpServer};

pub use crate::state::{AppState, StateError};

/// Serves until `shutdown` resolves, then answers what is under way and stops.
///
/// `tls` turns the listener into an https one. The listener is bound by the caller, so that a port is never lost between
/// choosing and serving it.
pub async fn run(
    state: AppState,
    listener: TcpListener,
    tls: Option<rustls::ServerConfig>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let state = Data::new(state);
    let jobs = jobs::start(state.clone().into_inner());
    let served = state.clone();
    let limits = &state.config.limits;
    let server = HttpServer::new(move || {
        App::new()
            .app_data(served.clone())
            .wrap(from_fn(web::trace::trace))
            .configure(|app| web::routes::configure(app, served.issuer().path()))
    })
    .workers(state.config.server.workers)
    .keep_alive(Duration::from_secs(limits.keep_alive))
    .client_request_timeout(Duration::from_secs(limits.header_timeout))
    .shutdown_timeout(10)
    .disable_signals();
    let server = match tls {
        Some(tls) => server.listen_rustls_0_23(listener, tls)?,
        None => server.listen(listener)?,
    }
    .run();
    let handle = server.handle();
    let stopper = tokio::spawn(async move {
        shutdown.await;
        handle.stop(true).await;
    });
    let outcome = server.await;
    stopper.abort();
    state.protocol_log.finish().await;
    jobs.stop().await;
    state.store.close().await;
    outcome
}
