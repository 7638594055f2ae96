//! A proof by a passkey: the options for `navigator.credentials.get()`, and what comes of the answer.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use protocol::ids::{CeremonyId, UserId};
use protocol::passkey::CeremonyKind;
use protocol::secret::TokenHash;
use protocol::time::Timestamp;
use serde_json::Value;
use store::Won;
use store::passkeys::Passkey;
use webauthn_rs_core::WebauthnCore;
use webauthn_rs_core::error::WebauthnError;
use webauthn_rs_core::proto::{
    AllowCredentials, AuthenticationState, Credential, PublicKeyCredential, UserVerificationPolicy,
};

use super::error::Noticed;
use super::{PasskeyError, Presented, client_data, credential, party, take, user_handle};
use crate::AppState;

/// How often an answer is compared with the sign count again because somebody noted another one meanwhile.
const TRIES: usize = 3;

/// The options for one person's passkeys or, with no person, for whichever discoverable credential the browser finds.
pub async fn begin(
    state: &AppState,
    user: Option<&UserId>,
    browser_hash: &TokenHash,
    now: Timestamp,
) -> Result<(CeremonyId, Value), PasskeyError> {
    let (_, core) = party(state)?;
    let builder = core.new_challenge_authenticate_builder(Vec::new(), Some(UserVerificationPolicy::Required))?;
    let (mut options, verifier) = core.generate_challenge_authenticate(builder)?;
    if let Some(user) = user {
        let present = store::passkeys::of_user(&state.store, user).await?;
        options.public_key.allow_credentials = present.iter().filter_map(allowed).collect();
    }
    super::begin(state, CeremonyKind::Authentication, (user, browser_hash), (options.public_key, verifier), now).await
}

/// Verifies the answer and notes the use. `user`: the person that the ceremony was begun for, if it was for one. Whether they may
/// sign in at all is the caller's question.
pub async fn finish(
    state: &AppState,
    user: Option<&UserId>,
    presented: Presented<'_>,
    now: Timestamp,
) -> Result<(UserId, Passkey), PasskeyError> {
    let (party, core) = party(state)?;
    let ceremony = take(state, CeremonyKind::Authentication, user, presented, now).await?;
    let verifier: AuthenticationState = serde_json::from_str(&ceremony.state).map_err(|_| PasskeyError::Unreadable)?;
    let answer: PublicKeyCredential = serde_json::from_str(presented.response).map_err(|_| PasskeyError::Malformed)?;
    client_data::check(&answer.response.client_data_json, &party)?;
    let id = URL_SAFE_NO_PAD.encode(answer.get_credential_id());
    for _ in 0..TRIES {
        let found = store::passkeys::find(&state.store, &id).await?;
        let before = found.ok_or(PasskeyError::UnknownCredential)?;
        check_owner(&before, user, &answer)?;
        let noted = compare(state, &core, (&answer, &verifier), before, now).await?;
        if let Some(passkey) = noted {
            return Ok((passkey.user_id.clone(), passkey));
        }
    }
    // Somebody else with this key is faster every time.
    Err(PasskeyError::WrongSignature)
}

/// §7.2 step 6: with a known person, the credential is theirs, and a user handle names them. Otherwise the user handle is there
/// and names the owner of the credential.
fn check_owner(passkey: &Passkey, user: Option<&UserId>, answer: &PublicKeyCredential) -> Result<(), PasskeyError> {
    let handle = answer.get_user_unique_id().filter(|handle| !handle.is_empty());
    if user.is_some_and(|user| *user != passkey.user_id) {
        return Err(PasskeyError::OtherPerson);
    }
    match handle {
        Some(handle) if handle == user_handle(&passkey.user_id).as_bytes() => Ok(()),
        Some(_) => Err(PasskeyError::OtherPerson),
        None if user.is_some() => Ok(()),
        None => Err(PasskeyError::NoUserHandle),
    }
}

/// Verifies against the row as it was read, and notes the use against it. `None` when the row changed meanwhile.
async fn compare(
    state: &AppState,
    core: &WebauthnCore,
    (answer, verifier): (&PublicKeyCredential, &AuthenticationState),
    before: Passkey,
    now: Timestamp,
) -> Result<Option<Passkey>, PasskeyError> {
    let mut kept = credential(&before)?;
    let result = match core.authenticate_single_credential(answer, verifier, &kept) {
        Err(WebauthnError::CredentialPossibleCompromise) => {
            return Err(cloned(state, before, now).await?);
        }
        outcome => outcome?,
    };
    if before.clone_seen_at.is_some() {
        return Err(PasskeyError::Cloned { user: before.user_id, noticed: Noticed::Before });
    }
    kept.counter = result.counter();
    kept.backup_state = result.backup_state();
    let after = text(&kept)?;
    Ok(match store::passkeys::note_use(&state.store, &before, &after, now).await? {
        Won::Yes => Some(Passkey { credential: after, last_used_at: Some(now), ..before }),
        Won::No => None,
    })
}

/// §6.1.1: a sign count that does not grow "is a sign, but not proof, that the authenticator may be cloned". We do not guess who
/// has the copy.
async fn cloned(state: &AppState, passkey: Passkey, now: Timestamp) -> Result<PasskeyError, PasskeyError> {
    let noticed = match store::passkeys::mark_clone(&state.store, &passkey.id, now).await? {
        Won::Yes => Noticed::Now,
        Won::No => Noticed::Before,
    };
    Ok(PasskeyError::Cloned { user: passkey.user_id, noticed })
}

fn text(credential: &Credential) -> Result<String, PasskeyError> {
    serde_json::to_string(credential).map_err(|_| PasskeyError::Unreadable)
}

fn allowed(passkey: &Passkey) -> Option<AllowCredentials> {
    // One that is refused anyway is not offered.
    let usable = passkey.clone_seen_at.is_none();
    let id = URL_SAFE_NO_PAD.decode(&passkey.id).ok().filter(|_| usable)?;
    Some(AllowCredentials { type_: "public-key".to_owned(), id, transports: None })
}
