//! Why a caller is not let in, and what is told about it: status, problem, challenges (RFC 6750 §3, RFC 9449 §7.1, RFC 9470 §3).
//!
//! Who sent no credential gets bare challenges (401), a bad one 401, too little permission 403, a muddled request 400, and
//! 503 when this server cannot decide. Several schemes are several challenges; the one that was used carries the error, if it is one that
//! the RFCs know in a challenge. What no other credential would mend has no challenge.

use std::borrow::Cow;
use std::fmt::{Display, Write as _};

use actix_web::http::StatusCode;
use actix_web::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use protocol::time::Seconds;

use crate::access::enough::{self, SignIn};
use crate::access::guard::Guard;
use crate::access::routes::DPOP_NONCE;
use crate::answer::problem::Problem;
use crate::binding::certificate::CertificateError;
use crate::binding::dpop::DpopError;
use crate::binding::replay::Unavailable;
use crate::credential::CredentialError;
use crate::credential::basic::BasicError;
#[cfg(feature = "bff")]
use crate::credential::session::SessionRefused;
use crate::resource_server::Schemes;
use crate::signature::{Answer, SignatureError};
use crate::token::validator::{NotAccepted, TokenRefused};

/// Why nobody, or not this caller, is let in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("no credential")]
    NoCredential(WithoutCredential),
    #[error(transparent)]
    Credential(#[from] CredentialError),
    #[error(transparent)]
    Token(TokenRefused),
    /// Permissions, separated by spaces. `enough` are those of the route, also those that the caller has.
    #[error("this needs {missing}, which the caller does not have")]
    InsufficientScope { missing: String, enough: String },
    #[error("this needs a stronger or more recent sign-in")]
    InsufficientUserAuthentication,
    #[error(transparent)]
    Dpop(#[from] DpopError),
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    #[error(transparent)]
    Signature(#[from] SignatureError),
    #[error(transparent)]
    Basic(#[from] BasicError),
    #[cfg(feature = "bff")]
    #[error("{}", .0.error)]
    Session(SessionRefused),
    #[error("the body ended early or took too long")]
    BodyEnded,
    #[error("a signed body has at most {0} bytes here")]
    SignedBody(usize),
    #[error("{0} cannot be reached, so nobody can be let in; try again")]
    Unavailable(&'static str, Seconds),
    #[error("too many credentials are being looked at, so this one was not; try again")]
    Busy(Seconds),
    #[error("too many wrong passwords for this user name or from this network; this one was not looked at")]
    TooManyTries(Seconds),
}

/// `error` in a challenge: RFC 6750 §3.1, RFC 9449 §7.1 and §9, RFC 9470 §3. Other words stand in the body alone.
const OF_CHALLENGES: [&str; 6] = [
    "invalid_request",
    "invalid_token",
    "insufficient_scope",
    "invalid_dpop_proof",
    "use_dpop_nonce",
    "insufficient_user_authentication",
];

/// Status, error and what the caller is told.
type Wire = (StatusCode, Option<&'static str>, Cow<'static, str>);

/// What a request without a usable credential did bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WithoutCredential {
    NothingSent,
    UnknownScheme,
    OnlyInQuery,
}

/// The scheme that a credential came with, for its challenge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Scheme {
    #[default]
    Bearer,
    Dpop,
    Basic,
}

/// What challenges say of this API: made once.
#[derive(Debug)]
pub(crate) struct Realm {
    pub audience: String,
    /// Address of the metadata document (RFC 9728 §5.1).
    pub resource_metadata: String,
    pub schemes: Schemes,
}

impl Refusal {
    /// The permissions that are enough for the route, and what of them is not held.
    pub(crate) fn insufficient_scope(enough: &[&str], holds: impl Fn(&str) -> bool) -> Self {
        let missing: Vec<&str> = enough.iter().copied().filter(|permission| !holds(permission)).collect();
        Self::InsufficientScope { missing: missing.join(" "), enough: enough.join(" ") }
    }

    /// `guards`: what the route demands. `used`: how the credential came.
    pub(crate) fn problem(&self, realm: &Realm, guards: &[Guard], used: Scheme) -> Problem {
        let (status, error, detail) = self.wire();
        let mut problem = Problem::new(status, error.unwrap_or_default(), detail.clone()).because(self.to_string());
        if error.is_none() {
            problem = problem.without_error();
        }
        #[cfg(feature = "bff")]
        if let Self::Session(SessionRefused { forget, .. }) = self {
            if let Some(forget) = forget {
                problem = problem.header(actix_web::http::header::SET_COOKIE, forget.as_str());
            }
            if status == StatusCode::UNAUTHORIZED {
                // No registered scheme means a cookie (RFC 9110 §15.5.2 demands one); the parameter says where to go.
                return problem.header(WWW_AUTHENTICATE, "Cookie realm=\"/bff/login\"");
            }
        }
        if let Some(Seconds(seconds)) = self.retry_after() {
            return problem.header(RETRY_AFTER, seconds);
        }
        if let Self::Dpop(DpopError::UseNonce(nonce)) = self {
            problem = problem.header(DPOP_NONCE, nonce.as_str());
        }
        if !self.is_about_the_credential() {
            return problem;
        }
        // Of signatures no scheme of a challenge knows anything.
        let error = error.filter(|error| OF_CHALLENGES.contains(error) && !matches!(self, Self::Signature(_)));
        let told = Told { error, detail: &detail, scope: self.scope(guards), sign_in: self.sign_in(guards) };
        for scheme in [Scheme::Bearer, Scheme::Dpop, Scheme::Basic] {
            if realm.schemes.has(scheme) || scheme == used {
                let told = (scheme == used || error.is_none()).then_some(&told);
                problem = problem.header(WWW_AUTHENTICATE, challenge(realm, scheme, told));
            }
        }
        problem
    }

    pub(super) fn wire(&self) -> Wire {
        use StatusCode as Status;
        let told = |status, error, detail: &dyn Display| (status, Some(error), Cow::from(detail.to_string()));
        let invalid = |detail: &dyn Display| told(Status::BAD_REQUEST, "invalid_request", detail);
        let later = |detail: &dyn Display| told(Status::SERVICE_UNAVAILABLE, "temporarily_unavailable", detail);
        match self {
            Self::NoCredential(brought) => (Status::UNAUTHORIZED, None, brought.detail().into()),
            Self::Credential(error) => invalid(error),
            Self::Token(refused) => told(Status::UNAUTHORIZED, "invalid_token", refused),
            Self::Dpop(error) => match error.code() {
                Some(code) => told(Status::UNAUTHORIZED, code, error),
                None => later(error),
            },
            Self::Certificate(error) => invalid(error),
            Self::Signature(error) => match error.answer() {
                Answer::BadRequest => invalid(error),
                Answer::Unauthorized => told(Status::UNAUTHORIZED, "invalid_signature", error),
                Answer::Unavailable => later(error),
            },
            Self::Basic(error) => invalid(error),
            #[cfg(feature = "bff")]
            Self::Session(SessionRefused { error, .. }) => {
                told(Status::from_u16(error.status()).unwrap_or(Status::UNAUTHORIZED), error.code(), error)
            }
            Self::BodyEnded => invalid(self),
            Self::SignedBody(_) => told(Status::PAYLOAD_TOO_LARGE, "content_too_large", self),
            Self::InsufficientScope { .. } => told(Status::FORBIDDEN, "insufficient_scope", self),
            // RFC 9470 §3: 401, with the error and what would do.
            Self::InsufficientUserAuthentication => {
                told(Status::UNAUTHORIZED, "insufficient_user_authentication", self)
            }
            Self::Unavailable(..) | Self::Busy(_) => later(self),
            // RFC 6585 §4. The same for a name that nobody has.
            Self::TooManyTries(_) => told(Status::TOO_MANY_REQUESTS, "too_many_requests", self),
        }
    }

    /// For refusals that are none, since nobody could tell or nobody looked.
    fn retry_after(&self) -> Option<Seconds> {
        match self {
            Self::Unavailable(_, retry_after) | Self::Busy(retry_after) | Self::TooManyTries(retry_after) => {
                Some(*retry_after)
            }
            #[cfg(feature = "bff")]
            Self::Session(SessionRefused { error, .. }) => error.retry_after(),
            Self::Dpop(DpopError::Unavailable(_)) | Self::Signature(SignatureError::Unavailable(_)) => {
                Some(Unavailable::RETRY_AFTER)
            }
            _ => None,
        }
    }

    /// Whether another credential might help: else nothing is asked for. An answer of 401 always is (RFC 9110 §15.5.2).
    fn is_about_the_credential(&self) -> bool {
        match self {
            Self::BodyEnded | Self::SignedBody(_) => false,
            #[cfg(feature = "bff")]
            Self::Session(_) => false,
            _ => true,
        }
    }

    /// RFC 6750 §3.1: "the scope necessary to access the protected resource", all of it: whoever asks for exactly that is let in.
    fn scope(&self, guards: &[Guard]) -> Option<String> {
        match self {
            Self::InsufficientScope { enough, .. } => Some(enough.clone()),
            Self::NoCredential(_) => Some(enough::for_anybody(guards).join(" ")).filter(|scope| !scope.is_empty()),
            _ => None,
        }
    }

    /// RFC 9470 §3: the sign-in that is enough, whichever guard it was that refused this one.
    fn sign_in<'g>(&self, guards: &'g [Guard]) -> SignIn<'g> {
        match self {
            Self::InsufficientUserAuthentication => enough::sign_in(guards).unwrap_or_default(),
            _ => SignIn::default(),
        }
    }
}

