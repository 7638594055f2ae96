//! Passkeys (W3C Web Authentication Level 3): the rules that need no cryptography.
//!
//! What an authenticator signs is verified in `auth/src/passkeys`.

use crate::closed_set::closed_set;
use crate::login::AuthenticationMethod;
use crate::time::Seconds;
use crate::user::one_line;

/// From the challenge to its answer; the `timeout` of the options too.
pub const CEREMONY_LIFETIME: Seconds = Seconds(300);
/// How many passkeys a person can have.
pub const PER_PERSON: u32 = 20;
/// In characters.
pub const NAME_LIMIT: usize = 60;
/// §6.5.1, the length of a credential id: "Value MUST be ≤ 1023."
pub const CREDENTIAL_ID_LIMIT: usize = 1023;

closed_set! {
    /// What a challenge was made for.
    pub enum CeremonyKind {
        Registration = "registration",
        Authentication = "authentication",
    }
}

/// Where the private key of a passkey can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backup {
    /// In one authenticator, for ever.
    DeviceBound,
    /// In other authenticators of the person, too (§6.1.3, backup eligible).
    Synced,
}

impl Backup {
    /// What a proof by such a passkey says in `amr`. The user was verified, always: the options demand it.
    pub fn methods(self) -> [AuthenticationMethod; 2] {
        let key = match self {
            Self::DeviceBound => AuthenticationMethod::HardwareSecuredKey,
            Self::Synced => AuthenticationMethod::SoftwareSecuredKey,
        };
        [key, AuthenticationMethod::UserPresence]
    }
}

/// A name as it is kept: no control characters, no white space around it or in a row, of a bounded length. `None` when nothing
/// is left.
pub fn name(typed: &str) -> Option<String> {
    let short: String = one_line(typed).chars().take(NAME_LIMIT).collect();
    let name = short.trim_end();
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_is_one_line_that_somebody_can_see() {
        assert_eq!(name("  my\tphone \r\n two "), Some("my phone two".to_owned()));
        assert_eq!(name("\u{7}\n \u{85}"), None);
        assert_eq!(name(&"ä".repeat(100)).map(|name| name.chars().count()), Some(NAME_LIMIT));
    }

    #[test]
    fn a_synced_key_is_software_and_a_bound_one_hardware() {
        let words = |backup: Backup| backup.methods().map(AuthenticationMethod::name);
        assert_eq!(words(Backup::Synced), ["swk", "user"]);
        assert_eq!(words(Backup::DeviceBound), ["hwk", "user"]);
    }

    proptest! {
        #[test]
        fn a_kept_name_is_kept_as_it_is(typed: String) {
            if let Some(kept) = name(&typed) {
                prop_assert!(!kept.chars().any(char::is_control));
                prop_assert_eq!(name(&kept), Some(kept));
            }
        }
    }
}
