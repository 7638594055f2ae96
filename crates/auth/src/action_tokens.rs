//! Links and short codes that are sent to people: made, found, proven, used.
//!
//! A link is `{id}.{secret}` below the page that it is for. It is good for one purpose, once, for a while, and (but for the way back
//! from a deletion) only as long as the account is as it was when it was sent. **Opening a link uses nothing up** (mail scanners open
//! every link): a page finds the token by GET, and only the form on it uses the token. A code is short, so it counts in the sign-in
//! that asked for it only, for ten minutes, and every try is taken off before the code is looked at (ASVS 6.6.3).

use jwt::Secrets;
use protocol::action_token::{CODE_TRIES, Purpose, code, code_expires_at, read_code};
use protocol::ids::{ActionTokenId, InteractionId, UserId};
use protocol::secret::{NamedToken, SecretString, TokenHash};
use protocol::time::{Seconds, Timestamp};
use protocol::user::User;
use serde_json::{Map, Value};
pub use store::action_tokens::ActionToken;
use store::{Store, StoreError, Won, action_tokens, passwords, users};

use crate::mail::Mailbox;
pub use crate::page_paths::{RECOVER, SIGN_UP};
use crate::{AppState, random};

/// What is to be sent to somebody.
#[derive(Clone, Debug)]
pub struct Order<'a> {
    pub purpose: Purpose,
    /// `None`: there is no account yet.
    pub user: Option<&'a User>,
    /// The address that it is sent to.
    pub email: Option<&'a Mailbox>,
    /// The sign-in that asks for it.
    pub interaction: Option<&'a InteractionId>,
    /// What the page behind the link needs to know.
    pub details: Map<String, Value>,
    pub lifetime: Seconds,
    pub with_code: WithCode,
}

/// Whether there is a short code beside the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WithCode {
    Yes,
    No,
}

/// What is sent. It is nowhere else.
#[derive(Clone, Debug)]
pub struct Issued {
    pub id: ActionTokenId,
    pub link_token: SecretString,
    pub code: Option<SecretString>,
}

/// What a typed code is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CodeVerdict {
    /// The right one, for the first time.
    Proven(Box<ActionToken>),
    Wrong,
    /// It was tried too often. A new one can be asked for.
    Exhausted,
    /// There is none that counts: none was asked for, or it is too old, was used, or the account has changed.
    Expired,
}

impl<'a> Order<'a> {
    /// For this purpose, as long as such links are good; the rest is empty.
    pub fn new(purpose: Purpose) -> Self {
        Self {
            purpose,
            user: None,
            email: None,
            interaction: None,
            details: Map::new(),
            lifetime: purpose.lifetime(),
            with_code: WithCode::No,
        }
    }

    #[must_use]
    pub fn to(self, email: &'a Mailbox) -> Self {
        Self { email: Some(email), ..self }
    }

    #[must_use]
    pub fn of(self, user: &'a User) -> Self {
        Self { user: Some(user), ..self }
    }

    /// With a code that counts in this sign-in.
    #[must_use]
    pub fn with_code_for(self, interaction: &'a InteractionId) -> Self {
        Self { interaction: Some(interaction), with_code: WithCode::Yes, ..self }
    }
}

/// Makes a link, and a code if it is wanted.
pub async fn issue(state: &AppState, order: Order<'_>, now: Timestamp) -> Result<Issued, StoreError> {
    issue_with(&state.store, Some(state.keys.secrets()), order, now).await
}

/// Makes a link without a code, which needs no key: for commands.
pub async fn issue_link(store: &Store, order: Order<'_>, now: Timestamp) -> Result<Issued, StoreError> {
    issue_with(store, None, order, now).await
}

async fn issue_with(
    store: &Store,
    secrets: Option<&Secrets>,
    order: Order<'_>,
    now: Timestamp,
) -> Result<Issued, StoreError> {
    let token = random::named_token(ActionTokenId::from_random(random::id()));
    let account_state = match order.user.filter(|_| rests_on_account(order.purpose)) {
        Some(user) => Some(account_state(user, passwords::changed_at(store, &user.id).await?)),
        None => None,
    };
    let secrets = secrets.filter(|_| order.with_code == WithCode::Yes);
    let code = secrets.map(|_| SecretString::new(code(random::short_code())));
    let row = ActionToken {
        id: token.id.clone(),
        purpose: order.purpose,
        secret_hash: token.hash(),
        code_mac: secrets
            .zip(code.as_ref())
            .map(|(secrets, code)| secrets.code_mac(&mac_input(&token.id, order.purpose, code.expose()))),
        user_id: order.user.map(|user| user.id.clone()),
        email: order.email.map(Mailbox::to_string),
        interaction_id: order.interaction.cloned(),
        account_state,
        details: order.details,
        tries_left: CODE_TRIES,
        created_at: now,
        expires_at: now + order.lifetime,
        proven_at: None,
        used_at: None,
    };
    action_tokens::insert(store, &row).await?;
    Ok(Issued { id: row.id, link_token: token.print(), code })
}

