//! A new passkey: the options for `navigator.credentials.create()`, and what comes of the answer.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use protocol::ids::{CeremonyId, UserId};
use protocol::passkey::{self, CREDENTIAL_ID_LIMIT, CeremonyKind, PER_PERSON};
use protocol::secret::TokenHash;
use protocol::time::Timestamp;
use protocol::user::User;
use serde_json::Value;
use store::passkeys::Passkey;
use store::{StoreError, Won};
use webauthn_rs_core::proto::{
    AttestationConveyancePreference, COSEAlgorithm, ParsedAttestation, PublicKeyCredentialDescriptor,
    RegisterPublicKeyCredential, RegistrationState, UserVerificationPolicy,
};

use super::{PasskeyError, Presented, aaguid, client_data, party, take, user_handle};
use crate::AppState;

/// In the order of our preference. The library has no EdDSA.
const ALGORITHMS: [COSEAlgorithm; 2] = [COSEAlgorithm::ES256, COSEAlgorithm::RS256];

/// Whose passkey it will be, as the authenticator shows it. The account need not exist yet.
#[derive(Clone, Copy, Debug)]
pub struct Owner<'a> {
    pub id: &'a UserId,
    /// Tells accounts apart: an e-mail address or a user name.
    pub name: &'a str,
    pub display_name: &'a str,
}

/// What a new passkey is called.
#[derive(Clone, Copy, Debug)]
pub struct Naming<'a> {
    /// By the person; may be empty.
    pub typed: &'a str,
    /// When nothing is typed and the maker of the authenticator is unknown.
    pub otherwise: &'a str,
}

impl<'a> Owner<'a> {
    pub fn of(user: &'a User) -> Self {
        let name = user.email.as_deref().unwrap_or(&user.username);
        Self { id: &user.id, name, display_name: user.profile.name.as_deref().unwrap_or(name) }
    }
}

/// The options, under the name of their ceremony: `{"ceremony": …, "publicKey": …}`.
pub async fn begin(
    state: &AppState,
    owner: &Owner<'_>,
    browser_hash: &TokenHash,
    now: Timestamp,
) -> Result<(CeremonyId, Value), PasskeyError> {
    let (_, core) = party(state)?;
    let present = store::passkeys::of_user(&state.store, owner.id).await?;
    if present.len() >= PER_PERSON as usize {
        return Err(PasskeyError::TooMany);
    }
    let display_name = if owner.display_name.is_empty() { owner.name } else { owner.display_name };
    let builder = core
        .new_challenge_register_builder(user_handle(owner.id).as_bytes(), owner.name, display_name)?
        .attestation(AttestationConveyancePreference::None)
        .credential_algorithms(ALGORITHMS.to_vec())
        .require_resident_key(true)
        .user_verification_policy(UserVerificationPolicy::Required);
    let (mut options, verifier) = core.generate_challenge_register(builder)?;
    // For the browser only: whether somebody has a credential is decided by its row.
    options.public_key.exclude_credentials = Some(present.iter().filter_map(descriptor).collect());
    super::begin(state, CeremonyKind::Registration, (Some(owner.id), browser_hash), (options.public_key, verifier), now)
        .await
}

/// Verifies the answer and keeps the passkey.
pub async fn finish(
    state: &AppState,
    owner: &UserId,
    presented: Presented<'_>,
    naming: Naming<'_>,
    now: Timestamp,
) -> Result<Passkey, PasskeyError> {
    let passkey = verify(state, owner, presented, naming, now).await?;
    match store::passkeys::add(&state.store, &passkey, PER_PERSON).await {
        Ok(Won::Yes) => Ok(passkey),
        Ok(Won::No) => Err(PasskeyError::TooMany),
        Err(StoreError::Conflict) => Err(PasskeyError::AlreadyRegistered),
        Err(error) => Err(error.into()),
    }
}

/// The same for an account that does not exist yet: whoever makes it keeps the passkey with it.
pub async fn verify(
    state: &AppState,
    owner: &UserId,
    presented: Presented<'_>,
    naming: Naming<'_>,
    now: Timestamp,
) -> Result<Passkey, PasskeyError> {
    let (party, core) = party(state)?;
    let ceremony = take(state, CeremonyKind::Registration, Some(owner), presented, now).await?;
    let verifier: RegistrationState = serde_json::from_str(&ceremony.state).map_err(|_| PasskeyError::Unreadable)?;
    let answer: RegisterPublicKeyCredential =
        serde_json::from_str(presented.response).map_err(|_| PasskeyError::Malformed)?;
    client_data::check(&answer.response.client_data_json, &party)?;
    let mut credential = core.register_credential(&answer, &verifier, None)?;
    if credential.cred_id.len() > CREDENTIAL_ID_LIMIT {
        return Err(PasskeyError::LongCredentialId);
    }
    // Nobody asked for it: no statement about the device is believed, and none is kept.
    credential.attestation = ParsedAttestation::default();
    let aaguid = aaguid::of(&answer.response.attestation_object, &party.id);
    let maker = aaguid.as_deref().and_then(aaguid::name);
    let name = passkey::name(naming.typed).unwrap_or_else(|| maker.unwrap_or(naming.otherwise).to_owned());
    Ok(Passkey {
        id: URL_SAFE_NO_PAD.encode(&credential.cred_id),
        user_id: owner.clone(),
        name,
        credential: serde_json::to_string(&credential).map_err(|_| PasskeyError::Malformed)?,
        aaguid,
        created_at: now,
        last_used_at: None,
        clone_seen_at: None,
    })
}

fn descriptor(passkey: &Passkey) -> Option<PublicKeyCredentialDescriptor> {
    let id = URL_SAFE_NO_PAD.decode(&passkey.id).ok()?;
    Some(PublicKeyCredentialDescriptor { type_: "public-key".to_owned(), id, transports: None })
}
