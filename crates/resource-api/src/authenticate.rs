//! From a request to a caller: exactly one credential, judged by the one file that knows its kind, then the guards.
//!
//! Runs before the body is read: whoever may not ask is told so without sending anything.

use actix_web::HttpRequest;

use crate::binding;
use crate::caller::{Caller, Identity};
use crate::clock;
use crate::credential::{Presented, presented};
use crate::guard::{Access, Guard};
use crate::problem::Problem;
use crate::refusal::{Refusal, Scheme, WithoutCredential};
use crate::resource_server::ResourceServer;

/// Whoever may pass all guards: a caller, or nobody where that is enough.
pub(crate) async fn admit(
    server: &ResourceServer,
    request: &HttpRequest,
    guards: &[Guard],
) -> Result<Option<Caller>, Problem> {
    if guards.iter().all(|guard| guard.access == Access::Public) {
        return Ok(None);
    }
    let demanding = guards.iter().find(|guard| !matches!(guard.access, Access::Public | Access::Optional));
    // The line's own guard stands last and says most about what would do.
    let told = guards.last().filter(|guard| !guard.permissions().is_empty()).or(demanding).unwrap_or(&guards[0]);
    let mut used = Scheme::default();
    let refused = |refusal: Refusal, guard, used| refusal.problem(server.realm(), guard, used);
    let identity = match authenticate(server, request, &mut used).await {
        Ok(identity) => identity,
        Err(Refusal::NoCredential(WithoutCredential::NothingSent)) if demanding.is_none() => return Ok(None),
        Err(refusal) => return Err(refused(refusal, told, used)),
    };
    let caller = Caller::new(identity, server.clone());
    for guard in guards {
        check(&caller, guard).map_err(|refusal| refused(refusal, guard, used))?;
    }
    Ok(Some(caller))
}

/// `used` becomes the scheme of the credential, for the challenge.
async fn authenticate(server: &ResourceServer, request: &HttpRequest, used: &mut Scheme) -> Result<Identity, Refusal> {
    let presented = presented(request.headers(), request.query_string(), server.schemes())?;
    *used = presented.scheme();
    match presented {
        Presented::Bearer(token) | Presented::Dpop(token) => {
            let identity = server.validator().validate(token.expose(), clock::now()).await?;
            let credential = (*used, token.expose());
            binding::check(identity.bound.as_ref(), credential, request, server.settings(), server.dpop()).await?;
            Ok(identity)
        }
        // Switched off: never reached.
        Presented::Basic(_)
        | Presented::ApiKey(_)
        | Presented::SignedRequest
        | Presented::Session
        | Presented::Nothing => Err(Refusal::NoCredential(WithoutCredential::NothingSent)),
        Presented::OnlyInQuery => Err(Refusal::NoCredential(WithoutCredential::OnlyInQuery)),
    }
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
