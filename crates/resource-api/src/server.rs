//! The API as a value ([`Api`]) and as a running server ([`run`]).
//!
//! Start-up order: configuration, HTTP client, database with its migrations. The issuer may be down meanwhile; its keys are
//! fetched by a task that lives exactly as long as the server.

use std::fmt;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::web::{Bytes, Data};
use actix_web::{App as ActixApp, HttpServer};

use crate::config::{Config, Problem};
use crate::database::{Database, DatabaseError};
use crate::jwks_cache::JwksCache;
use crate::outbound::{ClientError, Outbound};
use crate::validator::Validator;
use crate::web::{openapi, routes, trace};

const HEADERS_WITHIN: Duration = Duration::from_secs(5);
const IDLE_FOR: Duration = Duration::from_mins(1);
const FINISH_WITHIN_SECONDS: u64 = 10;

/// Everything a request may need. One per process, shared by all workers.
pub(crate) struct App {
    pub config: Config,
    pub validator: Validator,
    pub database: Database,
    pub openapi: Bytes,
    keys: Arc<JwksCache>,
}

/// An API that is ready to run.
#[derive(Clone)]
pub struct Api(Arc<App>);

/// Why an API cannot start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the configuration is wrong: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Config(Vec<Problem>),
    #[error("the issuer's keys cannot be fetched: {0}")]
    HttpClient(#[from] ClientError),
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl Api {
    /// Checks the configuration, opens the database and migrates it. Does not need the issuer.
    pub async fn new(config: Config) -> Result<Self, Error> {
        let problems = config.problems();
        if !problems.is_empty() {
            return Err(Error::Config(problems));
        }
        let outbound = Outbound::new(config.issuer.clone(), config.extra_ca.as_deref())?;
        let keys = Arc::new(JwksCache::new(outbound, config.jwks.clone()));
        let validator = Validator::new(config.issuer.clone(), config.audience.clone(), Arc::clone(&keys));
        let database = Database::open(&config.database_url).await?;
        let openapi = serde_json::to_vec(&openapi::describe(&config)).unwrap_or_default().into();
        Ok(Self(Arc::new(App { config, validator, database, openapi, keys })))
    }
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Api").field(&self.0.config).finish()
    }
}

/// Serves until `shutdown` resolves, then lets running requests finish and closes the database.
pub async fn run(
    api: Api,
    listener: TcpListener,
    tls: Option<rustls::ServerConfig>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let Api(app) = api;
    let server = listen(&app, listener, tls)?;
    let keys = tokio::spawn(Arc::clone(&app.keys).keep_fresh());
    let handle = server.handle();
    // Not `HttpServer::shutdown_signal`: that one stops the whole actix System, other servers of the process included.
    let stopping = tokio::spawn(async move {
        shutdown.await;
        handle.stop(true).await;
    });
    let ended = server.await;
    stopping.abort();
    keys.abort();
    app.database.close().await;
    ended
}

fn listen(app: &Arc<App>, listener: TcpListener, tls: Option<rustls::ServerConfig>) -> io::Result<Server> {
    let shared = Data::from(Arc::clone(app));
    let mut server = HttpServer::new(move || {
        ActixApp::new().app_data(shared.clone()).wrap(from_fn(trace::trace)).configure(routes::configure)
    })
    .client_request_timeout(HEADERS_WITHIN)
    .keep_alive(IDLE_FOR)
    .shutdown_timeout(FINISH_WITHIN_SECONDS)
    .disable_signals();
    if let Some(workers) = app.config.workers {
        server = server.workers(workers);
    }
    let server = match tls {
        Some(tls) => server.listen_rustls_0_23(listener, tls)?,
        None => server.listen(listener)?,
    };
    Ok(server.run())
}
