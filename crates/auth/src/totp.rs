//! The authenticator app of a person (TOTP, RFC 6238): its enrolment, and the codes that it shows.
//!
//! A secret is offered on a page and kept nowhere until a code proves that the app has it; it waits sealed in the form
//! meanwhile, for this person and for ten minutes. Then the row keeps it sealed. A code is good once: the row remembers the last
//! time step that was used, and one conditional update moves it. How often somebody may guess is not here
//! ([`crate::limits::second_factor`]).

mod code;
mod qr;

use protocol::ids::UserId;
use protocol::secret::Secret;
use protocol::time::{Seconds, Timestamp};
use protocol::user::User;
use serde::{Deserialize, Serialize};
use store::totp::Totp;
use store::{StoreError, Won};

use crate::{AppState, random};
pub use code::DIGITS;
use code::{Key, base32};
pub use qr::QrCode;

use jwt::sealed::{Purpose, open_for, seal_for};

/// As long as a person may take to find the app and scan.
const OFFER_LIFETIME: Seconds = Seconds::minutes(10);

/// What the page of the enrolment shows.
pub struct Offer {
    /// For the hidden field of the form.
    pub sealed: String,
    /// The secret in groups of four, for those who type it.
    pub groups: String,
    /// The same for the app, as a link and in the picture.
    pub uri: String,
    /// `None` when names are so long that no picture can hold them.
    pub qr: Option<QrCode>,
}

/// What became of an enrolment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enrolment {
    /// From now on a second factor is asked. The code is used up.
    Done,
    /// Not a code of this secret at this time: show the same offer again ([`reopen`]).
    Wrong,
    /// The offer is not of this person, too old, or was used: make a new one.
    Gone,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// And the code is used up.
    Proven,
    Wrong,
    /// It was right once. The next one comes within half a minute.
    Used,
    /// The person has no authenticator app here.
    NotEnrolled,
}

/// What an offer carries to its confirmation.
#[derive(Serialize, Deserialize)]
struct Offered {
    secret: String,
    at: Timestamp,
}

/// A new secret for this person, stored nowhere.
pub fn offer(state: &AppState, user: &User, now: Timestamp) -> Offer {
    let key = Key::new(random::totp_secret());
    let offered = Offered { secret: base32(key.bytes()), at: now };
    let sealed = seal_for(Purpose::TotpOffer(&user.id), state.keys.secrets(), &offered);
    shown(state, user, &key, sealed)
}

/// The offer of a form that came back; `None` when it is not of this person or too old.
pub fn reopen(state: &AppState, user: &User, sealed: &str, now: Timestamp) -> Option<Offer> {
    let (key, _) = opened(state, &user.id, sealed, now)?;
    Some(shown(state, user, &key, sealed.to_owned()))
}

/// Enrols the offered secret if the person typed a code of it, in place of one that was enrolled before the offer.
pub async fn enrol(
    state: &AppState,
    user: &UserId,
    sealed: &str,
    typed: &str,
    now: Timestamp,
) -> Result<Enrolment, StoreError> {
    let Some((key, offered_at)) = opened(state, user, sealed, now) else { return Ok(Enrolment::Gone) };
    let Some(step) = code::read(typed).and_then(|code| key.step_of(code, now)) else { return Ok(Enrolment::Wrong) };
    let row = Totp {
        user_id: user.clone(),
        sealed: seal_for(Purpose::Totp(user), state.keys.secrets(), &base32(key.bytes())),
        last_used_step: step,
        created_at: now,
    };
    Ok(match store::totp::enrol(&state.store, &row, offered_at).await? {
        Won::Yes => Enrolment::Done,
        Won::No => Enrolment::Gone,
    })
}

/// Since when the person has an authenticator app here.
pub async fn enrolled_at(state: &AppState, user: &UserId) -> Result<Option<Timestamp>, StoreError> {
    Ok(store::totp::find(&state.store, user).await?.map(|row| row.created_at))
}

/// Whether this is a code of the person's app at this time, used for the first time. Reserve the try before.
pub async fn verify(state: &AppState, user: &UserId, typed: &str, now: Timestamp) -> Result<Verdict, StoreError> {
    let Some(row) = store::totp::find(&state.store, user).await? else { return Ok(Verdict::NotEnrolled) };
    let secret: Option<String> = open_for(Purpose::Totp(user), state.keys.secrets(), &row.sealed);
    let Some(key) = secret.and_then(|secret| Key::from_base32(&secret)) else {
        // Only with another master key: the person is not let in, and finds the way by a recovery code.
        tracing::error!(user.id = %user, "the secret of an authenticator app cannot be opened with these keys");
        return Ok(Verdict::Wrong);
    };
    let Some(step) = code::read(typed).and_then(|code| key.step_of(code, now)) else { return Ok(Verdict::Wrong) };
    Ok(match store::totp::use_step(&state.store, &row, step).await? {
        Won::Yes => Verdict::Proven,
        Won::No => Verdict::Used,
    })
}

/// `Won::No` when there was none.
pub async fn remove(state: &AppState, user: &UserId) -> Result<Won, StoreError> {
    store::totp::remove(&state.store, user).await
}

fn opened(state: &AppState, user: &UserId, sealed: &str, now: Timestamp) -> Option<(Key, Timestamp)> {
    let offered: Offered = open_for(Purpose::TotpOffer(user), state.keys.secrets(), sealed)?;
    let secret = Secret::new(offered.secret);
    let age = now.since(offered.at);
    (Seconds(0) <= age && age < OFFER_LIFETIME).then_some(())?;
    Some((Key::from_base32(secret.expose())?, offered.at))
}

fn shown(state: &AppState, user: &User, key: &Key, sealed: String) -> Offer {
    let secret = base32(key.bytes());
    let uri = code::uri(&state.config.branding.name, user.email.as_deref().unwrap_or(&user.username), &secret);
    let qr = QrCode::of(&uri);
    let groups: Vec<&str> = secret.as_bytes().chunks(4).filter_map(|group| str::from_utf8(group).ok()).collect();
    Offer { groups: groups.join(" "), sealed, uri, qr }
}
