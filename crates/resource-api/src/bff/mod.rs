//! Sessions by cookie for a web front end on the same origin: a backend for a frontend (RFC 10017 §6.1). The browser has a
//! cookie and nothing else; tokens stay on this server, which renews them and hands the access token to the API beside it.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use resource_api::bff::{Bff, BffConfig, MemoryStore};
//! use resource_api::{ResourceServer, Routes, SecretString, Settings};
//!
//! fn protected(routes: Routes) -> Result<ResourceServer, Box<dyn std::error::Error>> {
//!     let mut settings = Settings::from_env()?;
//!     let issuer = settings.issuers[0].issuer.clone();
//!     let mut config = BffConfig::new(issuer, "front", "https://app.example.com");
//!     config.client_secret = Some(SecretString::new(std::fs::read_to_string("front.secret")?.trim().to_owned()));
//!     // Those of this API as well: they say for which API the access token is, and what it permits.
//!     config.scopes = ["profile", "notes:read", "notes:write"].map(str::to_owned).to_vec();
//!     settings.sessions = Some(Bff::new(config, Arc::new(MemoryStore::new()))?);
//!     Ok(ResourceServer::new(settings, routes)?)
//! }
//! ```
//!
//! [`ResourceServer::configure`](crate::ResourceServer::configure) then adds `/bff/login`, `/bff/callback`, `/bff/me`, `/bff/logout` and
//! `/bff/backchannel-logout`, and whoever comes with the cookie is a [`Caller`](crate::Caller) like any other. The client is
//! registered at the issuer with the three addresses that [`BffConfig`] has as functions.
//!
//! **Scopes.** The access token of a session is judged as any other: its `aud` has to name this API. Countersign takes the API from the
//! scopes that are asked for; other issuers want it as a parameter ([`BffConfig::authorize_params`]): `resource` (RFC 8707), or `audience`
//! (Auth0). With neither, the sign-in works, `/bff/me` names the person, and every call is refused for its audience.
//!
//! `docs/resource-api.md` has the table of all settings, the calls of the front end, and where sessions are kept. Nothing here forwards
//! requests to other servers.

// `config.rs` what an operator decides · `login.rs` `callback.rs` the sign-in, with `pending.rs` what it remembers and `return_to.rs` where
// it ends · `cookies.rs` `session.rs` the session and its cookie · `store.rs` `memory.rs` who keeps sessions · `refresh.rs` when an access
// token is renewed, `tokens.rs` how · `provider.rs` `http.rs` the issuer · `csrf.rs` whose requests count · `me.rs` `logout.rs` what the
// front end asks · `backchannel.rs` `logout_token.rs` what the issuer tells · `error.rs` `answer.rs` refusals.

mod answer;
mod backchannel;
mod callback;
mod config;
mod cookies;
mod csrf;
mod error;
mod http;
mod login;
mod logout;
mod logout_token;
mod me;
mod memory;
mod pending;
mod provider;
mod refresh;
mod return_to;
pub(crate) mod session;
pub(crate) mod store;
mod tokens;

use std::fmt;
use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use actix_web::cookie::Cookie;
use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, ALLOW};
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Resource, Route};
use jwt::secrets::Secrets;
use protocol::time::{Seconds, Timestamp};

pub use config::BffConfig;
pub use csrf::CsrfRefusal;
pub use error::BffError;
pub use memory::MemoryStore;
pub use session::{BffSession, Person, SessionKey, StoredSession, TokenText, Tokens};
pub use store::{Changed, LoggedOut, LogoutNotice, SessionStore, StoreAnswer, StoreError};

use crate::answer::problem::Problem;
use crate::clock;
use crate::resource_server::StartError;
use cookies::{Cookies, Sent};
use provider::Provider;
use refresh::Flights;

/// A use of a session is written down at most this often.
const TOUCH_EVERY: Seconds = Seconds(60);
const SWEEP_EVERY: Seconds = Seconds(60);

/// Where `now` comes from; tests bring a clock of their own.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The sessions of one front end. Cheap to clone; one per process, shared by all workers.
#[derive(Clone)]
pub struct Bff(Arc<Inner>);

pub(crate) struct Inner {
    config: BffConfig,
    cookies: Cookies,
    provider: Provider,
    store: Arc<dyn SessionStore>,
    flights: Flights,
    /// The first one seals.
    secrets: Vec<Secrets>,
    now: Now,
    swept_at: AtomicI64,
}

impl Bff {
    /// Does not need the issuer, which is asked when it is first needed. Fails with every setting that is wrong
    /// ([`BffConfig::faults`]), or where no HTTP client can be made of `extra_ca`.
    pub fn new(config: BffConfig, store: Arc<dyn SessionStore>) -> Result<Self, StartError> {
        Self::with_clock(config, store, Arc::new(clock::now))
    }

    /// The same with a clock of one's own.
    pub fn with_clock(config: BffConfig, store: Arc<dyn SessionStore>, now: Now) -> Result<Self, StartError> {
        let faults = config.faults();
        if !faults.is_empty() {
            return Err(StartError::Settings(faults));
        }
        // Codes, refresh tokens and the client's secret go through it: nobody hands in one that follows redirects.
        let http = crate::http::client(config.issuer.as_str(), config.extra_ca.as_deref())?;
        let sealing = config.sealing_key.as_ref().map_or_else(jwt::random::bytes, |key| *key.expose());
        let former = config.former_sealing_keys.iter().map(|key| Secrets::from_master(key.expose()));
        let secrets = [Secrets::from_master(&sealing)].into_iter().chain(former).collect();
        Ok(Self(Arc::new(Inner {
            cookies: Cookies::new(&config),
            provider: Provider::new(config.clone(), http),
            store,
            flights: Flights::default(),
            secrets,
            now,
            swept_at: AtomicI64::new(0),
            config,
        })))
    }

