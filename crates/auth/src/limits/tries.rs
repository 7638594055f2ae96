//! Tries that are counted in the database: reserved before anything is evaluated, settled afterwards.
//!
//! | what is tried | one function reserves it |
//! |---|---|
//! | a password | [`password`] |
//! | a code of an authenticator app, of a mail, or a recovery code | [`second_factor`] |
//! | a passkey | [`passkey`] |
//! | a recovery code instead of the password | [`recovery`] |
//! | a mail that somebody asks for | [`mail`] |
//! | a mail with a link to a new password | [`recovery_mail`] |
//! | the same, by somebody who has proven the password | [`mailed_code`] |
//! | a sign-up | [`sign_up`] |
//! | the name for a new account | [`name_of_sign_up`] |
//!
//! Whoever drops a [`Reserved`], because a request was cancelled half way, leaves the try counted.

use std::net::IpAddr;

use jwt::Secrets;
use protocol::ids::{ActionTokenId, ClientId, KnownBrowserId, UserId};
use protocol::time::Timestamp;
use protocol::user::{User, normalize_login};
use store::attempts::{self, Limited, Refused};
use store::{Store, StoreError};

use super::bucket::Bucket;
use super::network::Network;
use super::{LimitsConfig, Throttled};
use crate::AppState;

/// Who types a password, as far as the server knows before it looks at it.
#[derive(Clone, Copy, Debug)]
pub struct Asker<'a> {
    /// Normalised, so that no other spelling is another name.
    pub name: &'a str,
    /// Whose name that is.
    pub account: Option<&'a UserId>,
    /// This browser signed in to that account before.
    pub known: Option<&'a KnownBrowserId>,
    pub peer: IpAddr,
}

/// A try that counts, until it is settled.
#[derive(Debug)]
#[must_use = "say what became of the try"]
pub struct Reserved {
    /// A success forgets it: what failed before was the same person.
    of_account: Option<String>,
    others: Vec<String>,
    at: Timestamp,
}

impl Reserved {
    /// It was evaluated and was wrong: it stays counted.
    pub fn failed(self) {}

    /// The mail was sent, the sign-up began: it stays counted.
    pub fn done(self) {}

    /// It was right: what failed before is forgotten for the account, and no network is charged with it.
    pub async fn succeeded(self, state: &AppState) {
        let forget: Vec<&str> = self.of_account.as_deref().into_iter().collect();
        self.settle(state, &self.others, &forget).await;
    }

    /// Nothing was evaluated (the server was busy, or the database out of reach).
    pub async fn not_evaluated(self, state: &AppState) {
        self.given_back(state).await;
    }

    /// It was right, and forgets nothing: whoever is right every few seconds must not free those who guess as often.
    pub async fn given_back(self, state: &AppState) {
        let all: Vec<String> = self.of_account.iter().chain(&self.others).cloned().collect();
        self.settle(state, &all, &[]).await;
    }

    /// A try that stays counted although it need not is no reason to refuse anybody.
    async fn settle(&self, state: &AppState, give_back: &[String], forget: &[&str]) {
        let give_back: Vec<&str> = give_back.iter().map(String::as_str).collect();
        if let Err(error) = attempts::settle(&state.store, &give_back, forget, self.at).await {
            tracing::warn!(%error, "a try stays counted, because the database could not be told otherwise");
        }
    }
}

/// A password, after the name was looked up and before anything is hashed. A name that nobody has is counted exactly like one
/// that somebody has, so that neither the answer nor the work tells them apart.
pub async fn password(
    state: &AppState,
    asker: Asker<'_>,
    now: Timestamp,
) -> Result<Result<Reserved, Throttled>, StoreError> {
    if let Some(known) = asker.known {
        return reserve(state, Some((Bucket::PasswordInKnownBrowser, known.to_string())), Vec::new(), now).await;
    }
    let account = match asker.account {
        Some(user) => account_key(user),
        None => format!("nobody {}", asker.name),
    };
    let others = vec![
        (Bucket::PasswordForName, asker.name.to_owned()),
        (Bucket::PasswordFromNetwork, Network::of(asker.peer).key()),
        (Bucket::PasswordFromWideNetwork, Network::around(asker.peer).key()),
        (Bucket::PasswordFromAnywhere, String::new()),
    ];
    reserve(state, Some((Bucket::PasswordOfAccount, account)), others, now).await
}

