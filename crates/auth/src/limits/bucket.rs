//! Everything that is counted in the database, and how much of it is too much.

use jwt::Secrets;
use protocol::action_token::Purpose;
use protocol::time::Seconds;
use store::attempts::{Limited, Rule};

use crate::config::LimitsConfig;

const FIVE_MINUTES: Seconds = Seconds::minutes(5);
const AN_HOUR: Seconds = Seconds::hours(1);
const A_DAY: Seconds = Seconds::days(1);
/// A person mistypes a code, or two. The next one after these is told to the owner.
const UNTOLD_FAILURES: u32 = 4;
/// Enough to find a name that is free.
const TAKEN_NAMES: u32 = 10;

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
    /// How often the log of a person says that their password was used at an API.
    PasswordAtApiNoted,
    SecondFactorOfAccountInARow,
    SecondFactorOfAccount,
    SecondFactorOfAccountInAnHour,
    SecondFactorInKnownBrowserInARow,
    SecondFactorInKnownBrowser,
    SecondFactorInKnownBrowserInAnHour,
    /// Until the owner is told that somebody has the password.
    SecondFactorUntold,
    /// How often they are told.
    SecondFactorTold,
    PasskeyFromNetwork,
    PasskeyFromWideNetwork,
    /// Without a password, by whoever has a name and a code.
    RecoveryFromNetwork,
    RecoveryFromWideNetwork,
    MailToAddress,
    /// A link to a new password: what strangers ask for at the same address in other pages has no share in it.
    RecoveryMailForName,
    MailFromNetwork,
    MailFromWideNetwork,
    /// A code for somebody who has proven the password: no stranger has a share in it.
    MailedCodeOfAccount,
    MailedCodeInKnownBrowser,
    SignUpFromNetwork,
    SignUpFromWideNetwork,
    /// User names that one proven address was told to be taken.
    TakenNameOfSignUp,
}