    /// Adds `/bff/login`, `/bff/callback`, `/bff/me`, `/bff/logout` and `/bff/backchannel-logout`, for the origin's root.
    pub fn configure(&self, config: &mut ServiceConfig) {
        config
            .app_data(Data::new(self.clone()))
            .service(only("/bff/login", "GET", web::get().to(login::login)))
            .service(only("/bff/callback", "GET", web::get().to(callback::callback)))
            .service(only("/bff/me", "GET", web::get().to(me::me)))
            .service(only("/bff/logout", "POST", web::post().to(logout::logout)))
            .service(only("/bff/backchannel-logout", "POST", web::post().to(backchannel::logout)));
    }

    /// Whether the request presents a session, good or bad: one credential, to be counted with the others.
    pub fn is_presented(&self, request: &HttpRequest) -> bool {
        !matches!(self.0.cookies.sent(request), Sent::Nothing)
    }

    /// The session of a request, with an access token that lives for a while yet; `None` when there is no cookie. A request
    /// that another site may have caused is refused before anything is looked up. Counts as a use of the session, unless it asks
    /// for an event stream: a page that is left open comes back for it again and again.
    pub async fn session(&self, request: &HttpRequest) -> Result<Option<BffSession>, BffError> {
        let sent = self.0.cookies.sent(request);
        if matches!(sent, Sent::Nothing) {
            return Ok(None);
        }
        csrf::check(request.method(), request.headers(), &self.0.config.public_origin)?;
        let Sent::Id(id) = sent else { return Err(BffError::SessionOver) };
        let (key, now) = (id.key(), self.0.now());
        let mut session = self.0.live(&key, now).await?;
        if !session.tokens.are_fresh(now) {
            session = refresh::fresh(self, &key).await?;
        }
        let idle_ends_at = now + self.0.config.idle;
        if !wants_stream(request) && idle_ends_at.since(session.idle_ends_at) >= TOUCH_EVERY {
            self.0.store.touch(&key, idle_ends_at).await?;
        }
        Ok(Some(session.handed_out()))
    }

    /// To be called when the issuer says that the access token of the request's session is worth nothing (any more). The session
    /// asks for another one, or is over: the next [`Self::session`] tells. Once a minute at most, in case the issuer always says so.
    pub async fn doubt(&self, request: &HttpRequest, refused: &TokenText) -> Result<(), BffError> {
        match self.0.cookies.sent(request) {
            Sent::Id(id) => refresh::doubt(&self.0, &id.key(), refused).await,
            Sent::Nothing | Sent::Unusable => Ok(()),
        }
    }

    /// The cookie that takes a dead session away from a browser.
    pub fn forget(&self) -> Cookie<'static> {
        self.0.cookies.no_session()
    }

    /// The name of the session cookie, for an API description.
    pub fn cookie_name(&self) -> &str {
        self.0.cookies.session_name()
    }
}

impl Inner {
    fn now(&self) -> Timestamp {
        (self.now)()
    }

    /// A session that is not over.
    async fn live(&self, key: &SessionKey, now: Timestamp) -> Result<StoredSession, BffError> {
        match self.store.load(key).await? {
            Some(session) if !session.is_over(now) => Ok(session),
            Some(_) => {
                self.store.remove(key).await?;
                Err(BffError::SessionOver)
            }
            None => Err(BffError::SessionOver),
        }
    }

    /// Tells the issuer that a refresh token is not needed any more. Whoever asked for it does not wait for more than this.
    async fn revoke(&self, session: &StoredSession) {
        let Some(token) = &session.tokens.refresh_token else { return };
        if let Err(cause) = tokens::revoke(&self.provider, token).await {
            tracing::warn!(cause, "the refresh token of an ended session could not be revoked");
        }
    }

    /// Now and then, beside other work.
    async fn sweep(&self, now: Timestamp) {
        let last = self.swept_at.load(Ordering::Relaxed);
        let due = now.since(Timestamp(last)) >= SWEEP_EVERY;
        // One of several callers gets the turn.
        let turn = || self.swept_at.compare_exchange(last, now.0, Ordering::Relaxed, Ordering::Relaxed);
        if due
            && turn().is_ok()
            && let Err(error) = self.store.sweep(now).await
        {
            tracing::warn!(cause = %error, "the session store could not be swept");
        }
    }
}

/// WHATWG HTML §9.2.3: an `EventSource` asks for exactly this type.
fn wants_stream(request: &HttpRequest) -> bool {
    request.headers().get(ACCEPT).is_some_and(|accept| accept.as_bytes().eq_ignore_ascii_case(b"text/event-stream"))
}

/// RFC 9110 §15.5.6: a 405 "MUST generate an Allow header field".
fn only(path: &str, method: &'static str, route: Route) -> Resource {
    let refused = move || {
        let detail = format!("this path answers to {method}");
        let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail);
        ready(Err::<HttpResponse, _>(problem.header(ALLOW, method)))
    };
    web::resource(path).route(route).default_service(web::to(refused))
}

impl fmt::Debug for Bff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Bff").field(&self.0.config).finish()
    }
}

#[cfg(test)]
mod tests;
