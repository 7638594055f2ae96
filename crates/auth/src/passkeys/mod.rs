//! Passkeys: challenges for authenticators, and what is done with their answers (W3C Web Authentication Level 3).
//!
//! `webauthn-rs-core` reads what an authenticator made and verifies its signature; docs/decisions/010-webauthn.md says why it does.
//! Everything that it leaves to the caller stands here: which ceremony an answer belongs to, that it counts once, whose credential
//! it is, what a sign count that goes backwards leads to. A user is always verified, whatever the passkey is used for, so a
//! passkey is two factors by itself. Who may add or use one, and the pages around it, are `web/`.

mod aaguid;
mod authentication;
mod client_data;
mod error;
mod registration;

use std::time::Duration;

use protocol::ids::{CeremonyId, UserId};
use protocol::issuer::Issuer;
use protocol::passkey::{Backup, CEREMONY_LIFETIME, CeremonyKind};
use protocol::secret::TokenHash;
use protocol::time::Timestamp;
use serde_json::{Value, json};
use store::Won;
use store::passkey_ceremonies::{self, Ceremony};
use store::passkeys::Passkey;
use url::{Host, Url};
use webauthn_rs_core::WebauthnCore;
use webauthn_rs_core::proto::Credential;

pub use self::authentication::{begin as begin_authentication, finish as finish_authentication};
pub use self::error::{Noticed, PasskeyError};
pub use self::registration::{
    Naming, Owner, begin as begin_registration, finish as finish_registration, verify as verify_registration,
};
use crate::{AppState, random};

/// As JSON. The answers of authenticators have one or two kilobytes, with an attestation some more.
pub const RESPONSE_LIMIT: usize = 16 * 1024;

/// What a browser sends back.
#[derive(Clone, Copy, Debug)]
pub struct Presented<'a> {
    /// The id of the ceremony, as the options named it.
    pub ceremony: &'a str,
    pub browser_hash: &'a TokenHash,
    /// The JSON form of a `PublicKeyCredential` (§5.1).
    pub response: &'a str,
}

/// Whether this server can have passkeys. §5.1.2: an RP ID is a domain, so a server that is called by an address has none.
pub fn are_available(issuer: &Issuer) -> bool {
    RelyingParty::of(issuer).is_some()
}

/// What the authenticators of this person know them by, as `userHandle` and as the `userId` of the signals (§5.1.10).
pub fn user_handle(user: &UserId) -> String {
    // §5.4.3: at most 64 bytes. The id of an account that was imported can be longer.
    if user.as_str().len() <= 64 {
        user.to_string()
    } else {
        TokenHash::of(user.as_str().as_bytes()).as_str().to_owned()
    }
}

/// The domain that passkeys of this server are bound to.
pub fn rp_id(issuer: &Issuer) -> Option<String> {
    RelyingParty::of(issuer).map(|party| party.id)
}

/// Whether the private key can be elsewhere, too. A credential that cannot be read is taken for the weaker one.
pub fn backup(passkey: &Passkey) -> Backup {
    match credential(passkey) {
        Ok(credential) if !credential.backup_eligible => Backup::DeviceBound,
        _ => Backup::Synced,
    }
}

/// The make of the authenticator, for a list of passkeys.
pub fn maker(passkey: &Passkey) -> Option<&'static str> {
    passkey.aaguid.as_deref().and_then(aaguid::name)
}

/// Who we are to authenticators.
struct RelyingParty {
    id: String,
    /// As a browser writes it (§5.8.1).
    origin: String,
    url: Url,
}

impl RelyingParty {
    fn of(issuer: &Issuer) -> Option<Self> {
        let url = Url::parse(&issuer.origin()).ok()?;
        let id = match url.host()? {
            Host::Domain(domain) => domain.to_owned(),
            Host::Ipv4(_) | Host::Ipv6(_) => return None,
        };
        Some(Self { id, origin: url.origin().ascii_serialization(), url })
    }

