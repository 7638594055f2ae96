//! A protected API as one value: settings, route table, keys of the issuers. Made once per process, shared by all workers.
//!
//! ```no_run
//! # use actix_web::middleware::from_fn;
//! # use resource_api::{Caller, ResourceServer, Routes, Settings, get, layer, require};
//! async fn greet(caller: Caller) -> String {
//!     format!("Hello, {}", caller.subject())
//! }
//! # async fn serve() -> Result<(), Box<dyn std::error::Error>> {
//! let routes = Routes::new().add(get("/greeting", greet).guard(require("greeting:read")));
//! let server = ResourceServer::new(Settings::from_env()?, routes)?;
//! let _keys = server.keep_fresh();
//! actix_web::HttpServer::new(move || {
//!     let server = server.clone();
//!     actix_web::App::new().wrap(from_fn(layer)).configure(move |app| server.configure(app))
//! })
//! .bind("127.0.0.1:8081")?
//! .run()
//! .await?;
//! # Ok(()) }
//! ```

use std::future::ready;
use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE};
use actix_web::web::{self, Bytes, Data, ServiceConfig};
use protocol::time::Seconds;
use tokio::task::JoinHandle;
use url::Url;

use crate::access::caller::Identity;
use crate::access::guard::{authenticated, public};
use crate::access::routes::{Routes, get};
use crate::answer::metadata;
use crate::answer::problem::Problem;
use crate::answer::refusal::{Realm, Refusal, Scheme};
use crate::binding::dpop::Verifier;
use crate::binding::replay::MemoryReplay;
use crate::clock;
use crate::config::{Fault, Settings};
use crate::credential::opaque::OpaqueTokens;
use crate::signature::{self, PublicUrl};
use crate::token::jwks_cache::JwksCache;
use crate::token::outbound::{ClientError, Outbound};
use crate::token::validator::{TokenRefused, Validator};

/// Cheap to clone.
#[derive(Clone)]
pub struct ResourceServer(Arc<Inner>);

struct Inner {
    settings: Settings,
    routes: Routes,
    realm: Realm,
    metadata: Bytes,
    validator: Validator,
    keys: Vec<Arc<JwksCache>>,
    dpop: Option<Verifier>,
    opaque: Option<OpaqueTokens>,
    signatures: Option<signature::Verifier>,
}

/// Which ways to authenticate are switched on beside plain access tokens.
#[derive(Clone, Debug, Default)]
pub(crate) struct Schemes {
    /// The algorithms of its proofs, separated by spaces.
    pub dpop: Option<String>,
    pub basic: bool,
    pub api_keys: bool,
    pub signatures: bool,
    /// The name of the session cookie.
    pub session_cookie: Option<String>,
}

/// Why an API cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("the settings are wrong: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Settings(Vec<Fault>),
    #[error("the route table is wrong: {}", .0.join("; "))]
    Routes(Vec<String>),
    #[error("the issuer's keys cannot be fetched: {0}")]
    HttpClient(#[from] ClientError),
}

/// Keeps the keys fresh until it is dropped.
#[derive(Debug)]
#[must_use = "the keys grow old when this is dropped"]
pub struct KeepFresh(Vec<JoinHandle<()>>);

impl ResourceServer {
    /// Checks settings and routes. Needs no issuer: until its keys arrive, requests get 503.
    pub fn new(settings: Settings, routes: Routes) -> Result<Self, StartError> {
        let faults = settings.faults();
        if !faults.is_empty() {
            return Err(StartError::Settings(faults));
        }
        let faults = routes.faults();
        if !faults.is_empty() {
            return Err(StartError::Routes(faults));
        }
        let public_url = Url::parse(&settings.public_url).ok().and_then(|url| PublicUrl::new(&url).ok());
        let (mut keys, mut opaque) = (Vec::new(), None);
        for trusted in &settings.issuers {
            let outbound = Outbound::new(trusted.issuer.clone(), settings.extra_ca.as_deref())?;
            let http = outbound.http().clone();
            let cache = Arc::new(match &trusted.keys {
                Some(keys) => JwksCache::in_process(keys, settings.jwks.clone()),
                None => JwksCache::new(outbound, settings.jwks.clone()),
            });
            opaque = opaque.or_else(|| OpaqueTokens::new(&settings, &http, &cache));
            keys.push(cache);
        }
        let validator = Validator::new(&settings, &keys);
        // One for each kind, so that whoever signs many requests locks out nobody but those who sign.
        let replay = || settings.replay.clone().unwrap_or_else(|| Arc::new(MemoryReplay::default()));
        let dpop = settings.dpop.clone().map(|config| Verifier::new(config).with_replay(replay()));
        let signatures = settings.signatures.zip(public_url);
        let signatures = signatures.map(|(policy, url)| signature::Verifier::new(url, policy, replay()));
        let realm = Realm {
            audience: settings.audience.clone(),
            resource_metadata: metadata::url(&settings.public_url),
            schemes: Schemes::of(&settings, dpop.as_ref()),
        };
        let metadata = metadata::document(&settings, &routes).into();
        Ok(Self(Arc::new(Inner { settings, routes, realm, metadata, validator, keys, dpop, opaque, signatures })))
    }