/// Whether a right password at the API of this client is worth an entry in the log of the person: once an hour from one network, because
/// programs send it with every request.
pub async fn password_at_api_is_news(
    state: &AppState,
    user: &UserId,
    client: &ClientId,
    peer: IpAddr,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let whose = format!("{} {client} {}", account_key(user), Network::of(peer).key());
    Ok(reserve(state, None, vec![(Bucket::PasswordAtApiNoted, whose)], now).await?.map(Reserved::failed).is_ok())
}

/// A code beside the password, of whatever kind: all kinds share the counters of the account. A right code ends the row of wrong
/// ones and gives its own try back; it forgets no other of the last hour, or each sign-in of the owner would allow more guesses to
/// somebody who knows the password.
pub async fn second_factor(
    state: &AppState,
    user: &UserId,
    known: Option<&KnownBrowserId>,
    now: Timestamp,
) -> Result<Result<Reserved, Throttled>, StoreError> {
    let (whose, [row, burst, hour]) = match known {
        Some(browser) => (
            browser.to_string(),
            [
                Bucket::SecondFactorInKnownBrowserInARow,
                Bucket::SecondFactorInKnownBrowser,
                Bucket::SecondFactorInKnownBrowserInAnHour,
            ],
        ),
        None => (
            account_key(user),
            [Bucket::SecondFactorOfAccountInARow, Bucket::SecondFactorOfAccount, Bucket::SecondFactorOfAccountInAnHour],
        ),
    };
    reserve(state, Some((row, whose.clone())), vec![(burst, whose.clone()), (hour, whose)], now).await
}

/// Whether a wrong code is worth a word to the owner: the fifth in a day is, and then none for a day. Whoever types codes knows the
/// password.
pub async fn wrong_code_is_news(state: &AppState, user: &UserId, now: Timestamp) -> Result<bool, StoreError> {
    let untold = vec![(Bucket::SecondFactorUntold, account_key(user))];
    if let Ok(reserved) = reserve(state, None, untold, now).await? {
        reserved.failed();
        return Ok(false);
    }
    let told = vec![(Bucket::SecondFactorTold, account_key(user))];
    Ok(reserve(state, None, told, now).await?.map(Reserved::failed).is_ok())
}

/// The answer of an authenticator. Nobody guesses a signature: this bounds work, and by network only, so that nothing that
/// strangers do keeps the owner of a passkey out.
pub async fn passkey(
    state: &AppState,
    peer: IpAddr,
    now: Timestamp,
) -> Result<Result<Reserved, Throttled>, StoreError> {
    let networks = vec![
        (Bucket::PasskeyFromNetwork, Network::of(peer).key()),
        (Bucket::PasskeyFromWideNetwork, Network::around(peer).key()),
    ];
    reserve(state, None, networks, now).await
}

/// A name and a recovery code. Nobody guesses 140 bits: as for passkeys.
pub async fn recovery(
    state: &AppState,
    peer: IpAddr,
    now: Timestamp,
) -> Result<Result<Reserved, Throttled>, StoreError> {
    let networks = vec![
        (Bucket::RecoveryFromNetwork, Network::of(peer).key()),
        (Bucket::RecoveryFromWideNetwork, Network::around(peer).key()),
    ];
    reserve(state, None, networks, now).await
}

/// A mail to an address that somebody asks for, whether or not anybody has it; not one with a link to a new password.
pub async fn mail(
    state: &AppState,
    address: &str,
    peer: IpAddr,
    now: Timestamp,
) -> Result<Result<Reserved, Throttled>, StoreError> {
    // Whatever the spelling: mail programs do not tell them apart.
    mail_for((Bucket::MailToAddress, normalize_login(address)), state, peer, now).await
}

