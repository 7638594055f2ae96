//! `countersign key …`: the keys that sign tokens.

use clap::Subcommand;
use clap::builder::TypedValueParser as _;
use jwt::{KeyInfo, RotationPolicy, Stage};
use protocol::signing::SigningAlgorithm;
use protocol::time::Seconds;

use super::{Context, any_of};
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
        #[arg(long, value_parser = any_of(SigningAlgorithm::ALL.iter().map(|it| it.name())).map(parse))]
        alg: Option<SigningAlgorithm>,
        /// For a key that somebody else may hold: it is gone at once, and every token that it signed is void.
        #[arg(long)]
        now: bool,
    },
}

fn parse(name: String) -> SigningAlgorithm {
    SigningAlgorithm::parse(&name).expect("clap admits the names only")
}

impl KeyCommand {
    pub(super) fn run(self, context: &Context) -> Result<(), Failure> {
        let config = context.settings()?.config;
        let now = context.clock.now();
        let keys = open_keys(&config, now)?;
        match self {
            Self::List => context.output.show(&keys.keyring().list(now), |keys| print(keys)),
            Self::Rotate { alg, now: at_once } => {
                let announced =
                    RotationPolicy { announce: Seconds(config.keys.announce), overlap: Seconds(config.keys.overlap) };
                let policy = if at_once { RotationPolicy::at_once() } else { announced };
                let made = keys.rotate(alg, policy, now)?;
                context.output.show(&made, |made| print(made));
            }
        }
        Ok(())
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
