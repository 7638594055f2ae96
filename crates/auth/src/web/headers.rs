//! The security headers of every kind of answer, as plain lists of names and values.
//!
//! Nothing on our pages is inline and nothing of ours comes from elsewhere, so the policy needs no nonce and has three openings
//! only: a client's picture, by its origin; the pages of front-channel logout, by their origins; and forms that lead away. An
//! interaction page says nothing about form targets, because browsers apply `form-action` to the redirect after a POST as well,
//! and that redirect goes to the client.

use std::collections::BTreeSet;

use protocol::issuer::Issuer;
use protocol::logout::frontchannel::Frame;
use url::{Host, Url};

pub type Header = (&'static str, String);

/// Where the forms of a page may lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormTargets {
    /// Back to a client in the end, so anywhere.
    Clients,
    OwnOrigin,
}

/// The picture of a client: an https address whose origin can stand in a policy.
///
/// The browser fetches it from the client's site, which shows that site the person's address and nothing else (no referrer,
/// no cookie of ours). That is acceptable because the operator chose the address or, where clients register themselves, its
/// host is one that the person is about to be sent to. Plain http would add a listener in between and a mixed-content
/// warning, so it is not shown at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logo {
    src: String,
    origin: String,
}

impl Logo {
    /// `None` for everything that we do not show.
    pub fn parse(logo_uri: &str) -> Option<Self> {
        let url = Url::parse(logo_uri).ok().filter(|url| url.scheme() == "https")?;
        let plain = |host: &str| host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'));
        match url.host()? {
            // The URL standard allows `;` and `,` in a host name; in a policy they would end our sentence.
            Host::Domain(host) if plain(host) && url.username().is_empty() && url.password().is_none() => {
                Some(Self { origin: url.origin().ascii_serialization(), src: url.into() })
            }
            Host::Domain(_) | Host::Ipv4(_) | Host::Ipv6(_) => None,
        }
    }

    pub fn src(&self) -> &str {
        &self.src
    }
}

/// For a page.
pub fn page(forms: FormTargets, logo: Option<&Logo>, frames: &[Frame]) -> Vec<Header> {
    vec![
        ("Content-Security-Policy", content_security_policy(forms, logo, frames)),
        ("Cross-Origin-Opener-Policy", "same-origin".to_owned()),
        ("Permissions-Policy", PERMISSIONS.to_owned()),
        ("Cache-Control", "no-store".to_owned()),
        ("X-Robots-Tag", "noindex".to_owned()),
    ]
}

/// For a file whose address changes with its content.
pub fn asset() -> Vec<Header> {
    vec![
        ("Cache-Control", "public, max-age=31536000, immutable".to_owned()),
        // An SVG is a document when it is opened by its address.
        ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox".to_owned()),
    ]
}

/// For the HTML of a mail in the mailbox of development: it has its own style and nothing else, not even an origin.
pub fn mail() -> Vec<Header> {
    let policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
                  frame-ancestors 'none'; sandbox allow-popups allow-top-navigation-by-user-activation";
    vec![("Content-Security-Policy", policy.to_owned()), ("Cache-Control", "no-store".to_owned())]
}

/// For every answer of any kind; `web/trace.rs` adds them.
pub fn everything(issuer: &Issuer) -> Vec<Header> {
    let mut headers = vec![
        ("Referrer-Policy", "no-referrer".to_owned()),
        ("X-Content-Type-Options", "nosniff".to_owned()),
        ("Cross-Origin-Resource-Policy", "same-origin".to_owned()),
    ];
    // On `localhost` the rule would reach every other program on the developer's machine.
    if issuer.is_https() && !issuer.is_loopback() {
        headers.push(("Strict-Transport-Security", "max-age=63072000; includeSubDomains".to_owned()));
    }
    headers
}

const PERMISSIONS: &str = "accelerometer=(), autoplay=(), camera=(), clipboard-read=(), clipboard-write=(self), \
     display-capture=(), encrypted-media=(), fullscreen=(), geolocation=(), gyroscope=(), magnetometer=(), \
     microphone=(), midi=(), payment=(), picture-in-picture=(), publickey-credentials-create=(self), \
     publickey-credentials-get=(self), screen-wake-lock=(), serial=(), usb=(), xr-spatial-tracking=()";

