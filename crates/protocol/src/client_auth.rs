//! Who sends this token-like request: `Authorization` header and parameters → exactly one `PresentedCredentials` (RFC 6749
//! §2.3, RFC 7521 §4.2).
//!
//! Here the *form* is checked: one method, and the registered one. Whether a secret or a signature is right is found out by the
//! shell; what a signed assertion must claim is in `client_assertion.rs`.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::Deserialize;

use crate::client::{Client, TokenEndpointAuthMethod};
use crate::error::{ErrorCode, OAuthError};
use crate::ids::ClientId;
use crate::params::{self, Params};
use crate::secret::{Secret, SecretString};

pub use crate::client_assertion::{ASSERTION_TYPES, AssertionClaims, UsedAssertion, check_assertion};

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const MAX_ASSERTION_LENGTH: usize = 16 * 1024;

/// What the client says to prove itself. Nothing in it is verified yet.
#[derive(Clone)]
pub enum PresentedCredentials {
    None { client_id: ClientId },
    Secret { client_id: ClientId, secret: SecretString, transport: SecretTransport },
    Assertion { client_id: ClientId, assertion: String },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretTransport {
    Basic,
    Post,
}

impl PresentedCredentials {
    pub fn client_id(&self) -> &ClientId {
        match self {
            Self::None { client_id } | Self::Secret { client_id, .. } | Self::Assertion { client_id, .. } => client_id,
        }
    }
}

/// Names the client and the method, never the secret or the assertion.
impl fmt::Debug for PresentedCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None { client_id } => write!(f, "None({client_id})"),
            Self::Secret { client_id, transport, .. } => write!(f, "Secret({client_id}, {transport:?})"),
            Self::Assertion { client_id, .. } => write!(f, "Assertion({client_id})"),
        }
    }
}

/// RFC 6749 §2.3: "The client MUST NOT use more than one authentication method in each request."
pub fn presented(authorization: Option<&str>, params: &Params) -> Result<PresentedCredentials, OAuthError> {
    let assertion = assertion(params)?;
    let secret = params.get("client_secret")?;
    match (authorization, secret, assertion) {
        (Some(header), None, None) => basic(header, params),
        (None, Some(secret), None) => {
            let client_id = client_id(params.require("client_id")?)?;
            let secret = Secret::new(secret.to_owned());
            Ok(PresentedCredentials::Secret { client_id, secret, transport: SecretTransport::Post })
        }
        (None, None, Some(assertion)) => by_assertion(assertion, params),
        (None, None, None) => match params.get("client_id")? {
            Some(text) => Ok(PresentedCredentials::None { client_id: client_id(text)? }),
            None => Err(OAuthError::new(ErrorCode::InvalidClient, "the request names no client")),
        },
        _ => Err(invalid_request("use only one way of client authentication")),
    }
}

/// A secret may come by Basic or in the body, whichever of the two was registered; everything else is exact, so that a client
/// with a credential can never pass without it (RFC 9700 §2.5).
pub fn check_method(client: &Client, presented: &PresentedCredentials) -> Result<(), OAuthError> {
    let is_registered = match presented {
        PresentedCredentials::None { .. } => client.token_endpoint_auth_method == TokenEndpointAuthMethod::None,
        PresentedCredentials::Secret { .. } => matches!(
            client.token_endpoint_auth_method,
            TokenEndpointAuthMethod::ClientSecretBasic | TokenEndpointAuthMethod::ClientSecretPost
        ),
        PresentedCredentials::Assertion { .. } => matches!(
            client.token_endpoint_auth_method,
            TokenEndpointAuthMethod::ClientSecretJwt | TokenEndpointAuthMethod::PrivateKeyJwt
        ),
    };
    if is_registered { Ok(()) } else { Err(failed()) }
}

/// The one answer to an unknown client, a wrong secret and a wrong method: a stranger learns nothing from the difference.
pub fn failed() -> OAuthError {
    OAuthError::new(ErrorCode::InvalidClient, "client authentication failed")
}

/// The `client_assertion` when the request has one. Half of the pair is an error (RFC 7521 §4.2).
fn assertion(params: &Params) -> Result<Option<&str>, OAuthError> {
    match (params.get("client_assertion_type")?, params.get("client_assertion")?) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err(invalid_request("client_assertion needs its type").at("client_assertion_type")),
        (Some(_), None) => Err(invalid_request("client_assertion_type needs an assertion").at("client_assertion")),
        (Some(ASSERTION_TYPE), Some(assertion)) if assertion.len() <= MAX_ASSERTION_LENGTH => Ok(Some(assertion)),
        (Some(ASSERTION_TYPE), Some(_)) => {
            Err(invalid_request("the assertion is longer than 16 KiB").at("client_assertion"))
        }
        (Some(_), Some(_)) => {
            Err(invalid_request("this type of assertion is not supported").at("client_assertion_type"))
        }
    }
}

