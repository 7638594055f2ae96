//! Who is asking: [`Caller`], the one form of everybody who was let in, however they authenticated.
//!
//! A guard (`routes.rs`) makes it before the body of the request is read, so a handler that takes one needs no check of its
//! own. How a credential becomes a caller is in `authenticate.rs`.

use std::cell::Cell;
use std::future::{Ready, ready};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use protocol::permission::{Reach, covers};
use protocol::time::Timestamp;
use serde::de::DeserializeOwned;

use crate::access::enough;
use crate::access::guard::Guard;
use crate::answer::problem::Problem;
use crate::answer::refusal::{Refusal, Scheme};
use crate::binding::Binding;
use crate::resource_server::ResourceServer;

/// Somebody who was let in. Cheap to clone.
#[derive(Clone)]
pub struct Caller(Rc<LetIn>);

struct LetIn {
    identity: Identity,
    /// The scheme that it came with, for the challenge of [`Caller::require`].
    scheme: Scheme,
    server: ResourceServer,
    /// Those of the route, for the same challenge.
    guards: Arc<[Guard]>,
    /// Whether a handler asked [`Caller::require`].
    asked: Cell<bool>,
}

/// What is known of a caller.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Who vouches for it.
    pub issuer: Arc<str>,
    /// The person, or for a machine client its client id (RFC 9068 §2.2).
    pub subject: String,
    /// The app that calls on their behalf. API keys have none.
    pub client_id: Option<String>,
    /// What it came with.
    pub kind: CredentialKind,
    /// What it may do here, separated by spaces.
    pub scope: String,
    /// Permissions that the issuer writes elsewhere than in `scope` (roles).
    pub roles: Vec<String>,
    /// When the person signed in, and how strongly.
    pub auth_time: Option<Timestamp>,
    pub acr: Option<String>,
    /// When the credential ends.
    pub expires_at: Option<Timestamp>,
    /// When the issuer was asked whether it stands by the credential; `None` for a JWT that nobody asked about.
    pub(crate) confirmed: Option<Instant>,
    /// What the token is bound to.
    pub(crate) bound: Option<Binding>,
    /// The claims as the issuer wrote them: one JSON object.
    pub(crate) claims: Vec<u8>,
}

/// What a caller authenticated with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialKind {
    /// A JWT access token.
    AccessToken,
    /// An access token that only its issuer can read.
    OpaqueToken,
    ApiKey,
    /// A session cookie of the web front end.
    Session,
    /// A request signed with an API key (RFC 9421).
    SignedRequest,
    /// A user name and a password (RFC 7617): one factor, and no client in between.
    Password,
}

impl Caller {
    pub(crate) fn new(identity: Identity, scheme: Scheme, server: ResourceServer, guards: Arc<[Guard]>) -> Self {
        Self(Rc::new(LetIn { identity, scheme, server, guards, asked: Cell::new(false) }))
    }

    pub fn identity(&self) -> &Identity {
        &self.0.identity
    }

    /// The person, or for a machine client its client id (RFC 9068 §2.2).
    pub fn subject(&self) -> &str {
        &self.0.identity.subject
    }

    pub fn client_id(&self) -> Option<&str> {
        self.0.identity.client_id.as_deref()
    }

    /// Every permission that it holds, as written.
    pub fn permissions(&self) -> impl Iterator<Item = &str> + Clone {
        let Identity { scope, roles, .. } = &self.0.identity;
        scope.split(' ').filter(|token| !token.is_empty()).chain(roles.iter().map(String::as_str))
    }

    /// Whether it may do what `permission` names.
    pub fn may(&self, permission: &str) -> bool {
        let reach: Reach = self.0.server.settings().reach;
        self.permissions().any(|held| covers(held, permission, reach))
    }

    /// As [`Self::may`], with the answer for who may not: 403, and the scope that is enough for this and for the guards of the route.
    pub fn require(&self, permission: &str) -> Result<(), Problem> {
        self.0.asked.set(true);
        if self.may(permission) {
            return Ok(());
        }
        let LetIn { server, guards, scheme, .. } = &*self.0;
        let holds = |permission: &str| self.may(permission);
        let mut way = enough::nearest(guards, &holds);
        way.push(permission);
        Err(Refusal::insufficient_scope(&way, holds).problem(server.realm(), guards, *scheme))
    }

    #[cfg(feature = "service")]
    pub(crate) fn server(&self) -> &ResourceServer {
        &self.0.server
    }

    pub(crate) fn was_asked(&self) -> bool {
        self.0.asked.get()
    }
}

impl std::fmt::Debug for Caller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Caller").field(&self.0.identity.subject).finish()
    }
}

/// The caller whom the guard of the route let in. `Option<Caller>` is for routes that are [`optional`](crate::access::guard::optional):
/// `None` means that no credential was sent, since a bad one does not come so far.
impl FromRequest for Caller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let caller = request.extensions().get::<Self>().cloned();
        ready(caller.ok_or_else(|| {
            Problem::server_error("a handler takes a Caller, and its route has no guard that makes one")
        }))
    }
}

/// The claims of the access token, or what introspection told, in a type of the service. A handler that takes it gets 403 for callers
/// whose claims have another form.
#[derive(Clone, Debug)]
pub struct Claims<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Claims<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let caller = Caller::from_request(request, payload).into_inner();
        ready(caller.and_then(|caller| {
            let claims = serde_json::from_slice(&caller.0.identity.claims);
            claims.map(Self).map_err(|error| {
                let detail = "the credential lacks a claim that this needs, or it has another form";
                Problem::new(actix_web::http::StatusCode::FORBIDDEN, "insufficient_claims", detail).because(error)
            })
        }))
    }
}