/// The address of a page of ours, with the token of the link behind it.
pub fn link(state: &AppState, page: &str, issued: &Issued) -> String {
    state.issuer().endpoint(&format!("{page}/{}", issued.link_token.expose()))
}

/// What a link stands for, if it is still good for this purpose. Uses nothing up, however often it is asked.
pub async fn find_by_link(
    state: &AppState,
    token: &str,
    purpose: Purpose,
    now: Timestamp,
) -> Result<Option<ActionToken>, StoreError> {
    let Some(link) = NamedToken::<ActionTokenId>::parse(token) else { return Ok(None) };
    let Some(found) = action_tokens::find(&state.store, &link.id).await? else { return Ok(None) };
    let good = found.secret_hash == link.hash() && found.purpose == purpose && is_live(&found, now);
    Ok(if good && account_is_as_it_was(state, &found).await? { Some(found) } else { None })
}

/// Uses the token up. Of several who come at once, one wins; whoever does not must not go on.
pub async fn use_link(state: &AppState, token: &ActionToken, now: Timestamp) -> Result<Won, StoreError> {
    action_tokens::use_once(&state.store, &token.id, now).await
}

/// Whether this is the code that was sent last for this sign-in. A try is taken off before the code is looked at.
pub async fn try_code(
    state: &AppState,
    interaction: &InteractionId,
    purpose: Purpose,
    typed: &str,
    now: Timestamp,
) -> Result<CodeVerdict, StoreError> {
    // What cannot be a code costs no try.
    let Some(typed) = read_code(typed) else { return Ok(CodeVerdict::Wrong) };
    let latest = action_tokens::latest_of_interaction(&state.store, interaction, purpose).await?;
    let live = |token: &ActionToken| {
        is_live(token, now) && token.proven_at.is_none() && now < code_expires_at(token.created_at, token.expires_at)
    };
    let Some(token) = latest.filter(live) else { return Ok(CodeVerdict::Expired) };
    if action_tokens::reserve_try(&state.store, &token.id, now).await? == Won::No {
        return Ok(CodeVerdict::Exhausted);
    }
    if !is_code(state.keys.secrets(), &token, &typed) {
        return Ok(CodeVerdict::Wrong);
    }
    if !account_is_as_it_was(state, &token).await? {
        return Ok(CodeVerdict::Expired);
    }
    match action_tokens::mark_proven(&state.store, &token.id, now).await? {
        Won::Yes => Ok(CodeVerdict::Proven(Box::new(ActionToken { proven_at: Some(now), ..token }))),
        Won::No => Ok(CodeVerdict::Expired),
    }
}

/// Nothing that was sent to this person, or nothing for this purpose, is good any more. The way back from a deletion is, unless it is
/// named.
pub async fn void(state: &AppState, user: &UserId, purpose: Option<Purpose>, now: Timestamp) -> Result<(), StoreError> {
    action_tokens::void_of_user(&state.store, user, purpose, now).await.map(|_| ())
}

/// A digest of what a link rests on: with another password, another address, or disabled, the account is not the one that the
/// link was sent for.
pub fn account_state(user: &User, password_changed_at: Option<Timestamp>) -> String {
    let state = (user.id.as_str(), &user.email, user.disabled_at.map(|at| at.0), password_changed_at.map(|at| at.0));
    let json = serde_json::to_vec(&state).expect("texts and numbers always have a JSON form");
    TokenHash::of(&json).as_str().to_owned()
}

/// The way back from a deletion stays open whatever else happens to the account: somebody who schedules one in an account that is not
/// theirs would change the password next.
fn rests_on_account(purpose: Purpose) -> bool {
    purpose != Purpose::CancelDeletion
}

fn is_live(token: &ActionToken, now: Timestamp) -> bool {
    token.used_at.is_none() && now < token.expires_at
}

/// In constant time.
fn is_code(secrets: &Secrets, token: &ActionToken, typed: &str) -> bool {
    let kept = token.code_mac.as_deref();
    kept.is_some_and(|mac| secrets.verify_code_mac(&mac_input(&token.id, token.purpose, typed), mac))
}

fn mac_input(id: &ActionTokenId, purpose: Purpose, code: &str) -> Vec<u8> {
    [purpose.name(), id.as_str(), code].join("\0").into_bytes()
}

async fn account_is_as_it_was(state: &AppState, token: &ActionToken) -> Result<bool, StoreError> {
    let Some(id) = &token.user_id else { return Ok(true) };
    let Some(user) = users::find(&state.store, id).await? else { return Ok(false) };
    if !rests_on_account(token.purpose) {
        return Ok(true);
    }
    let changed_at = passwords::changed_at(&state.store, id).await?;
    Ok(token.account_state.as_deref() == Some(account_state(&user, changed_at).as_str()))
}
