//! Our own hashes: argon2id PHC strings. The older argon2 variants are read here as well, because they differ in one parameter.

use argon2::{Algorithm, Argon2, Block, Params, PasswordHash, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use subtle::ConstantTimeEq as _;

use super::PasswordError;
use super::format::Refused;
use crate::config::PasswordsConfig;

/// In blocks of 1 KiB. The allocator of glibc returns an allocation of more than 32 MiB to the system when it is freed, and
/// keeps smaller ones. What is reserved and never touched takes no memory.
const ALWAYS_MAPPED: usize = 33 * 1024;
/// A hash from elsewhere may take 256 MiB and touch 4 GiB, or as much as our own.
const MOST_MEMORY_KIB: u32 = 256 * 1024;
const MOST_WORK_KIB: u64 = 4 * 1024 * 1024;
const OUTPUT: usize = 32;

/// What a thread keeps from one hash to the next.
#[derive(Default)]
pub(super) struct Memory(Vec<Block>);

/// An argon2 PHC string, taken apart.
pub(super) struct Phc {
    algorithm: Algorithm,
    version: Version,
    params: Params,
    salt: Vec<u8>,
    expected: Vec<u8>,
}

impl Memory {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Gives back what one unusually large hash took.
    pub(super) fn shrink_to(&mut self, ours: &Params) {
        if self.0.len() > ours.block_count().max(ALWAYS_MAPPED) {
            self.0 = Vec::new();
        }
    }

    fn blocks(&mut self, count: usize) -> &mut [Block] {
        if self.0.len() < count {
            self.0.reserve_exact(count.max(ALWAYS_MAPPED) - self.0.len());
            self.0.resize(count, Block::default());
        }
        &mut self.0[..count]
    }
}

impl Phc {
    pub(super) fn parse(text: &str, ours: &Params) -> Result<Self, Refused> {
        let garbled = |_| Refused::Garbled;
        let read = PasswordHash::new(text).map_err(garbled)?;
        let algorithm = Algorithm::try_from(read.algorithm.as_str()).map_err(|_| Refused::Unknown)?;
        let version = read.version.map_or(Ok(Version::V0x10), Version::try_from).map_err(|_| Refused::Unknown)?;
        let params = Params::try_from(&read).map_err(|_| Refused::Garbled)?;
        let work = |params: &Params| u64::from(params.m_cost()) * u64::from(params.t_cost());
        if params.m_cost() > ours.m_cost().max(MOST_MEMORY_KIB) || work(&params) > work(ours).max(MOST_WORK_KIB) {
            return Err(Refused::TooDear);
        }
        let (Some(salt), Some(expected)) = (&read.salt, &read.hash) else { return Err(Refused::Garbled) };
        if salt.as_ref().len() < argon2::MIN_SALT_LEN {
            return Err(Refused::Garbled);
        }
        Ok(Self { algorithm, version, params, salt: salt.as_ref().to_vec(), expected: expected.as_bytes().to_vec() })
    }

    pub(super) fn matches(&self, password: &str, memory: &mut Memory) -> Result<bool, PasswordError> {
        let mut computed = vec![0; self.expected.len()];
        let argon2 = Argon2::new(self.algorithm, self.version, self.params.clone());
        hash_into(&argon2, memory, password, &self.salt, &mut computed)?;
        Ok(computed.ct_eq(&self.expected).into())
    }

    /// Another variant, or cheaper to guess than what we make.
    pub(super) fn is_outdated(&self, ours: &Params) -> bool {
        (self.algorithm, self.version) != (Algorithm::Argon2id, Version::V0x13)
            || self.params.m_cost() < ours.m_cost()
            || self.params.t_cost() < ours.t_cost()
            || self.expected.len() < OUTPUT
    }
}

pub(super) fn params(config: &PasswordsConfig) -> Result<Params, PasswordError> {
    Params::new(config.memory_kib, config.iterations, config.parallelism, Some(OUTPUT))
        .map_err(|error| PasswordError::Parameters(error.to_string()))
}

/// A new PHC string. The only place that makes one.
pub(super) fn hash(ours: &Params, memory: &mut Memory, password: &str) -> Result<String, PasswordError> {
    let salt = crate::random::id();
    let mut computed = [0; OUTPUT];
    hash_into(&argon2id(ours), memory, password, &salt, &mut computed)?;
    let (m, t, p) = (ours.m_cost(), ours.t_cost(), ours.p_cost());
    let [salt, computed] = [&salt[..], &computed].map(|bytes| STANDARD_NO_PAD.encode(bytes));
    Ok(format!("$argon2id$v={}$m={m},t={t},p={p}${salt}${computed}", u32::from(Version::V0x13)))
}

/// As much work as `hash`, for nothing.
pub(super) fn waste(ours: &Params, memory: &mut Memory, password: &str) -> Result<(), PasswordError> {
    hash_into(&argon2id(ours), memory, password, &[0; 16], &mut [0; OUTPUT])
}

/// Hashes a new password on the calling thread: for the command line, never for a request.
pub fn hash_blocking(config: &PasswordsConfig, password: &str) -> Result<String, PasswordError> {
    hash(&params(config)?, &mut Memory::default(), password)
}

fn argon2id(ours: &Params) -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, ours.clone())
}

fn hash_into(
    argon2: &Argon2<'_>,
    memory: &mut Memory,
    password: &str,
    salt: &[u8],
    out: &mut [u8],
) -> Result<(), PasswordError> {
    let blocks = memory.blocks(argon2.params().block_count());
    argon2
        .hash_password_into_with_memory(password.as_bytes(), salt, out, blocks)
        .map_err(|error| PasswordError::Parameters(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_of_ours_is_read_back_as_it_was_made() {
        let config = PasswordsConfig { memory_kib: 64, iterations: 3, parallelism: 2, ..PasswordsConfig::default() };
        let ours = params(&config).expect("are sound");
        let phc = hash_blocking(&config, "x").expect("a hash");
        assert!(phc.starts_with("$argon2id$v=19$m=64,t=3,p=2$"), "{phc}");
        let read = Phc::parse(&phc, &ours).expect("was made by us");
        assert!(read.matches("x", &mut Memory::default()).expect("is computed"));
        assert!(!read.is_outdated(&ours));
    }

    #[test]
    fn a_cost_beyond_the_bounds_is_refused_before_anything_is_computed() {
        let ours = params(&PasswordsConfig::default()).expect("are sound");
        let parse = |m: u32, t: u32| {
            let phc = format!("$argon2id$v=19$m={m},t={t},p=1$c29tZXNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2g");
            Phc::parse(&phc, &ours).map(|_| ())
        };
        assert_eq!(parse(262_144, 16), Ok(()));
        assert_eq!(parse(262_144, 17), Err(Refused::TooDear));
        assert_eq!(parse(262_145, 1), Err(Refused::TooDear));
        assert_eq!(parse(64, u32::MAX), Err(Refused::TooDear));
    }
}
