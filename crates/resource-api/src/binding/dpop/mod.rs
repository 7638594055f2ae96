//! DPoP at a protected resource (RFC 9449 §4.3, §7.1, §9, §11.1): whether whoever sent an access token has the key that the
//! token is bound to.
//!
//! `proof.rs` reads one proof, `target.rs` compares URLs, `nonce.rs` makes and knows the server's nonces; this file compares
//! a proof with the request, the token and the time, and takes its `jti` once (`replay.rs`). Which tokens need a proof, and how
//! an error travels to the client, is decided by whoever calls.

mod nonce;
mod proof;
mod target;

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jwt::claims::{TimeCheck, Times, check_times};
use protocol::secret::Secret;
use protocol::signing::SigningAlgorithm;
use protocol::time::{Seconds, Timestamp};
use subtle::ConstantTimeEq as _;

use self::nonce::Nonces;
use self::proof::Proof;
pub use self::proof::Reason;
use self::target::Target;
use crate::binding::replay::{MemoryReplay, NotClaimed, Replay, ReplayKey, Unavailable};

/// What an operator decides.
#[derive(Clone, Debug)]
pub struct DpopConfig {
    /// How a proof may be signed. All of [`SigningAlgorithm`] are asymmetric.
    pub algorithms: Vec<SigningAlgorithm>,
    /// How far `iat` may lie before and after the time of this server.
    pub window: Seconds,
    /// Whether proofs carry a nonce of this server. Off by default.
    pub nonce: NonceMode,
    /// What nonces are made with. Processes behind one address need the same, or each refuses the nonces of the others; beside it they
    /// need one store of used proofs. `None` draws one at start.
    pub nonce_key: Option<Secret<[u8; 32]>>,
}

/// Whether proofs must carry a nonce of this server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NonceMode {
    /// The age of a proof is told by its `iat`.
    Off,
    /// The age of a proof is told by its nonce, and `iat` is not compared: nobody can make proofs in advance, and clients
    /// whose clock is wrong are served (§11.1). Costs one more round trip at the beginning.
    Required,
}

/// The request that a proof came with.
#[derive(Clone, Copy, Debug)]
pub struct Request<'r> {
    /// As sent; methods have a case (RFC 9110 §9.1).
    pub method: &'r str,
    /// The configured public URL of the API and the path of the request as sent, with its escapes. Never made of `Host`. A
    /// query does not count.
    pub htu: &'r str,
}

/// The access token that a proof came with, already found valid.
#[derive(Clone, Copy)]
pub struct BoundToken<'r> {
    /// As it stands in the `Authorization` header.
    pub value: &'r str,
    /// `cnf.jkt`: the thumbprint of the key that it is bound to (§6.1).
    pub jkt: &'r str,
}

/// Why a request has not proved the possession of the key. The sentences fit an `error_description`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DpopError {
    /// A bound token without a proof (RFC 9449 §7.1).
    #[error("the access token is bound to a key: send a proof in the header DPoP")]
    Missing,
    /// More than one header `DPoP` (RFC 9449 §4.3, item 1).
    #[error("the header DPoP was sent more than once")]
    Several,
    /// The proof breaks a rule of RFC 9449 §4.3.
    #[error("the DPoP proof is not accepted: {0}")]
    Invalid(#[from] Reason),
    /// The proof was used before (RFC 9449 §11.1).
    #[error("the DPoP proof was used before: make a new one for each request")]
    Replayed,
    /// With the nonce for the header `DPoP-Nonce`.
    #[error("the DPoP proof needs the nonce of the header DPoP-Nonce")]
    UseNonce(String),
    /// The proof is good, but nobody knows whether it is new. Answered with 503, never with a guess.
    #[error("DPoP proofs cannot be checked at this moment; try again later")]
    Unavailable(Unavailable),
}

/// Checks proofs. One per API, shared by all workers.
pub struct Verifier {
    config: DpopConfig,
    algs: String,
    nonces: Nonces,
    replay: Arc<dyn Replay>,
}

/// What of a good proof has to be new.
#[derive(Debug, PartialEq, Eq)]
struct Unclaimed {
    key: ReplayKey,
    /// The last second in which the proof would be accepted.
    until: Timestamp,
}

impl Default for DpopConfig {
    /// Every algorithm, 60 seconds, no nonces, a key that is drawn at start.
    fn default() -> Self {
        Self { algorithms: SigningAlgorithm::ALL.to_vec(), window: Seconds(60), nonce: NonceMode::Off, nonce_key: None }
    }
}

impl Verifier {
    /// Remembers used proofs in memory.
    pub fn new(config: DpopConfig) -> Self {
        let algs = config.algorithms.iter().map(|algorithm| algorithm.name()).collect::<Vec<_>>().join(" ");
        let nonces = match &config.nonce_key {
            Some(key) => Nonces::new(key.expose()),
            None => Nonces::new(&jwt::random::bytes()),
        };
        Self { config, algs, nonces, replay: Arc::new(MemoryReplay::default()) }
    }

