//! `countersign key …`: the keys that sign tokens.

use std::fmt::Display;
use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use jwt::{ImportError, KeyInfo, RotationPolicy, SigningKey, Stage};
use protocol::secret::SecretString;
use protocol::signing::SigningAlgorithm;
use protocol::time::Seconds;

use super::{Context, any_algorithm, ask, refuse_unkept};
use crate::failure::Failure;
use crate::installation::open_keys;
use crate::output::{date, table};

/// Look at and change the keys that sign tokens. A running server notices within seconds.
#[derive(Debug, Subcommand)]
pub(super) enum KeyCommand {
    /// List the keys and the stage of their life.
    List,
    /// Make new keys: announced first, then signing, while the old ones stay long enough to verify what they signed.
    ///
    /// Example: countersign key rotate --alg ES256
    Rotate {
        /// Only for this algorithm; without it, for every algorithm in use.
        #[arg(long, value_parser = any_algorithm())]
        alg: Option<SigningAlgorithm>,
        /// For a key that somebody else may hold: it is gone at once, and every token that it signed is void.
        #[arg(long)]
        now: bool,
    },
    Import(Import),
}

/// Take over a private key from elsewhere: the next one of its algorithm, announced first, as after `key rotate`.
///
/// FILE is PEM (PKCS#8, encrypted or not; PKCS#1; SEC 1) or a private JWK. It is only read: delete it when the key is listed.
///
/// Example: countersign key import old-issuer.pem --alg PS256 --password-stdin < password.txt
#[derive(Debug, Args)]
pub(super) struct Import {
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// How it signs, one of keys.algorithms; without it, as a JWK says, and RS256 for other RSA keys.
    #[arg(long, value_parser = any_algorithm())]
    alg: Option<SigningAlgorithm>,
    /// Read the password of an encrypted key from the first line of standard input.
    #[arg(long)]
    password_stdin: bool,
    /// Sign with it at once: the present key is gone at once, too, and every token that it signed is void.
    #[arg(long)]
    now: bool,
}

impl KeyCommand {
    pub(super) fn run(self, context: &Context) -> Result<(), Failure> {
        let config = context.settings()?.config;
        let now = context.clock.now();
        let announced =
            RotationPolicy { announce: Seconds(config.keys.announce), overlap: Seconds(config.keys.overlap) };
        let policy = |at_once| if at_once { RotationPolicy::at_once() } else { announced };
        let keys = open_keys(&config, now)?;
        match self {
            Self::List => context.output.show(&keys.keyring().list(now), |keys| print(keys)),
            Self::Rotate { alg, now: at_once } => {
                let made = keys.rotate(alg, policy(at_once), now)?;
                context.output.show(&made, |made| print(made));
            }
            Self::Import(import) => {
                let key = import.read()?;
                refuse_unkept(&config, &import.file.display().to_string(), key.algorithm())?;
                let taken = keys.import(key, policy(import.now), now)?;
                context.output.show(&taken, |taken| print(std::slice::from_ref(taken)));
            }
        }
        Ok(())
    }
}

impl Import {
    fn read(&self) -> Result<SigningKey, Failure> {
        let text = self.text()?;
        let given = self.password_stdin.then(ask::secret_from_stdin).transpose()?;
        match jwt::import(text.expose(), self.alg, given.as_ref()) {
            Err(ImportError::PasswordNeeded) if ask::at_a_terminal() => {
                let typed = ask::secret("Password of the key:")?;
                jwt::import(text.expose(), self.alg, Some(&typed)).map_err(|error| self.fault(error))
            }
            Err(ImportError::PasswordNeeded) => Err(self.fault("the key is encrypted; add --password-stdin")),
            read => read.map_err(|error| self.fault(error)),
        }
    }

    fn text(&self) -> Result<SecretString, Failure> {
        let text = fs::read_to_string(&self.file).map_err(|error| match error.kind() {
            ErrorKind::InvalidData => self.fault(ImportError::NotAKey),
            _ => self.fault(error),
        })?;
        Ok(SecretString::new(text))
    }

    fn fault(&self, reason: impl Display) -> Failure {
        Failure::Failed(format!("{}: {reason}", self.file.display()))
    }
}

fn print(keys: &[KeyInfo]) -> String {
    let rows = keys.iter().map(|key| {
        let (stage, what, at) = match key.stage {
            Stage::Announced => ("announced", "signs from", Some(key.active_at)),
            Stage::Active => ("active", "signs until", key.retired_at),
            Stage::Retiring | Stage::Gone => ("retiring", "gone at", key.gone_at),
        };
        let next = at.map(|at| format!("{what} {}", date(at))).unwrap_or_default();
        [key.alg.name().to_owned(), stage.to_owned(), key.kid.to_string(), date(key.created_at), next]
    });
    table(["ALG", "STAGE", "KID", "MADE", "NEXT"], &rows.collect::<Vec<_>>())
}
