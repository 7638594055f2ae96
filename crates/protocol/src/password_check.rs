//! A user name and a password that somebody sent to an API (RFC 7617), about which its resource server asks: when a password alone
//! is enough, what such a caller may do, what the API is told. No session begins and no token is made.
//!
//! How the password is verified and how tries are counted is not here.

use serde::Serialize;

use crate::audience::Api;
use crate::introspection::one_or_many;
use crate::login::{AuthenticationMethod, Enrolled, Level, Proven};
use crate::scope::Scope;
use crate::time::{Seconds, Timestamp};
use crate::user::User;

/// For how long an answer may be believed at most. Clocks differ, so it is longer than an API should keep it.
pub const LIFETIME: Seconds = Seconds(60);

/// Why the password of somebody is not enough here, right or wrong. For the log; whoever asks learns only that it is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotEnough {
    #[error("the account is disabled")]
    Disabled,
    #[error("its owner has asked for the account to be deleted")]
    DeletionPending,
    #[error("the address of the account is not proven")]
    Unverified,
    #[error("the password has to be changed")]
    ChangeDue,
    #[error("the account has a second factor")]
    SecondFactor,
    #[error("the client demands more than one factor")]
    Demanded,
    #[error("the password is too short to stand alone")]
    TooShort,
}

/// What the decision depends on beside the person.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances {
    pub enrolled: Enrolled,
    /// The password is shorter than what is asked of one that stands alone.
    pub too_short: bool,
    /// By the client that asks.
    pub demanded: Option<Level>,
}

/// The answer about a password that is right, with the names of RFC 7662 §2.2. Without `token_type` and `client_id`: this is no token,
/// and no client stands between the person and the API.
#[derive(Clone, Debug, Serialize)]
pub struct Description {
    active: bool,
    pub iss: String,
    pub sub: String,
    /// The APIs of the resource server that asked.
    #[serde(serialize_with = "one_or_many")]
    pub aud: Vec<String>,
    /// The name of the person, for a resource server that knows people as all others do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    pub scope: Scope,
    pub exp: Timestamp,
    pub auth_time: Timestamp,
    pub acr: Level,
    pub amr: Vec<String>,
}

/// Decided before the password is looked at: for who needs more than a password, a right one is as good as a wrong one, so that the
/// API is no place to find out which it is.
pub fn is_enough(user: &User, circumstances: &Circumstances) -> Result<(), NotEnough> {
    let Circumstances { enrolled, too_short, demanded } = circumstances;
    let proven = proven().level();
    let unverified = user.email.is_some() && user.email_verified_at.is_none();
    let reasons = [
        (user.disabled_at.is_some(), NotEnough::Disabled),
        (user.deletion_due_at.is_some(), NotEnough::DeletionPending),
        (unverified, NotEnough::Unverified),
        (user.password_change_required_at.is_some(), NotEnough::ChangeDue),
        (proven < enrolled.level(), NotEnough::SecondFactor),
        (demanded.is_some_and(|demanded| proven < demanded), NotEnough::Demanded),
        (*too_short, NotEnough::TooShort),
    ];
    reasons.into_iter().find(|(applies, _)| *applies).map_or(Ok(()), |(_, reason)| Err(reason))
}

/// What the administrator allowed for the client, as far as these APIs (those that it serves) have it at this moment.
pub fn scope(allowed: &Scope, apis: &[Api]) -> Scope {
    let registered: Scope = apis.iter().flat_map(|api| &api.scopes).map(|scope| scope.name.clone()).collect();
    allowed.intersect(&registered)
}

impl Description {
    /// Of somebody whom the resource server calls `sub`, at the moment at which their password was verified.
    pub fn new(iss: impl Into<String>, sub: impl Into<String>, aud: Vec<String>, scope: Scope, now: Timestamp) -> Self {
        Self {
            active: true,
            iss: iss.into(),
            sub: sub.into(),
            aud,
            username: None,
            scope,
            exp: now + LIFETIME,
            auth_time: now,
            acr: proven().level(),
            amr: proven().amr(),
        }
    }
}

