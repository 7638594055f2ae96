//! scrypt (RFC 7914): the PHC string `$scrypt$ln=16,r=8,p=1$salt$hash`, which passlib writes too, and Django's
//! `scrypt$16384$salt$8$1$hash`, whose salt is plain text.

use scrypt::Params;
use subtle::ConstantTimeEq as _;

use super::{Refused, base64, number};

/// What one check may take (RFC 7914 §2: 128 · N · r bytes), and touch in all.
const MOST_MEMORY: u64 = 256 * 1024 * 1024;
const MOST_WORK: u64 = 4 * MOST_MEMORY;
/// What passlib and Django write. A part of the output would be right for the same password, so a part is none.
const OUTPUT: [usize; 2] = [32, 64];

pub(in crate::passwords) struct Hash {
    params: Params,
    salt: Vec<u8>,
    expected: Vec<u8>,
}

impl Hash {
    pub(super) fn parse(text: &str) -> Result<Self, Refused> {
        let fields: Vec<&str> = text.split('$').collect();
        let (cost, salt, expected) = match fields[..] {
            ["", "scrypt", cost, salt, expected] => (phc_cost(cost)?, base64(salt)?, expected),
            ["scrypt", n, salt, r, p, expected] => (django_cost([n, r, p])?, salt.as_bytes().to_vec(), expected),
            _ => return Err(Refused::Garbled),
        };
        let expected = base64(expected)?;
        if salt.is_empty() || !OUTPUT.contains(&expected.len()) {
            return Err(Refused::Garbled);
        }
        Ok(Self { params: params(cost)?, salt, expected })
    }

    pub(super) fn matches(&self, password: &[u8]) -> Result<bool, Refused> {
        let mut computed = vec![0; self.expected.len()];
        scrypt::scrypt(password, &self.salt, &self.params, &mut computed).map_err(|_| Refused::Garbled)?;
        Ok(computed.ct_eq(&self.expected).into())
    }
}

/// The logarithm of N, r and p.
type Cost = [u32; 3];

fn phc_cost(field: &str) -> Result<Cost, Refused> {
    let parts: Vec<_> = field.split(',').map(|part| part.split_once('=')).collect();
    match parts[..] {
        [Some(("ln", ln)), Some(("r", r)), Some(("p", p))] => {
            Ok([number(ln, 63)?, number(r, u32::MAX)?, number(p, u32::MAX)?])
        }
        _ => Err(Refused::Garbled),
    }
}

fn django_cost([n, r, p]: [&str; 3]) -> Result<Cost, Refused> {
    let n = number(n, u32::MAX)?;
    if !n.is_power_of_two() {
        return Err(Refused::Garbled);
    }
    Ok([n.ilog2(), number(r, u32::MAX)?, number(p, u32::MAX)?])
}

fn params([ln, r, p]: Cost) -> Result<Params, Refused> {
    if ln == 0 || r == 0 || p == 0 {
        return Err(Refused::Garbled);
    }
    let memory = 1_u64.checked_shl(ln).and_then(|n| n.checked_mul(128)?.checked_mul(u64::from(r)));
    let work = memory.filter(|memory| *memory <= MOST_MEMORY).and_then(|memory| memory.checked_mul(u64::from(p)));
    work.filter(|work| *work <= MOST_WORK).ok_or(Refused::TooDear)?;
    let ln = u8::try_from(ln).map_err(|_| Refused::TooDear)?;
    Params::new(ln, r, p, Params::RECOMMENDED_LEN).map_err(|_| Refused::TooDear)
}
