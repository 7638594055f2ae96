//! Requests that another site made the browser send (RFC 10017 §6.1.3.3): they carry the cookie, but not the person's will.
//!
//! Three kinds of request have three rules. Unsafe methods: `Sec-Fetch-Site` must be `same-origin`, or, where an old browser
//! does not send it, `Origin` must be ours; and the header `X-CSRF: 1` must be there, which no form can send and no script of
//! another origin without a preflight, which nobody here answers. Safe methods: only our own pages, the address bar, and
//! links that are followed; nothing that another site embeds or fetches. The header is not demanded there, because an event
//! stream and a download cannot send one.
//!
//! `GET /bff/login` changes nothing that a stranger gains from: what it begins is bound to this browser by a sealed cookie,
//! so nobody can make another person end up in *his* account (login CSRF). A link from elsewhere may begin a sign-in, but
//! never replaces a session that there is, unless it asks for a step-up (`login.rs`). It must be a navigation of the whole window.

use actix_web::http::Method;
use actix_web::http::header::{HeaderMap, ORIGIN};

const SITE: &str = "sec-fetch-site";
const MODE: &str = "sec-fetch-mode";
const DEST: &str = "sec-fetch-dest";
const STATIC_HEADER: &str = "x-csrf";

/// Why a request with a session cookie is refused. The sentence is for the developer of the front end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CsrfRefusal {
    /// From another site or origin, by `Sec-Fetch-Site`.
    #[error(
        "the request comes from another site or origin (Sec-Fetch-Site); call this API from its own front end only"
    )]
    AnotherSite,
    /// From another origin, by `Origin`; of unsafe methods.
    #[error("the request comes from another origin (Origin); call this API from its own front end only")]
    AnotherOrigin,
    /// An unsafe method without either header, as from a program or a very old browser.
    #[error("neither Sec-Fetch-Site nor Origin says where the request comes from")]
    NobodySays,
    /// An unsafe method without `X-CSRF: 1` (RFC 10017 §6.1.3.3).
    #[error("send the header X-CSRF: 1 with this method")]
    NoStaticHeader,
    /// One of these headers came more than once.
    #[error("a header that says where the request comes from is there twice")]
    Repeated,
    /// `/bff/login` in a frame or a fetch.
    #[error("navigate the window to this address; it cannot be fetched or embedded")]
    NoNavigation,
}

/// Who started a navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Initiator {
    /// The front end itself, or the person at the address bar.
    Ours,
    /// Another site, or a browser that does not say.
    Perhaps,
}

/// Whether a session cookie may count for this request. `origin` is the front end's.
pub(crate) fn check(method: &Method, headers: &HeaderMap, origin: &str) -> Result<(), CsrfRefusal> {
    if method.is_safe() { check_safe(headers) } else { check_unsafe(headers, origin) }
}

fn check_unsafe(headers: &HeaderMap, origin: &str) -> Result<(), CsrfRefusal> {
    let claimed = single(headers, ORIGIN.as_str())?;
    match (single(headers, SITE)?, claimed) {
        (Some(b"same-origin"), _) | (None, Some(_)) => {}
        (Some(_), _) => return Err(CsrfRefusal::AnotherSite),
        (None, None) => return Err(CsrfRefusal::NobodySays),
    }
    if claimed.is_some_and(|claimed| claimed != origin.as_bytes()) {
        return Err(CsrfRefusal::AnotherOrigin);
    }
    if single(headers, STATIC_HEADER)? == Some(b"1") { Ok(()) } else { Err(CsrfRefusal::NoStaticHeader) }
}

fn check_safe(headers: &HeaderMap) -> Result<(), CsrfRefusal> {
    match single(headers, SITE)? {
        None | Some(b"same-origin" | b"none") => Ok(()),
        Some(_) if is_navigation(headers)? => Ok(()),
        Some(_) => Err(CsrfRefusal::AnotherSite),
    }
}

/// For `GET /bff/login`.
pub(crate) fn check_navigation(headers: &HeaderMap) -> Result<Initiator, CsrfRefusal> {
    let says = single(headers, MODE)?.is_some() || single(headers, DEST)?.is_some();
    if says && !is_navigation(headers)? {
        return Err(CsrfRefusal::NoNavigation);
    }
    Ok(match single(headers, SITE)? {
        Some(b"same-origin" | b"none") => Initiator::Ours,
        _ => Initiator::Perhaps,
    })
}

/// The whole window goes there, not a frame.
fn is_navigation(headers: &HeaderMap) -> Result<bool, CsrfRefusal> {
    Ok(single(headers, MODE)? == Some(b"navigate") && single(headers, DEST)? == Some(b"document"))
}

