//! From a request to a caller: exactly one credential, judged by the one file that knows its kind, then the guards.
//!
//! Runs before the body is read: whoever may not ask is told so without sending anything.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use actix_web::HttpRequest;
#[cfg(feature = "bff")]
use actix_web::web::Data;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use protocol::api_key;

#[cfg(feature = "bff")]
use crate::access::caller::CredentialKind;
use crate::access::caller::{Caller, Identity};
use crate::access::enough;
use crate::access::guard::{Access, Guard};
use crate::answer::problem::Problem;
use crate::answer::refusal::{Refusal, Scheme, WithoutCredential};
#[cfg(feature = "bff")]
use crate::bff::TokenText;
use crate::binding;
use crate::clock;
use crate::credential::opaque::OpaqueTokens;
#[cfg(feature = "bff")]
use crate::credential::session;
use crate::credential::{Presented, presented};
use crate::credential::{basic, peer};
use crate::meter::Attempt;
use crate::resource_server::ResourceServer;
use crate::signature::{Authentic, Message, SignatureError, field_lines};
use crate::token::validator::TokenRefused;

/// Whoever may pass all guards.
pub(crate) struct Admitted {
    /// Nobody where that is enough.
    pub caller: Option<Caller>,
    /// A signature whose body was not seen yet, and since when the request is looked at. Its verdict is counted by whoever reads on.
    pub unread: Option<(Authentic, Instant)>,
}

/// How far a request got.
struct Authenticated {
    identity: Identity,
    unread: Option<Authentic>,
}

pub(crate) async fn admit(
    server: &ResourceServer,
    request: &HttpRequest,
    guards: &Arc<[Guard]>,
) -> Result<Admitted, Problem> {
    if guards.iter().all(|guard| guard.access == Access::Public) {
        return Ok(Admitted { caller: None, unread: None });
    }
    let nobody_will_do = guards.iter().all(|guard| matches!(guard.access, Access::Public | Access::Optional));
    let since = Instant::now();
    let attempt = Attempt::new(server, request, since);
    let refused = |refusal: Refusal, used| {
        attempt.refused(&refusal);
        refusal.problem(server.realm(), guards, used)
    };
    let presented = presented(request.headers(), request.query_string(), server.schemes())
        .map_err(|error| refused(error.into(), Scheme::default()))?;
    let used = presented.scheme();
    let Authenticated { identity, unread } = match authenticate(server, request, presented).await {
        Ok(authenticated) => authenticated,
        Err(Refusal::NoCredential(WithoutCredential::NothingSent)) if nobody_will_do => {
            attempt.anonymous();
            return Ok(Admitted { caller: None, unread: None });
        }
        Err(refusal) => return Err(refused(refusal, used)),
    };
    let caller = Caller::new(identity, used, server.clone(), Arc::clone(guards));
    check(&caller, guards).map_err(|refusal| refused(refusal, used))?;
    if unread.is_none() {
        attempt.accepted(&caller.identity().issuer);
    }
    Ok(Admitted { caller: Some(caller), unread: unread.map(|authentic| (authentic, since)) })
}

async fn authenticate(
    server: &ResourceServer,
    request: &HttpRequest,
    presented: Presented<'_>,
) -> Result<Authenticated, Refusal> {
    let settings = server.settings();
    let from = || peer::address(request, &settings.trusted_proxies);
    let opaque = || server.opaque().ok_or(Refusal::Token(TokenRefused::Opaque));
    let mut unread = None;
    let identity = match presented {
        Presented::Bearer(token) | Presented::Dpop(token) => of_token(server, token.expose(), from()).await?,
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
        Presented::UnknownScheme => return Err(Refusal::NoCredential(WithoutCredential::UnknownScheme)),
        Presented::OnlyInQuery => return Err(Refusal::NoCredential(WithoutCredential::OnlyInQuery)),
    };
    // Of every kind: what is bound to a key is of use to nobody else.
    let sent = (presented.scheme(), presented.access_token());
    binding::check(identity.bound.as_ref(), sent, request, settings, server.dpop()).await?;
    Ok(Authenticated { identity, unread })
}

/// An access token or an API key: a JWT is read here, another text is for the issuer to read. Where nobody is asked, what has three
/// parts was meant as a JWT, and is told what is wrong with it as one.
async fn of_token(server: &ResourceServer, token: &str, from: Option<IpAddr>) -> Result<Identity, Refusal> {
    if has_three_parts(token) && (server.opaque().is_none() || begins_an_object(token)) {
        return of_jwt(server, token, from).await;
    }
    let opaque = server.opaque().ok_or(Refusal::Token(TokenRefused::Opaque))?;
    opaque.accept(token, from).await
}

