//! What the browser says about the ceremony (§5.8.1), as far as the library is not strict enough: it reads an origin as a URL,
//! with whatever stands behind the host, and lets an assertion come out of a frame.

use serde::Deserialize;

use super::{PasskeyError, RelyingParty};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientData {
    origin: String,
    #[serde(default)]
    cross_origin: bool,
    top_origin: Option<String>,
}

/// §7.1, §7.2: "Verify that the value of C.origin is an origin expected by the Relying Party." "If C.crossOrigin is present and set
/// to true, verify that the Relying Party expects that this credential would have been created within an iframe that is not
/// same-origin with its ancestors." It never does.
pub(super) fn check(json: &[u8], party: &RelyingParty) -> Result<(), PasskeyError> {
    let data: ClientData = serde_json::from_slice(json).map_err(|_| PasskeyError::Malformed)?;
    if data.origin != party.origin {
        return Err(PasskeyError::WrongOrigin);
    }
    if data.cross_origin || data.top_origin.is_some() {
        return Err(PasskeyError::CrossOrigin);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use protocol::issuer::Issuer;

    use super::*;

    fn party() -> RelyingParty {
        RelyingParty::of(&Issuer::parse("https://example.com:8443/tenant").expect("an issuer")).expect("a domain")
    }

    fn checked(origin: &str) -> Result<(), PasskeyError> {
        check(serde_json::json!({ "origin": origin }).to_string().as_bytes(), &party())
    }

    #[test]
    fn the_origin_is_compared_byte_for_byte() {
        assert!(checked("https://example.com:8443").is_ok());
        for other in [
            "https://example.com",
            "https://example.com:443",
            "https://example.com:8444",
            "http://example.com:8443",
            "https://badexample.com:8443",
            "https://sub.example.com:8443",
            "https://example.com.evil.test:8443",
            "https://EXAMPLE.com:8443",
            "https://example.com:8443/",
            "https://example.com:8443/path",
            "https://somebody@example.com:8443",
            "android:apk-key-hash:x",
            "null",
            "",
        ] {
            assert!(matches!(checked(other), Err(PasskeyError::WrongOrigin)), "{other}");
        }
    }

    #[test]
    fn a_frame_of_another_site_is_refused() {
        let framed = |more: &str| {
            let json = format!(r#"{{"origin":"https://example.com:8443",{more}}}"#);
            check(json.as_bytes(), &party())
        };
        assert!(framed(r#""crossOrigin":false"#).is_ok());
        assert!(matches!(framed(r#""crossOrigin":true"#), Err(PasskeyError::CrossOrigin)));
        assert!(matches!(framed(r#""topOrigin":"https://evil.test""#), Err(PasskeyError::CrossOrigin)));
        assert!(matches!(framed(r#""crossOrigin":"no""#), Err(PasskeyError::Malformed)));
        assert!(matches!(framed(r#""origin":"https://evil.test""#), Err(PasskeyError::Malformed)), "said twice");
    }

    proptest! {
        #[test]
        fn only_one_origin_is_ours(origin: String) {
            prop_assert_eq!(checked(&origin).is_ok(), origin == "https://example.com:8443");
        }

        #[test]
        fn no_bytes_make_the_reader_panic(bytes: Vec<u8>) {
            prop_assert!(check(&bytes, &party()).is_err());
        }
    }
}
