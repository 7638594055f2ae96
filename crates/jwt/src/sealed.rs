//! Texts that only this server can read: claims under AES-256-GCM, for access tokens that no API has to look into, for what a
//! form carries to its next step, and for secrets that the database keeps. One made for one purpose does not open for another
//! (RFC 8725 §3.12).
//!
//! Layout, in base64url: one version byte, 24 random bytes, ciphertext, 16 bytes of tag. Key and nonce of each token are derived
//! from the random bytes, so that one master key serves for any number of tokens; a bare 96-bit nonce would be good for 2^32
//! (NIST SP 800-38D §8.3), which a busy server reaches in weeks.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hkdf::KeyType;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use protocol::api_key::ApiKeyId;
use protocol::ids::{ClientId, MailId, UserId};
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::random;
use crate::secrets::Secrets;
use crate::verify::MAX_TOKEN;

const VERSION: u8 = 1;
const SALT: usize = 24;
const PREFIX: usize = 1 + SALT;
const KEY: usize = 32;
/// A mail with both its bodies; a session with all its tokens.
const MAX_ROW: usize = 256 * 1024;

/// What a sealed text is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose<'a> {
    AccessToken,
    /// A checked request that waits for the person's confirmation.
    Confirmation,
    /// The secret of a client that authenticates by `client_secret_jwt`: the server has to know it to check an HMAC, so the
    /// database keeps it sealed. Bound to the client whose it is, so that a row copied to another client opens nothing there.
    ClientSecret(&'a ClientId),
    /// A mail that waits until it is sent. Bound to its row.
    Mail(&'a MailId),
    /// The secret that a person's authenticator app has too. Bound to the person.
    Totp(&'a UserId),
    /// The same, while it is offered on a page and not enrolled yet.
    TotpOffer(&'a UserId),
    /// What a relying party remembers while a person signs in at its issuer, in a cookie.
    SignIn,
    /// The session of a browser at a relying party, with its tokens. Bound to its row, the hash of the cookie.
    Session(&'a str),
    /// What requests are signed with by who has this API key (`api_key.rs`). Bound to the key.
    ApiKeySigning(&'a ApiKeyId),
}

/// Seals the claims of an access token. Two calls with the same claims give different texts.
pub fn seal(secrets: &Secrets, claims: &impl Serialize) -> String {
    seal_for(Purpose::AccessToken, secrets, claims)
}

/// The claims of an access token that `seal` made with the same secrets; `None` for everything else.
pub fn open<C: DeserializeOwned>(secrets: &Secrets, token: &str) -> Option<C> {
    open_for(Purpose::AccessToken, secrets, token)
}

/// As `seal`, for any purpose.
pub fn seal_for(purpose: Purpose<'_>, secrets: &Secrets, claims: &impl Serialize) -> String {
    let salt = random::bytes::<SALT>();
    let (key, nonce) = token_key(secrets, &salt);
    let mut body = serde_json::to_vec(claims).expect("claims are structs with string keys, or texts: always JSON");
    key.seal_in_place_append_tag(nonce, Aad::from(purpose.bound()), &mut body)
        .expect("claims are far below the limit of GCM");
    let mut bytes = Vec::with_capacity(PREFIX + body.len());
    bytes.push(VERSION);
    bytes.extend_from_slice(&salt);
    bytes.append(&mut body);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// As `open`, for any purpose.
pub fn open_for<C: DeserializeOwned>(purpose: Purpose<'_>, secrets: &Secrets, token: &str) -> Option<C> {
    if token.len() > purpose.longest() {
        return None;
    }
    let mut bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (prefix, body) = bytes.split_at_mut_checked(PREFIX)?;
    let (version, salt) = prefix.split_first()?;
    if *version != VERSION {
        return None;
    }
    let (key, nonce) = token_key(secrets, salt);
    let claims = key.open_in_place(nonce, Aad::from(purpose.bound()), body).ok()?;
    serde_json::from_slice(claims).ok()
}

impl Purpose<'_> {
    /// No text of ours is longer.
    fn longest(self) -> usize {
        match self {
            Self::Mail(_) | Self::Session(_) => MAX_ROW,
            _ => MAX_TOKEN,
        }
    }

    /// What is authenticated beside the claims.
    fn bound(self) -> Vec<u8> {
        match self {
            Self::AccessToken => vec![VERSION, 1],
            Self::Confirmation => vec![VERSION, 2],
            Self::ClientSecret(client) => [&[VERSION, 3], client.as_str().as_bytes()].concat(),
            Self::Mail(mail) => [&[VERSION, 4], mail.as_str().as_bytes()].concat(),
            Self::Totp(user) => [&[VERSION, 5], user.as_str().as_bytes()].concat(),
            Self::TotpOffer(user) => [&[VERSION, 6], user.as_str().as_bytes()].concat(),
            Self::SignIn => vec![VERSION, 32],
            Self::Session(row) => [&[VERSION, 33], row.as_bytes()].concat(),
            Self::ApiKeySigning(key) => [&[VERSION, 7], key.as_str().as_bytes()].concat(),
        }
    }
}

struct KeyAndNonce;

impl KeyType for KeyAndNonce {
    fn len(&self) -> usize {
        KEY + NONCE_LEN
    }
}

fn token_key(secrets: &Secrets, salt: &[u8]) -> (LessSafeKey, Nonce) {
    let mut material = Zeroizing::new([0; KEY + NONCE_LEN]);
    let info = [salt];
    let output = secrets.seal().expand(&info, KeyAndNonce).expect("44 bytes are within the limit of RFC 5869");
    output.fill(material.as_mut_slice()).expect("the buffer has the length that was asked for");
    let (key, nonce) = material.split_at(KEY);
    let key = UnboundKey::new(&AES_256_GCM, key).expect("32 bytes make an AES-256 key");
    (LessSafeKey::new(key), Nonce::try_assume_unique_for_key(nonce).expect("12 bytes make a nonce"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Claims {
        sub: String,
        exp: i64,
    }

    fn claims() -> Claims {
        Claims { sub: "alice".to_owned(), exp: 1_700_000_000 }
    }

    fn secrets() -> Secrets {
        Secrets::from_master(&[3; 32])
    }

    #[test]
    fn what_is_sealed_opens() {
        let token = seal(&secrets(), &claims());
        assert_eq!(open(&secrets(), &token), Some(claims()));
        assert!(!token.contains('.'), "cannot be mistaken for a signed token");
    }

    #[test]
    fn no_two_seals_are_alike() {
        assert_ne!(seal(&secrets(), &claims()), seal(&secrets(), &claims()));
    }

    #[test]
    fn a_text_opens_for_its_own_purpose_only() {
        let token = seal(&secrets(), &claims());
        let form = seal_for(Purpose::Confirmation, &secrets(), &claims());
        assert_eq!(open_for::<Claims>(Purpose::Confirmation, &secrets(), &form), Some(claims()));
        assert_eq!(open_for::<Claims>(Purpose::Confirmation, &secrets(), &token), None);
        assert_eq!(open::<Claims>(&secrets(), &form), None);
        let (ours, another) = (ClientId::parse("notes").expect("is an id"), ClientId::parse("n").expect("is an id"));
        let secret = seal_for(Purpose::ClientSecret(&ours), &secrets(), &"hush");
        assert_eq!(open_for::<String>(Purpose::ClientSecret(&ours), &secrets(), &secret).as_deref(), Some("hush"));
        for other in [Purpose::AccessToken, Purpose::Confirmation, Purpose::ClientSecret(&another)] {
            assert_eq!(open_for::<String>(other, &secrets(), &secret), None);
        }
    }

    #[test]
    fn a_mail_opens_in_its_own_row_and_may_be_longer_than_a_token() {
        let (row, another) = (MailId::parse("m1").expect("is an id"), MailId::parse("m2").expect("is an id"));
        let long = "a".repeat(2 * MAX_TOKEN);
        let mail = seal_for(Purpose::Mail(&row), &secrets(), &long);
        assert_eq!(open_for::<String>(Purpose::Mail(&row), &secrets(), &mail).as_ref(), Some(&long));
        assert_eq!(open_for::<String>(Purpose::Mail(&another), &secrets(), &mail), None);
        let session = seal_for(Purpose::Session("m1"), &secrets(), &long);
        assert_eq!(open_for::<String>(Purpose::Session("m1"), &secrets(), &session).as_ref(), Some(&long));
        for other in [Purpose::Session("m2"), Purpose::Mail(&row), Purpose::SignIn] {
            assert_eq!(open_for::<String>(other, &secrets(), &session), None);
        }
        let other = seal_for(Purpose::AccessToken, &secrets(), &"a".repeat(2 * MAX_TOKEN));
        assert_eq!(open_for::<String>(Purpose::AccessToken, &secrets(), &other), None);
    }

    #[test]
    fn a_secret_of_an_authenticator_app_is_of_one_person_and_an_offer_is_not_enrolled() {
        let (ours, another) = (UserId::parse("ada").expect("is an id"), UserId::parse("bob").expect("is an id"));
        let kept = seal_for(Purpose::Totp(&ours), &secrets(), &"hush");
        assert_eq!(open_for::<String>(Purpose::Totp(&ours), &secrets(), &kept).as_deref(), Some("hush"));
        for other in [Purpose::Totp(&another), Purpose::TotpOffer(&ours), Purpose::AccessToken] {
            assert_eq!(open_for::<String>(other, &secrets(), &kept), None);
        }
    }

    #[test]
    fn other_secrets_open_nothing() {
        let token = seal(&secrets(), &claims());
        assert_eq!(open::<Claims>(&Secrets::from_master(&[4; 32]), &token), None);
    }

    #[test]
    fn any_changed_byte_is_noticed() {
        let token = seal(&secrets(), &claims());
        let bytes = URL_SAFE_NO_PAD.decode(&token).expect("made by us");
        for position in 0..bytes.len() {
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[position] ^= 1 << bit;
                assert_eq!(
                    open::<Claims>(&secrets(), &URL_SAFE_NO_PAD.encode(changed)),
                    None,
                    "bit {bit} of {position}"
                );
            }
        }
    }

    #[test]
    fn a_cut_or_grown_token_is_noticed() {
        let token = seal(&secrets(), &claims());
        for length in 0..token.len() {
            assert_eq!(open::<Claims>(&secrets(), &token[..length]), None, "{length}");
        }
        for grown in
            [format!("{token}A"), format!("{token}="), format!("{token}AAAA"), format!(" {token}"), "A".repeat(20_000)]
        {
            assert_eq!(open::<Claims>(&secrets(), &grown), None);
        }
    }

    proptest! {
        #[test]
        fn any_changed_character_is_noticed(at: prop::sample::Index, with in "[A-Za-z0-9_-]") {
            let token = seal(&secrets(), &claims());
            let at = at.index(token.len());
            let mut changed = token.clone();
            changed.replace_range(at..=at, &with);
            prop_assert_eq!(open::<Claims>(&secrets(), &changed).is_some(), changed == token);
        }

        #[test]
        fn no_text_makes_it_panic(text in "[A-Za-z0-9_-]{0,120}|.{0,40}") {
            prop_assert_eq!(open::<Claims>(&secrets(), &text), None);
        }
    }
}
