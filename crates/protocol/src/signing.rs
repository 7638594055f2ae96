//! The algorithms that protect what we send and what we are sent (RFC 7518 §3.1, RFC 8037 §3.1).
//!
//! `SigningAlgorithm` cannot write down `none` or the HMAC family, so no header of a token can choose them (RFC 8725 §3.1).
//! The few places that OpenID Connect gives to those have types of their own: `MaybeSigned` and `AssertionAlgorithm`. Keys
//! live in `jwt`, encryption in `encryption.rs`.

use crate::closed_set::{ClosedSet, closed_set, written_by_name};

closed_set! {
    /// In the order of preference for clients that do not say.
    pub enum SigningAlgorithm {
        /// The one every OpenID client can verify (OpenID Connect Core §15.1).
        RS256 = "RS256",
        PS256 = "PS256",
        ES256 = "ES256",
        ES384 = "ES384",
        /// Ed25519.
        EdDSA = "EdDSA",
    }
}

closed_set! {
    /// HMAC with the client secret, for `client_secret_jwt` only (OpenID Connect Core §9).
    pub enum MacAlgorithm {
        HS256 = "HS256",
        HS384 = "HS384",
        HS512 = "HS512",
    }
}

/// For ID tokens and request objects, which a client may register as unsigned where the installation allows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MaybeSigned {
    /// `none` (RFC 7518 §3.6).
    Unsigned,
    Signed(SigningAlgorithm),
}

/// How a client signs the JWT that authenticates it (RFC 7523 §2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AssertionAlgorithm {
    /// `private_key_jwt`.
    Signature(SigningAlgorithm),
    /// `client_secret_jwt`.
    Mac(MacAlgorithm),
}

impl MacAlgorithm {
    /// RFC 7518 §3.2: "A key of the same size as the hash output (for instance, 256 bits for "HS256") or larger MUST be used".
    /// The octets of a secret count as they are written (OpenID Connect Core §16.19): one of 43 characters is long enough for
    /// HS256 only.
    pub const fn minimum_key_octets(self) -> usize {
        match self {
            Self::HS256 => 32,
            Self::HS384 => 48,
            Self::HS512 => 64,
        }
    }
}

impl MaybeSigned {
    /// Signed ones first.
    pub const ALL: &'static [Self] = &[
        Self::Signed(SigningAlgorithm::RS256),
        Self::Signed(SigningAlgorithm::PS256),
        Self::Signed(SigningAlgorithm::ES256),
        Self::Signed(SigningAlgorithm::ES384),
        Self::Signed(SigningAlgorithm::EdDSA),
        Self::Unsigned,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Unsigned => "none",
            Self::Signed(algorithm) => algorithm.name(),
        }
    }

    /// The one of exactly this name; case matters.
    pub fn parse(name: &str) -> Option<Self> {
        if name == "none" { Some(Self::Unsigned) } else { SigningAlgorithm::parse(name).map(Self::Signed) }
    }

    pub const fn signed(self) -> Option<SigningAlgorithm> {
        match self {
            Self::Unsigned => None,
            Self::Signed(algorithm) => Some(algorithm),
        }
    }
}

impl AssertionAlgorithm {
    pub const ALL: &'static [Self] = &[
        Self::Signature(SigningAlgorithm::RS256),
        Self::Signature(SigningAlgorithm::PS256),
        Self::Signature(SigningAlgorithm::ES256),
        Self::Signature(SigningAlgorithm::ES384),
        Self::Signature(SigningAlgorithm::EdDSA),
        Self::Mac(MacAlgorithm::HS256),
        Self::Mac(MacAlgorithm::HS384),
        Self::Mac(MacAlgorithm::HS512),
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Signature(algorithm) => algorithm.name(),
            Self::Mac(algorithm) => algorithm.name(),
        }
    }

    /// The one of exactly this name; case matters.
    pub fn parse(name: &str) -> Option<Self> {
        let signature = SigningAlgorithm::parse(name).map(Self::Signature);
        signature.or_else(|| MacAlgorithm::parse(name).map(Self::Mac))
    }
}