    /// Fetches the issuers' keys from now on. Call it once, inside of a Tokio runtime.
    pub fn keep_fresh(&self) -> KeepFresh {
        KeepFresh(self.0.keys.iter().map(|keys| tokio::spawn(Arc::clone(keys).keep_fresh())).collect())
    }

    /// Puts the route table, the metadata document and the answer to unknown paths into an app.
    pub fn configure(&self, app: &mut ServiceConfig) {
        app.app_data(Data::new(self.clone()));
        self.0.routes.configure(self, app);
        #[cfg(feature = "bff")]
        if let Some(bff) = &self.0.settings.sessions {
            bff.configure(app);
        }
        let document = self.0.metadata.clone();
        let path = metadata::path(&self.0.settings.public_url);
        let about = Routes::new().add(get(&path, move || ready(answer(&document))).guard(public()));
        about.configure(self, app);
        app.default_service(web::to(|| ready(Err::<HttpResponse, _>(Problem::not_found()))));
    }

    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// Whom a JWT access token is about, for tokens that come another way than in a header, as the first message of a WebSocket.
    /// One that is bound to a key is refused: nothing here could prove the possession.
    pub async fn validate(&self, access_token: &str) -> Result<Identity, Problem> {
        let validated = self.validator().validate(access_token, clock::now()).await.map_err(Refusal::from);
        let unbound = validated.and_then(|identity| match identity.bound {
            None => Ok(identity),
            Some(_) => Err(Refusal::Token(TokenRefused::SenderConstrained)),
        });
        unbound.map_err(|refusal| refusal.problem(self.realm(), &authenticated(), Scheme::Bearer))
    }

    /// Whether tokens can be checked at this moment, else when to ask again.
    pub fn ready(&self) -> Result<(), Seconds> {
        self.0.keys.iter().try_for_each(|keys| keys.ready())
    }

    pub(crate) fn realm(&self) -> &Realm {
        &self.0.realm
    }

    pub(crate) fn schemes(&self) -> &Schemes {
        &self.0.realm.schemes
    }

    pub(crate) fn dpop(&self) -> Option<&Verifier> {
        self.0.dpop.as_ref()
    }

    pub(crate) fn opaque(&self) -> Option<&OpaqueTokens> {
        self.0.opaque.as_ref()
    }

    pub(crate) fn signatures(&self) -> Option<&signature::Verifier> {
        self.0.signatures.as_ref()
    }

    pub(crate) fn validator(&self) -> &Validator {
        &self.0.validator
    }
}

impl Schemes {
    fn of(settings: &Settings, dpop: Option<&Verifier>) -> Self {
        Self {
            dpop: dpop.map(|verifier| verifier.algs().to_owned()),
            basic: settings.basic,
            api_keys: settings.introspection.is_some(),
            signatures: settings.signatures.is_some(),
            #[cfg(feature = "bff")]
            session_cookie: settings.sessions.as_ref().map(|bff| bff.cookie_name().to_owned()),
            #[cfg(not(feature = "bff"))]
            session_cookie: None,
        }
    }

    pub(crate) fn has(&self, scheme: Scheme) -> bool {
        match scheme {
            Scheme::Bearer => true,
            Scheme::Dpop => self.dpop.is_some(),
            Scheme::Basic => self.basic,
        }
    }
}

/// For everybody: clients in browsers read it before anybody knows their origin.
fn answer(document: &Bytes) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .insert_header((CONTENT_TYPE, "application/json"))
        .insert_header((CACHE_CONTROL, "public, max-age=300"))
        .body(document.clone())
}

impl Drop for KeepFresh {
    fn drop(&mut self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}

impl std::fmt::Debug for ResourceServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("ResourceServer").field(&self.0.settings).finish()
    }
}
