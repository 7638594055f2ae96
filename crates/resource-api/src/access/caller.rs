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
use protocol::time::Timestamp;
use serde::de::DeserializeOwned;

use crate::access::enough;
use crate::access::guard::Guard;
use crate::answer::problem::Problem;
use crate::answer::refusal::{Refusal, Scheme};
use crate::binding::Binding;
use crate::resource_server::ResourceServer;

/// Somebody who was let in, as an argument of a handler; the guard of the route made it. Cheap to clone.
///
/// `Option<Caller>` is for routes that are [`optional`](crate::optional): `None` means that no credential was sent, since a bad one does
/// not come so far.
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

/// What is known of a caller. An identifier is the `subject` of *one* issuer: where several are trusted, the pair of both names
/// somebody.
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
    /// When the person signed in (OpenID Connect Core §2).
    pub auth_time: Option<Timestamp>,
    /// How strongly, in the issuer's own words (OpenID Connect Core §2).
    pub acr: Option<String>,
    /// When the credential ends; `None` for one that ends only when it is revoked.
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
    /// An API key, in a header, or with HTTP Basic beside the name of its owner.
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

    /// All that is known of it.
    pub fn identity(&self) -> &Identity {
        &self.0.identity
    }

    /// The person, or for a machine client its client id (RFC 9068 §2.2).
    pub fn subject(&self) -> &str {
        &self.0.identity.subject
    }

    /// The app that calls on behalf of the person; API keys have none.
    pub fn client_id(&self) -> Option<&str> {
        self.0.identity.client_id.as_deref()
    }

    /// Every permission that it holds, as written.
    pub fn permissions(&self) -> impl Iterator<Item = &str> + Clone {
        self.0.identity.permissions()
    }

    /// Whether it may do what `permission` names.
    pub fn may(&self, permission: &str) -> bool {
        self.0.server.may(&self.0.identity, permission)
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

    pub(crate) fn was_asked(&self) -> bool {
        self.0.asked.get()
    }
}

impl Identity {
    /// Every permission that it holds, as written. Whether one of them is enough, [`ResourceServer::may`] tells.
    pub fn permissions(&self) -> impl Iterator<Item = &str> + Clone {
        self.scope.split(' ').filter(|token| !token.is_empty()).chain(self.roles.iter().map(String::as_str))
    }

    /// The claims of the access token, or what introspection told, in a type of the service: as [`Claims`], outside of a handler.
    /// 403 `insufficient_claims` where they have another form.
    pub fn claims<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        serde_json::from_slice(&self.claims).map_err(|error| {
            let detail = "the credential lacks a claim that this needs, or it has another form";
            Problem::new(actix_web::http::StatusCode::FORBIDDEN, "insufficient_claims", detail).because(error)
        })
    }
}

impl std::fmt::Debug for Caller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Caller").field(&self.0.identity.subject).finish()
    }
}

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
        ready(caller.and_then(|caller| caller.identity().claims().map(Self)))
    }
}