fn by_assertion(assertion: &str, params: &Params) -> Result<PresentedCredentials, OAuthError> {
    let named = unverified_issuer(assertion).ok_or_else(failed)?;
    let client_id = client_id(&named)?;
    check_agreement(&client_id, params)?;
    Ok(PresentedCredentials::Assertion { client_id, assertion: assertion.to_owned() })
}

/// Which client to look up. The signature is verified with the keys of that client, so a lie here fails there.
fn unverified_issuer(assertion: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Unverified {
        iss: String,
    }
    let payload = assertion.split('.').nth(1)?;
    let json = URL_SAFE_NO_PAD.decode(payload).ok()?;
    serde_json::from_slice::<Unverified>(&json).ok().map(|claims| claims.iss)
}

/// RFC 6749 §2.3.1: id and secret are form-encoded, joined by a colon, then sent as RFC 7617 credentials.
fn basic(header: &str, params: &Params) -> Result<PresentedCredentials, OAuthError> {
    let (id, secret) = basic_pair(header).ok_or_else(malformed_header)?;
    let client_id = client_id(&id)?;
    check_agreement(&client_id, params)?;
    let secret = Secret::new(secret);
    Ok(PresentedCredentials::Secret { client_id, secret, transport: SecretTransport::Basic })
}

fn basic_pair(header: &str) -> Option<(String, String)> {
    let (scheme, credentials) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("Basic") {
        return None;
    }
    let joined = STANDARD.decode(credentials.trim_matches(' ')).ok()?;
    let colon = joined.iter().position(|byte| *byte == b':')?;
    Some((params::form_decode(&joined[..colon])?, params::form_decode(&joined[colon + 1..])?))
}

/// A `client_id` beside the credentials is allowed, but must name the same client.
fn check_agreement(client_id: &ClientId, params: &Params) -> Result<(), OAuthError> {
    match params.get("client_id")? {
        Some(other) if other != client_id.as_str() => {
            Err(invalid_request("client_id and the credentials name different clients").at("client_id"))
        }
        _ => Ok(()),
    }
}

/// What is no id cannot be a client of ours.
fn client_id(text: &str) -> Result<ClientId, OAuthError> {
    ClientId::parse(text).map_err(|_| failed())
}

fn malformed_header() -> OAuthError {
    OAuthError::new(ErrorCode::InvalidClient, "the Authorization header must hold form-encoded Basic credentials")
}

