//! How this API proves to the issuer who it is (RFC 7662 §2.1 demands it): a secret in `Authorization: Basic` (RFC 6749 §2.3.1), or a
//! JWT under its private key (`private_key_jwt`: RFC 7523 §3, RFC 7521 §4.2).
//!
//! A signed assertion is the better choice: nothing that the issuer or a log of it keeps can be used to pose as this API.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jwt::key::{SignError, SigningKey};
use protocol::secret::SecretString;
use protocol::time::{Seconds, Timestamp};
use serde::Serialize;
use url::form_urlencoded::byte_serialize;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// RFC 7523bis has a type of its own for these; older issuers know only this one.
const TYP: &str = "JWT";
/// As long as a question can take, and two clocks can differ.
const LIFE: Seconds = Seconds(60);

/// What this API was registered with at the issuer.
#[derive(Clone)]
pub enum ClientCredentials {
    /// A secret, as `client_secret_basic` (RFC 6749 §2.3.1).
    SecretBasic {
        /// The id of this API as a client.
        client_id: String,
        /// Its secret.
        client_secret: SecretString,
    },
    /// An assertion for each question, as `private_key_jwt` (RFC 7523 §3): the better choice, for no log can keep what opens anything.
    PrivateKeyJwt {
        /// The id of this API as a client.
        client_id: String,
        /// The private key whose public half is registered.
        key: Arc<SigningKey>,
        /// The issuer identifier, and nothing else: an assertion that names several can be replayed by one at the other.
        audience: String,
    },
}

/// How one request is authenticated. Shows itself to nobody.
pub(super) enum Proof {
    /// The value of the `Authorization` header.
    Header(SecretString),
    /// Parameters of the form.
    Parameters([(&'static str, String); 2]),
}

/// RFC 7523 §3, items 1 to 7; OpenID Connect Core §9.
#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    jti: String,
    iat: Timestamp,
    exp: Timestamp,
}

impl ClientCredentials {
    /// A proof for one request that is made `now`.
    pub(super) fn prove(&self, now: Timestamp) -> Result<Proof, SignError> {
        match self {
            Self::SecretBasic { client_id, client_secret } => Ok(Proof::Header(basic(client_id, client_secret))),
            Self::PrivateKeyJwt { client_id, key, audience } => {
                let jti = URL_SAFE_NO_PAD.encode(jwt::random::bytes::<16>());
                let claims = Claims { iss: client_id, sub: client_id, aud: audience, jti, iat: now, exp: now + LIFE };
                let assertion = key.sign(Some(TYP), &claims)?;
                Ok(Proof::Parameters([
                    ("client_assertion_type", ASSERTION_TYPE.to_owned()),
                    ("client_assertion", assertion),
                ]))
            }
        }
    }
}

/// RFC 6749 §2.3.1: id and secret are encoded with the "application/x-www-form-urlencoded" algorithm first.
fn basic(client_id: &str, client_secret: &SecretString) -> SecretString {
    let pair: SecretString = SecretString::new(
        byte_serialize(client_id.as_bytes())
            .chain([":"])
            .chain(byte_serialize(client_secret.expose().as_bytes()))
            .collect(),
    );
    SecretString::new(format!("Basic {}", STANDARD.encode(pair.expose())))
}

/// The id and the method.
impl fmt::Debug for ClientCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SecretBasic { client_id, .. } => write!(f, "SecretBasic({client_id})"),
            Self::PrivateKeyJwt { client_id, key, .. } => write!(f, "PrivateKeyJwt({client_id}, {key:?})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jwt::verify::{self, Expected};
    use proptest::prelude::*;
    use protocol::client_auth::{ASSERTION_TYPES, AssertionClaims, check_assertion};
    use protocol::client_auth::{PresentedCredentials, presented};
    use protocol::ids::ClientId;
    use protocol::issuer::Issuer;
    use protocol::params::Params;
    use protocol::signing::SigningAlgorithm;

    const NOW: Timestamp = Timestamp(1_700_000_000);

    fn by_key() -> (ClientCredentials, Arc<SigningKey>) {
        let key = Arc::new(SigningKey::generate(SigningAlgorithm::ES256).unwrap());
        let audience = "https://auth.example".to_owned();
        (ClientCredentials::PrivateKeyJwt { client_id: "api".into(), key: Arc::clone(&key), audience }, key)
    }

    fn assertion(credentials: &ClientCredentials) -> String {
        match credentials.prove(NOW).unwrap() {
            Proof::Parameters([(_, kind), (_, assertion)]) if kind == ASSERTION_TYPE => assertion,
            _ => panic!("is an assertion"),
        }
    }

    /// The very rules of the issuer.
    #[test]
    fn an_assertion_has_the_claims_that_an_issuer_demands() {
        let (credentials, key) = by_key();
        let token = assertion(&credentials);
        let expected = Expected { typ: ASSERTION_TYPES, algorithms: SigningAlgorithm::ALL };
        let claims: AssertionClaims = verify::verify(&token, key.verifying_key(), &expected).unwrap();
        let (api, issuer) = (ClientId::parse("api").unwrap(), Issuer::parse("https://auth.example").unwrap());
        let used = check_assertion(&claims, &api, &issuer, NOW).unwrap();
        assert_eq!((used.jti.len(), claims.iat, claims.exp), (22, Some(NOW.0), Some(NOW.0 + 60)));
        assert_eq!(claims.aud, serde_json::json!("https://auth.example"));
    }

    #[test]
    fn no_two_assertions_have_the_same_jti() {
        let (credentials, key) = by_key();
        let expected = Expected { typ: ASSERTION_TYPES, algorithms: SigningAlgorithm::ALL };
        let jti = || {
            let token = assertion(&credentials);
            verify::verify::<AssertionClaims>(&token, key.verifying_key(), &expected).unwrap().jti.unwrap()
        };
        assert_ne!(jti(), jti());
    }

    #[test]
    fn debug_output_names_the_client_and_the_method() {
        let secret = ClientCredentials::SecretBasic {
            client_id: "api".into(),
            client_secret: SecretString::new("hidden".into()),
        };
        assert_eq!(format!("{secret:?}"), "SecretBasic(api)");
        assert!(format!("{:?}", by_key().0).starts_with("PrivateKeyJwt(api, SigningKey(ES256"));
    }

    proptest! {
        /// What we write is what an issuer that follows the RFC reads.
        #[test]
        fn id_and_secret_arrive_whatever_is_in_them(id in "[ -~]{1,30}", secret in "\\PC{1,40}") {
            let header = basic(&id, &SecretString::new(secret.clone()));
            if ClientId::parse(&id).is_ok() {
                let read = presented(Some(header.expose()), &Params::default()).expect("is Basic");
                let PresentedCredentials::Secret { client_id, secret: read, .. } = read else { panic!("has a secret") };
                prop_assert_eq!((client_id.as_str(), read.expose()), (id.as_str(), &secret));
            }
        }
    }
}
