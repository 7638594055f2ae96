//! The cookies of a browser: how they are named, set, read and taken away (RFC 6265bis §4.1.3, RFC 10017 §6.1.3.2).
//!
//! `__Host-`, `Secure`, `HttpOnly`, `Path=/`, no `Domain`. `SameSite=Lax`, not `Strict`: the callback of a sign-in comes from
//! the issuer's site, and so do links into the front end; what `Strict` would add is done in `csrf.rs`. On plain http, which is
//! loopback in development, browsers refuse `Secure` or the prefix, so both are left out there and only there.

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use protocol::time::Seconds;

use crate::bff::config::BffConfig;
use crate::bff::session::SessionId;
use crate::credential::cookie;

/// How our cookies are called and whether they are for https.
#[derive(Clone, Debug)]
pub(crate) struct Cookies {
    session: String,
    sign_in: String,
    secure: bool,
}

/// What a browser sent for its session.
pub(crate) enum Sent {
    Nothing,
    /// A cookie of the right name that cannot be an id of ours, or two of them.
    Unusable,
    Id(SessionId),
}

impl Cookies {
    pub(crate) fn new(config: &BffConfig) -> Self {
        let secure = config.is_https();
        let prefix = if secure { "__Host-" } else { "" };
        let session = format!("{prefix}{}", config.cookie_name);
        Self { sign_in: format!("{session}-sign-in-"), session, secure }
    }

    pub(crate) fn session_name(&self) -> &str {
        &self.session
    }

    pub(crate) fn sent(&self, request: &HttpRequest) -> Sent {
        let values = named(request, |name| name == self.session);
        match values.as_slice() {
            [] => Sent::Nothing,
            [(_, value)] => SessionId::parse(value).map_or(Sent::Unusable, Sent::Id),
            _ => Sent::Unusable,
        }
    }

    pub(crate) fn session(&self, id: &SessionId, lifetime: Seconds) -> Cookie<'static> {
        self.build(self.session.clone(), id.expose().to_owned(), lifetime)
    }

    pub(crate) fn no_session(&self) -> Cookie<'static> {
        self.build(self.session.clone(), String::new(), Seconds(0))
    }

    /// `tag` tells apart the sign-ins of several windows.
    pub(crate) fn sign_in(&self, tag: &str, sealed: String, lifetime: Seconds) -> Cookie<'static> {
        self.build(format!("{}{tag}", self.sign_in), sealed, lifetime)
    }

    pub(crate) fn no_sign_in(&self, tag: &str) -> Cookie<'static> {
        self.sign_in(tag, String::new(), Seconds(0))
    }

    /// Tag and sealed value of each sign-in that is under way in this browser.
    pub(crate) fn sign_ins(&self, request: &HttpRequest) -> Vec<(String, String)> {
        let all = named(request, |name| name.starts_with(&self.sign_in));
        all.into_iter().map(|(name, value)| (name[self.sign_in.len()..].to_owned(), value)).collect()
    }

    fn build(&self, name: String, value: String, lifetime: Seconds) -> Cookie<'static> {
        Cookie::build(name, value)
            .path("/")
            .http_only(true)
            .same_site(SameSite::Lax)
            .secure(self.secure)
            .max_age(Duration::seconds(lifetime.0))
            .finish()
    }
}

fn named(request: &HttpRequest, is_wanted: impl Fn(&str) -> bool) -> Vec<(String, String)> {
    let wanted = cookie::pairs(request.headers()).filter(|(name, _)| is_wanted(name));
    wanted.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bff::config::tests::sample;
    use actix_web::test::TestRequest;
    use protocol::issuer::Issuer;

    fn of(cookie: &Cookie<'_>) -> String {
        cookie.to_string()
    }

    #[test]
    fn a_session_cookie_is_for_this_host_over_https_only() {
        let id = SessionId::new();
        let cookie = of(&Cookies::new(&sample()).session(&id, Seconds(60)));
        let expected = format!("__Host-bff={}; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=60", id.expose());
        assert_eq!(cookie, expected);
    }

    #[test]
    fn on_plain_loopback_there_is_no_prefix() {
        let issuer = Issuer::parse("http://localhost:1").unwrap();
        let config = BffConfig { issuer, public_origin: "http://localhost:2".to_owned(), ..sample() };
        let cookie = of(&Cookies::new(&config).no_session());
        assert_eq!(cookie, "bff=; HttpOnly; SameSite=Lax; Path=/; Max-Age=0");
    }

    #[test]
    fn one_id_of_ours_is_read_and_nothing_else() {
        let cookies = Cookies::new(&sample());
        let id = SessionId::new();
        let sent =
            |header: String| cookies.sent(&TestRequest::default().insert_header(("cookie", header)).to_http_request());
        assert!(matches!(sent(format!("a=b; __Host-bff={}", id.expose())), Sent::Id(read) if read.key() == id.key()));
        assert!(matches!(cookies.sent(&TestRequest::default().to_http_request()), Sent::Nothing));
        assert!(matches!(sent(format!("bff={}", id.expose())), Sent::Nothing), "without prefix it may be planted");
        assert!(matches!(sent("__Host-bff=x".to_owned()), Sent::Unusable));
        assert!(matches!(sent("__Host-bff=".to_owned()), Sent::Unusable));
        assert!(matches!(sent(format!("__Host-bff={0}; __Host-bff={0}", id.expose())), Sent::Unusable));
        // A sibling host may set such a name, because browsers guard the literal prefix alone.
        assert!(matches!(sent(format!("%5F%5FHost-bff={}", id.expose())), Sent::Nothing), "no browser guarded it");
        for space in ["\u{a0}", "\u{2000}"] {
            assert!(matches!(sent(format!("{space}__Host-bff={}", id.expose())), Sent::Nothing), "nor this");
        }
        let beside = format!("%5F%5FHost-bff=planted; \u{fc}; __Host-bff={}", id.expose());
        assert!(matches!(sent(beside), Sent::Id(read) if read.key() == id.key()));
    }

    #[test]
    fn windows_have_sign_ins_of_their_own() {
        let cookies = Cookies::new(&sample());
        assert!(
            of(&cookies.sign_in("tag", "sealed".to_owned(), Seconds(9))).starts_with("__Host-bff-sign-in-tag=sealed;")
        );
        let header = ("cookie", "__Host-bff-sign-in-a=1; __Host-bff=2; __Host-bff-sign-in-b=3");
        let found = cookies.sign_ins(&TestRequest::default().insert_header(header).to_http_request());
        assert_eq!(found, [("a".to_owned(), "1".to_owned()), ("b".to_owned(), "3".to_owned())]);
        let planted = ("cookie", "%5F%5FHost-bff-sign-in-a=1");
        assert_eq!(cookies.sign_ins(&TestRequest::default().insert_header(planted).to_http_request()), []);
    }
}
