//! APIs and their scopes: which API an access token is for (RFC 8707 §2, RFC 9068 §3, RFC 9700 §2.3).
//!
//! A scope belongs to exactly one API or to the issuer itself. Who may ask for it is in the client's registration.

use crate::closed_set::closed_set;
use crate::error::{ErrorCode, OAuthError};
use crate::issuer::Issuer;
use crate::scope::{self, Scope, ScopeToken};
use crate::signing::SigningAlgorithm;
use crate::time::Seconds;

/// The longest life that an API may give its tokens, and the configuration all others.
pub const MAX_ACCESS_TOKEN_LIFETIME: Seconds = Seconds::days(1);

closed_set! {
    /// What an access token for an API looks like.
    pub enum TokenFormat {
        /// Signed, readable by the API without asking us (RFC 9068).
        Jwt = "jwt",
        /// Sealed; the API asks `/introspect`.
        Opaque = "opaque",
    }
}

/// A protected API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Api {
    /// The `aud` of its tokens.
    pub identifier: String,
    pub name: String,
    pub token_format: TokenFormat,
    pub signing_alg: SigningAlgorithm,
    pub access_token_lifetime: Seconds,
    pub scopes: Vec<ApiScope>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiScope {
    pub name: ScopeToken,
    /// One sentence for the consent page.
    pub description: String,
}

/// Whom a token is for. Without an API it is for UserInfo alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audience<'a> {
    pub api: Option<&'a Api>,
    pub aud: Vec<String>,
}

impl Api {
    pub fn offers(&self, token: &str) -> bool {
        self.scopes.iter().any(|scope| scope.name.as_str() == token)
    }
}

/// RFC 9068 §3: "If a scope parameter is present in the request, the authorization server SHOULD use it to infer the
/// value of the default resource indicator to be used in the aud claim."
pub fn audience<'a>(scope: &Scope, apis: &'a [Api], issuer: &Issuer) -> Result<Audience<'a>, OAuthError> {
    let mut owner: Option<&Api> = None;
    for token in scope.iter().filter(|token| !scope::STANDARD.contains(&token.as_str())) {
        let Some(api) = apis.iter().find(|api| api.offers(token.as_str())) else {
            return Err(invalid(format!("scope {token} belongs to no API of this server")));
        };
        // RFC 9068 §3: "If the values in the scope parameter refer to different default resource indicator values, the
        // authorization server SHOULD reject the request with invalid_scope".
        if owner.is_some_and(|other| other.identifier != api.identifier) {
            return Err(invalid(format!(
                "scope {token} belongs to another API than the scopes before it; ask for one API"
            )));
        }
        owner = Some(api);
    }
    let mut aud: Vec<String> = owner.iter().map(|api| api.identifier.clone()).collect();
    // UserInfo is a resource of the issuer, so a token that opens it names the issuer too.
    if owner.is_none() || scope.contains(scope::OPENID) {
        aud.push(issuer.as_str().to_owned());
    }
    Ok(Audience { api: owner, aud })
}

fn invalid(description: String) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidScope, description).at("scope")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn issuer() -> Issuer {
        Issuer::parse("https://issuer.example").expect("is an issuer")
    }

    fn api(identifier: &str, scopes: &[&str]) -> Api {
        let scope =
            |name: &&str| ApiScope { name: ScopeToken::parse(name).expect("is a scope"), description: String::new() };
        Api {
            identifier: identifier.to_owned(),
            name: identifier.to_owned(),
            token_format: TokenFormat::Jwt,
            signing_alg: SigningAlgorithm::RS256,
            access_token_lifetime: Seconds::minutes(5),
            scopes: scopes.iter().map(scope).collect(),
        }
    }

    fn apis() -> Vec<Api> {
        vec![api("https://notes.example", &["notes:read", "notes:write"]), api("https://mail.example", &["mail:send"])]
    }

    fn aud(text: &str) -> Result<Vec<String>, OAuthError> {
        let scope = Scope::parse(text).expect("is a scope");
        audience(&scope, &apis(), &issuer()).map(|audience| audience.aud)
    }

    #[test]
    fn the_scopes_name_the_audience() {
        assert_eq!(aud("notes:read notes:write"), Ok(vec!["https://notes.example".to_owned()]));
        let both = vec!["https://mail.example".to_owned(), "https://issuer.example".to_owned()];
        assert_eq!(aud("openid mail:send"), Ok(both));
    }

    #[test]
    fn without_an_api_the_token_is_for_the_issuer() {
        for scope in ["openid profile", "offline_access", ""] {
            assert_eq!(aud(scope), Ok(vec!["https://issuer.example".to_owned()]), "{scope}");
        }
    }

    #[test]
    fn two_apis_at_once_are_refused() {
        let error = aud("notes:read mail:send").expect_err("two APIs");
        assert_eq!((error.code, error.parameter), (ErrorCode::InvalidScope, Some("scope")));
    }

    #[test]
    fn a_scope_of_no_api_is_refused_by_name() {
        assert!(aud("openid notes:admin").expect_err("unknown").description.contains("notes:admin"));
    }

    proptest! {
        #[test]
        fn a_token_always_has_an_audience(scope in "(openid|notes:read|mail:send|profile| ){0,5}") {
            let Ok(scope) = Scope::parse(&scope) else { return Ok(()) };
            if let Ok(audience) = audience(&scope, &apis(), &issuer()) {
                prop_assert!(!audience.aud.is_empty());
                prop_assert_eq!(audience.api.is_some(), scope.iter().any(|token| token.as_str().contains(':')));
            }
        }
    }
}