/// A JWT that is valid, and that its issuer still stands by where it is asked about every token.
pub(crate) async fn of_jwt(server: &ResourceServer, token: &str, from: Option<IpAddr>) -> Result<Identity, Refusal> {
    let mut identity = server.validator().validate(token, clock::now()).await?;
    if let Some(opaque) = server.opaque() {
        identity.confirmed = opaque.confirm(&identity, token, from).await?;
    }
    Ok(identity)
}

/// A JWS in compact form (RFC 7515 §7.1).
fn has_three_parts(token: &str) -> bool {
    token.bytes().filter(|byte| *byte == b'.').count() == 2
}

/// Whether the first part begins like the base64url of a JSON object, with or without white space before it (RFC 8259 §2).
fn begins_an_object(token: &str) -> bool {
    let header = token.split('.').next().unwrap_or_default().as_bytes();
    let mut three = [0; 3];
    for four in header.chunks(4) {
        let Ok(length) = URL_SAFE_NO_PAD.decode_slice(four, &mut three) else { return false };
        if let Some(first) = three[..length].iter().find(|byte| !b" \t\n\r".contains(byte)) {
            return *first == b'{';
        }
    }
    false
}

/// The access token of a session.
#[cfg(feature = "bff")]
async fn of_session(server: &ResourceServer, request: &HttpRequest, from: Option<IpAddr>) -> Result<Identity, Refusal> {
    let bff = server.settings().sessions.as_ref();
    let bff = bff.ok_or(Refusal::NoCredential(WithoutCredential::NothingSent))?;
    let session = session::of(bff, request).await?;
    let identity = match of_token(server, session.access_token.expose(), from).await {
        // Ended at the issuer, perhaps the session as well: it says so when it is asked for another token.
        Err(Refusal::Token(TokenRefused::Inactive)) => {
            let session = session::renewed(bff, request, &session).await?;
            of_token(server, session.access_token.expose(), from).await?
        }
        judged => judged?,
    };
    Ok(Identity { kind: CredentialKind::Session, ..identity })
}

/// Whether the issuer does not stand by the access token of a session any more, where it is asked about each one. A token for
/// another API is not judged here.
#[cfg(feature = "bff")]
pub(crate) async fn is_taken_back(request: &HttpRequest, access_token: &TokenText) -> bool {
    let Some(server) = request.app_data::<Data<ResourceServer>>() else { return false };
    matches!(of_token(server, access_token.expose(), None).await, Err(Refusal::Token(TokenRefused::Inactive)))
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
    let authentic = verifier.authenticate(claimed, &key, clock::now()).await.inspect_err(told_to_developers)?;
    Ok((opaque.accept_signed(unproven, from)?, authentic))
}

/// What was signed in our reading: whoever writes a client compares it with theirs. Query and values are blackened, the path is not, so only at this level.
fn told_to_developers(error: &SignatureError) {
    if let Some(base) = error.logged_base() {
        tracing::debug!(signature_base = base.as_str(), "the signature does not match");
    }
}

/// Permissions of all guards first: whoever lacks one would sign in again for nothing.
fn check(caller: &Caller, guards: &[Guard]) -> Result<(), Refusal> {
    let holds = |permission: &str| caller.may(permission);
    if !enough::is_met(guards, &holds) {
        return Err(Refusal::insufficient_scope(&enough::nearest(guards, &holds), holds));
    }
    let Identity { acr, auth_time, .. } = caller.identity();
    let now = clock::now();
    if guards.iter().all(|guard| guard.accepts_sign_in(acr.as_deref(), *auth_time, now)) {
        Ok(())
    } else {
        Err(Refusal::InsufficientUserAuthentication)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn with_header(header: &str) -> String {
        format!("{}.e30.c2ln", URL_SAFE_NO_PAD.encode(header))
    }

    #[test]
    fn what_begins_like_a_json_object_is_told_from_other_texts() {
        for header in ["{}", r#"{"alg":"ES256"}"#, " {}", "\r\n\t {}", "     {"] {
            assert!(begins_an_object(&with_header(header)), "{header:?}");
        }
        for header in ["", "[{}]", "\"{}\"", "    ", "\u{b}{}", "a{}", "\u{feff}{}"] {
            assert!(!begins_an_object(&with_header(header)), "{header:?}");
        }
        for token in ["a.b.c", "e+J9.a.b", "..", "at.2024.x1", "\u{e4}.b.c", ""] {
            assert!(!begins_an_object(token), "{token}");
        }
    }

    proptest! {
        #[test]
        fn every_header_of_an_object_is_seen_and_no_text_panics(blank in "[ \\t\\n\\r]{0,9}", rest in "[ -~]{0,40}", text: String) {
            let object = format!("{blank}{{{rest}");
            prop_assert!(begins_an_object(&with_header(&object)));
            let _ = begins_an_object(&text);
        }
    }
}
