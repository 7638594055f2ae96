//! The token endpoint's request, one variant per grant type, and the rules of each grant (RFC 6749 §4 and §6).
//!
//! `state.rs` is the row that a grant lives in, `active.rs` the gate that it passes before each use; the other files decide
//! what may happen to it. Minting and writing are the shell's.

pub mod active;
pub mod authorization_code;
pub mod client_credentials;
pub mod refresh_token;
pub mod state;

use crate::client::{Client, GrantType};
use crate::closed_set::closed_set;
use crate::error::{ErrorCode, OAuthError};
use crate::params::Params;
use crate::scope::Scope;
use crate::secret::SecretString;

closed_set! {
    /// How an access token is used (RFC 6749 §7.1): whoever has it may use it.
    pub enum TokenType {
        Bearer = "Bearer",
    }
}

/// What a client asks of the token endpoint.
#[derive(Clone, Debug)]
pub enum TokenRequest {
    AuthorizationCode(RedeemRequest),
    RefreshToken(RefreshRequest),
    ClientCredentials(ClientCredentialsRequest),
}

/// RFC 6749 §4.1.3, RFC 7636 §4.5.
#[derive(Clone, Debug)]
pub struct RedeemRequest {
    pub code: SecretString,
    pub redirect_uri: Option<String>,
    pub code_verifier: Option<SecretString>,
}

/// RFC 6749 §6.
#[derive(Clone, Debug)]
pub struct RefreshRequest {
    pub refresh_token: SecretString,
    pub scope: Option<Scope>,
}

/// RFC 6749 §4.4.2.
#[derive(Clone, Debug)]
pub struct ClientCredentialsRequest {
    pub scope: Option<Scope>,
}

impl TokenRequest {
    pub fn parse(params: &Params) -> Result<Self, OAuthError> {
        // RFC 6749 §3.2: "Request and response parameters MUST NOT be included more than once."
        params.refuse_duplicates()?;
        let name = params.require("grant_type")?;
        let unknown = || {
            let description = "grant_type is not one that this server knows";
            OAuthError::new(ErrorCode::UnsupportedGrantType, description).at("grant_type")
        };
        Ok(match GrantType::parse(name).ok_or_else(unknown)? {
            // The implicit grant never comes here: its tokens leave from the authorization endpoint.
            GrantType::Implicit => return Err(unknown()),
            GrantType::AuthorizationCode => Self::AuthorizationCode(RedeemRequest {
                code: secret(params.require("code")?),
                redirect_uri: params.get("redirect_uri")?.map(str::to_owned),
                code_verifier: params.get("code_verifier")?.map(secret),
            }),
            GrantType::RefreshToken => Self::RefreshToken(RefreshRequest {
                refresh_token: secret(params.require("refresh_token")?),
                scope: asked_scope(params)?,
            }),
            GrantType::ClientCredentials => {
                Self::ClientCredentials(ClientCredentialsRequest { scope: asked_scope(params)? })
            }
        })
    }

    pub fn grant_type(&self) -> GrantType {
        match self {
            Self::AuthorizationCode(_) => GrantType::AuthorizationCode,
            Self::RefreshToken(_) => GrantType::RefreshToken,
            Self::ClientCredentials(_) => GrantType::ClientCredentials,
        }
    }

    /// Whether the authenticated client is registered for this grant type at all.
    pub fn check_allowed(&self, client: &Client) -> Result<(), OAuthError> {
        if client.allows(self.grant_type()) {
            return Ok(());
        }
        // RFC 6749 §5.2, unauthorized_client: "not authorized to use this authorization grant type".
        let description = "this client is not registered for this grant_type";
        Err(OAuthError::new(ErrorCode::UnauthorizedClient, description).at("grant_type"))
    }
}

fn secret(text: &str) -> SecretString {
    SecretString::new(text.to_owned())
}

fn asked_scope(params: &Params) -> Result<Option<Scope>, OAuthError> {
    params.get("scope")?.map(Scope::parse).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::tests::sample;
    use proptest::prelude::*;

    fn parse(pairs: &[(&str, &str)]) -> Result<TokenRequest, OAuthError> {
        TokenRequest::parse(&Params::from_pairs(pairs.iter().copied()))
    }

    fn refused(pairs: &[(&str, &str)]) -> (ErrorCode, Option<&'static str>) {
        let error = parse(pairs).expect_err("is a bad request");
        (error.code, error.parameter)
    }

    #[test]
    fn a_code_is_read_with_what_binds_it() {
        let request = parse(&[
            ("grant_type", "authorization_code"),
            ("code", "g.secret"),
            ("redirect_uri", "https://a.example/cb"),
            ("code_verifier", "v"),
        ]);
        let Ok(TokenRequest::AuthorizationCode(request)) = request else { panic!("{request:?}") };
        assert_eq!(request.code.expose(), "g.secret");
        assert_eq!(request.redirect_uri.as_deref(), Some("https://a.example/cb"));
        assert_eq!(request.code_verifier.expect("was sent").expose(), "v");
    }

    #[test]
    fn a_refresh_token_is_read_with_the_narrower_scope() {
        let request = parse(&[("grant_type", "refresh_token"), ("refresh_token", "r"), ("scope", "openid")]);
        let Ok(TokenRequest::RefreshToken(request)) = request else { panic!("{request:?}") };
        assert_eq!(request.scope.expect("was sent").to_string(), "openid");
    }

    #[test]
    fn an_empty_scope_is_no_scope() {
        let request = parse(&[("grant_type", "client_credentials"), ("scope", "")]);
        let Ok(TokenRequest::ClientCredentials(request)) = request else { panic!("{request:?}") };
        assert!(request.scope.is_none());
    }

    #[test]
    fn what_is_missing_or_unknown_is_named() {
        assert_eq!(refused(&[]), (ErrorCode::InvalidRequest, Some("grant_type")));
        for unknown in ["password", "implicit", "Authorization_Code"] {
            assert_eq!(refused(&[("grant_type", unknown)]).0, ErrorCode::UnsupportedGrantType, "{unknown}");
        }
        assert_eq!(refused(&[("grant_type", "authorization_code")]), (ErrorCode::InvalidRequest, Some("code")));
        assert_eq!(refused(&[("grant_type", "refresh_token")]), (ErrorCode::InvalidRequest, Some("refresh_token")));
        let bad_scope = [("grant_type", "client_credentials"), ("scope", "a\"b")];
        assert_eq!(refused(&bad_scope), (ErrorCode::InvalidScope, Some("scope")));
    }

    #[test]
    fn a_repeated_parameter_is_refused() {
        let twice = [("grant_type", "authorization_code"), ("code", "a"), ("code", "a")];
        assert_eq!(refused(&twice), (ErrorCode::InvalidRequest, Some("code")));
    }

    #[test]
    fn a_grant_type_that_is_not_registered_is_refused() {
        let request = parse(&[("grant_type", "client_credentials")]).expect("is well-formed");
        let error = request.check_allowed(&sample()).expect_err("is a web client");
        assert_eq!(error.code, ErrorCode::UnauthorizedClient);
    }

    proptest! {
        #[test]
        fn no_secret_shows_in_the_debug_form(secret in "[a-z]{20,30}") {
            for pairs in [
                vec![("grant_type", "authorization_code"), ("code", &*secret), ("code_verifier", &*secret)],
                vec![("grant_type", "refresh_token"), ("refresh_token", &*secret)],
            ] {
                let shown = format!("{:?}", parse(&pairs).expect("is well-formed"));
                prop_assert!(!shown.contains(&secret));
            }
        }
    }
}
