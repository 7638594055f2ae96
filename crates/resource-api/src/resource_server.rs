//! A protected API as one value: what the settings and the route table say, made ready for requests. How a request is judged is in
//! `access/authenticate.rs`.

use std::future::ready;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::web::{self, Bytes, Data, ServiceConfig};
use protocol::issuer::Issuer;
use protocol::permission::covers;
use protocol::time::Seconds;
use reqwest::Client;
use tokio::task::JoinHandle;
use url::Url;

use crate::access::authenticate;
use crate::access::caller::Identity;
use crate::access::guard::{authenticated, public};
use crate::access::routes::{Routes, get};
use crate::answer::metadata;
use crate::answer::problem::Problem;
use crate::answer::refusal::{Realm, Refusal, Scheme};
use crate::binding::dpop::Verifier;
use crate::binding::replay::MemoryReplay;
use crate::config::{Fault, Settings};
use crate::credential::opaque::OpaqueTokens;
use crate::http::ClientError;
use crate::meter::{self, KeyAges};
use crate::signature::{self, PublicUrl};
use crate::token::jwks_cache::JwksCache;
use crate::token::outbound::Outbound;
use crate::token::validator::{TokenRefused, Validator};

/// A protected API as one value: settings, route table, keys of the issuers. Made once per process, shared by all workers; cheap to
/// clone.
///
/// ```no_run
/// # use actix_web::middleware::from_fn;
/// # use resource_api::{Caller, ResourceServer, Routes, Settings, get, layer, require};
/// async fn greet(caller: Caller) -> String {
///     format!("Hello, {}", caller.subject())
/// }
/// # async fn serve() -> Result<(), Box<dyn std::error::Error>> {
/// let routes = Routes::new().add(get("/greeting", greet).guard(require("greeting:read")));
/// let server = ResourceServer::new(Settings::from_env()?, routes)?;
/// let _keys = server.keep_fresh();
/// actix_web::HttpServer::new(move || {
///     let server = server.clone();
///     actix_web::App::new().wrap(from_fn(layer)).configure(move |app| server.configure(app))
/// })
/// .bind("127.0.0.1:8081")?
/// .run()
/// .await?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct ResourceServer(Arc<Inner>);

struct Inner {
    settings: Settings,
    routes: Routes,
    realm: Realm,
    metadata: Bytes,
    metadata_path: String,
    validator: Validator,
    keys: Vec<Arc<JwksCache>>,
    fetching: Mutex<Weak<Fetching>>,
    dpop: Option<Verifier>,
    opaque: Option<OpaqueTokens>,
    signatures: Option<signature::Verifier>,
}

/// Which ways to authenticate are switched on beside plain access tokens.
#[derive(Clone, Debug, Default)]
pub(crate) struct Schemes {
    /// The algorithms of its proofs, separated by spaces.
    pub dpop: Option<String>,
    pub basic: Option<BasicSecret>,
    pub api_keys: bool,
    pub signatures: bool,
    /// The name of the session cookie.
    pub session_cookie: Option<String>,
}

/// What comes with the name of its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BasicSecret {
    ApiKey,
    ApiKeyOrPassword,
}

/// Why an API cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Every setting that is wrong.
    #[error("the settings are wrong: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Settings(Vec<Fault>),
    /// Every line of the route table that is wrong, as a sentence: without a guard, there twice, or with a guard that makes no sense.
    #[error("the route table is wrong: {}", .0.join("; "))]
    Routes(Vec<String>),
    /// There is no HTTP client to ask the issuer with, as with an `extra_ca` that is no PEM.
    #[error("the issuer cannot be asked: {0}")]
    HttpClient(#[from] ClientError),
}

/// Keeps the keys fresh until it is dropped: hold it for as long as the API runs. After that, and without it, every request that would need
/// keys is answered 503 at once, and the log says once per issuer what is missing.
#[derive(Debug)]
#[must_use = "nobody fetches the issuer's keys once this is dropped; hold it as long as the API runs: `let _keys = …`, not `let _ = …`"]
pub struct KeepFresh {
    _fetching: Arc<Fetching>,
}