fn single<'h>(headers: &'h HeaderMap, name: &str) -> Result<Option<&'h [u8]>, CsrfRefusal> {
    let mut values = headers.get_all(name);
    match (values.next(), values.next()) {
        (Some(_), Some(_)) => Err(CsrfRefusal::Repeated),
        (value, _) => Ok(value.map(actix_web::http::header::HeaderValue::as_bytes)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{HeaderName, HeaderValue};
    use proptest::prelude::*;

    const OURS: &str = "https://app.example";

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(HeaderName::try_from(*name).expect("a name"), HeaderValue::from_str(value).expect("a value"));
        }
        map
    }

    fn on(method: &Method, pairs: &[(&str, &str)]) -> Result<(), CsrfRefusal> {
        check(method, &headers(pairs), OURS)
    }

    #[test]
    fn unsafe_methods_need_our_origin_and_the_static_header() {
        use CsrfRefusal::{AnotherOrigin, AnotherSite, NoStaticHeader, NobodySays};
        type Case<'a> = (&'a [(&'a str, &'a str)], Result<(), CsrfRefusal>);
        let matrix: &[Case<'_>] = &[
            (&[(SITE, "same-origin"), (STATIC_HEADER, "1")], Ok(())),
            (&[(SITE, "same-origin"), ("origin", OURS), (STATIC_HEADER, "1")], Ok(())),
            (&[("origin", OURS), (STATIC_HEADER, "1")], Ok(())),
            (&[(SITE, "same-origin")], Err(NoStaticHeader)),
            (&[("origin", OURS)], Err(NoStaticHeader)),
            (&[(SITE, "same-origin"), (STATIC_HEADER, "0")], Err(NoStaticHeader)),
            (&[(SITE, "same-origin"), (STATIC_HEADER, "")], Err(NoStaticHeader)),
            (&[(SITE, "same-site"), ("origin", OURS), (STATIC_HEADER, "1")], Err(AnotherSite)),
            (&[(SITE, "cross-site"), ("origin", OURS), (STATIC_HEADER, "1")], Err(AnotherSite)),
            (&[(SITE, "none"), (STATIC_HEADER, "1")], Err(AnotherSite)),
            (&[(SITE, "Same-Origin"), (STATIC_HEADER, "1")], Err(AnotherSite)),
            (&[(SITE, ""), (STATIC_HEADER, "1")], Err(AnotherSite)),
            (&[(SITE, "same-origin"), ("origin", "https://evil.example"), (STATIC_HEADER, "1")], Err(AnotherOrigin)),
            (&[(SITE, "same-origin"), ("origin", "null"), (STATIC_HEADER, "1")], Err(AnotherOrigin)),
            (&[("origin", "null"), (STATIC_HEADER, "1")], Err(AnotherOrigin)),
            (&[("origin", "https://app.example.evil.example"), (STATIC_HEADER, "1")], Err(AnotherOrigin)),
            (&[("origin", "http://app.example"), (STATIC_HEADER, "1")], Err(AnotherOrigin)),
            (&[("origin", "https://app.example:8443"), (STATIC_HEADER, "1")], Err(AnotherOrigin)),
            (&[("referer", "https://app.example/"), (STATIC_HEADER, "1")], Err(NobodySays)),
            (&[], Err(NobodySays)),
        ];
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::CONNECT] {
            for (pairs, expected) in matrix {
                assert_eq!(on(&method, pairs), *expected, "{method} {pairs:?}");
            }
        }
    }

    #[test]
    fn safe_methods_are_for_our_pages_and_for_links() {
        let navigation = [(SITE, "cross-site"), (MODE, "navigate"), (DEST, "document")];
        for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
            for pairs in [&[][..], &[(SITE, "same-origin")], &[(SITE, "none")], &navigation] {
                assert_eq!(on(&method, pairs), Ok(()), "{method} {pairs:?}");
            }
            for pairs in [
                &[(SITE, "cross-site")][..],
                &[(SITE, "same-site"), (MODE, "cors"), (DEST, "empty")],
                &[(SITE, "cross-site"), (MODE, "no-cors"), (DEST, "image")],
                &[(SITE, "cross-site"), (MODE, "navigate"), (DEST, "iframe")],
                &[(SITE, "cross-site"), (MODE, "websocket")],
            ] {
                assert_eq!(on(&method, pairs), Err(CsrfRefusal::AnotherSite), "{method} {pairs:?}");
            }
        }
    }

    #[test]
    fn a_header_twice_is_refused_even_when_both_agree() {
        for name in [SITE, "origin", STATIC_HEADER] {
            let mut pairs = vec![(SITE, "same-origin"), ("origin", OURS), (STATIC_HEADER, "1")];
            pairs.extend(pairs.clone().into_iter().find(|(held, _)| *held == name));
            assert_eq!(on(&Method::POST, &pairs), Err(CsrfRefusal::Repeated), "{name}");
        }
    }

    #[test]
    fn a_sign_in_begins_with_a_navigation() {
        let to = |pairs: &[(&str, &str)]| check_navigation(&headers(pairs));
        let window = [(MODE, "navigate"), (DEST, "document")];
        let from = |site| [&[(SITE, site)][..], &window].concat();
        assert_eq!(to(&from("same-origin")), Ok(Initiator::Ours));
        assert_eq!(to(&from("none")), Ok(Initiator::Ours));
        assert_eq!(to(&from("same-site")), Ok(Initiator::Perhaps));
        assert_eq!(to(&from("cross-site")), Ok(Initiator::Perhaps));
        assert_eq!(to(&[]), Ok(Initiator::Perhaps), "an old browser");
        for pairs in [
            &[(SITE, "same-origin"), (MODE, "cors"), (DEST, "empty")][..],
            &[(SITE, "cross-site"), (MODE, "navigate"), (DEST, "iframe")],
            &[(SITE, "cross-site"), (MODE, "no-cors"), (DEST, "image")],
            &[(MODE, "navigate")],
        ] {
            assert_eq!(to(pairs), Err(CsrfRefusal::NoNavigation), "{pairs:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_but_same_origin_changes_anything(site in "[a-z-]{0,12}", origin in "[a-z:/.]{0,30}", value in "[ -~]{0,3}") {
            let pairs = [(SITE, site.as_str()), ("origin", origin.as_str()), (STATIC_HEADER, value.as_str())];
            let passes = site == "same-origin" && origin == OURS && value == "1";
            prop_assert_eq!(on(&Method::POST, &pairs).is_ok(), passes);
        }
    }
}
