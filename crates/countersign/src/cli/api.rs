//! `countersign api …`: the protected APIs and their scopes. A scope belongs to one API; its identifier is the `aud` of tokens.

use clap::builder::TypedValueParser as _;
use clap::{Args, Subcommand};
use protocol::audience::{Api, ApiScope, TokenFormat};
use protocol::ids::ClientId;
use protocol::scope::ScopeToken;
use protocol::signing::SigningAlgorithm;
use protocol::time::Seconds;
use serde::Serialize;
use serde_json::json;
use store::{Store, StoreError, Won};

use super::{Context, any_of};
use crate::config::Loaded;
use crate::failure::Failure;
use crate::installation::open_store;
use crate::output::table;

/// Register, look at and remove protected APIs.
#[derive(Debug, Subcommand)]
pub(super) enum ApiCommand {
    Add(Add),
    /// List all APIs and their scopes.
    List,
    /// Remove an API; nobody gets tokens for it any more.
    Delete {
        #[arg(value_name = "IDENTIFIER")]
        identifier: String,
    },
}

/// Register an API.
///
/// Example: countersign api add https://notes.example --name Notes --scope "notes:read=Read your notes"
#[derive(Debug, Args)]
pub(super) struct Add {
    /// The audience of its tokens, usually its base URL.
    #[arg(value_name = "IDENTIFIER", value_parser = identifier)]
    identifier: String,
    /// The name that people read.
    #[arg(long)]
    name: String,
    /// A scope and, for the consent page, what it allows; may be repeated.
    #[arg(long, value_name = "SCOPE=SENTENCE", required = true, value_parser = scope)]
    scope: Vec<(ScopeToken, String)>,
    /// Tokens that the API reads by itself (jwt), or that it asks the server about (opaque).
    #[arg(long, default_value = "jwt", value_parser = any_of(TokenFormat::ALL.iter().map(|it| it.name())).map(format))]
    token_format: TokenFormat,
    /// How its tokens are signed.
    #[arg(long, default_value = "ES256", value_parser = any_of(SigningAlgorithm::ALL.iter().map(|it| it.name())).map(algorithm))]
    signing_alg: SigningAlgorithm,
    /// How long its tokens live; without it, tokens.access_token_lifetime.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(i64).range(30..=86_400))]
    lifetime: Option<i64>,
    /// The client that the API uses to ask about tokens (introspection).
    #[arg(long, value_name = "CLIENT_ID")]
    resource_server: Option<ClientId>,
}

#[derive(Serialize)]
struct Shown {
    identifier: String,
    name: String,
    token_format: TokenFormat,
    signing_alg: SigningAlgorithm,
    access_token_lifetime: Seconds,
    scopes: Vec<ShownScope>,
}

#[derive(Serialize)]
struct ShownScope {
    name: String,
    description: String,
}

impl ApiCommand {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let Loaded { config, .. } = context.settings()?;
        let store = open_store(&config).await?;
        let outcome = match self {
            Self::Add(add) => add.run(context, &store, config.tokens.access_token_lifetime).await,
            Self::List => list(context, &store).await,
            Self::Delete { identifier } => delete(context, &store, &identifier).await,
        };
        store.close().await;
        outcome
    }
}

impl Add {
    async fn run(self, context: &Context, store: &Store, usual_lifetime: i64) -> Result<(), Failure> {
        let scopes = self.scope.into_iter().map(|(name, description)| ApiScope { name, description });
        let api = Api {
            identifier: self.identifier,
            name: self.name,
            token_format: self.token_format,
            signing_alg: self.signing_alg,
            access_token_lifetime: Seconds(self.lifetime.unwrap_or(usual_lifetime)),
            scopes: scopes.collect(),
        };
        store::apis::insert(store, &api).await.map_err(|error| match error {
            StoreError::Conflict => Failure::failed("the identifier or one of the scopes belongs to an API already"),
            other => other.into(),
        })?;
        if let Some(client) = &self.resource_server {
            let _ = store::apis::set_resource_server(store, &api.identifier, Some(client)).await?;
        }
        context.output.show(&Shown::from(api), |shown| format!("{} is registered", shown.identifier));
        Ok(())
    }
}

impl From<Api> for Shown {
    fn from(api: Api) -> Self {
        let scope =
            |scope: ApiScope| ShownScope { name: scope.name.as_str().to_owned(), description: scope.description };
        Self {
            identifier: api.identifier,
            name: api.name,
            token_format: api.token_format,
            signing_alg: api.signing_alg,
            access_token_lifetime: api.access_token_lifetime,
            scopes: api.scopes.into_iter().map(scope).collect(),
        }
    }
}

async fn list(context: &Context, store: &Store) -> Result<(), Failure> {
    let apis: Vec<_> = store::apis::list(store).await?.into_iter().map(Shown::from).collect();
    context.output.show(&apis, |apis| {
        let rows = apis.iter().map(|api| {
            let scopes = api.scopes.iter().map(|scope| scope.name.as_str()).collect::<Vec<_>>().join(" ");
            [api.identifier.clone(), api.name.clone(), api.token_format.name().to_owned(), scopes]
        });
        table(["IDENTIFIER", "NAME", "TOKENS", "SCOPES"], &rows.collect::<Vec<_>>())
    });
    Ok(())
}

async fn delete(context: &Context, store: &Store, identifier: &str) -> Result<(), Failure> {
    match store::apis::delete(store, identifier).await? {
        Won::No => Err(Failure::Failed(format!("there is no API {identifier}; `countersign api list` shows all"))),
        Won::Yes => {
            let text = format!("{identifier} is deleted");
            context.output.show(&json!({ "identifier": identifier, "deleted": true }), |_| text);
            Ok(())
        }
    }
}

/// It stands in JSON, in challenges and in URLs, so it is plain.
fn identifier(text: &str) -> Result<String, String> {
    let plain =
        (1..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\');
    if plain { Ok(text.to_owned()) } else { Err("1 to 255 visible ASCII characters without quotes".to_owned()) }
}

fn scope(text: &str) -> Result<(ScopeToken, String), String> {
    let (name, description) = text.split_once('=').ok_or("write it as scope=sentence")?;
    let name = ScopeToken::parse(name).map_err(|error| error.to_string())?;
    if description.trim().is_empty() {
        Err("the sentence is empty".to_owned())
    } else {
        Ok((name, description.to_owned()))
    }
}

fn format(name: String) -> TokenFormat {
    TokenFormat::parse(&name).expect("clap admits the names only")
}

fn algorithm(name: String) -> SigningAlgorithm {
    SigningAlgorithm::parse(&name).expect("clap admits the names only")
}