/// What a right password proves.
pub fn proven() -> Proven {
    [AuthenticationMethod::Password].into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audience::{ApiScope, TokenFormat};
    use crate::scope::ScopeToken;
    use crate::signing::SigningAlgorithm;
    use crate::user::tests::sample;
    use proptest::prelude::*;
    use serde_json::json;

    const AT: Option<Timestamp> = Some(Timestamp(3));
    const NOTHING_ELSE: Circumstances = Circumstances {
        enrolled: Enrolled {
            password: true,
            passkey: false,
            suspect_passkey: false,
            totp: false,
            recovery_code: false,
            email_code: true,
        },
        too_short: false,
        demanded: Some(Level::One),
    };

    fn decide(user: User, change: impl FnOnce(&mut Circumstances)) -> Result<(), NotEnough> {
        let mut circumstances = NOTHING_ELSE;
        change(&mut circumstances);
        is_enough(&user, &circumstances)
    }

    #[test]
    fn a_password_is_enough_for_who_has_nothing_else_and_owes_nothing() {
        let email = Some("ada@example.test".to_owned());
        assert_eq!(decide(sample(), |_| ()), Ok(()));
        assert_eq!(decide(User { email: email.clone(), email_verified_at: AT, ..sample() }, |_| ()), Ok(()));
        let refused = [
            (User { disabled_at: AT, ..sample() }, NotEnough::Disabled),
            (User { deletion_due_at: AT, ..sample() }, NotEnough::DeletionPending),
            (User { email, ..sample() }, NotEnough::Unverified),
            (User { password_change_required_at: AT, ..sample() }, NotEnough::ChangeDue),
        ];
        for (user, reason) in refused {
            assert_eq!(decide(user, |_| ()), Err(reason));
        }
        assert_eq!(decide(sample(), |now| now.demanded = Some(Level::Two)), Err(NotEnough::Demanded));
        assert_eq!(decide(sample(), |now| now.too_short = true), Err(NotEnough::TooShort));
    }

    #[test]
    fn what_is_allowed_is_never_more_than_what_the_apis_have() {
        let name = |text: &str| ScopeToken::parse(text).expect("is a scope");
        let api = |scope: &str| Api {
            identifier: format!("https://{scope}.example"),
            name: scope.to_owned(),
            token_format: TokenFormat::Jwt,
            signing_alg: SigningAlgorithm::ES256,
            access_token_lifetime: Seconds(300),
            scopes: vec![ApiScope { name: name(scope), description: scope.to_owned() }],
        };
        let allowed = Scope::parse("b openid c").expect("is a scope");
        assert_eq!(scope(&allowed, &[api("a"), api("b")]).to_string(), "b");
        assert!(scope(&allowed, &[]).is_empty());
    }

    #[test]
    fn it_is_told_with_the_names_of_the_rfc() {
        let aud = vec!["https://api.example".to_owned()];
        let scope = Scope::parse("notes:read").expect("is a scope");
        let description = Description::new("https://issuer.example", "ada", aud, scope, Timestamp(1_000));
        let expected = json!({
            "active": true, "iss": "https://issuer.example", "sub": "ada", "aud": "https://api.example",
            "scope": "notes:read", "exp": 1_060, "auth_time": 1_000, "acr": "1", "amr": ["pwd"],
        });
        assert_eq!(serde_json::to_value(description).expect("is plain data"), expected);
    }

    proptest! {
        #[test]
        fn nobody_with_a_second_factor_gets_in_with_a_password(
            totp: bool, passkey: bool, suspect_passkey: bool, recovery_code: bool, email_code: bool,
        ) {
            let enrolled = Enrolled { password: true, passkey, suspect_passkey, totp, recovery_code, email_code };
            let expected = if enrolled.has_second_factor() { Err(NotEnough::SecondFactor) } else { Ok(()) };
            prop_assert_eq!(decide(sample(), |now| now.enrolled = enrolled), expected);
        }
    }
}
