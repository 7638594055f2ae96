//! Who is signed in, kept in memory under a random cookie value. A real app would use a shared, persistent store.

use actix_web::{HttpRequest, cookie::Cookie, cookie::SameSite};
use openidconnect::{CsrfToken, Nonce, PkceCodeVerifier, core::CoreIdTokenClaims, core::CoreTokenResponse};
use std::{collections::HashMap, sync::Mutex, sync::MutexGuard, time::Duration, time::Instant};

const COOKIE: &str = "demo_app_session";
const LIFETIME: Duration = Duration::from_hours(8);
const AT_MOST: usize = 10_000;

pub(crate) enum Session {
    /// The person is at the issuer; what must be remembered until they are back.
    Attempt(CsrfToken, Nonce, PkceCodeVerifier),
    SignedIn(Box<SignedIn>),
}

#[derive(Clone)]
pub(crate) struct SignedIn {
    pub(crate) tokens: CoreTokenResponse,
    pub(crate) claims: CoreIdTokenClaims,
    pub(crate) user_info: serde_json::Value,
    pub(crate) notice: &'static str,
    pub(crate) api_result: String,
}

type Entries = HashMap<String, (Instant, Session)>;

#[derive(Default)]
pub(crate) struct Sessions(Mutex<Entries>);

impl Sessions {
    /// Always under a new name, so that a cookie planted before the sign-in is worth nothing after it.
    pub(crate) fn begin(&self, session: Session, base_url: &str) -> Cookie<'static> {
        let name = CsrfToken::new_random_len(32).into_secret();
        let mut entries = self.entries();
        if entries.len() >= AT_MOST {
            entries.clear();
        }
        entries.insert(name.clone(), (Instant::now(), session));
        let cookie = Cookie::build(COOKIE, name).path("/").http_only(true).same_site(SameSite::Lax);
        cookie.secure(base_url.starts_with("https://")).finish()
    }

    pub(crate) fn take(&self, request: &HttpRequest) -> Option<Session> {
        self.entries().remove(request.cookie(COOKIE)?.value()).map(|(_, session)| session)
    }

    pub(crate) fn signed_in(&self, request: &HttpRequest) -> Option<SignedIn> {
        self.update(request, |session| session.clone())
    }

    pub(crate) fn update<T>(&self, request: &HttpRequest, change: impl FnOnce(&mut SignedIn) -> T) -> Option<T> {
        match self.entries().get_mut(request.cookie(COOKIE)?.value())? {
            (since, Session::SignedIn(session)) if since.elapsed() < LIFETIME => Some(change(session)),
            _ => None,
        }
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().expect("nothing panics while it holds the sessions")
    }
}
