//! The work of a request object: fetch it where the client left it, verify that the client signed it, put the request together.
//! The rules are in `protocol::authorize::request_object`.
//!
//! Headers choose among the keys of the client and nothing else: `jku`, `x5u`, `x5c` and `jwk` are never looked at. Shared
//! secrets and encryption are not supported.

use std::net::IpAddr;

use jwt::unsecured::unsecured_claims;
use jwt::verify::{self, Expected, Header, PeekedAlgorithm, VerifyError};
use protocol::authorize::request_object::{self, Presented, REQUEST_OBJECT_TYPES};
use protocol::client::Client;
use protocol::error::{ErrorCode, OAuthError};
use protocol::params::Params;
use protocol::signing::{MaybeSigned, SigningAlgorithm};
use protocol::time::{Seconds, Timestamp};
use serde_json::{Map, Value};

use crate::AppState;
use crate::client_keys::{NotSigned, Registered};
use crate::limits::Throttled;

const WHAT: &str = "the request_uri of a client";
/// RFC 9101 §5.2.3 names the former; OpenID Connect never named any, and the type that comes is not looked at.
const ACCEPT: &str = "application/oauth-authz-req+jwt, application/jwt";

/// Why there is no request to go on with: what the client may read, and what stays in the log.
#[derive(Debug)]
pub(crate) struct Refused {
    pub error: OAuthError,
    pub cause: Option<String>,
    /// Nothing is wrong with it, it only came too soon.
    pub retry_after: Option<Seconds>,
}

/// Somebody at the other end of a connection at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Visitor {
    pub peer: IpAddr,
    pub now: Timestamp,
}

impl From<OAuthError> for Refused {
    fn from(error: OAuthError) -> Self {
        Self { error, cause: None, retry_after: None }
    }
}

impl From<Throttled> for Refused {
    fn from(Throttled { retry_after }: Throttled) -> Self {
        let error = OAuthError::new(ErrorCode::TemporarilyUnavailable, "too many request objects are being fetched");
        Self { error: error.at("request_uri"), cause: None, retry_after: Some(retry_after) }
    }
}

/// Whether there is anything to do.
pub(crate) fn is_presented(query: &Params) -> bool {
    query.pairs().any(|(name, _)| name == "request" || name == "request_uri")
}

/// Whether this server is asked to fetch something.
pub(crate) fn is_by_reference(query: &Params) -> bool {
    query.pairs().any(|(name, _)| name == "request_uri")
}

/// The request that a query and its request object make together; the query itself when it has none.
pub(crate) async fn assemble(
    state: &AppState,
    client: &Client,
    query: Params,
    visitor: Visitor,
) -> Result<Params, Refused> {
    let now = visitor.now;
    let switched_on = state.config.openid.switched_on();
    let Some(presented) = request_object::presented(&query, client, &switched_on)? else { return Ok(query) };
    let at = |mut refused: Refused| {
        refused.error.parameter = refused.error.parameter.or(Some(presented.parameter()));
        refused
    };
    let object = load(state, client, presented, visitor).await?;
    let header = verify::peek_any(&object).map_err(|error| at(invalid(&object, error).into()))?;
    check_type(&header).map_err(|error| at(error.into()))?;
    let algorithm = algorithm(&header).map_err(|error| at(error.into()))?;
    request_object::check_algorithm(presented, algorithm, client, &switched_on)?;
    let claims = match algorithm {
        MaybeSigned::Unsigned => unsecured_claims(&object).map_err(|error| invalid(&object, error).into()),
        MaybeSigned::Signed(algorithm) => verified(state, client, (&object, algorithm), now).await,
    };
    let expected = request_object::Expected { client, issuer: state.issuer(), now };
    request_object::assemble(&query, claims.map_err(at)?, &expected).map_err(|error| at(error.into()))
}

/// The text of the object. Whatever goes wrong on the way is told to the log only: a stranger would learn from it what there is
/// around this server.
///
/// Each look is a fetch. OpenID Connect Core §6.2 would let a copy be kept for as long as the fragment stays the same, but
/// clients write a new object for each sign-in to one address, whose fragment they do not change.
async fn load(
    state: &AppState,
    client: &Client,
    presented: Presented<'_>,
    Visitor { peer, now }: Visitor,
) -> Result<String, Refused> {
    let place = match presented {
        Presented::ByValue(object) => return Ok(object.to_owned()),
        Presented::ByReference(place) => place,
    };
    let refused = |description: &'static str, cause: Option<String>| Refused {
        error: OAuthError::new(ErrorCode::InvalidRequestUri, description).at("request_uri"),
        cause,
        retry_after: None,
    };
    let _place = state.limits.fetch(peer, &client.id, client.registered_by, now)?;
    let answer = state.outbound.on_behalf_of(client.registered_by).get(WHAT, place, ACCEPT).await;
    let answer =
        answer.map_err(|cause| refused("nothing could be fetched from request_uri", Some(cause.to_string())))?;
    let text =
        str::from_utf8(&answer.body).map_err(|_| refused("what request_uri leads to is no request object", None))?;
    // A file often ends with a line break.
    Ok(text.trim_ascii().to_owned())
}

/// RFC 9101 §10.8, RFC 8725 §3.11: nothing that was signed for another purpose is a request.
fn check_type(header: &Header<PeekedAlgorithm>) -> Result<(), OAuthError> {
    let Some(typ) = header.typ.as_deref() else { return Ok(()) };
    if REQUEST_OBJECT_TYPES.iter().any(|expected| verify::same_type(expected, typ)) {
        Ok(())
    } else {
        Err(refuse("typ of the request object must be oauth-authz-req+jwt, JWT or absent"))
    }
}

fn algorithm(header: &Header<PeekedAlgorithm>) -> Result<MaybeSigned, OAuthError> {
    match header.alg {
        PeekedAlgorithm::None => Ok(MaybeSigned::Unsigned),
        PeekedAlgorithm::Signature(algorithm) => Ok(MaybeSigned::Signed(algorithm)),
        // A secret that both sides have proves nothing to a third, and we keep no secret in a form that could verify it.
        PeekedAlgorithm::Mac(_) => {
            Err(refuse("a request object is signed with a key of the client, not with its secret"))
        }
    }
}

/// The claims of an object that the client signed with one of its keys.
async fn verified(
    state: &AppState,
    client: &Client,
    (object, algorithm): (&str, SigningAlgorithm),
    now: Timestamp,
) -> Result<Map<String, Value>, Refused> {
    let expected = Expected { typ: &[], algorithms: &[algorithm] };
    let claims = state.client_keys.verify(Registered::of(client), object, &expected, now).await;
    claims.map_err(|reason| match reason {
        NotSigned::Token(error) => invalid(object, error).into(),
        NotSigned::Keys(cause) => Refused {
            error: refuse("there are no keys of the client to verify the request object with"),
            cause: Some(cause.to_string()),
            retry_after: None,
        },
    })
}

fn invalid(object: &str, error: VerifyError) -> OAuthError {
    // RFC 7516 §9: five parts are an encrypted object.
    if error == VerifyError::NotThreeParts && object.split('.').count() == 5 {
        return refuse("encrypted request objects are not supported");
    }
    OAuthError::new(ErrorCode::InvalidRequestObject, format!("the request object is not accepted: {error}"))
}

fn refuse(description: &'static str) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidRequestObject, description)
}
