//! Everything that is counted in the database, and how much of it is too much.

use jwt::Secrets;
use protocol::time::Seconds;
use store::attempts::{Limited, Rule};

use crate::config::LimitsConfig;

const FIVE_MINUTES: Seconds = Seconds::minutes(5);
const AN_HOUR: Seconds = Seconds::hours(1);

/// What is counted. Of a password, a code or a passkey only what failed stays counted; of mails and sign-ups all.
///
/// Whoever reserves in several buckets names them in the order in which they stand here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bucket {
    /// By account, whichever of its names was typed; by name where nobody has it.
    PasswordOfAccount,
    /// The lane of a browser that signed in to that account before: whatever strangers do, it is open.
    PasswordInKnownBrowser,
    PasswordForName,
    PasswordFromNetwork,
    PasswordFromWideNetwork,
    PasswordFromAnywhere,
    SecondFactorOfAccount,
    SecondFactorOfAccountInAnHour,
    SecondFactorInKnownBrowser,
    SecondFactorInKnownBrowserInAnHour,
    PasskeyFromNetwork,
    PasskeyFromWideNetwork,
    MailToAddress,
    MailFromNetwork,
    SignUpFromNetwork,
}

impl Bucket {
    pub const ALL: &'static [Self] = &[
        Self::PasswordOfAccount,
        Self::PasswordInKnownBrowser,
        Self::PasswordForName,
        Self::PasswordFromNetwork,
        Self::PasswordFromWideNetwork,
        Self::PasswordFromAnywhere,
        Self::SecondFactorOfAccount,
        Self::SecondFactorOfAccountInAnHour,
        Self::SecondFactorInKnownBrowser,
        Self::SecondFactorInKnownBrowserInAnHour,
        Self::PasskeyFromNetwork,
        Self::PasskeyFromWideNetwork,
        Self::MailToAddress,
        Self::MailFromNetwork,
        Self::SignUpFromNetwork,
    ];

    /// Never changes: the rows of before are found by it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PasswordOfAccount => "password account",
            Self::PasswordInKnownBrowser => "password known browser",
            Self::PasswordForName => "password name",
            Self::PasswordFromNetwork => "password network",
            Self::PasswordFromWideNetwork => "password wide network",
            Self::PasswordFromAnywhere => "password anywhere",
            Self::SecondFactorOfAccount => "second factor account",
            Self::SecondFactorOfAccountInAnHour => "second factor account hour",
            Self::SecondFactorInKnownBrowser => "second factor known browser",
            Self::SecondFactorInKnownBrowserInAnHour => "second factor known browser hour",
            Self::PasskeyFromNetwork => "passkey network",
            Self::PasskeyFromWideNetwork => "passkey wide network",
            Self::MailToAddress => "mail address",
            Self::MailFromNetwork => "mail network",
            Self::SignUpFromNetwork => "sign-up network",
        }
    }

    pub fn rule(self, config: &LimitsConfig) -> Rule {
        let failures = Seconds(config.failed_logins_window);
        let (most, window) = match self {
            Self::PasswordOfAccount | Self::PasswordInKnownBrowser => {
                return Rule::Pauses {
                    free: config.failed_logins_per_account,
                    stop: config.failed_logins_in_a_row,
                    forget_after: failures,
                    stopped_for: Seconds(config.failed_logins_lock),
                };
            }
            Self::PasswordForName => (config.failed_logins_per_name, failures),
            Self::PasswordFromNetwork => (config.failed_logins_per_network, failures),
            Self::PasswordFromWideNetwork => (config.failed_logins_per_wide_network, failures),
            Self::PasswordFromAnywhere => (config.failed_logins_in_all, failures),
            Self::SecondFactorOfAccount | Self::SecondFactorInKnownBrowser => {
                (config.failed_codes_in_five_minutes, FIVE_MINUTES)
            }
            Self::SecondFactorOfAccountInAnHour | Self::SecondFactorInKnownBrowserInAnHour => {
                (config.failed_codes_per_hour, AN_HOUR)
            }
            Self::PasskeyFromNetwork => (config.failed_passkeys_per_network, failures),
            Self::PasskeyFromWideNetwork => (config.failed_passkeys_per_wide_network, failures),
            Self::MailToAddress => (config.mails_per_address, AN_HOUR),
            Self::MailFromNetwork => (config.mails_per_network, AN_HOUR),
            Self::SignUpFromNetwork => (config.signups_per_network, AN_HOUR),
        };
        Rule::Window { most, window }
    }

    /// This bucket for one account, name, browser, address or network. Its row is named by a MAC: of a fixed size, and telling
    /// nobody who that is.
    pub(super) fn of(self, whom: &str, config: &LimitsConfig, secrets: &Secrets) -> Limited {
        let bucket = secrets.limit_mac(format!("{}\0{whom}", self.name()).as_bytes());
        Limited { bucket, rule: self.rule(config) }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_buckets_share_a_row() {
        let (config, secrets) = (LimitsConfig::default(), Secrets::from_master(&[7; 32]));
        let rows = |whom| Bucket::ALL.iter().map(move |bucket| (bucket, whom));
        let all: Vec<_> =
            rows("a").chain(rows("b")).map(|(bucket, whom)| bucket.of(whom, &config, &secrets).bucket).collect();
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), 2 * Bucket::ALL.len());
        assert!(all.iter().all(|bucket| bucket.len() == 43));
    }

    /// NIST SP 800-63B-4 §3.2.2: no more than 100 consecutive failed attempts on one account.
    #[test]
    fn by_default_one_account_takes_no_more_than_a_hundred_wrong_passwords_in_a_row() {
        let Rule::Pauses { stop, stopped_for, .. } = Bucket::PasswordOfAccount.rule(&LimitsConfig::default()) else {
            panic!("passwords are limited by pauses")
        };
        assert!(stop <= 100 && stopped_for >= Seconds::hours(1));
    }
}
