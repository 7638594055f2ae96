//! A person as this server knows them. What a client may read of it is in `claims.rs`; passwords are not here at all.

use serde::{Deserialize, Serialize};

use crate::ids::UserId;
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

/// The form in which user names and e-mail addresses are compared: outer white space and case do not tell people apart.
pub fn normalize_login(typed: &str) -> String {
    typed.trim().to_lowercase()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The person of [`crate::grant::state::tests::sample`]. Tests change what they are about.
    pub(crate) fn sample() -> User {
        User {
            id: UserId::parse("ada").expect("is an id"),
            username: "ada".to_owned(),
            email: None,
            email_verified_at: None,
            phone_number: None,
            phone_number_verified_at: None,
            profile: Profile::default(),
            groups: Vec::new(),
            created_at: Timestamp(1),
            updated_at: Timestamp(2),
            disabled_at: None,
        }
    }

    #[test]
    fn case_and_outer_spaces_do_not_matter() {
        assert_eq!(normalize_login("  Ada.Lovelace@Example.ORG\n"), "ada.lovelace@example.org");
        assert_eq!(normalize_login("ÄNNE"), "änne");
    }

    #[test]
    fn an_empty_profile_is_an_empty_object() {
        assert_eq!(serde_json::to_string(&Profile::default()).expect("is plain data"), "{}");
        assert_eq!(serde_json::from_str::<Profile>("{}").expect("all absent"), Profile::default());
    }

    proptest! {
        #[test]
        fn normalizing_twice_changes_nothing(typed: String) {
            let once = normalize_login(&typed);
            prop_assert_eq!(normalize_login(&once), once);
        }
    }
}
