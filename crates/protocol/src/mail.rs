//! Mail to people: what it can be about, and when a mail that did not get through is tried again.
//!
//! The words, the templates and the sending are the shell's; so is the outbox, in which a mail waits until it is settled.

use crate::closed_set::closed_set;
use crate::time::{Seconds, Timestamp};

closed_set! {
    /// What the owner of an account is told, so that a change that is not their own does not stay unnoticed.
    pub enum Notice {
        PasswordChanged = "password_changed",
        /// A password was set by somebody who proved to own the address, or by a recovery code, or by an administrator.
        PasswordReset = "password_reset",
        PasskeyAdded = "passkey_added",
        PasskeyRemoved = "passkey_removed",
        TotpAdded = "totp_added",
        TotpRemoved = "totp_removed",
        RecoveryCodesMade = "recovery_codes_made",
        RecoveryCodeUsed = "recovery_code_used",
        /// Somebody has the password, and tries codes.
        SecondFactorFailed = "second_factor_failed",
        ApiKeyCreated = "api_key_created",
        ApiKeyRotated = "api_key_rotated",
        ApiKeyRevoked = "api_key_revoked",
        /// For the address of before.
        EmailChanged = "email_changed",
        /// A sign-in from a browser that was not seen before.
        NewDevice = "new_device",
        DeletionCancelled = "deletion_cancelled",
        AccountDeleted = "account_deleted",
    }
}

closed_set! {
    /// How far a mail is.
    pub enum MailState {
        Waiting = "waiting",
        /// The mail server took it over.
        Sent = "sent",
        /// The mail server does not want it, and said so more than once.
        Refused = "refused",
        /// Time was up before a mail server took it over.
        GivenUp = "given_up",
    }
}

/// How a try ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Sent,
    /// RFC 5321 §4.2.1: "5yz Permanent Negative Completion reply [...] The SMTP client SHOULD NOT repeat the exact request".
    /// It is repeated a few times all the same: such a reply often says more about a mail server that is being set up than
    /// about the recipient.
    Refused,
    /// No mail server was reached, it was not the right one, or it asks to try again.
    Failed,
    /// What is in it has expired meanwhile.
    Pointless,
}

/// What becomes of the mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    Settled(MailState),
    Again(Timestamp),
}

/// A mail that is refused this often is not sent any more.
const REFUSALS: u32 = 3;

/// `tries` counts the one that just ended with `outcome`. `pauses` come after the first try, the second and so on; the last one
/// repeats. After `give_up_at` nobody could use what is in the mail.
pub fn next(outcome: Outcome, tries: u32, pauses: &[u64], give_up_at: Timestamp, now: Timestamp) -> Next {
    match outcome {
        Outcome::Sent => Next::Settled(MailState::Sent),
        Outcome::Pointless => Next::Settled(MailState::GivenUp),
        Outcome::Refused if tries >= REFUSALS => Next::Settled(MailState::Refused),
        Outcome::Refused | Outcome::Failed => {
            let again = now + pause(pauses, tries);
            if again > give_up_at { Next::Settled(MailState::GivenUp) } else { Next::Again(again) }
        }
    }
}

/// How long to wait after this try.
pub fn pause(pauses: &[u64], tries: u32) -> Seconds {
    const IF_NONE: u64 = 60;
    let step = usize::try_from(tries.saturating_sub(1)).unwrap_or(usize::MAX);
    let pause = pauses.get(step).or(pauses.last()).copied().unwrap_or(IF_NONE);
    Seconds(i64::try_from(pause).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp(1_000_000);
    const PAUSES: [u64; 3] = [5, 60, 600];

    #[test]
    fn pauses_grow_until_the_mail_is_of_no_use() {
        let give_up_at = START + Seconds::hours(1);
        let (mut now, mut pauses) = (START, Vec::new());
        let settled = (1..100).find_map(|tries| match next(Outcome::Failed, tries, &PAUSES, give_up_at, now) {
            Next::Again(again) => {
                pauses.push(again.since(now).0);
                now = again;
                None
            }
            Next::Settled(state) => Some(state),
        });
        assert_eq!(pauses[..4], [5, 60, 600, 600]);
        assert_eq!(settled, Some(MailState::GivenUp));
        assert!(now <= give_up_at);
    }

    #[test]
    fn a_refusal_counts_when_it_is_repeated() {
        let give_up_at = START + Seconds::hours(1);
        assert_eq!(next(Outcome::Refused, 1, &PAUSES, give_up_at, START), Next::Again(START + Seconds(5)));
        assert_eq!(next(Outcome::Refused, 3, &PAUSES, give_up_at, START), Next::Settled(MailState::Refused));
        assert_eq!(next(Outcome::Sent, 9, &PAUSES, START, START), Next::Settled(MailState::Sent));
        assert_eq!(next(Outcome::Pointless, 1, &PAUSES, give_up_at, START), Next::Settled(MailState::GivenUp));
    }

    #[test]
    fn without_pauses_there_is_one_all_the_same() {
        assert_eq!(pause(&[], 1), Seconds(60));
        assert_eq!(pause(&PAUSES, 0), Seconds(5));
    }
}