fn content_security_policy(forms: FormTargets, logo: Option<&Logo>, frames: &[Frame]) -> String {
    let images = logo.map(|logo| format!(" {}", logo.origin)).unwrap_or_default();
    let forms = match forms {
        FormTargets::Clients => "",
        FormTargets::OwnOrigin => "; form-action 'self'",
    };
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:{images}; connect-src 'self'; \
         base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'{forms}{}",
        frame_sources(frames)
    )
}

/// Each origin once. Without frames nothing is said, and `default-src` forbids them.
fn frame_sources(frames: &[Frame]) -> String {
    let origins: BTreeSet<&str> = frames.iter().map(|frame| frame.origin.as_str()).collect();
    if origins.is_empty() {
        return String::new();
    }
    format!("; frame-src {}", origins.into_iter().collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(headers: &[Header], name: &str) -> Option<String> {
        headers.iter().find(|header| header.0 == name).map(|header| header.1.clone())
    }

    fn issuer(raw: &str) -> Issuer {
        Issuer::parse(raw).expect("an issuer")
    }

    #[test]
    fn an_interaction_page_says_nothing_about_form_targets() {
        let policy = content_security_policy(FormTargets::Clients, None, &[]);
        assert!(!policy.contains("form-action"), "{policy}");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert!(content_security_policy(FormTargets::OwnOrigin, None, &[]).ends_with("; form-action 'self'"));
    }

    #[test]
    fn a_logo_opens_the_policy_for_its_origin_only() {
        let logo = Logo::parse("https://notes.example.com:8443/a/logo.png?v=2").expect("https");
        let policy = content_security_policy(FormTargets::Clients, Some(&logo), &[]);
        assert!(policy.contains("img-src 'self' data: https://notes.example.com:8443; connect-src"), "{policy}");
    }

    #[test]
    fn frames_open_the_policy_for_their_origins_only() {
        let frame = |origin: &str| Frame { src: format!("{origin}/out?sid=s1"), origin: origin.to_owned() };
        let frames = ["https://b.example", "https://a.example:8443", "https://b.example"].map(frame);
        let policy = content_security_policy(FormTargets::OwnOrigin, None, &frames);
        assert!(policy.ends_with("; frame-src https://a.example:8443 https://b.example"), "{policy}");
        assert!(!content_security_policy(FormTargets::OwnOrigin, None, &[]).contains("frame-src"));
    }

    #[test]
    fn a_logo_that_could_break_the_policy_is_not_shown() {
        for uri in [
            "http://notes.example.com/logo.png",
            "https://notes.example.com;script-src/logo.png",
            "https://notes.example.com,default-src/logo.png",
            "https://*/logo.png",
            "https://person@notes.example.com/logo.png",
            "https://192.0.2.1/logo.png",
            "data:image/svg+xml,<svg/>",
            "javascript:alert(1)",
            "//notes.example.com/logo.png",
            "",
        ] {
            assert_eq!(Logo::parse(uri), None, "{uri}");
        }
    }

    #[test]
    fn https_is_demanded_only_where_it_is_the_issuer() {
        let strict = |raw| value(&everything(&issuer(raw)), "Strict-Transport-Security");
        assert!(strict("https://id.example.com").is_some());
        assert_eq!(strict("http://127.0.0.1:8080"), None);
        assert_eq!(strict("https://localhost:8443"), None);
    }

    #[test]
    fn pages_are_not_kept_and_files_are() {
        let issuer = issuer("https://id.example.com");
        let pages = page(FormTargets::OwnOrigin, None, &[]);
        assert_eq!(value(&pages, "Cache-Control").as_deref(), Some("no-store"));
        assert_eq!(value(&everything(&issuer), "X-Content-Type-Options").as_deref(), Some("nosniff"));
        assert_eq!(value(&asset(), "Cache-Control").as_deref(), Some("public, max-age=31536000, immutable"));
    }

    #[test]
    fn no_header_is_sent_twice() {
        let issuer = issuer("https://id.example.com");
        for special in [page(FormTargets::Clients, None, &[]), asset()] {
            let mut headers = [special, everything(&issuer)].concat();
            let count = headers.len();
            headers.sort();
            headers.dedup_by_key(|header| header.0);
            assert_eq!(headers.len(), count);
        }
    }
}
