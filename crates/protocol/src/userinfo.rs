//! Which access tokens open UserInfo (OpenID Connect Core §5.3). What the answer then says is in `claims.rs`.
//!
//! That the token is authentic, alive, and rests on things in order was found out before.

use crate::error::{ErrorCode, OAuthError};
use crate::grant::active::Active;
use crate::issuer::Issuer;
use crate::scope::{self, Scope};

/// Why a token of ours does not open UserInfo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("its audience is not this server")]
    OtherAudience,
    #[error("it speaks of a client, not of a person")]
    NoPerson,
    #[error("it lacks the scope openid")]
    NoOpenid,
}

impl From<Refused> for OAuthError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::OtherAudience | Refused::NoPerson => invalid_token(),
            // RFC 6750 §3.1, insufficient_scope: "requires higher privileges than provided by the access token".
            Refused::NoOpenid => Self::new(ErrorCode::InsufficientScope, "the access token lacks the scope openid"),
        }
    }
}

/// The one answer to a token that cannot be read, has ended, or is for somebody else (RFC 6750 §3.1).
pub fn invalid_token() -> OAuthError {
    OAuthError::new(ErrorCode::InvalidToken, "the access token is expired, revoked or not of this server")
}

/// The person whom the token speaks of, if UserInfo may answer it. `active` is what it rests on; none for a client's own token.
pub fn admit(audience: &[&str], scope: &Scope, active: Option<Active>, issuer: &Issuer) -> Result<Active, Refused> {
    // RFC 9068 §4: "The resource server MUST validate that the "aud" claim contains a resource indicator value
    // corresponding to an identifier the resource server expects for itself."
    if !audience.contains(&issuer.as_str()) {
        return Err(Refused::OtherAudience);
    }
    let active = active.ok_or(Refused::NoPerson)?;
    // OIDC Core §5.3: UserInfo speaks of a person that an OpenID Connect authentication was about.
    if scope.contains(scope::OPENID) { Ok(active) } else { Err(Refused::NoOpenid) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::tests::sample as client;
    use crate::grant::active;
    use crate::grant::state::tests::{CREATED, redeemed};
    use crate::user::tests::sample as user;

    const ISSUER: &str = "https://issuer.example";
    const API: &str = "https://api.example";

    fn person() -> Option<Active> {
        let session = active::SessionLife {
            idle_expires_at: CREATED + crate::time::Seconds(9),
            expires_at: CREATED + crate::time::Seconds(9),
            ended_at: None,
        };
        active::check(redeemed(CREATED), &client(), Some(user()), Some(session), CREATED).ok()
    }

    fn refused(audience: &[&str], scope: &str, active: Option<Active>) -> Option<Refused> {
        let issuer = Issuer::parse(ISSUER).expect("is an issuer");
        admit(audience, &Scope::parse(scope).expect("is a scope"), active, &issuer).err()
    }

    #[test]
    fn a_token_for_us_about_a_person_with_openid_opens_it() {
        assert_eq!(refused(&[ISSUER], "openid", person()), None);
        assert_eq!(refused(&[API, ISSUER], "openid notes:read", person()), None);
    }

    #[test]
    fn a_token_for_an_api_alone_does_not() {
        for audience in [&[][..], &[API], &["https://issuer.example/"]] {
            assert_eq!(refused(audience, "openid", person()), Some(Refused::OtherAudience), "{audience:?}");
        }
    }

    #[test]
    fn a_token_of_a_client_itself_does_not() {
        assert_eq!(refused(&[ISSUER], "openid", None), Some(Refused::NoPerson));
    }

    #[test]
    fn without_openid_the_scope_is_insufficient() {
        assert_eq!(refused(&[ISSUER], "profile", person()), Some(Refused::NoOpenid));
        assert_eq!(OAuthError::from(Refused::NoOpenid).code, ErrorCode::InsufficientScope);
        assert_eq!(OAuthError::from(Refused::NoPerson), invalid_token());
    }
}
