//! `[limits]`: how much one peer may ask for.

use serde::{Deserialize, Serialize};

use super::problem::{Problem, within};

/// How much one peer may ask for, and how long that may take.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitsConfig {
    /// Wrong passwords for one account before its next tries are delayed (1, 2, 4 … 60 seconds). A browser that signed in to the
    /// account before is counted by itself, so that strangers cannot lock it out.
    pub failed_logins_per_account: u32,

    /// Wrong passwords in a row after which an account takes none for `failed_logins_lock`. A right one and a new one end the row,
    /// and so does that time without another one. Passkeys, known browsers and a new password (by mail, by an administrator) remain.
    pub failed_logins_in_a_row: u32,

    /// How long an account takes no password after too many wrong ones in a row, and no code after too many wrong ones.
    /// Unit: seconds (default 1 day).
    pub failed_logins_lock: i64,

    /// Wrong passwords for one user name or e-mail address as typed, whether or not somebody has it, within
    /// `failed_logins_window`.
    pub failed_logins_per_name: u32,

    /// Wrong passwords from one network (an IPv4 address or an IPv6 /64) within `failed_logins_window`.
    pub failed_logins_per_network: u32,

    /// The same from one wide network (an IPv4 /24 or an IPv6 /48).
    pub failed_logins_per_wide_network: u32,

    /// The same from everywhere together.
    pub failed_logins_in_all: u32,

    /// Wrong passwords for a name or from a network are forgotten when that time has passed since the first of them.
    /// Unit: seconds (default 15 minutes).
    pub failed_logins_window: i64,

    /// Wrong codes beside the password (authenticator app, recovery code, mail) for one account within five minutes.
    pub failed_codes_in_five_minutes: u32,

    /// The same within an hour.
    pub failed_codes_per_hour: u32,

    /// The same in a row, after which an account takes none for `failed_logins_lock`.
    pub failed_codes_in_a_row: u32,

    /// Passkeys from one network (an IPv4 address or an IPv6 /64) that were not accepted, within `failed_logins_window`. As many
    /// recovery codes instead of a password are counted beside them.
    pub failed_passkeys_per_network: u32,

    /// The same from one wide network (an IPv4 /24 or an IPv6 /48).
    pub failed_passkeys_per_wide_network: u32,

    /// Mails that somebody may ask for to one address in an hour (sign-up, change of address, codes); and links to a new password for one
    /// name or address in half an hour, as long as a link is good.
    pub mails_per_address: u32,

    /// Mails that one network (an IPv4 address or an IPv6 /64) may ask for in an hour, whatever the addresses.
    pub mails_per_network: u32,

    /// The same for one wide network (an IPv4 /24 or an IPv6 /48).
    pub mails_per_wide_network: u32,

    /// Sign-ups that one network (an IPv4 address or an IPv6 /64) may begin in an hour.
    pub signups_per_network: u32,

    /// The same for one wide network (an IPv4 /24 or an IPv6 /48).
    pub signups_per_wide_network: u32,

    /// Sign-ins that one network may begin in a minute; each waits in the database until it is finished or expires. As many
    /// request objects are fetched for its links.
    pub interactions_per_minute: u32,

    /// Largest body of a request; more is refused with 413.
    /// Unit: bytes.
    pub body_bytes: usize,

    /// Time for a client to send the head of its request.
    /// Unit: seconds.
    pub header_timeout: u64,

    /// Time for a handler to answer; afterwards the client gets 503.
    /// Unit: seconds.
    pub handler_timeout: u64,

    /// How long an idle connection stays open for the next request.
    /// Unit: seconds.
    pub keep_alive: u64,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            failed_logins_per_account: 5,
            failed_logins_in_a_row: 100,
            failed_logins_lock: 86_400,
            failed_logins_per_name: 30,
            failed_logins_per_network: 100,
            failed_logins_per_wide_network: 1_000,
            failed_logins_in_all: 10_000,
            failed_logins_window: 900,
            failed_codes_in_five_minutes: 5,
            failed_codes_per_hour: 10,
            failed_codes_in_a_row: 100,
            failed_passkeys_per_network: 100,
            failed_passkeys_per_wide_network: 1_000,
            mails_per_address: 3,
            mails_per_network: 10,
            mails_per_wide_network: 100,
            signups_per_network: 5,
            signups_per_wide_network: 50,
            interactions_per_minute: 600,
            body_bytes: 65_536,
            header_timeout: 5,
            handler_timeout: 10,
            keep_alive: 60,
        }
    }
}

impl LimitsConfig {
    pub(super) fn check(&self, problems: &mut Vec<Problem>) {
        self.check_guessing(problems);
        within(problems, "limits.interactions_per_minute", self.interactions_per_minute, 1..=1_000_000);
        within(problems, "limits.body_bytes", self.body_bytes, 8_192..=1_048_576);
        within(problems, "limits.header_timeout", self.header_timeout, 1..=120);
        within(problems, "limits.handler_timeout", self.handler_timeout, 1..=120);
        within(problems, "limits.keep_alive", self.keep_alive, 1..=3_600);
    }

    fn check_guessing(&self, problems: &mut Vec<Problem>) {
        within(problems, "limits.failed_logins_per_account", self.failed_logins_per_account, 1..=100);
        // NIST SP 800-63B-4 §3.2.2 allows at most 100.
        let free = self.failed_logins_per_account.clamp(1, 100);
        within(problems, "limits.failed_logins_in_a_row", self.failed_logins_in_a_row, free..=100);
        within(problems, "limits.failed_logins_lock", self.failed_logins_lock, 900..=30 * 86_400);
        within(problems, "limits.failed_logins_per_name", self.failed_logins_per_name, 1..=100_000);
        within(problems, "limits.failed_logins_per_network", self.failed_logins_per_network, 1..=100_000);
        within(problems, "limits.failed_logins_per_wide_network", self.failed_logins_per_wide_network, 1..=1_000_000);
        within(problems, "limits.failed_logins_in_all", self.failed_logins_in_all, 1..=100_000_000);
        within(problems, "limits.failed_logins_window", self.failed_logins_window, 60..=86_400);
        within(problems, "limits.failed_codes_in_five_minutes", self.failed_codes_in_five_minutes, 1..=100);
        within(problems, "limits.failed_codes_per_hour", self.failed_codes_per_hour, 1..=1_000);
        within(problems, "limits.failed_codes_in_a_row", self.failed_codes_in_a_row, 1..=100);
        within(problems, "limits.failed_passkeys_per_network", self.failed_passkeys_per_network, 1..=100_000);
        let wide = self.failed_passkeys_per_wide_network;
        within(problems, "limits.failed_passkeys_per_wide_network", wide, 1..=1_000_000);
        within(problems, "limits.mails_per_address", self.mails_per_address, 1..=1_000);
        within(problems, "limits.mails_per_network", self.mails_per_network, 1..=100_000);
        within(problems, "limits.mails_per_wide_network", self.mails_per_wide_network, 1..=1_000_000);
        within(problems, "limits.signups_per_network", self.signups_per_network, 1..=100_000);
        within(problems, "limits.signups_per_wide_network", self.signups_per_wide_network, 1..=1_000_000);
    }
}
