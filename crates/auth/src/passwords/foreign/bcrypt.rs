//! bcrypt: `$2b$12$` and 53 characters. `2a`, `2b` and `2y` name the same computation, made by programs without the faults
//! that the letters once told apart.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use subtle::ConstantTimeEq as _;

use super::{Refused, number};

/// About a second; everybody's default is between 10 and 13.
const MOST_COST: u32 = 14;
const LEAST_COST: u32 = 4;
/// bcrypt looks at no more of a password.
const SEEN: usize = 72;
const SALT_CHARACTERS: usize = 22;
/// The last of the 24 bytes is not kept.
const KEPT: usize = 23;

const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &alphabet::BCRYPT,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

pub(in crate::passwords) struct Hash {
    cost: u32,
    salt: [u8; 16],
    expected: [u8; KEPT],
}

impl Hash {
    pub(super) fn parse(text: &str) -> Result<Self, Refused> {
        let mut parts = text.split('$').skip(2);
        let (Some(cost), Some(rest), None) = (parts.next(), parts.next(), parts.next()) else {
            return Err(Refused::Garbled);
        };
        let cost = number(cost, MOST_COST)?;
        let (salt, expected) = rest.split_at_checked(SALT_CHARACTERS).ok_or(Refused::Garbled)?;
        let decode = |text: &str| ENGINE.decode(text).map_err(|_| Refused::Garbled);
        let salt = decode(salt)?.try_into().map_err(|_| Refused::Garbled)?;
        let expected = decode(expected)?.try_into().map_err(|_| Refused::Garbled)?;
        if cost < LEAST_COST { Err(Refused::Garbled) } else { Ok(Self { cost, salt, expected }) }
    }

    pub(super) fn matches(&self, password: &[u8]) -> bool {
        // The key is the string with the zero byte that ends it in C.
        let key: Vec<u8> = password.iter().copied().chain([0]).take(SEEN).collect();
        let computed = bcrypt::bcrypt(self.cost, self.salt, &key);
        computed[..KEPT].ct_eq(&self.expected).into()
    }
}
