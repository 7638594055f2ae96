//! Names of the formats of password hashes, and why a text is in none of them.

/// The formats that are read. Only the first is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    Argon2,
    Bcrypt,
    Pbkdf2,
    Scrypt,
    ShaCrypt,
    Apr1,
}

impl Format {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Argon2 => "argon2",
            Self::Bcrypt => "bcrypt",
            Self::Pbkdf2 => "pbkdf2",
            Self::Scrypt => "scrypt",
            Self::ShaCrypt => "sha-crypt",
            Self::Apr1 => "apr1",
        }
    }
}

/// Why a text is no hash that can be checked here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("it is empty")]
    Empty,
    #[error("its format is unknown, or it is no hash but a password in the clear")]
    Unknown,
    #[error("its format ({0}) is too weak to be taken over; let these people reset their passwords")]
    Weak(&'static str),
    #[error("its cost is beyond what this server is willing to compute for one sign-in")]
    TooDear,
    #[error("it is incomplete or has characters that do not belong there")]
    Garbled,
}