    /// The verifier: this origin only, no subdomain, no other port.
    fn core(&self, name: &str) -> WebauthnCore {
        let timeout = Duration::from_secs(CEREMONY_LIFETIME.0.unsigned_abs());
        WebauthnCore::new_unsafe_experts_only(name, &self.id, vec![self.url.clone()], timeout, Some(false), Some(false))
    }
}

/// The relying party of this server and its verifier.
fn party(state: &AppState) -> Result<(RelyingParty, WebauthnCore), PasskeyError> {
    let party = RelyingParty::of(state.issuer()).ok_or(PasskeyError::Unavailable)?;
    let core = party.core(&state.config.branding.name);
    Ok((party, core))
}

/// Remembers a challenge and wraps its options for the page.
async fn begin(
    state: &AppState,
    kind: CeremonyKind,
    (user, browser_hash): (Option<&UserId>, &TokenHash),
    (options, verifier): (impl serde::Serialize, impl serde::Serialize),
    now: Timestamp,
) -> Result<(CeremonyId, Value), PasskeyError> {
    let id = CeremonyId::from_random(random::id());
    let ceremony = Ceremony {
        id: id.clone(),
        kind,
        browser_hash: browser_hash.clone(),
        user_id: user.cloned(),
        state: serde_json::to_string(&verifier).map_err(|_| PasskeyError::Malformed)?,
        expires_at: now + CEREMONY_LIFETIME,
    };
    passkey_ceremonies::insert(&state.store, &ceremony).await?;
    let options = json!({ "ceremony": id.as_str(), "publicKey": options });
    Ok((id, options))
}

/// Takes the challenge that an answer belongs to out of the store. §13.4.3: each is good for one answer. One of another browser,
/// kind or person is left alone, so that nobody uses up what is not theirs.
async fn take(
    state: &AppState,
    kind: CeremonyKind,
    user: Option<&UserId>,
    presented: Presented<'_>,
    now: Timestamp,
) -> Result<Ceremony, PasskeyError> {
    if presented.response.len() > RESPONSE_LIMIT {
        return Err(PasskeyError::TooLarge);
    }
    let id = CeremonyId::parse(presented.ceremony).map_err(|_| PasskeyError::UnknownCeremony)?;
    let ceremony = passkey_ceremonies::find(&state.store, &id).await?.ok_or(PasskeyError::UnknownCeremony)?;
    if ceremony.browser_hash != *presented.browser_hash {
        return Err(PasskeyError::OtherBrowser);
    }
    if ceremony.kind != kind {
        return Err(PasskeyError::OtherKind);
    }
    if ceremony.user_id.as_ref() != user {
        return Err(PasskeyError::OtherPerson);
    }
    if now >= ceremony.expires_at {
        return Err(PasskeyError::Expired);
    }
    match passkey_ceremonies::finish(&state.store, &id, now).await? {
        Won::Yes => Ok(ceremony),
        Won::No => Err(PasskeyError::UnknownCeremony),
    }
}

/// The credential of a row.
fn credential(passkey: &Passkey) -> Result<Credential, PasskeyError> {
    serde_json::from_str(&passkey.credential).map_err(|_| PasskeyError::Unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issuer(raw: &str) -> Issuer {
        Issuer::parse(raw).expect("an issuer")
    }

    #[test]
    fn the_domain_of_the_issuer_is_the_rp_id_and_an_address_is_none() {
        assert_eq!(rp_id(&issuer("https://id.example.com:8443/tenant")).as_deref(), Some("id.example.com"));
        assert_eq!(rp_id(&issuer("http://localhost:8080")).as_deref(), Some("localhost"));
        for address in ["http://127.0.0.1:8080", "http://[::1]:8080", "https://192.0.2.1"] {
            assert!(!are_available(&issuer(address)), "{address}");
        }
    }

    #[test]
    fn a_user_handle_has_at_most_64_bytes_and_is_of_one_person() {
        let long = |last: char| UserId::parse(&format!("{}{last}", "u".repeat(200))).expect("is an id");
        assert_eq!(user_handle(&UserId::parse("ada").expect("is an id")), "ada");
        assert!(user_handle(&long('a')).len() <= 64);
        assert_ne!(user_handle(&long('a')), user_handle(&long('b')));
    }
}