fn invalid_request(description: &'static str) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidRequest, description)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::tests::sample;
    use proptest::prelude::*;

    fn params(query: &str) -> Params {
        Params::parse(query.as_bytes()).expect(query)
    }

    fn header(pair: &str) -> String {
        format!("Basic {}", STANDARD.encode(pair))
    }

    fn assertion_of(iss: &str) -> String {
        let claims = serde_json::json!({ "iss": iss }).to_string();
        let query = [("client_assertion_type", ASSERTION_TYPE.to_owned())];
        let assertion = format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims));
        Params::from_pairs(query.into_iter().chain([("client_assertion", assertion)])).encode()
    }

    fn code(result: Result<PresentedCredentials, OAuthError>) -> ErrorCode {
        result.expect_err("is refused").code
    }

    #[test]
    fn each_way_is_recognised() {
        let found = presented(None, &params("client_id=notes")).expect("names a client");
        assert!(matches!(&found, PresentedCredentials::None { client_id } if client_id.as_str() == "notes"));

        let found = presented(None, &params("client_id=notes&client_secret=s%20+")).expect("has a secret");
        let PresentedCredentials::Secret { secret, transport: SecretTransport::Post, .. } = &found else {
            panic!("{found:?}")
        };
        assert_eq!(secret.expose(), "s  ");

        let found = presented(None, &params(&assertion_of("notes"))).expect("has an assertion");
        assert!(matches!(&found, PresentedCredentials::Assertion { .. }));
        assert_eq!(found.client_id().as_str(), "notes");
    }

    #[test]
    fn basic_credentials_are_form_decoded_after_base64() {
        let found = presented(Some(&header("a%3Ab:p%25+%C3%A4:x")), &Params::default()).expect("is Basic");
        let PresentedCredentials::Secret { client_id, secret, transport: SecretTransport::Basic } = &found else {
            panic!("{found:?}")
        };
        assert_eq!((client_id.as_str(), secret.expose().as_str()), ("a:b", "p% ä:x"));
        assert!(presented(Some(&header("a:b").replace("Basic", "bAsIC")), &Params::default()).is_ok());
    }

    #[test]
    fn two_ways_in_one_request_are_refused() {
        let basic = header("notes:s");
        let assertion = assertion_of("notes");
        for (authorization, query) in [
            (Some(basic.as_str()), "client_id=notes&client_secret=s".to_owned()),
            (Some(basic.as_str()), assertion.clone()),
            (None, format!("client_id=notes&client_secret=s&{assertion}")),
            (Some(basic.as_str()), format!("client_secret=s&{assertion}")),
        ] {
            assert_eq!(code(presented(authorization, &params(&query))), ErrorCode::InvalidRequest, "{query}");
        }
    }

    #[test]
    fn no_credentials_at_all_are_an_invalid_client() {
        assert_eq!(code(presented(None, &params("grant_type=x"))), ErrorCode::InvalidClient);
        assert_eq!(code(presented(None, &params("client_id="))), ErrorCode::InvalidClient);
        assert_eq!(code(presented(None, &params("client_secret=s"))), ErrorCode::InvalidRequest);
    }

    #[test]
    fn a_client_id_beside_the_credentials_must_agree() {
        let basic = header("notes:s");
        assert!(presented(Some(&basic), &params("client_id=notes")).is_ok());
        assert_eq!(code(presented(Some(&basic), &params("client_id=other"))), ErrorCode::InvalidRequest);
        let query = format!("client_id=other&{}", assertion_of("notes"));
        assert_eq!(code(presented(None, &params(&query))), ErrorCode::InvalidRequest);
    }

    #[test]
    fn malformed_headers_are_an_invalid_client() {
        let no_colon = header("notes");
        let broken_escape = header("notes:%zz");
        let no_id = header(":s");
        for text in ["", "Basic", "Basic ", "Basic !", "Bearer abc", "Digest a", &no_colon, &broken_escape, &no_id] {
            assert_eq!(code(presented(Some(text), &Params::default())), ErrorCode::InvalidClient, "{text}");
        }
    }

    #[test]
    fn half_an_assertion_is_refused() {
        for query in
            ["client_assertion=a.b.c", "client_assertion_type=x", "client_assertion=a.b.c&client_assertion_type=x"]
        {
            assert_eq!(code(presented(None, &params(query))), ErrorCode::InvalidRequest, "{query}");
        }
    }

    #[test]
    fn an_assertion_that_names_nobody_is_an_invalid_client() {
        let kind = "client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        for assertion in ["x", "a.b.c", "a.e30.c", "a..c"] {
            let query = format!("{kind}&client_assertion={assertion}");
            assert_eq!(code(presented(None, &params(&query))), ErrorCode::InvalidClient, "{assertion}");
        }
        let query = format!("{kind}&client_assertion={}", "a".repeat(MAX_ASSERTION_LENGTH + 1));
        assert_eq!(code(presented(None, &params(&query))), ErrorCode::InvalidRequest);
    }

    #[test]
    fn the_debug_form_shows_no_credential() {
        for (authorization, query) in [
            (Some(header("notes:hunter2")), String::new()),
            (None, "client_id=notes&client_secret=hunter2".to_owned()),
            (None, assertion_of("notes").replace("c2ln", "hunter2")),
        ] {
            let found = presented(authorization.as_deref(), &params(&query)).expect("one way");
            assert!(!format!("{found:?} {:?}", params(&query)).contains("hunter2"));
        }
    }

    #[test]
    fn a_client_uses_exactly_its_registered_method() {
        use TokenEndpointAuthMethod::{
            ClientSecretBasic, ClientSecretJwt, ClientSecretPost, None as NoMethod, PrivateKeyJwt,
        };
        let ways = [
            (presented(None, &params("client_id=notes")), &[NoMethod][..]),
            (presented(Some(&header("notes:s")), &Params::default()), &[ClientSecretBasic, ClientSecretPost]),
            (presented(None, &params("client_id=notes&client_secret=s")), &[ClientSecretBasic, ClientSecretPost]),
            (presented(None, &params(&assertion_of("notes"))), &[ClientSecretJwt, PrivateKeyJwt]),
        ];
        for (found, fitting) in ways {
            let found = found.expect("one way");
            for method in TokenEndpointAuthMethod::ALL {
                let client = Client { token_endpoint_auth_method: *method, ..sample() };
                let expected = if fitting.contains(method) { Ok(()) } else { Err(failed()) };
                assert_eq!(check_method(&client, &found), expected, "{method} {found:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn what_basic_carries_is_read_back(id in "[!#-\\[\\]-~]{1,20}", secret in "[^\0]{0,20}") {
            let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            let header = header(&format!("{}:{}", encode(&id), encode(&secret)));
            let Ok(PresentedCredentials::Secret { client_id, secret: read, .. }) = presented(Some(&header), &Params::default())
            else {
                panic!("Basic was not recognised")
            };
            prop_assert_eq!(client_id.as_str(), id);
            prop_assert_eq!(read.expose(), &secret);
        }

        #[test]
        fn no_header_makes_the_reader_panic(text: String) {
            let _ = presented(Some(&text), &Params::default());
            let _ = presented(Some(&header(&text)), &Params::default());
        }
    }
}