struct Told<'t> {
    error: Option<&'static str>,
    detail: &'t str,
    scope: Option<String>,
    sign_in: SignIn<'t>,
}

/// RFC 6750 §3: realm always, then what went wrong, then what would do. RFC 9728 §5.1: where the metadata is.
fn challenge(realm: &Realm, scheme: Scheme, told: Option<&Told<'_>>) -> String {
    let mut text = format!("{} realm=\"{}\"", scheme.name(), realm.audience);
    if scheme == Scheme::Basic {
        return text + ", charset=\"UTF-8\"";
    }
    if let Some(told) = told {
        if let Some(error) = told.error {
            let _ = write!(text, ", error=\"{error}\", error_description=\"{}\"", quotable(told.detail));
        }
        if let Some(scope) = &told.scope {
            let _ = write!(text, ", scope=\"{}\"", quotable(scope));
        }
        let SignIn { acr_values, max_age } = &told.sign_in;
        if !acr_values.is_empty() {
            let _ = write!(text, ", acr_values=\"{}\"", quotable(&acr_values.join(" ")));
        }
        if let Some(Seconds(max_age)) = max_age {
            let _ = write!(text, ", max_age=\"{max_age}\"");
        }
    }
    if let (Scheme::Dpop, Some(algorithms)) = (scheme, &realm.schemes.dpop) {
        let _ = write!(text, ", algs=\"{algorithms}\"");
    }
    let _ = write!(text, ", resource_metadata=\"{}\"", realm.resource_metadata);
    text
}

