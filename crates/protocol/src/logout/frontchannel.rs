//! Front-channel logout (OpenID Connect Front-Channel Logout 1.0): which page of a client the browser loads in a frame.

use crate::authorize::callback::with_query;
use crate::http_url::HttpUrl;
use crate::issuer::Issuer;

/// What is loaded, and what the content security policy of our page has to allow for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    pub src: String,
    /// Scheme, host and port, safe to stand in a policy.
    pub origin: String,
}

/// `uri` is the `frontchannel_logout_uri` of a client, `sid` what this client calls the session (`sid.rs`). `None` for an address
/// that cannot stand in a policy.
pub fn frame(uri: &str, issuer: &Issuer, sid: &str) -> Option<Frame> {
    let url = HttpUrl::parse(uri).ok()?;
    // A host may hold `;` and `,` (URL standard); in a policy they would end our sentence.
    let plain = url.host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'));
    // Front-Channel Logout §2: "The OP MAY add these query parameters when rendering the logout URI, and if either is included,
    // both MUST be". Always both, so that a page of another site cannot end a session whose `sid` it does not know.
    let fields = [("iss", issuer.as_str().to_owned()), ("sid", sid.to_owned())];
    plain.then(|| Frame { src: with_query(uri, &fields), origin: url.origin() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(uri: &str) -> Option<Frame> {
        let issuer = Issuer::parse("https://id.example.com/tenant").expect("is an issuer");
        frame(uri, &issuer, "s1")
    }

    #[test]
    fn issuer_and_session_are_added_to_what_is_there() {
        let frame = of("https://notes.example:8443/out?a=b").expect("is a page");
        assert_eq!(frame.src, "https://notes.example:8443/out?a=b&iss=https%3A%2F%2Fid.example.com%2Ftenant&sid=s1");
        assert_eq!(frame.origin, "https://notes.example:8443");
        assert_eq!(of("http://localhost/out").expect("is a page").origin, "http://localhost");
    }

    #[test]
    fn what_could_break_the_policy_is_left_out() {
        for uri in ["https://a.example;script-src/out", "https://a.example,b/out", "https://[::1]/out", "data:,x", ""] {
            assert_eq!(of(uri), None, "{uri}");
        }
    }
}
