//! Tokens that only one client can read: JWE in compact serialisation (RFC 7516 §7.1) over a signed JWT or over JSON.
//!
//! The server encrypts and never decrypts. What exists: RSA-OAEP-256 and direct key agreement, AES-GCM and AES-CBC with HMAC.
//! What does not: `RSA1_5`, key wrapping, `zip` (RFC 8725 §3.2, §3.6). Which key a client wants is read in `jwks.rs`.

use aws_lc_rs::aead::{self, AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce};
use aws_lc_rs::agreement::{self, ParsedPublicKey};
use aws_lc_rs::cipher::{self, AES_128, AES_256, EncryptionContext, PaddedBlockEncryptingKey, UnboundCipherKey};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hmac::{self, HMAC_SHA256, HMAC_SHA512};
use aws_lc_rs::kdf::{SskdfDigestAlgorithmId, get_sskdf_digest_algorithm, sskdf_digest};
use aws_lc_rs::rsa::{OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use protocol::encryption::{ContentEncryption, Encryption};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::encryption_key::{Curve, EncryptionKey, Material};
use crate::random;

/// Why nothing was encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncryptError {
    #[error("the key is for another algorithm")]
    KeyAlgorithm,
    #[error("the encryption could not be computed")]
    Crypto,
}

impl From<Unspecified> for EncryptError {
    fn from(_: Unspecified) -> Self {
        Self::Crypto
    }
}

/// RFC 7516 §4.1. `cty` is `JWT` where the content is a signed JWT (RFC 7519 §5.2) and absent over JSON.
#[derive(Serialize)]
struct HeaderJson<'a> {
    alg: &'static str,
    enc: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cty: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    epk: Option<EphemeralJwk>,
}

/// RFC 7518 §4.6.1.1. `apu` and `apv` stay away: nobody has use for them (§4.6.1.2: "Use of this Header Parameter is OPTIONAL").
#[derive(Serialize)]
struct EphemeralJwk {
    kty: &'static str,
    crv: &'static str,
    x: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    y: Option<String>,
}

/// The key that the content is encrypted with, and how the client comes to it.
struct ContentKey {
    key: Zeroizing<Vec<u8>>,
    /// Empty for direct key agreement (RFC 7516 §5.1 step 5).
    encrypted: Vec<u8>,
    epk: Option<EphemeralJwk>,
}

/// What `A128CBC-HS256` and its kin are made of.
enum Cipher {
    /// RFC 7518 §5.2: the first half of the key is for the HMAC, the second for AES; as many octets of the HMAC make the tag.
    CbcHmac { half: usize, aes: &'static cipher::Algorithm, mac: hmac::Algorithm },
    /// RFC 7518 §5.3.
    Gcm(&'static aead::Algorithm),
}

/// Encrypts `content` for the owner of `key`.
pub fn encrypt(
    content: &[u8],
    cty: Option<&str>,
    encryption: Encryption,
    key: &EncryptionKey,
) -> Result<String, EncryptError> {
    if key.algorithm() != encryption.alg {
        return Err(EncryptError::KeyAlgorithm);
    }
    let content_key = match &key.material {
        Material::Rsa(key) => transported(key, encryption.enc)?,
        Material::Agreement(curve, key) => agreed(curve, key, encryption.enc)?,
    };
    let ContentKey { key: content_key, encrypted, epk } = content_key;
    let header = HeaderJson { alg: encryption.alg.name(), enc: encryption.enc.name(), cty, kid: key.kid(), epk };
    // RFC 7516 §5.1 step 14: the additional data is "ASCII(Encoded Protected Header)".
    let header = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&header).expect("strings are JSON"));
    let cipher = cipher(encryption.enc);
    let iv = cipher.iv();
    let (ciphertext, tag) = cipher.seal(&content_key, &iv, header.as_bytes(), content)?;
    let parts = [&encrypted, &iv, &ciphertext, &tag].map(|part| URL_SAFE_NO_PAD.encode(part));
    Ok([&[header][..], &parts].concat().join("."))
}

/// RFC 7518 §4.3: a fresh key, encrypted to the client's.
fn transported(client: &OaepPublicEncryptingKey, enc: ContentEncryption) -> Result<ContentKey, EncryptError> {
    let mut key = Zeroizing::new(random::bytes::<MAX_KEY>().to_vec());
    key.truncate(cipher(enc).key());
    let mut encrypted = vec![0; client.ciphertext_size()];
    client.encrypt(&OAEP_SHA256_MGF1SHA256, &key, &mut encrypted, None)?;
    Ok(ContentKey { key, encrypted, epk: None })
}

/// RFC 7518 §4.6: a fresh pair of keys for each token; what it agrees on with the client's key becomes the content key.
fn agreed(curve: &Curve, client: &ParsedPublicKey, enc: ContentEncryption) -> Result<ContentKey, EncryptError> {
    let ours = agreement::PrivateKey::generate(curve.algorithm)?;
    let public = ours.compute_public_key()?;
    let derive = |shared: &[u8]| derive(shared, enc, PartyInfo::default());
    let key = agreement::agree(&ours, client.clone(), EncryptError::Crypto, derive)?;
    Ok(ContentKey { key, encrypted: Vec::new(), epk: Some(EphemeralJwk::of(curve, public.as_ref())) })
}

