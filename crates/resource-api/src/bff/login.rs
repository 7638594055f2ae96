//! `GET /bff/login?return_to=/path[&max_age=300][&acr_values=mfa]`: sends the browser to the issuer (authorization code with PKCE, OpenID Connect Core §3.1.2.1,
//! RFC 9700 §2.1.1) and gives it a cookie that only its own answer fits.
//!
//! `max_age` and `acr_values` are for a front end whose API asked for a stronger or a newer sign-in (RFC 9470 §4).

use std::time::Duration;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use openidconnect::core::CoreAuthenticationFlow;
use openidconnect::{CsrfToken, Nonce, PkceCodeChallenge, PkceCodeVerifier, Scope};
use protocol::params::Params;
use protocol::time::{Seconds, Timestamp};

use crate::answer::problem::Problem;
use crate::bff::answer::{invalid, redirect, with_cookie};
use crate::bff::cookies::Sent;
use crate::bff::csrf::{self, Initiator};
use crate::bff::error::BffError;
use crate::bff::pending::{AT_MOST, LIFETIME, Pending};
use crate::bff::provider::Known;
use crate::bff::return_to::ReturnTo;
use crate::bff::{Bff, Inner};

/// What the front end asks for.
struct Wanted {
    return_to: ReturnTo,
    max_age: Option<Seconds>,
    acr_values: Option<String>,
}

pub(crate) async fn login(bff: Data<Bff>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let bff = &bff.0;
    let initiator = csrf::check_navigation(request.headers()).map_err(BffError::from)?;
    let wanted = bff.wanted(request.query_string()).map_err(invalid)?;
    // A link from elsewhere does not replace a session that there is. One that asks for a step-up goes on: a front end that
    // redirects by itself would send the browser in circles.
    let asks_more = wanted.max_age.is_some() || wanted.acr_values.is_some();
    if initiator == Initiator::Perhaps && !asks_more && bff.is_signed_in(&request).await {
        return Ok(redirect(&wanted.return_to.address(&bff.config.public_origin)));
    }
    let known = bff.provider.known().await;
    let known = known.map_err(|error| BffError::IssuerUnavailable { retry_after: error.retry_after })?;
    let now = bff.now();
    let pending = Pending { max_age: wanted.max_age, ..Pending::begin(wanted.return_to, now) };
    let mut answer = Ok(redirect(&bff.authorization_request(&known, &pending, wanted.acr_values)));
    let cookie = bff.cookies.sign_in(pending.tag(), pending.seal(&bff.secrets), LIFETIME);
    let gone = bff.too_many(&request, now);
    for cookie in gone.iter().map(|tag| bff.cookies.no_sign_in(tag)).chain([cookie]) {
        answer = with_cookie(answer, &cookie);
    }
    answer
}

impl Inner {
    fn wanted(&self, query: &str) -> Result<Wanted, String> {
        let params = Params::parse(query.as_bytes()).map_err(|_| "the query is malformed".to_owned())?;
        let text = |name| params.get(name).map_err(|_| format!("{name} is there twice"));
        let return_to = text("return_to")?.unwrap_or(&self.config.home);
        let return_to = ReturnTo::parse(return_to, &self.config.public_origin).map_err(|reason| reason.to_string())?;
        let max_age = text("max_age")?.map(|age| age.parse::<u32>().map_err(|_| "max_age is a number of seconds"));
        let max_age = max_age.transpose()?.map(|age| Seconds(age.into()));
        let acr_values = text("acr_values")?.map(str::to_owned);
        if acr_values.as_ref().is_some_and(|values| values.len() > 200 || values.chars().any(char::is_control)) {
            return Err("acr_values are words with spaces between them, 200 characters in all".to_owned());
        }
        Ok(Wanted { return_to, max_age, acr_values })
    }

    pub(crate) async fn is_signed_in(&self, request: &HttpRequest) -> bool {
        match self.cookies.sent(request) {
            Sent::Id(id) => self.live(&id.key(), self.now()).await.is_ok(),
            Sent::Nothing | Sent::Unusable => false,
        }
    }

    fn authorization_request(&self, known: &Known, pending: &Pending, acr_values: Option<String>) -> String {
        let verifier = PkceCodeVerifier::new(pending.verifier.clone());
        let (state, nonce) = (pending.state.clone(), pending.nonce.clone());
        let mut request = known
            .client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                move || CsrfToken::new(state),
                move || Nonce::new(nonce),
            )
            .add_scopes(self.config.scopes.iter().cloned().map(Scope::new))
            // RFC 7636 §4.2: S256.
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        if let Some(Seconds(max_age)) = pending.max_age {
            request = request.set_max_age(Duration::from_secs(max_age.unsigned_abs()));
        }
        let asked = acr_values.is_some();
        if let Some(values) = acr_values {
            request = request.add_extra_param("acr_values", values);
        }
        for (name, value) in self.config.authorize_params.iter().filter(|(name, _)| !asked || name != "acr_values") {
            request = request.add_extra_param(name.clone(), value.clone());
        }
        request.url().0.into()
    }

    /// Which sign-ins of this browser make room for another one: those that are over, then the oldest.
    fn too_many(&self, request: &HttpRequest, now: Timestamp) -> Vec<String> {
        let (mut live, mut gone) = (Vec::new(), Vec::new());
        for (tag, sealed) in self.cookies.sign_ins(request) {
            match Pending::open(&sealed, &self.secrets, now) {
                Some(pending) => live.push((pending.began_at, tag)),
                None => gone.push(tag),
            }
        }
        live.sort_unstable();
        let room = AT_MOST - 1;
        let oldest = live.len().saturating_sub(room);
        gone.extend(live.into_iter().take(oldest).map(|(_, tag)| tag));
        // A tag goes back into a header: only such as we make.
        gone.retain(|tag| crate::bff::pending::tag(tag).is_some_and(|known| known == tag));
        gone
    }
}