impl Bucket {
    pub const ALL: &'static [Self] = &[
        Self::PasswordOfAccount,
        Self::PasswordInKnownBrowser,
        Self::PasswordForName,
        Self::PasswordFromNetwork,
        Self::PasswordFromWideNetwork,
        Self::PasswordFromAnywhere,
        Self::PasswordAtApiNoted,
        Self::SecondFactorOfAccountInARow,
        Self::SecondFactorOfAccount,
        Self::SecondFactorOfAccountInAnHour,
        Self::SecondFactorInKnownBrowserInARow,
        Self::SecondFactorInKnownBrowser,
        Self::SecondFactorInKnownBrowserInAnHour,
        Self::SecondFactorUntold,
        Self::SecondFactorTold,
        Self::PasskeyFromNetwork,
        Self::PasskeyFromWideNetwork,
        Self::RecoveryFromNetwork,
        Self::RecoveryFromWideNetwork,
        Self::MailToAddress,
        Self::RecoveryMailForName,
        Self::MailFromNetwork,
        Self::MailFromWideNetwork,
        Self::MailedCodeOfAccount,
        Self::MailedCodeInKnownBrowser,
        Self::SignUpFromNetwork,
        Self::SignUpFromWideNetwork,
        Self::TakenNameOfSignUp,
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
            Self::PasswordAtApiNoted => "password api noted",
            Self::SecondFactorOfAccountInARow => "second factor account row",
            Self::SecondFactorOfAccount => "second factor account",
            Self::SecondFactorOfAccountInAnHour => "second factor account hour",
            Self::SecondFactorInKnownBrowserInARow => "second factor known browser row",
            Self::SecondFactorInKnownBrowser => "second factor known browser",
            Self::SecondFactorInKnownBrowserInAnHour => "second factor known browser hour",
            Self::SecondFactorUntold => "second factor untold",
            Self::SecondFactorTold => "second factor told",
            Self::PasskeyFromNetwork => "passkey network",
            Self::PasskeyFromWideNetwork => "passkey wide network",
            Self::RecoveryFromNetwork => "recovery network",
            Self::RecoveryFromWideNetwork => "recovery wide network",
            Self::MailToAddress => "mail address",
            Self::RecoveryMailForName => "recovery mail name",
            Self::MailFromNetwork => "mail network",
            Self::MailFromWideNetwork => "mail wide network",
            Self::MailedCodeOfAccount => "mailed code account",
            Self::MailedCodeInKnownBrowser => "mailed code known browser",
            Self::SignUpFromNetwork => "sign-up network",
            Self::SignUpFromWideNetwork => "sign-up wide network",
            Self::TakenNameOfSignUp => "sign-up taken name",
        }
    }

    pub fn rule(self, config: &LimitsConfig) -> Rule {
        let failures = Seconds(config.failed_logins_window);
        let lock = Seconds(config.failed_logins_lock);
        // What comes in a row is not forgotten before the lock would be over, or whoever is patient never meets it.
        let in_a_row = |free, stop| Rule::Pauses { free, stop, forget_after: lock.max(failures), stopped_for: lock };
        let (most, window) = match self {
            Self::PasswordOfAccount | Self::PasswordInKnownBrowser => {
                return in_a_row(config.failed_logins_per_account, config.failed_logins_in_a_row);
            }
            // The pauses are those of the two windows below.
            Self::SecondFactorOfAccountInARow | Self::SecondFactorInKnownBrowserInARow => {
                return in_a_row(config.failed_codes_in_a_row, config.failed_codes_in_a_row);
            }
            Self::PasswordForName => (config.failed_logins_per_name, failures),
            Self::PasswordFromNetwork => (config.failed_logins_per_network, failures),
            Self::PasswordFromWideNetwork => (config.failed_logins_per_wide_network, failures),
            Self::PasswordFromAnywhere => (config.failed_logins_in_all, failures),
            Self::PasswordAtApiNoted => (1, AN_HOUR),
            Self::SecondFactorOfAccount | Self::SecondFactorInKnownBrowser => {
                (config.failed_codes_in_five_minutes, FIVE_MINUTES)
            }
            Self::SecondFactorOfAccountInAnHour | Self::SecondFactorInKnownBrowserInAnHour => {
                (config.failed_codes_per_hour, AN_HOUR)
            }
            Self::SecondFactorUntold => (UNTOLD_FAILURES, A_DAY),
            Self::SecondFactorTold => (1, A_DAY),
            Self::PasskeyFromNetwork | Self::RecoveryFromNetwork => (config.failed_passkeys_per_network, failures),
            Self::PasskeyFromWideNetwork | Self::RecoveryFromWideNetwork => {
                (config.failed_passkeys_per_wide_network, failures)
            }
            Self::MailToAddress | Self::MailedCodeOfAccount | Self::MailedCodeInKnownBrowser => {
                (config.mails_per_address, AN_HOUR)
            }
            // As long as the links are good: who is refused has one.
            Self::RecoveryMailForName => (config.mails_per_address, Purpose::Recover.lifetime()),
            Self::MailFromNetwork => (config.mails_per_network, AN_HOUR),
            Self::MailFromWideNetwork => (config.mails_per_wide_network, AN_HOUR),
            Self::SignUpFromNetwork => (config.signups_per_network, AN_HOUR),
            Self::SignUpFromWideNetwork => (config.signups_per_wide_network, AN_HOUR),
            Self::TakenNameOfSignUp => (TAKEN_NAMES, AN_HOUR),
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
    fn by_default_one_account_takes_no_more_than_a_hundred_wrong_passwords_or_codes_in_a_row() {
        for bucket in [Bucket::PasswordOfAccount, Bucket::PasswordInKnownBrowser, Bucket::SecondFactorOfAccountInARow] {
            let Rule::Pauses { stop, stopped_for, forget_after, .. } = bucket.rule(&LimitsConfig::default()) else {
                panic!("what comes in a row is limited by pauses")
            };
            assert!(stop <= 100 && stopped_for >= Seconds::hours(1) && forget_after >= stopped_for, "{bucket:?}");
        }
    }
}
