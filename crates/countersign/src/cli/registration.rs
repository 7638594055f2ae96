//! `countersign registration token …`: who may register clients over the network (RFC 7591 §3).

use clap::Subcommand;
use protocol::ids::InitialAccessTokenId;
use protocol::time::{Seconds, Timestamp};
use serde::Serialize;
use serde_json::json;
use store::initial_access_tokens::{self, InitialAccessToken};
use store::{Store, Won};

use super::Context;
use crate::config::Loaded;
use crate::failure::Failure;
use crate::installation::open_store;
use crate::output::{date, note, table};

const PAGE: i64 = 200;

/// Let others register their clients themselves.
#[derive(Debug, Subcommand)]
pub(super) enum RegistrationCommand {
    /// Tokens that admit to the registration endpoint while registration.access is "initial_access_token".
    #[command(subcommand)]
    Token(TokenCommand),
}

#[derive(Debug, Subcommand)]
pub(super) enum TokenCommand {
    /// Make a token. It is shown this once.
    ///
    /// Example: countersign registration token create --uses 5 --note "build server"
    Create {
        /// How many clients it can register.
        #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(i64).range(1..=1_000_000))]
        uses: i64,
        /// How long it is good; a week unless given.
        #[arg(long, value_name = "SECONDS", default_value_t = 604_800, value_parser = clap::value_parser!(i64).range(60..=315_360_000))]
        expires_in: i64,
        /// For whom it is; only the list shows it.
        #[arg(long, value_name = "TEXT", default_value = "")]
        note: String,
    },
    /// List the tokens that have not expired, never the tokens themselves.
    List,
    /// Make a token useless. What was registered with it stays.
    Revoke {
        #[arg(value_name = "TOKEN_ID")]
        id: InitialAccessTokenId,
    },
}

/// A token as it is shown in the list.
#[derive(Serialize)]
struct Shown {
    id: InitialAccessTokenId,
    note: String,
    uses_left: i64,
    created_at: Timestamp,
    expires_at: Timestamp,
    /// The token itself, once.
    #[serde(skip_serializing_if = "Option::is_none")]
    initial_access_token: Option<String>,
}

impl RegistrationCommand {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let Self::Token(command) = self;
        let Loaded { config, .. } = context.settings()?;
        if !config.registration.is_on() {
            note(
                "registration.access is \"off\" in the settings: nobody can use a token until it is \"initial_access_token\"",
            );
        }
        let store = open_store(&config).await?;
        let outcome = match command {
            TokenCommand::Create { uses, expires_in, note } => {
                create(context, &store, (uses, Seconds(expires_in)), note).await
            }
            TokenCommand::List => list(context, &store).await,
            TokenCommand::Revoke { id } => revoke(context, &store, &id).await,
        };
        store.close().await;
        outcome
    }
}

async fn create(
    context: &Context,
    store: &Store,
    (uses_left, lifetime): (i64, Seconds),
    note: String,
) -> Result<(), Failure> {
    let now = context.clock.now();
    let token = auth::random::named_token(InitialAccessTokenId::from_random(auth::random::id()));
    let kept = InitialAccessToken {
        id: token.id.clone(),
        secret_hash: token.hash(),
        note,
        uses_left,
        created_at: now,
        expires_at: now + lifetime,
    };
    initial_access_tokens::insert(store, &kept).await?;
    let shown = Shown { initial_access_token: Some(token.print().expose().clone()), ..Shown::from(kept) };
    context.output.show(&shown, |shown| {
        let token = shown.initial_access_token.as_deref().unwrap_or_default();
        let (uses, end) = (shown.uses_left, date(shown.expires_at));
        format!("id     {}\ntoken  {token}   (shown this once; {uses} uses until {end})", shown.id)
    });
    Ok(())
}

async fn list(context: &Context, store: &Store) -> Result<(), Failure> {
    let mut all: Vec<Shown> = Vec::new();
    loop {
        let page = initial_access_tokens::list(store, all.last().map(|shown| &shown.id), PAGE).await?;
        if page.is_empty() {
            break;
        }
        all.extend(page.into_iter().map(Shown::from));
    }
    all.retain(|shown| shown.expires_at > context.clock.now());
    context.output.show(&all, |all| {
        let rows = all.iter().map(|shown| {
            [shown.id.to_string(), shown.uses_left.to_string(), date(shown.expires_at), shown.note.clone()]
        });
        table(["TOKEN_ID", "USES LEFT", "EXPIRES", "NOTE"], &rows.collect::<Vec<_>>())
    });
    Ok(())
}

async fn revoke(context: &Context, store: &Store, id: &InitialAccessTokenId) -> Result<(), Failure> {
    match initial_access_tokens::delete(store, id).await? {
        Won::Yes => {
            context.output.show(&json!({ "id": id, "revoked": true }), |_| format!("token {id} is revoked"));
            Ok(())
        }
        Won::No => {
            Err(Failure::Failed(format!("there is no token {id}; `countersign registration token list` shows all")))
        }
    }
}

impl From<InitialAccessToken> for Shown {
    fn from(token: InitialAccessToken) -> Self {
        let InitialAccessToken { id, note, uses_left, created_at, expires_at, .. } = token;
        Self { id, note, uses_left, created_at, expires_at, initial_access_token: None }
    }
}