/// RFC 6750 §3: `error_description` is `%x20-21 / %x23-5B / %x5D-7E`, so without quote and backslash.
fn quotable(text: &str) -> String {
    text.chars().map(|c| if matches!(c, ' '..='~') && c != '"' && c != '\\' { c } else { '\'' }).collect()
}

impl Scheme {
    fn name(self) -> &'static str {
        match self {
            Self::Bearer => "Bearer",
            Self::Dpop => "DPoP",
            Self::Basic => "Basic",
        }
    }
}

impl WithoutCredential {
    fn detail(self) -> &'static str {
        match self {
            Self::NothingSent => "send an access token: Authorization: Bearer …",
            Self::UnknownScheme => {
                "this scheme of the Authorization header is not accepted here; send an access token: Authorization: Bearer …"
            }
            Self::OnlyInQuery => "a token in the URL is never read; send it as Authorization: Bearer …",
        }
    }
}

impl From<NotAccepted> for Refusal {
    fn from(not_accepted: NotAccepted) -> Self {
        match not_accepted {
            NotAccepted::Refused(refused) => Self::Token(refused),
            NotAccepted::KeysUnavailable { retry_after } => Self::Unavailable("the issuer's key set", retry_after),
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::ResponseError as _;

    use super::*;
    use crate::access::guard::{authenticated, require};

    fn told(refusal: &Refusal) -> Vec<String> {
        let schemes = Schemes { dpop: Some("ES256".to_owned()), ..Schemes::default() };
        let realm = Realm { audience: "api".to_owned(), resource_metadata: "https://api/m".to_owned(), schemes };
        let guards = [require("a:x").acr(["1", "2"]).max_age(Seconds(600)), require("b:x"), authenticated().acr(["2"])];
        let response = refusal.problem(&realm, &guards, Scheme::Bearer).error_response();
        let challenges = response.headers().get_all(WWW_AUTHENTICATE);
        challenges.map(|challenge| challenge.to_str().expect("is ASCII").to_owned()).collect()
    }

    /// The `error` of the first challenge; of the others there is none.
    fn error(challenges: &[String]) -> Option<&str> {
        assert!(challenges[1..].iter().all(|challenge| !challenge.contains("error")), "{challenges:?}");
        challenges[0].split_once(", error=\"")?.1.split_once('"').map(|(error, _)| error)
    }

    #[test]
    fn challenges_have_the_errors_of_their_rfcs_and_no_other() {
        let seconds = Seconds(1);
        let unknown = Unavailable::Unreachable;
        let some: [(Refusal, Option<&str>); 12] = [
            (Refusal::NoCredential(WithoutCredential::NothingSent), None),
            (Refusal::NoCredential(WithoutCredential::UnknownScheme), None),
            (CredentialError::Several.into(), Some("invalid_request")),
            (BasicError::NotOverTls.into(), Some("invalid_request")),
            (CertificateError::Several.into(), Some("invalid_request")),
            (Refusal::Token(TokenRefused::TooLong), Some("invalid_token")),
            (DpopError::Missing.into(), Some("invalid_dpop_proof")),
            (DpopError::UseNonce("n".to_owned()).into(), Some("use_dpop_nonce")),
            (Refusal::insufficient_scope(&["a:x"], |_| false), Some("insufficient_scope")),
            (Refusal::InsufficientUserAuthentication, Some("insufficient_user_authentication")),
            (SignatureError::UnknownKey.into(), None),
            (SignatureError::Several.into(), None),
        ];
        for (refusal, expected) in some {
            let challenges = told(&refusal);
            assert_eq!((challenges.len(), error(&challenges)), (2, expected), "{refusal:?}");
        }
        let none = [
            Refusal::BodyEnded,
            Refusal::SignedBody(1),
            Refusal::Unavailable("it", seconds),
            Refusal::Busy(seconds),
            Refusal::TooManyTries(seconds),
            DpopError::Unavailable(unknown).into(),
            SignatureError::Unavailable(unknown).into(),
        ];
        for refusal in none {
            assert_eq!(told(&refusal), Vec::<String>::new(), "{refusal:?}");
        }
    }

    #[cfg(feature = "bff")]
    #[test]
    fn a_session_is_asked_for_where_one_is_over_and_nowhere_else() {
        use crate::bff::{BffError, CsrfRefusal};
        let of = |error| told(&Refusal::Session(SessionRefused { error, forget: None }));
        assert_eq!(of(BffError::SessionOver), ["Cookie realm=\"/bff/login\""]);
        for error in [BffError::Csrf(CsrfRefusal::NoStaticHeader), BffError::StoreUnavailable] {
            assert_eq!(of(error), Vec::<String>::new(), "{error:?}");
        }
    }

    #[test]
    fn challenges_say_what_is_enough_for_all_guards() {
        let bare = told(&Refusal::NoCredential(WithoutCredential::NothingSent));
        assert!(bare.iter().all(|challenge| challenge.contains(", scope=\"a:x b:x\"")), "{bare:?}");
        let forbidden = told(&Refusal::insufficient_scope(&["a:x", "b:x"], |permission| permission == "a:x"));
        assert!(forbidden[0].contains("this needs b:x, which") && forbidden[0].contains(", scope=\"a:x b:x\""));
        let step_up = told(&Refusal::InsufficientUserAuthentication);
        assert!(step_up[0].contains(", acr_values=\"2\", max_age=\"600\""), "{step_up:?}");
        assert!(!step_up[1].contains("acr_values"), "{step_up:?}");
    }
}
