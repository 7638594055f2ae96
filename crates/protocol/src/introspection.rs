//! What `/introspect` tells, and whom (RFC 7662): an authenticated client about a token that concerns it, nobody else anything.
//!
//! That the token is authentic, and what it rests on in order, was found out before; so every value here is true.

use serde::{Serialize, Serializer};

use crate::grant::TokenType;
use crate::grant::refresh_token::Rotation;
use crate::grant::state::{Generation, Life};
use crate::ids::{ClientId, TokenId};
use crate::scope::Scope;
use crate::time::Timestamp;

/// The answer (RFC 7662 §2.2). An active token is described; an inactive one is `{"active": false}` and nothing more.
#[derive(Clone, Debug, Serialize)]
pub struct Introspection {
    active: bool,
    #[serde(flatten)]
    token: Option<TokenDescription>,
}

/// What is told of an active token. Its members have the names of RFC 7662 §2.2 and RFC 9068 §2.2.
#[derive(Clone, Debug, Serialize)]
pub struct TokenDescription {
    /// RFC 7662 §2.2: "Type of the token as defined in Section 5.1 of OAuth 2.0", which a refresh token has none of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_type: Option<TokenType>,
    pub iss: String,
    pub sub: String,
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "one_or_many")]
    pub aud: Vec<String>,
    pub client_id: ClientId,
    /// The name of the person, when the token speaks of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    #[serde(skip_serializing_if = "Scope::is_empty")]
    pub scope: Scope,
    pub exp: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iat: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jti: Option<TokenId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
}

impl From<Option<TokenDescription>> for Introspection {
    fn from(token: Option<TokenDescription>) -> Self {
        Self { active: token.is_some(), token }
    }
}

/// Whether an access token concerns the client that asks: it is its owner, or the resource server of an API in the audience.
/// `serves` are the identifiers of the APIs whose resource server it is.
pub fn concerns(asking: &ClientId, owner: &ClientId, audience: &[&str], serves: &[String]) -> bool {
    // RFC 7662 §2.2: if "the protected resource is not allowed to introspect this particular token, then the authorization
    // server MUST return an introspection response with the "active" field set to "false"."
    asking == owner || serves.iter().any(|api| audience.contains(&api.as_str()))
}

/// When a refresh token ends, if it is the live one of its grant; `None` when it is inactive.
pub fn refresh_token_expiry(grant: &Rotation, presented: Generation, now: Timestamp) -> Option<Timestamp> {
    let expires_at = grant.idle_expires_at.min(grant.expires_at);
    (grant.life == Life::Active(presented) && now < expires_at).then_some(expires_at)
}

/// RFC 7519 §4.1.3: one audience may be written as a string, several are an array. Written as in the token itself.
pub(crate) fn one_or_many<S: Serializer>(audience: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    match audience {
        [one] => one.serialize(serializer),
        many => many.serialize(serializer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grant::state::Grant;
    use crate::grant::state::tests::{CREATED, ended, redeemed, sample as issued};
    use crate::time::Seconds;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn id(text: &str) -> ClientId {
        ClientId::parse(text).expect("is an id")
    }

    fn description() -> TokenDescription {
        TokenDescription {
            token_type: Some(TokenType::Bearer),
            iss: "https://issuer.example".to_owned(),
            sub: "ada".to_owned(),
            aud: vec!["https://api.example".to_owned()],
            client_id: id("notes"),
            username: Some("ada".to_owned()),
            scope: Scope::parse("notes:read").expect("is a scope"),
            exp: Timestamp(2_000),
            iat: Some(Timestamp(1_000)),
            jti: TokenId::parse("g.t").ok(),
            auth_time: Some(Timestamp(900)),
            acr: Some("1".to_owned()),
        }
    }

    fn answer(token: Option<TokenDescription>) -> Value {
        serde_json::to_value(Introspection::from(token)).expect("is plain data")
    }

    #[test]
    fn an_inactive_token_is_told_in_one_word() {
        assert_eq!(answer(None), json!({ "active": false }));
    }

    #[test]
    fn an_active_token_is_told_with_the_names_of_the_rfc() {
        let whole = json!({
            "active": true, "token_type": "Bearer", "iss": "https://issuer.example", "sub": "ada",
            "aud": "https://api.example", "client_id": "notes", "username": "ada", "scope": "notes:read",
            "exp": 2_000, "iat": 1_000, "jti": "g.t", "auth_time": 900, "acr": "1",
        });
        assert_eq!(answer(Some(description())), whole);
        let aud = vec!["https://api.example".to_owned(), "https://issuer.example".to_owned()];
        assert_eq!(answer(Some(TokenDescription { aud: aud.clone(), ..description() }))["aud"], json!(aud));
    }

    #[test]
    fn what_a_token_does_not_say_is_left_out() {
        let bare = TokenDescription {
            token_type: None,
            aud: Vec::new(),
            username: None,
            scope: Scope::empty(),
            iat: None,
            jti: None,
            auth_time: None,
            acr: None,
            ..description()
        };
        let short = json!({
            "active": true, "iss": "https://issuer.example", "sub": "ada", "client_id": "notes", "exp": 2_000,
        });
        assert_eq!(answer(Some(bare)), short);
    }

    #[test]
    fn a_token_concerns_its_owner_and_the_resource_server_of_its_audience() {
        let serves = ["https://api.example".to_owned(), "https://mail.example".to_owned()];
        let audience = ["https://api.example", "https://issuer.example"];
        assert!(concerns(&id("notes"), &id("notes"), &audience, &[]));
        assert!(concerns(&id("api"), &id("notes"), &audience, &serves));
        assert!(!concerns(&id("api"), &id("notes"), &audience, &serves[1..]));
        assert!(!concerns(&id("api"), &id("notes"), &[], &serves));
    }

    #[test]
    fn a_refresh_token_is_active_at_the_live_generation_until_its_grant_expires() {
        let grant = redeemed(CREATED);
        let live =
            |grant: &Grant, generation, now| refresh_token_expiry(&Rotation::from(grant), Generation(generation), now);
        assert_eq!(live(&grant, 1, CREATED), Some(grant.idle_expires_at));
        assert_eq!(live(&grant, 1, grant.idle_expires_at), None);
        assert_eq!(live(&Grant { expires_at: CREATED + Seconds(5), ..grant }, 1, CREATED), Some(CREATED + Seconds(5)));
        let rotated = Grant { generation: Generation(2), ..redeemed(CREATED) };
        assert_eq!((live(&rotated, 1, CREATED), live(&rotated, 3, CREATED)), (None, None));
        assert_eq!((live(&issued(), 0, CREATED), live(&ended(CREATED), 1, CREATED)), (None, None));
    }

    proptest! {
        #[test]
        fn a_stranger_to_owner_and_audience_learns_nothing(
            asking in "[a-c]", owner in "[a-c]",
            audience in proptest::collection::vec("[a-c]", 0..3),
            serves in proptest::collection::vec("[a-c]", 0..3),
        ) {
            let audience: Vec<&str> = audience.iter().map(String::as_str).collect();
            let common = serves.iter().any(|api| audience.iter().any(|aud| aud == api));
            prop_assert_eq!(concerns(&id(&asking), &id(&owner), &audience, &serves), asking == owner || common);
        }
    }
}
