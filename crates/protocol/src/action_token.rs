//! Links and short codes that are sent by mail: what each is for, how long it is good, how often its code may be guessed.
//!
//! A link is `{id}.{secret}`; a code has eight digits and counts only in the sign-in that asked for it.

use crate::closed_set::closed_set;
use crate::time::{Seconds, Timestamp};

closed_set! {
    /// What a link or code is for. It is good for nothing else.
    pub enum Purpose {
        SignUp = "sign_up",
        Recover = "recover",
        ChangeEmail = "change_email",
        Invite = "invite",
        SecondFactorCode = "second_factor_code",
        CancelDeletion = "cancel_deletion",
        /// A link that an administrator hands over to somebody who has lost every way to sign in.
        AdministratorRecovery = "administrator_recovery",
    }
}

impl Purpose {
    /// How long a link is good, unless whoever issues it says otherwise.
    pub const fn lifetime(self) -> Seconds {
        match self {
            Self::SecondFactorCode => CODE_LIFETIME,
            Self::Recover => Seconds::minutes(30),
            Self::SignUp | Self::ChangeEmail => Seconds::hours(1),
            Self::AdministratorRecovery => Seconds::days(1),
            Self::Invite | Self::CancelDeletion => Seconds::days(7),
        }
    }
}

/// ASVS 6.5.5: an out-of-band code is good for ten minutes at most, also where the link beside it is good for longer.
pub const CODE_LIFETIME: Seconds = Seconds::minutes(10);

/// ASVS 6.6.3. With eight digits a guesser gets through once in twenty million codes.
pub const CODE_TRIES: i64 = 5;

/// ASVS 6.5.4 asks for 20 bits; these are 26.
const CODE_DIGITS: usize = 8;

/// The code that these random bytes are: all codes are as likely, as far as 64 bits can be divided.
pub fn code(random: [u8; 8]) -> String {
    format!("{:08}", u64::from_be_bytes(random) % 100_000_000)
}

/// What somebody typed as the code that was meant: people and mail programs add spaces and hyphens. `None`: it is no code.
pub fn read_code(typed: &str) -> Option<String> {
    let digits: String =
        typed.chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '\u{2011}')).take(64).collect();
    (digits.len() == CODE_DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(digits)
}

/// Until when the code of a token counts.
pub fn code_expires_at(created_at: Timestamp, expires_at: Timestamp) -> Timestamp {
    expires_at.min(created_at + CODE_LIFETIME)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_code_is_read_as_people_type_it() {
        for typed in ["12345678", " 1234 5678\n", "1234-5678", "1 2 3 4 5 6 7 8", "1234\u{a0}5678"] {
            assert_eq!(read_code(typed).as_deref(), Some("12345678"), "{typed:?}");
        }
        for typed in ["", "1234567", "123456789", "1234567a", "１２３４５６７８", "0x345678"] {
            assert_eq!(read_code(typed), None, "{typed:?}");
        }
    }

    #[test]
    fn a_code_ends_before_its_link() {
        let made = Timestamp(1_000);
        assert_eq!(code_expires_at(made, made + Seconds::hours(1)), made + Seconds(600));
        assert_eq!(code_expires_at(made, made + Seconds(60)), made + Seconds(60));
    }

    proptest! {
        #[test]
        fn what_is_made_is_read_back(random: [u8; 8]) {
            let code = code(random);
            prop_assert_eq!(read_code(&code), Some(code));
        }
    }
}