/// A link to a new password, for a name as it was typed, whether or not anybody has it. By account it would tell which names are of one
/// person: nobody has more than two.
pub async fn recovery_mail(
    state: &AppState,
    name: &str,
    peer: IpAddr,
    now: Timestamp,
) -> Result<Result<Reserved, Throttled>, StoreError> {
    mail_for((Bucket::RecoveryMailForName, normalize_login(name)), state, peer, now).await
}

async fn mail_for(
    limited: (Bucket, String),
    state: &AppState,
    peer: IpAddr,
    now: Timestamp,
) -> Result<Result<Reserved, Throttled>, StoreError> {
    let others = vec![
        limited,
        (Bucket::MailFromNetwork, Network::of(peer).key()),
        (Bucket::MailFromWideNetwork, Network::around(peer).key()),
    ];
    reserve(state, None, others, now).await
}

/// A code by mail for somebody who has proven the password. What strangers ask for at the same address does not count, nor where
/// the person is.
pub async fn mailed_code(
    state: &AppState,
    user: &UserId,
    known: Option<&KnownBrowserId>,
    now: Timestamp,
) -> Result<Result<Reserved, Throttled>, StoreError> {
    let limited = match known {
        Some(browser) => (Bucket::MailedCodeInKnownBrowser, browser.to_string()),
        None => (Bucket::MailedCodeOfAccount, account_key(user)),
    };
    reserve(state, None, vec![limited], now).await
}

pub async fn sign_up(
    state: &AppState,
    peer: IpAddr,
    now: Timestamp,
) -> Result<Result<Reserved, Throttled>, StoreError> {
    let networks = vec![
        (Bucket::SignUpFromNetwork, Network::of(peer).key()),
        (Bucket::SignUpFromWideNetwork, Network::around(peer).key()),
    ];
    reserve(state, None, networks, now).await
}

/// A user name that somebody with a proven address would like. One that is taken stays counted ([`Reserved::failed`]).
pub async fn name_of_sign_up(
    state: &AppState,
    token: &ActionTokenId,
    now: Timestamp,
) -> Result<Result<Reserved, Throttled>, StoreError> {
    reserve(state, None, vec![(Bucket::TakenNameOfSignUp, token.to_string())], now).await
}

/// Whoever replaced the password by another way in need not wait until guesses at the old one are forgotten: those for the account,
/// for each of its names, and in this browser.
pub async fn password_was_replaced(
    store: &Store,
    secrets: &Secrets,
    user: &User,
    browser: Option<&KnownBrowserId>,
) -> Result<(), StoreError> {
    let names = [Some(&user.username), user.email.as_ref()].into_iter().flatten();
    let rows: Vec<String> = [(Bucket::PasswordOfAccount, account_key(&user.id))]
        .into_iter()
        .chain(browser.map(|browser| (Bucket::PasswordInKnownBrowser, browser.to_string())))
        .chain(names.map(|name| (Bucket::PasswordForName, normalize_login(name))))
        .map(|(bucket, whom)| bucket.of(&whom, &LimitsConfig::default(), secrets).bucket)
        .collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    attempts::settle(store, &[], &rows, Timestamp(0)).await
}

fn account_key(user: &UserId) -> String {
    format!("user {user}")
}

async fn reserve(
    state: &AppState,
    account: Option<(Bucket, String)>,
    others: Vec<(Bucket, String)>,
    now: Timestamp,
) -> Result<Result<Reserved, Throttled>, StoreError> {
    let secrets = state.keys.secrets();
    let limited = |(bucket, whom): (Bucket, String)| bucket.of(&whom, &state.config.limits, secrets);
    let account = account.map(limited);
    let others: Vec<Limited> = others.into_iter().map(limited).collect();
    let all: Vec<Limited> = account.iter().chain(&others).cloned().collect();
    Ok(match attempts::reserve(&state.store, &all, now).await? {
        Ok(()) => Ok(Reserved {
            of_account: account.map(|limited| limited.bucket),
            others: others.into_iter().map(|limited| limited.bucket).collect(),
            at: now,
        }),
        Err(Refused { wait }) => Err(Throttled { retry_after: wait }),
    })
}
