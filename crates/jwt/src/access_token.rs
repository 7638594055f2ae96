//! The claims of our access tokens (RFC 9068 §2.2), shared by the server that signs them and the API that reads them. Tokens
//! without an API carry the same claims, sealed (`sealed.rs`).

use protocol::ids::{ClientId, TokenId};
use protocol::scope::Scope;
use protocol::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::claims::{Audience, Times};

/// RFC 9068 §2.1: the media type `application/at+jwt`, so that no other token passes for an access token.
pub const TYP: &str = "at+jwt";

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AccessTokenClaims {
    pub iss: String,
    /// The person, or the client itself (client credentials).
    pub sub: String,
    pub aud: Audience,
    pub exp: Timestamp,
    pub iat: Timestamp,
    pub jti: TokenId,
    pub client_id: ClientId,
    #[serde(default = "Scope::empty", skip_serializing_if = "Scope::is_empty")]
    pub scope: Scope,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
}

impl AccessTokenClaims {
    pub fn times(&self) -> Times {
        Times { exp: Some(self.exp), nbf: None, iat: Some(self.iat) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn example() -> Value {
        json!({
            "iss": "https://issuer.example", "sub": "alice", "aud": "https://api.example", "exp": 2000, "iat": 1000,
            "jti": "g.t", "client_id": "app", "scope": "notes:read notes:write", "auth_time": 900, "acr": "1",
        })
    }

    #[test]
    fn the_claims_have_the_names_of_the_rfc() {
        let claims: AccessTokenClaims = serde_json::from_value(example()).expect("are the claims");
        assert_eq!(serde_json::to_value(&claims).expect("are JSON"), example());
        assert!(claims.scope.contains("notes:read"));
    }

    #[test]
    fn what_is_absent_is_left_out() {
        let mut short = example();
        for member in ["scope", "auth_time", "acr"] {
            short.as_object_mut().expect("an object").remove(member);
        }
        let claims: AccessTokenClaims = serde_json::from_value(short.clone()).expect("are the claims");
        assert_eq!(serde_json::to_value(&claims).expect("are JSON"), short);
    }

    /// RFC 9068 §2.2: these are REQUIRED.
    #[test]
    fn no_required_claim_may_be_missing() {
        for member in ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"] {
            let mut short = example();
            short.as_object_mut().expect("an object").remove(member);
            assert!(serde_json::from_value::<AccessTokenClaims>(short).is_err(), "{member}");
        }
    }
}