/// The tasks of one API. They end when nobody holds this any more.
#[derive(Debug)]
struct Fetching(Vec<JoinHandle<()>>);

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
        meter::describe();
        let public_url = Url::parse(&settings.public_url).ok().and_then(|url| PublicUrl::new(&url).ok());
        let (mut keys, mut opaque) = (Vec::new(), None);
        for trusted in &settings.issuers {
            let outbound = Outbound::new(trusted.issuer.clone(), settings.extra_ca.as_deref())?;
            let http = asking(&settings, &outbound)?;
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
        let metadata_path = metadata::path(&settings.public_url);
        let fetching = Mutex::default();
        let inner = Inner {
            settings,
            routes,
            realm,
            metadata,
            metadata_path,
            validator,
            keys,
            fetching,
            dpop,
            opaque,
            signatures,
        };
        Ok(Self(Arc::new(inner)))
    }

    /// Fetches the issuers' keys from now on, for as long as what it returns is held. Call it once, inside of the Tokio runtime that the API
    /// runs in. A second call starts nothing while the first one's is held: both hold the same, and the one that is dropped last
    /// ends it.
    pub fn keep_fresh(&self) -> KeepFresh {
        let mut running = self.0.fetching.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(fetching) = running.upgrade() {
            return KeepFresh { _fetching: fetching };
        }
        let issuers = self.settings().issuers.iter().map(|trusted| trusted.issuer.clone());
        let ages = KeyAges::of(issuers.zip(self.0.keys.iter().cloned()));
        let fetching = self.0.keys.iter().map(|keys| tokio::spawn(Arc::clone(keys).keep_fresh()));
        let fetching = Arc::new(Fetching(fetching.chain([tokio::spawn(ages.tell())]).collect()));
        *running = Arc::downgrade(&fetching);
        KeepFresh { _fetching: fetching }
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
        let about = Routes::new().add(get(self.metadata_path(), move || ready(answer(&document))).guard(public()));
        about.configure(self, app);
        app.default_service(web::to(|| ready(Err::<HttpResponse, _>(Problem::not_found()))));
    }

    /// Whether somebody may do what `permission` names (`notes:read`), as far as [`Settings::reach`] goes.
    pub fn may(&self, identity: &Identity, permission: &str) -> bool {
        let reach = self.settings().reach;
        identity.permissions().any(|held| covers(held, permission, reach))
    }

    /// What it was made with.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// Whom a JWT access token is about, for tokens that come another way than in a header, as the first message of a WebSocket.
    /// Its issuer is asked about it as in any other request, where it is asked about every token. One that is bound to a key is
    /// refused: nothing here could prove the possession. What the identity may do, [`Self::may`] tells; no guard has looked at it.
    ///
    /// ```no_run
    /// # use resource_api::{Problem, ResourceServer};
    /// #[derive(serde::Deserialize)]
    /// struct Tenant { tenant: String }
    ///
    /// /// Whose notes are to be sent over a WebSocket whose first message is an access token.
    /// async fn open(server: &ResourceServer, first_message: &str) -> Result<Option<String>, Problem> {
    ///     let identity = server.validate(first_message).await?;
    ///     let Tenant { tenant } = identity.claims()?;
    ///     Ok(server.may(&identity, "notes:read").then(|| format!("{tenant}/{}", identity.subject)))
    /// }
    /// ```
    pub async fn validate(&self, access_token: &str) -> Result<Identity, Problem> {
        let validated = authenticate::of_jwt(self, access_token, None).await;
        let unbound = validated.and_then(|identity| match identity.bound {
            None => Ok(identity),
            Some(_) => Err(Refusal::Token(TokenRefused::SenderConstrained)),
        });
        unbound.map_err(|refusal| refusal.problem(self.realm(), &[authenticated()], Scheme::Bearer))
    }

    /// Whether tokens of every issuer can be checked at this moment, else when to ask again. One issuer that is down at the start is enough
    /// to say no; the log names it at each attempt to fetch its keys. Tokens of the others are served meanwhile: where that is
    /// enough, do not ask this.
    pub fn ready(&self) -> Result<(), Seconds> {
        self.0.keys.iter().try_for_each(|keys| keys.ready())
    }

    #[cfg(feature = "service")]
    pub(crate) fn routes(&self) -> &Routes {
        &self.0.routes
    }

    pub(crate) fn realm(&self) -> &Realm {
        &self.0.realm
    }

    pub(crate) fn schemes(&self) -> &Schemes {
        &self.0.realm.schemes
    }

    /// Where the document about this API is read (RFC 9728 §3.1).
    pub(crate) fn metadata_path(&self) -> &str {
        &self.0.metadata_path
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
            basic: settings.basic.then_some(match settings.basic_passwords {
                true => BasicSecret::ApiKeyOrPassword,
                false => BasicSecret::ApiKey,
            }),
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
            Scheme::Basic => self.basic.is_some(),
        }
    }
}

/// The client for questions about tokens. Where the endpoint is set, its own address says whether http will do, not the issuer's.
fn asking(settings: &Settings, outbound: &Outbound) -> Result<Client, ClientError> {
    let endpoint = settings.introspection.as_ref().and_then(|introspection| introspection.endpoint.as_ref());
    match endpoint.and_then(|url| Issuer::parse_foreign(&url.origin().ascii_serialization()).ok()) {
        Some(place) => Ok(Outbound::new(place, settings.extra_ca.as_deref())?.http().clone()),
        None => Ok(outbound.http().clone()),
    }
}

/// For everybody (`cors.rs`).
fn answer(document: &Bytes) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/json"))
        .insert_header((CACHE_CONTROL, "public, max-age=300"))
        .body(document.clone())
}

impl Drop for Fetching {
    fn drop(&mut self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}

impl std::fmt::Debug for ResourceServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("ResourceServer").field(&self.0.settings).finish()
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::StatusCode;
    use protocol::permission::Reach;
    use serde::Deserialize;

    use super::*;
    use crate::testkit::TestIssuer;

    #[derive(Debug, Deserialize)]
    struct Tenant {
        tenant: String,
    }

    #[actix_web::test]
    async fn whom_a_token_is_about_may_what_the_settings_say_and_has_its_claims() {
        let issuer = TestIssuer::new();
        let server = |reach| {
            let settings = Settings { reach, ..issuer.settings("https://api.example") };
            ResourceServer::new(settings, Routes::new()).expect("starts")
        };
        let wide = Reach { wildcards: true, write_implies_read: true };
        for (reach, reaches_far) in [(Reach::EXACT, false), (wide, true)] {
            let server = server(reach);
            let token = issuer.token().scope("notes:* files:write").claim("tenant", "acme").sign();
            let identity = server.validate(&token).await.expect("is valid");
            let may = |permission| server.may(&identity, permission);
            assert!(may("files:write") && may("notes:*") && !may("other:read"), "{reach:?}");
            assert_eq!((may("notes:read"), may("files:read")), (reaches_far, reaches_far), "{reach:?}");
            assert_eq!(identity.permissions().collect::<Vec<_>>(), ["notes:*", "files:write"]);
            assert_eq!(identity.claims::<Tenant>().expect("is there").tenant, "acme");
        }
        let other = issuer.token().sign();
        let identity = server(wide).validate(&other).await.expect("is valid");
        assert!(!server(wide).may(&identity, "notes:read"));
        let refused = identity.claims::<Tenant>().expect_err("has no such claim");
        assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    }
}
