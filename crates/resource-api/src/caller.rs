//! Who is asking: the `Caller` extractor, permissions, and the guard that stands before every route.
//!
//! A [`Caller`] exists only for a token that `validator.rs` accepted, so a handler that takes one needs no check of its own.
//! The guard runs before the body is read: whoever may not ask is told so without sending anything.

use std::rc::Rc;

use actix_web::body::BoxBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{AUTHORIZATION, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, FromRequest, HttpMessage as _, HttpRequest};
use futures_util::future::LocalBoxFuture;
use protocol::ids::{ClientId, UserId};
use protocol::scope::Scope;

use crate::clock;
use crate::credential::{Presented, presented};
use crate::server::App;
use crate::validator::AccessToken;
use crate::web::error::{ApiError, WithoutToken};

/// The right to do one kind of thing, written as the scope that grants it: `area:verb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Permission(pub &'static str);

/// What a route demands. There is no default: each line of the route table says one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Public,
    /// Any valid token for this API.
    AnyToken,
    Needs(Permission),
}

/// The holder of an accepted access token. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Caller(Rc<AccessToken>);

impl Caller {
    /// The person, or for a machine client its client id (RFC 9068 §2.2).
    pub(crate) fn subject(&self) -> &UserId {
        &self.0.subject
    }

    pub(crate) fn client_id(&self) -> &ClientId {
        &self.0.client_id
    }

    pub(crate) fn scope(&self) -> &Scope {
        &self.0.scope
    }

    pub(crate) fn may(&self, permission: Permission) -> bool {
        self.0.scope.contains(permission.0)
    }
}

impl FromRequest for Caller {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let known = request.extensions().get::<Self>().cloned();
        let request = request.clone();
        Box::pin(async move {
            match known {
                Some(caller) => Ok(caller),
                None => authenticate(&request, Access::AnyToken).await,
            }
        })
    }
}

/// The middleware of one route.
pub(crate) async fn guard(
    access: Access,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    match admit(request.request(), access).await {
        Ok(()) => next.call(request).await,
        Err(error) => Ok(request.error_response(error)),
    }
}

async fn admit(request: &HttpRequest, access: Access) -> Result<(), ApiError> {
    if access == Access::Public {
        return Ok(());
    }
    let caller = authenticate(request, access).await?;
    match access {
        Access::Needs(permission) if !caller.may(permission) => Err(ApiError::InsufficientScope(permission)),
        Access::Needs(_) | Access::AnyToken | Access::Public => {
            request.extensions_mut().insert(caller);
            Ok(())
        }
    }
}

async fn authenticate(request: &HttpRequest, access: Access) -> Result<Caller, ApiError> {
    let headers = request.headers().get_all(AUTHORIZATION).map(HeaderValue::as_bytes);
    let without = |hint| ApiError::NoToken { access, hint };
    let token = match presented(headers, request.query_string())? {
        Presented::Bearer(token) => token,
        Presented::Nothing => return Err(without(WithoutToken::NothingSent)),
        Presented::OnlyInQuery => return Err(without(WithoutToken::OnlyInQuery)),
    };
    let app = request.app_data::<Data<App>>().expect("server.rs puts the App into every worker");
    let accepted = app.validator.validate(token, clock::now()).await?;
    Ok(Caller(Rc::new(accepted)))
}
