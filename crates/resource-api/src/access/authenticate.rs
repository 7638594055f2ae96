//! From a request to a caller: exactly one credential, judged by the one file that knows its kind, then the guards.
//!
//! Runs before the body is read: whoever may not ask is told so without sending anything.

use std::net::IpAddr;

use actix_web::HttpRequest;
use protocol::api_key;

#[cfg(feature = "bff")]
use crate::access::caller::CredentialKind;
use crate::access::caller::{Caller, Identity};
use crate::access::guard::{Access, Guard};
use crate::answer::problem::Problem;
use crate::answer::refusal::{Refusal, Scheme, WithoutCredential};
use crate::binding;
use crate::clock;
use crate::credential::opaque::OpaqueTokens;
#[cfg(feature = "bff")]
use crate::credential::session;
use crate::credential::{Presented, presented};
use crate::credential::{basic, peer};
use crate::resource_server::ResourceServer;
use crate::signature::{Authentic, Message, field_lines};
use crate::token::validator::TokenRefused;

/// Whoever may pass all guards.
pub(crate) struct Admitted {
    /// Nobody where that is enough.
    pub caller: Option<Caller>,
    /// A signature whose body was not seen yet.
    pub unread: Option<Authentic>,
}

/// How far a request got.
struct Authenticated {
    identity: Identity,
    unread: Option<Authentic>,
}

pub(crate) async fn admit(
    server: &ResourceServer,
    request: &HttpRequest,
    guards: &[Guard],
) -> Result<Admitted, Problem> {
    if guards.iter().all(|guard| guard.access == Access::Public) {
        return Ok(Admitted { caller: None, unread: None });
    }
    let demanding = guards.iter().find(|guard| !matches!(guard.access, Access::Public | Access::Optional));
    let mut used = Scheme::default();
    let refused = |refusal: Refusal, guard, used| refusal.problem(server.realm(), guard, used);
    let Authenticated { identity, unread } = match authenticate(server, request, &mut used).await {
        Ok(authenticated) => authenticated,
        Err(Refusal::NoCredential(WithoutCredential::NothingSent)) if demanding.is_none() => {
            return Ok(Admitted { caller: None, unread: None });
        }
        Err(refusal) => return Err(refused(refusal, telling(guards), used)),
    };
    let caller = Caller::new(identity, used, server.clone());
    for guard in guards {
        check(&caller, guard).map_err(|refusal| refused(refusal, guard, used))?;
    }
    Ok(Admitted { caller: Some(caller), unread })
}

/// The guard that says most about what would do: the line's own, which stands last, if it names a permission.
pub(crate) fn telling(guards: &[Guard]) -> &Guard {
    guards.iter().rev().find(|guard| !guard.permissions().is_empty()).unwrap_or(&guards[0])
}

/// `used` becomes the scheme of the credential, for the challenge.
async fn authenticate(
    server: &ResourceServer,
    request: &HttpRequest,
    used: &mut Scheme,
) -> Result<Authenticated, Refusal> {
    let settings = server.settings();
    let presented = presented(request.headers(), request.query_string(), server.schemes())?;
    *used = presented.scheme();
    let from = || peer::address(request, &settings.trusted_proxies);
    let opaque = || server.opaque().ok_or(Refusal::Token(TokenRefused::Opaque));
    let (mut unread, mut access_token) = (None, "");
    let identity = match presented {
        Presented::Bearer(token) | Presented::Dpop(token) => {
            access_token = token.expose();
            of_token(server, access_token, from()).await?
        }
        Presented::ApiKey(key) if api_key::looks_like_one(key.expose()) => {
            opaque()?.accept(key.expose(), from()).await?
        }
        Presented::ApiKey(_) => return Err(Refusal::Token(TokenRefused::NotAnApiKey)),
        Presented::Basic(header) => {
            let basic = basic::read(header, peer::transport(request, settings))?;
            let basic = basic.ok_or(Refusal::NoCredential(WithoutCredential::NothingSent))?;
            opaque()?.accept_basic(&basic, from()).await?
        }
        Presented::SignedRequest => {
            let (identity, authentic) = signed(server, request, opaque()?, from()).await?;
            unread = Some(authentic);
            identity
        }
        #[cfg(feature = "bff")]
        Presented::Session => of_session(server, request, from()).await?,
        #[cfg(not(feature = "bff"))]
        Presented::Session => return Err(Refusal::NoCredential(WithoutCredential::NothingSent)),
        Presented::Nothing => return Err(Refusal::NoCredential(WithoutCredential::NothingSent)),
        Presented::OnlyInQuery => return Err(Refusal::NoCredential(WithoutCredential::OnlyInQuery)),
    };
    // Of every kind: what is bound to a key is of use to nobody else.
    binding::check(identity.bound.as_ref(), (*used, access_token), request, settings, server.dpop()).await?;
    Ok(Authenticated { identity, unread })
}

/// An access token or an API key. A JWS in compact form has three parts (RFC 7515 §7.1); what has not is for the issuer to read.
async fn of_token(server: &ResourceServer, token: &str, from: Option<IpAddr>) -> Result<Identity, Refusal> {
    if token.bytes().filter(|byte| *byte == b'.').count() == 2 {
        let identity = server.validator().validate(token, clock::now()).await?;
        if let Some(opaque) = server.opaque() {
            opaque.confirm(token, from).await?;
        }
        return Ok(identity);
    }
    let opaque = server.opaque().ok_or(Refusal::Token(TokenRefused::Opaque))?;
    opaque.accept(token, from).await
}

/// The access token of a session.
#[cfg(feature = "bff")]
async fn of_session(server: &ResourceServer, request: &HttpRequest, from: Option<IpAddr>) -> Result<Identity, Refusal> {
    let bff = server.settings().sessions.as_ref();
    let session = session::of(bff.ok_or(Refusal::NoCredential(WithoutCredential::NothingSent))?, request).await?;
    let identity = of_token(server, session.access_token.expose(), from).await?;
    Ok(Identity { kind: CredentialKind::Session, ..identity })
}

/// RFC 9421: what is claimed, the key, the signature; the body waits until its owner is known.
async fn signed(
    server: &ResourceServer,
    request: &HttpRequest,
    opaque: &OpaqueTokens,
    from: Option<IpAddr>,
) -> Result<(Identity, Authentic), Refusal> {
    let verifier = server.signatures().ok_or(Refusal::NoCredential(WithoutCredential::NothingSent))?;
    let fields = field_lines(request.headers());
    let claimed = verifier.read(&Message::new(request, &fields), clock::now())?;
    let (unproven, key) = opaque.signing_key(&claimed).await?;
    let authentic = verifier.authenticate(claimed, &key, clock::now()).await?;
    Ok((opaque.accept_signed(unproven, from)?, authentic))
}

fn check(caller: &Caller, guard: &Guard) -> Result<(), Refusal> {
    if let Access::Needs(demand) = &guard.access {
        let reach = caller.server().settings().reach;
        if let Some(missing) = demand.missing(caller.permissions(), reach) {
            return Err(Refusal::InsufficientScope(missing.join(" ")));
        }
    }
    let Identity { acr, auth_time, .. } = caller.identity();
    if guard.accepts_sign_in(acr.as_deref(), *auth_time, clock::now()) {
        Ok(())
    } else {
        Err(Refusal::InsufficientUserAuthentication)
    }
}