    /// Remembers used proofs elsewhere: in a store that several processes behind one address share.
    #[must_use]
    pub fn with_replay(self, replay: Arc<dyn Replay>) -> Self {
        Self { replay, ..self }
    }

    /// For the parameter `algs` of a DPoP challenge (§7.1): names with spaces between them.
    pub fn algs(&self) -> &str {
        &self.algs
    }

    /// For the header `DPoP-Nonce` of any answer to a DPoP request (§8.2), where nonces are required. An answer with it must
    /// not be cached.
    pub fn nonce(&self, now: Timestamp) -> Option<String> {
        match self.config.nonce {
            NonceMode::Off => None,
            NonceMode::Required => Some(self.nonces.current(now)),
        }
    }

    /// Every check of §4.3, and that the proof is used for the first time. `proofs` are the values of all `DPoP` headers.
    pub async fn verify<'h>(
        &self,
        proofs: impl Iterator<Item = &'h [u8]>,
        request: &Request<'_>,
        token: &BoundToken<'_>,
        now: Timestamp,
    ) -> Result<(), DpopError> {
        let proof = Proof::read(one(proofs)?, &self.config.algorithms)?;
        let Unclaimed { key, until } = self.check(&proof, request, token, now)?;
        self.replay.claim(key, until, now).await.map_err(|error| match error {
            NotClaimed::Seen => DpopError::Replayed,
            NotClaimed::Unavailable(why) => DpopError::Unavailable(why),
        })
    }

    fn check(
        &self,
        proof: &Proof,
        request: &Request<'_>,
        token: &BoundToken<'_>,
        now: Timestamp,
    ) -> Result<Unclaimed, DpopError> {
        // Item 8: "The htm claim matches the HTTP method of the current request."
        if proof.htm != request.method {
            return Err(Reason::Method.into());
        }
        // Item 9: "The htu claim matches the HTTP URI value for the HTTP request [...], ignoring any query and fragment parts."
        if Target::requested(request.htu).as_ref() != Some(&proof.htu) {
            return Err(Reason::Target.into());
        }
        // Item 12: "ensure that the value of the ath claim equals the hash of that access token".
        if !same(&proof.ath, &hash(token.value)) {
            return Err(Reason::AccessToken.into());
        }
        // Item 12: "confirm that the public key to which the access token is bound matches the public key from the DPoP proof".
        if !same(&proof.thumbprint, token.jkt) {
            return Err(Reason::OtherKey.into());
        }
        let until = self.accepted_until(proof, now)?;
        // §11.1: one `jti` once "in the context of the target URI"; and of one key, so that nobody can use up those of others.
        let key = ReplayKey::of("dpop", &[&proof.thumbprint, &proof.jti, proof.htu.as_str()]);
        Ok(Unclaimed { key, until })
    }

    /// Items 10 and 11, and RFC 7519 §4.1.4 and §4.1.5 for proofs that say more about their time than they must.
    fn accepted_until(&self, proof: &Proof, now: Timestamp) -> Result<Timestamp, DpopError> {
        let window = self.config.window;
        let times = Times { exp: Some(proof.exp.unwrap_or(now + window)), nbf: proof.nbf, iat: None };
        check_times(&times, &TimeCheck { now, leeway: window }).map_err(|_| Reason::NotNow)?;
        match self.config.nonce {
            NonceMode::Off if (Seconds(0) - window..=window).contains(&now.since(proof.iat)) => Ok(proof.iat + window),
            NonceMode::Off => Err(Reason::Time(window).into()),
            NonceMode::Required => {
                let until = proof.nonce.as_deref().and_then(|nonce| self.nonces.good_until(nonce, now));
                until.ok_or_else(|| DpopError::UseNonce(self.nonces.current(now)))
            }
        }
    }
}

impl DpopError {
    /// The `error` of the challenge (§7.1, §9); `None` where the request is not at fault.
    pub fn code(&self) -> Option<&'static str> {
        match self {
            // As figure 16 shows it.
            Self::Invalid(Reason::OtherKey) => Some("invalid_token"),
            Self::Missing | Self::Several | Self::Invalid(_) | Self::Replayed => Some("invalid_dpop_proof"),
            Self::UseNonce(_) => Some("use_dpop_nonce"),
            Self::Unavailable(_) => None,
        }
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").field("config", &self.config).field("replay", &self.replay).finish_non_exhaustive()
    }
}

/// Without the token.
impl fmt::Debug for BoundToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoundToken").field("jkt", &self.jkt).finish_non_exhaustive()
    }
}

/// Item 1: "There is not more than one DPoP HTTP request header field."
fn one<'h>(mut proofs: impl Iterator<Item = &'h [u8]>) -> Result<&'h [u8], DpopError> {
    let proof = proofs.next().ok_or(DpopError::Missing)?;
    if proofs.next().is_some() { Err(DpopError::Several) } else { Ok(proof) }
}

/// §4.2: "the base64url encoding of the SHA-256 hash of the ASCII encoding of the associated access token's value".
fn hash(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, token.as_bytes()))
}

fn same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

#[cfg(test)]
mod tests;