impl From<SigningAlgorithm> for MaybeSigned {
    fn from(algorithm: SigningAlgorithm) -> Self {
        Self::Signed(algorithm)
    }
}

impl ClosedSet for MaybeSigned {
    const NAMED: &'static [(&'static str, Self)] = &{
        let mut named = [("", Self::Unsigned); Self::ALL.len()];
        let mut at = 0;
        while at < named.len() {
            named[at] = (Self::ALL[at].name(), Self::ALL[at]);
            at += 1;
        }
        named
    };
}

impl ClosedSet for AssertionAlgorithm {
    const NAMED: &'static [(&'static str, Self)] = &{
        let mut named = [("", Self::ALL[0]); Self::ALL.len()];
        let mut at = 0;
        while at < named.len() {
            named[at] = (Self::ALL[at].name(), Self::ALL[at]);
            at += 1;
        }
        named
    };
}

written_by_name!(MaybeSigned);
written_by_name!(AssertionAlgorithm);

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Serialize;
    use serde::de::DeserializeOwned;
    use std::fmt::{Debug, Display};

    fn reads_back<T>(all: &[T], parse: fn(&str) -> Option<T>)
    where
        T: ClosedSet + Serialize + DeserializeOwned + Debug + Display + PartialEq,
    {
        assert_eq!(all.len(), T::NAMED.len());
        for (one, (name, same)) in all.iter().zip(T::NAMED) {
            assert_eq!(one, same);
            assert_eq!(parse(name), Some(*one));
            assert_eq!(one.to_string(), *name);
            let json = serde_json::to_string(one).expect("is a string");
            assert_eq!(json, format!("\"{name}\""));
            assert_eq!(serde_json::from_str::<T>(&json).expect("its own name"), *one);
        }
    }

    #[test]
    fn each_name_reads_back() {
        reads_back(SigningAlgorithm::ALL, SigningAlgorithm::parse);
        reads_back(MacAlgorithm::ALL, MacAlgorithm::parse);
        reads_back(MaybeSigned::ALL, MaybeSigned::parse);
        reads_back(AssertionAlgorithm::ALL, AssertionAlgorithm::parse);
    }

    #[test]
    fn unsigned_and_shared_key_algorithms_are_unknown() {
        for name in ["none", "None", "HS256", "HS512", "rs256", "RSA1_5", "ES512", ""] {
            assert_eq!(SigningAlgorithm::parse(name), None, "{name}");
        }
    }

    #[test]
    fn each_exception_admits_what_it_is_for_and_nothing_else() {
        assert_eq!(MaybeSigned::parse("none"), Some(MaybeSigned::Unsigned));
        assert_eq!(AssertionAlgorithm::parse("HS256"), Some(AssertionAlgorithm::Mac(MacAlgorithm::HS256)));
        for name in ["None", "NONE", "", "HS256", "none "] {
            assert_eq!(MaybeSigned::parse(name), None, "{name}");
        }
        for name in ["none", "hs256", "", "HS1"] {
            assert_eq!(AssertionAlgorithm::parse(name), None, "{name}");
        }
    }

    #[test]
    fn the_tables_forget_no_algorithm() {
        for algorithm in SigningAlgorithm::ALL {
            assert!(MaybeSigned::ALL.contains(&(*algorithm).into()), "{algorithm}");
            assert!(AssertionAlgorithm::ALL.contains(&AssertionAlgorithm::Signature(*algorithm)), "{algorithm}");
        }
        for algorithm in MacAlgorithm::ALL {
            assert!(AssertionAlgorithm::ALL.contains(&AssertionAlgorithm::Mac(*algorithm)), "{algorithm}");
        }
        assert!(MaybeSigned::ALL.contains(&MaybeSigned::Unsigned));
    }
}
