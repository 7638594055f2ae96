//! The command line: what can be typed, and which file does it. One file per verb.

mod api;
mod api_key;
mod ask;
mod check;
mod client;
mod dev;
mod explain;
mod healthcheck;
mod init;
mod key;
mod made;
mod mail;
mod registration;
mod serve;
mod tail;
mod tls;
mod token;
mod user;
mod version;

use std::future::Future;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use auth::clock::Clock;
use auth::config::Config;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand};
use protocol::signing::SigningAlgorithm;

use crate::config::load::FILE_NAME;
use crate::config::{self, Environment, Loaded, Origin};
use crate::failure::Failure;
use crate::output::{Format, Output, note};

const EXIT_CODES: &str = "\
Exit codes:
  0   done
  1   it was tried and did not work
  2   the command line makes no sense
  78  the settings, or what they name, have to be changed first

Settings come from --config FILE, $COUNTERSIGN_CONFIG, ./countersign.toml or
/etc/countersign/countersign.toml, and COUNTERSIGN_SECTION__KEY overrides any of them.
Commands (but never `serve`) also find what `countersign dev` left in ./countersign-data.";

/// Countersign, an OAuth 2.0 and OpenID Connect server.
///
/// Try it: `countersign dev`. Use it: `countersign init`, `countersign check`, `countersign serve`.
#[derive(Debug, Parser)]
#[command(name = "countersign", version, after_help = EXIT_CODES, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

/// What every command understands.
#[derive(Clone, Debug, Args)]
struct Common {
    /// The settings file.
    #[arg(long, global = true, value_name = "FILE", conflicts_with = "data", display_order = 100)]
    config: Option<PathBuf>,
    /// A directory made by `countersign dev`; the same as --config DIR/countersign.toml.
    #[arg(long, global = true, value_name = "DIR", display_order = 101)]
    data: Option<PathBuf>,
    /// Print JSON instead of text (errors too, on standard error).
    #[arg(long, global = true, display_order = 102)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    Dev(dev::Dev),
    Serve(serve::Serve),
    Init(init::Init),
    Check(check::Check),
    #[command(subcommand)]
    Client(client::ClientCommand),
    #[command(subcommand)]
    Registration(registration::RegistrationCommand),
    #[command(subcommand)]
    Api(api::ApiCommand),
    #[command(subcommand)]
    ApiKey(api_key::ApiKeyCommand),
    #[command(subcommand)]
    User(user::UserCommand),
    #[command(subcommand)]
    Key(key::KeyCommand),
    #[command(subcommand)]
    Token(token::TokenCommand),
    #[command(subcommand)]
    Mail(mail::MailCommand),
    Tail(tail::Tail),
    Explain(explain::Explain),
    #[command(subcommand)]
    Tls(tls::TlsCommand),
    Healthcheck(healthcheck::Healthcheck),
    Version(version::Version),
}

/// What every command is given.
pub(crate) struct Context {
    common: Common,
    pub(crate) environment: Environment,
    pub(crate) output: Output,
    pub(crate) clock: Clock,
}

impl Context {
    /// The settings for commands: those of a server, or of the demonstration in the working directory.
    fn settings(&self) -> Result<Loaded, Failure> {
        Ok(config::load(&self.origin(Origin::UsualOrDev), &self.environment)?)
    }

    /// The settings for serving.
    fn server_settings(&self) -> Result<Loaded, Failure> {
        Ok(config::load(&self.origin(Origin::Usual), &self.environment)?)
    }

    fn origin(&self, otherwise: Origin) -> Origin {
        match (&self.common.config, &self.common.data) {
            (Some(file), _) => Origin::File(file.clone()),
            (None, Some(data)) => Origin::File(data.join(FILE_NAME)),
            (None, None) => otherwise,
        }
    }

    fn data(&self) -> Option<&Path> {
        self.common.data.as_deref()
    }
}

/// Parses the command line of the process and does what it says.
pub fn run() -> ExitCode {
    let Cli { common, command } = Cli::parse();
    let environment = Environment::of_the_process();
    let format = if common.json { Format::Json } else { Format::Text };
    let output = Output::new(format, &environment);
    let context = Context { common, environment, output, clock: Clock::System };
    match dispatch(command, &context) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            match format {
                Format::Text => note(&failure),
                Format::Json => note(failure.as_json()),
            }
            failure.exit_code()
        }
    }
}

fn dispatch(command: Command, context: &Context) -> Result<(), Failure> {
    match command {
        Command::Dev(dev) => block_on_all_cores(dev.run(context)),
        Command::Serve(serve) => block_on_all_cores(serve.run(context)),
        other => {
            crate::log::start_quietly();
            block_on(dispatch_short(other, context))
        }
    }
}

/// Commands that do one thing and end.
async fn dispatch_short(command: Command, context: &Context) -> Result<(), Failure> {
    match command {
        Command::Init(init) => init.run(context),
        Command::Check(check) => check.run(context).await,
        Command::Client(command) => command.run(context).await,
        Command::Registration(command) => command.run(context).await,
        Command::Api(command) => command.run(context).await,
        Command::ApiKey(command) => command.run(context).await,
        Command::User(command) => command.run(context).await,
        Command::Key(command) => command.run(context),
        Command::Token(command) => command.run(context),
        Command::Mail(command) => command.run(context).await,
        Command::Tail(tail) => tail.run(context).await,
        Command::Explain(explain) => explain.run(context).await,
        Command::Tls(command) => command.run(context),
        Command::Healthcheck(healthcheck) => healthcheck.run(context).await,
        Command::Version(version::Version {}) => {
            version::run(context);
            Ok(())
        }
        Command::Dev(_) | Command::Serve(_) => unreachable!("dispatched to all cores"),
    }
}

/// The values of a closed set, for help and for refusals.
fn any_of(names: impl Iterator<Item = &'static str>) -> PossibleValuesParser {
    PossibleValuesParser::new(names)
}

fn any_algorithm() -> impl TypedValueParser<Value = SigningAlgorithm> {
    let parse = |name: String| SigningAlgorithm::parse(&name).expect("clap admits the names only");
    any_of(SigningAlgorithm::ALL.iter().map(|it| it.name())).map(parse)
}

/// Only the algorithms of the settings have a key that is made, replaced and published. `what` was given the algorithm.
fn refuse_unkept(config: &Config, what: &str, algorithm: SigningAlgorithm) -> Result<(), Failure> {
    let kept = &config.keys.algorithms;
    if kept.contains(&algorithm) {
        return Ok(());
    }
    Err(Failure::Failed(format!("{what}: {}", auth::offered::unkept(algorithm, kept))))
}

fn block_on(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}

fn block_on_all_cores(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}
