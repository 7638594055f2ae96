//! Why a session cookie does not count, as plain data: the caller makes its own kind of answer of it.

use protocol::time::Seconds;

use crate::bff::csrf::CsrfRefusal;

/// Why [`Bff::session`](crate::bff::Bff::session) gave no session. The sentence is for the developer of the front end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BffError {
    /// 401. The cookie names no session (any more); take it away with [`Bff::forget`](crate::bff::Bff::forget).
    #[error("the session is over; navigate to /bff/login")]
    SessionOver,
    /// 403. Nothing was looked up.
    #[error("{0}")]
    Csrf(CsrfRefusal),
    /// 503. The session goes on.
    #[error("the issuer cannot be reached to renew the access token")]
    IssuerUnavailable {
        /// When it may be asked again.
        retry_after: Seconds,
    },
    /// 503. Nobody can say whether there is a session.
    #[error("the sessions cannot be read at the moment")]
    StoreUnavailable,
}

impl BffError {
    /// The HTTP status that this asks for.
    pub fn status(&self) -> u16 {
        match self {
            Self::SessionOver => 401,
            Self::Csrf(_) => 403,
            Self::IssuerUnavailable { .. } | Self::StoreUnavailable => 503,
        }
    }

    /// For the header `Retry-After`.
    pub fn retry_after(&self) -> Option<Seconds> {
        match self {
            Self::IssuerUnavailable { retry_after } => Some(*retry_after),
            Self::StoreUnavailable => Some(Seconds(1)),
            Self::SessionOver | Self::Csrf(_) => None,
        }
    }

    /// One word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::SessionOver => "session_over",
            Self::Csrf(_) => "csrf",
            Self::IssuerUnavailable { .. } => "issuer_unavailable",
            Self::StoreUnavailable => "store_unavailable",
        }
    }
}

impl From<CsrfRefusal> for BffError {
    fn from(refusal: CsrfRefusal) -> Self {
        Self::Csrf(refusal)
    }
}

/// The store's sentence goes to the log, once, here.
impl From<crate::bff::StoreError> for BffError {
    fn from(error: crate::bff::StoreError) -> Self {
        tracing::error!(cause = %error, "the session store cannot be asked");
        Self::StoreUnavailable
    }
}
