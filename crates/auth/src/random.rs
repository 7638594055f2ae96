//! Every random value that the server makes: identifiers, secrets, salts. The only file of this crate that draws them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use protocol::api_key::ALPHABET;
use protocol::secret::{NamedToken, SecretString};

/// 16 random bytes: what an identifier is made of (127 bits, never a secret). The first bit is zero, so that its base64url form
/// begins with a letter and is no option on a command line.
pub fn id() -> [u8; 16] {
    let mut bytes = jwt::random::bytes::<16>();
    bytes[0] &= 0x7f;
    bytes
}

/// A token that names its row: the id and a 256-bit secret part (RFC 6749 §10.10, OAuth 2.1 §7.1).
pub fn named_token<Id>(id: Id) -> NamedToken<Id> {
    NamedToken::new(id, jwt::random::bytes::<32>())
}

/// 22 characters of base64url, 128 bits: salts, the variable part of a `jti`.
pub fn short() -> String {
    URL_SAFE_NO_PAD.encode(jwt::random::bytes::<16>())
}

/// 43 characters of base64url, 256 bits; unreserved characters only, so that no client has to encode it.
pub fn secret() -> SecretString {
    SecretString::new(URL_SAFE_NO_PAD.encode(jwt::random::bytes::<32>()))
}

/// 86 characters of base64url, 512 bits: a secret that is the key of a MAC has at least the octets of its hash (OpenID Connect
/// Core §10.1).
pub fn mac_secret() -> SecretString {
    SecretString::new(URL_SAFE_NO_PAD.encode(jwt::random::bytes::<64>()))
}

/// So many letters and digits, each as likely as any other: 5.95 bits in each.
pub fn alphanumeric(length: usize) -> SecretString {
    // Of 256 bytes 248 are four times the alphabet; one of the others would favour the first eight signs.
    let fair = |byte: &u8| (*byte < 248).then(|| char::from(ALPHABET[usize::from(*byte % 62)]));
    let mut text = String::with_capacity(length);
    while text.len() < length {
        let missing = length - text.len();
        text.extend(jwt::random::bytes::<64>().iter().filter_map(fair).take(missing));
    }
    SecretString::new(text)
}

/// 32 hexadecimal digits that stand in the log, in the answer and on the error page.
pub fn trace_id() -> String {
    jwt::random::bytes::<16>().iter().fold(String::with_capacity(32), |mut hex, byte| {
        use std::fmt::Write as _;
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// 160 bits: the secret of an authenticator app, as long as the output of its hash (RFC 4226 §4, R6).
pub fn totp_secret() -> [u8; 20] {
    jwt::random::bytes::<20>()
}

/// A byte for each letter of a recovery code; five bits of each are used.
pub fn recovery_code() -> [u8; 28] {
    jwt::random::bytes::<28>()
}

/// 64 bits, of which a short code of digits is made.
pub fn short_code() -> [u8; 8] {
    jwt::random::bytes::<8>()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With `byte % 62` alone the first eight signs would be a quarter more frequent than the others.
    #[test]
    fn every_sign_is_as_likely_as_the_others() {
        const EACH: usize = 4_000;
        let text = alphanumeric(62 * EACH);
        assert_eq!(text.expose().len(), 62 * EACH);
        for sign in ALPHABET {
            let count = text.expose().bytes().filter(|byte| byte == sign).count();
            assert!(count.abs_diff(EACH) < EACH / 8, "{} stands {count} times", char::from(*sign));
        }
        assert_eq!((alphanumeric(0).expose().as_str(), alphanumeric(1).expose().len()), ("", 1));
    }
}
