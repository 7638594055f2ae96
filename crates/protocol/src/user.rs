//! A person as this server knows them. What a client may read of it is in `claims.rs`; passwords are not here at all.

use serde::{Deserialize, Serialize};

use crate::ids::UserId;
pub use crate::login_name::{UsernameFault, check_username, display_name, normalize_login, one_line};
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub id: UserId,
    pub username: String,
    pub email: Option<String>,
    pub email_verified_at: Option<Timestamp>,
    pub phone_number: Option<String>,
    pub phone_number_verified_at: Option<Timestamp>,
    pub profile: Profile,
    pub groups: Vec<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub disabled_at: Option<Timestamp>,
    /// The language of mail to this person (BCP 47); that of the installation without it.
    pub locale: Option<String>,
    pub terms_accepted_at: Option<Timestamp>,
    /// Since when the next sign-in with a password ends with the choice of a new one.
    pub password_change_required_at: Option<Timestamp>,
    /// The person asked for the account to be deleted then.
    pub deletion_due_at: Option<Timestamp>,
}

impl User {
    /// Somebody of whom only the user name is known.
    pub fn new(id: UserId, username: impl Into<String>, now: Timestamp) -> Self {
        Self {
            id,
            username: username.into(),
            email: None,
            email_verified_at: None,
            phone_number: None,
            phone_number_verified_at: None,
            profile: Profile::default(),
            groups: Vec::new(),
            created_at: now,
            updated_at: now,
            disabled_at: None,
            locale: None,
            terms_accepted_at: None,
            password_change_required_at: None,
            deletion_due_at: None,
        }
    }

    /// The address, if it was proven to be theirs.
    pub fn verified_email(&self) -> Option<&str> {
        self.email_verified_at.and(self.email.as_deref())
    }
}

/// The standard claims (OpenID Connect Core §5.1) that are plain text about a person. All may be absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Profile {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub middle_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nickname: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub website: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gender: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub birthdate: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zoneinfo: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
}

/// OpenID Connect Core §5.1.1.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Address {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub formatted: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub street_address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locality: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The person of [`crate::grant::state::tests::sample`]. Tests change what they are about.
    pub(crate) fn sample() -> User {
        User { updated_at: Timestamp(2), ..User::new(UserId::parse("ada").expect("is an id"), "ada", Timestamp(1)) }
    }

    #[test]
    fn an_empty_profile_is_an_empty_object() {
        assert_eq!(serde_json::to_string(&Profile::default()).expect("is plain data"), "{}");
        assert_eq!(serde_json::from_str::<Profile>("{}").expect("all absent"), Profile::default());
    }
}
