//! What scope a client gets for itself, with no person present (RFC 6749 §4.4).

use crate::client::Client;
use crate::error::{ErrorCode, OAuthError};
use crate::scope::{self, Scope};

/// The scope of the token: what was asked for, or everything of an API that the client is registered for.
pub fn scope(client: &Client, asked: Option<&Scope>) -> Result<Scope, OAuthError> {
    // RFC 6749 §4.4: "The client credentials grant type MUST only be used by confidential clients."
    if !client.is_confidential() {
        let description = "only a client that authenticates may use client_credentials";
        return Err(OAuthError::new(ErrorCode::UnauthorizedClient, description).at("grant_type"));
    }
    let allowed: Scope = client.scope.iter().filter(|token| !is_personal(token.as_str())).cloned().collect();
    let Some(asked) = asked.filter(|asked| !asked.is_empty()) else {
        // RFC 6749 §3.3: without a scope the server "MUST either process the request using a pre-defined default value
        // or fail the request indicating an invalid scope".
        return if allowed.is_empty() {
            Err(invalid("no scope of an API is registered for this client"))
        } else {
            Ok(allowed)
        };
    };
    for token in asked.iter() {
        if is_personal(token.as_str()) {
            return Err(invalid(format!("scope {token} is about a person, and client_credentials has none")));
        }
        if !allowed.contains(token.as_str()) {
            return Err(invalid(format!("scope {token} is not registered for this client")));
        }
    }
    Ok(asked.clone())
}

/// Scopes known to everyone speak about a signed-in person; all others belong to an API.
fn is_personal(token: &str) -> bool {
    scope::STANDARD.contains(&token)
}

fn invalid(description: impl Into<std::borrow::Cow<'static, str>>) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidScope, description).at("scope")
}

#[cfg(test)]
mod tests {
    use super::scope as granted;
    use super::*;
    use crate::client::TokenEndpointAuthMethod;
    use crate::client::tests::sample;
    use proptest::prelude::*;

    fn machine(registered: &str) -> Client {
        Client { scope: parse(registered), ..sample() }
    }

    fn parse(text: &str) -> Scope {
        Scope::parse(text).expect("is a scope")
    }

    #[test]
    fn without_a_scope_everything_of_an_api_is_granted() {
        assert_eq!(granted(&machine("openid notes:read notes:write"), None), Ok(parse("notes:read notes:write")));
    }

    #[test]
    fn a_client_asks_for_less_than_it_may() {
        assert_eq!(granted(&machine("notes:read notes:write"), Some(&parse("notes:read"))), Ok(parse("notes:read")));
    }

    #[test]
    fn scopes_about_a_person_and_unregistered_ones_are_refused() {
        for asked in ["openid", "profile notes:read", "offline_access", "notes:write"] {
            let error = granted(&machine("openid profile offline_access notes:read"), Some(&parse(asked)));
            assert_eq!(error.expect_err(asked).code, ErrorCode::InvalidScope);
        }
        assert!(granted(&machine("openid"), None).is_err(), "nothing is left");
    }

    #[test]
    fn a_public_client_gets_nothing_for_itself() {
        let public = Client { token_endpoint_auth_method: TokenEndpointAuthMethod::None, ..machine("notes:read") };
        assert_eq!(granted(&public, None).expect_err("is public").code, ErrorCode::UnauthorizedClient);
    }

    proptest! {
        #[test]
        fn the_granted_scope_was_asked_and_registered(
            registered in "[a-d ]{0,8}",
            asked in proptest::option::of("[a-d ]{1,8}"),
        ) {
            let (client, asked) = (machine(&registered), asked.map(|text| parse(&text)));
            if let Ok(scope) = granted(&client, asked.as_ref()) {
                prop_assert!(scope.is_subset(&client.scope) && !scope.is_empty());
                prop_assert!(asked.is_none_or(|asked| asked.is_empty() || scope.is_subset(&asked)));
            }
        }
    }
}
