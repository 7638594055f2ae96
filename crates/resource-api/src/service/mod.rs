//! The example service: notes and files of people and of groups, shared read or write. As a value ([`Api`]) and as a running
//! server ([`run`]).
//!
//! Start-up order: settings, database with its migrations, session keys, routes, HTTP client. The issuer may be down meanwhile; its keys are
//! fetched by a task that lives exactly as long as the server, as does the one that looks for events.
//!
//! | file | what it is about |
//! |---|---|
//! | `principal`, `home` | who owns: people and groups; whose people are known by `sub` alone |
//! | `groups`, `shares` | who belongs together, who may see what |
//! | `items`, `write` | notes and files as they are read, and as they are changed |
//! | `notes`, `files` | what each may consist of |
//! | `idempotency`, `events`, `hub` | requests that come twice; what changed, and who hears of it |
//! | `front_end`, `sessions`, `session_keys` | the sign-in of the page, where its sessions are, what seals them |
//! | `program`, `measurements` | what only the program of its own has: its environment, and `/metrics` |
//! | `web` | the route table and the handlers |

mod config;
mod database;
mod events;
mod files;
mod front_end;
mod groups;
mod home;
mod hub;
mod idempotency;
mod items;
mod measurements;
mod notes;
mod principal;
mod program;
mod session_keys;
mod sessions;
mod shares;
mod web;
mod write;

use std::fmt;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::web::{Bytes, Data};
use actix_web::{App as ActixApp, HttpServer};

pub use config::{Config, Limits};
pub use database::DatabaseError;
pub use measurements::Measurements;
pub use program::{LogFormat, Program};
pub use session_keys::SessionKeyError;

use crate::access::caller::Caller;
use crate::answer::trace::layer;
use crate::binding::certificate::on_connect;
use crate::resource_server::{ResourceServer, StartError};
use database::Database;
use hub::Hub;
use idempotency::Running;
use principal::Person;
use web::{openapi, routes};

const HEADERS_WITHIN: Duration = Duration::from_secs(5);
const IDLE_FOR: Duration = Duration::from_mins(1);
const FINISH_WITHIN_SECONDS: u64 = 10;

/// Everything a handler may need. One per process, shared by all workers.
pub(crate) struct App {
    pub database: Database,
    pub openapi: Bytes,
    pub server: ResourceServer,
    pub limits: Limits,
    /// The issuer whose people the database knows by `sub` alone.
    home: String,
    pub hub: Hub,
    /// Requests with an idempotency key that are not answered yet.
    pub running: Running,
    workers: Option<usize>,
}

/// An API that is ready to run.
#[derive(Clone)]
pub struct Api(Arc<App>);

/// Why an API cannot start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("the sign-in of the page cannot work: {0}")]
    FrontEnd(StartError),
    #[error("workers: is at least one")]
    Workers,
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error(transparent)]
    SessionKeys(#[from] SessionKeyError),
}

impl Api {
    /// Checks the settings, opens the database and migrates it. Does not need the issuer.
    pub async fn new(mut config: Config) -> Result<Self, Error> {
        if config.workers == Some(0) {
            return Err(Error::Workers);
        }
        let faults = config.settings.faults();
        if !faults.is_empty() {
            return Err(StartError::Settings(faults).into());
        }
        let database = Database::open(&config.database_url).await?;
        let home = home::of(&database, &config.settings.issuers).await?;
        config.settings.sessions = front_end::sessions(&config, &database)?;
        config.settings.allowed_headers.extend(routes::HEADERS.map(str::to_owned));
        let server = ResourceServer::new(config.settings.clone(), routes::routes())?;
        let openapi = openapi::describe(&server).to_string().into();
        let (hub, running) = (Hub::new(), Running::default());
        let Config { workers, limits, .. } = config;
        Ok(Self(Arc::new(App { database, openapi, server, limits, home, hub, running, workers })))
    }
}

impl App {
    pub(crate) fn person(&self, caller: &Caller) -> Person {
        Person::of(caller, &self.home)
    }
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Api").field(&self.0.server).finish()
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
    let keys = app.server.keep_fresh();
    let looking = tokio::spawn(app.hub.clone().look(app.database.clone()));
    let (handle, hub) = (server.handle(), app.hub.clone());
    // Not `HttpServer::shutdown_signal`: that one stops the whole actix System, other servers of the process included.
    let stopping = tokio::spawn(async move {
        shutdown.await;
        // A stream would never finish by itself.
        hub.close();
        handle.stop(true).await;
    });
    let ended = server.await;
    stopping.abort();
    looking.abort();
    drop(keys);
    app.database.close().await;
    ended
}

fn listen(app: &Arc<App>, listener: TcpListener, tls: Option<rustls::ServerConfig>) -> io::Result<Server> {
    let shared = Data::from(Arc::clone(app));
    let mut server = HttpServer::new(move || {
        let app = shared.clone();
        ActixApp::new().app_data(app.clone()).wrap(from_fn(layer)).configure(move |config| app.server.configure(config))
    })
    .on_connect(on_connect)
    .client_request_timeout(HEADERS_WITHIN)
    .keep_alive(IDLE_FOR)
    .shutdown_timeout(FINISH_WITHIN_SECONDS)
    .disable_signals();
    if let Some(workers) = app.workers {
        server = server.workers(workers);
    }
    let server = match tls {
        Some(tls) => server.listen_rustls_0_23(listener, tls)?,
        None => server.listen(listener)?,
    };
    Ok(server.run())
}