#[derive(Clone, Copy, Default)]
struct PartyInfo<'a> {
    u: &'a [u8],
    v: &'a [u8],
}

/// RFC 7518 §4.6.2: the Concat KDF of NIST SP 800-56A with SHA-256. For direct agreement the `AlgorithmID` is the `enc`.
fn derive(shared: &[u8], enc: ContentEncryption, party: PartyInfo<'_>) -> Result<Zeroizing<Vec<u8>>, EncryptError> {
    let mut key = Zeroizing::new(vec![0; cipher(enc).key()]);
    let mut info = Vec::with_capacity(64);
    for part in [enc.name().as_bytes(), party.u, party.v] {
        info.extend_from_slice(&octets_32(part.len()));
        info.extend_from_slice(part);
    }
    // SuppPubInfo: "the keydatalen represented as a 32-bit big-endian integer", in bits. SuppPrivInfo is empty.
    info.extend_from_slice(&octets_32(key.len() * 8));
    let sha256 = get_sskdf_digest_algorithm(SskdfDigestAlgorithmId::Sha256).ok_or(EncryptError::Crypto)?;
    sskdf_digest(sha256, shared, &info, &mut key)?;
    Ok(key)
}

fn octets_32(number: usize) -> [u8; 4] {
    u32::try_from(number).expect("lengths of names and keys are small").to_be_bytes()
}

impl EphemeralJwk {
    /// aws-lc writes the uncompressed point with its leading 4, or the 32 octets of X25519.
    fn of(curve: &Curve, public: &[u8]) -> Self {
        let text = |octets: &[u8]| URL_SAFE_NO_PAD.encode(octets);
        let (x, y) = match public {
            [4, point @ ..] if point.len() == 2 * curve.coordinate => {
                let (x, y) = point.split_at(curve.coordinate);
                (text(x), Some(text(y)))
            }
            _ => (text(public), None),
        };
        Self { kty: curve.kty, crv: curve.crv, x, y }
    }
}

/// Of all content encryptions.
const MAX_KEY: usize = 64;
const CBC_IV: usize = 16;

fn cipher(enc: ContentEncryption) -> Cipher {
    match enc {
        ContentEncryption::A128CbcHs256 => Cipher::CbcHmac { half: 16, aes: &AES_128, mac: HMAC_SHA256 },
        ContentEncryption::A256CbcHs512 => Cipher::CbcHmac { half: 32, aes: &AES_256, mac: HMAC_SHA512 },
        ContentEncryption::A128Gcm => Cipher::Gcm(&AES_128_GCM),
        ContentEncryption::A256Gcm => Cipher::Gcm(&AES_256_GCM),
    }
}

impl Cipher {
    /// How many octets the content key has.
    fn key(&self) -> usize {
        match self {
            Self::CbcHmac { half, .. } => 2 * half,
            Self::Gcm(algorithm) => algorithm.key_len(),
        }
    }

    fn iv(&self) -> Vec<u8> {
        match self {
            Self::CbcHmac { .. } => random::bytes::<CBC_IV>().to_vec(),
            // RFC 7518 §8.4 forbids the second use of a pair of key and IV; each key encrypts one token only.
            Self::Gcm(_) => random::bytes::<NONCE_LEN>().to_vec(),
        }
    }

    /// Ciphertext and tag.
    fn seal(&self, key: &[u8], iv: &[u8], aad: &[u8], content: &[u8]) -> Result<(Vec<u8>, Vec<u8>), EncryptError> {
        let mut text = content.to_vec();
        match self {
            Self::CbcHmac { half, aes, mac } => {
                let (mac_key, aes_key) = key.split_at(*half);
                let iv: &[u8; CBC_IV] = iv.try_into().map_err(|_| EncryptError::Crypto)?;
                let aes = PaddedBlockEncryptingKey::cbc_pkcs7(UnboundCipherKey::new(aes, aes_key)?)?;
                aes.less_safe_encrypt(&mut text, EncryptionContext::Iv128(iv.into()))?;
                // RFC 7518 §5.2.2.1: "AL is the number of bits in A expressed as a 64-bit unsigned big-endian integer".
                let bits = u64::try_from(aad.len()).map_err(|_| EncryptError::Crypto)? * 8;
                let tag = hmac::sign(&hmac::Key::new(*mac, mac_key), &[aad, iv, &text, &bits.to_be_bytes()].concat());
                Ok((text, tag.as_ref()[..*half].to_vec()))
            }
            Self::Gcm(algorithm) => {
                let key = LessSafeKey::new(aead::UnboundKey::new(algorithm, key)?);
                let nonce = Nonce::try_assume_unique_for_key(iv)?;
                let tag = key.seal_in_place_separate_tag(nonce, Aad::from(aad), &mut text)?;
                Ok((text, tag.as_ref().to_vec()))
            }
        }
    }
}

#[cfg(test)]
mod tests;
