//! `countersign api …`: the protected APIs and their scopes. A scope belongs to one API; its identifier is the `aud` of tokens.

use auth::config::Config;
use clap::builder::TypedValueParser as _;
use clap::{Args, Subcommand};
use protocol::audience::{Api, ApiScope, TokenFormat};
use protocol::ids::ClientId;
use protocol::scope::{STANDARD, ScopeToken};
use protocol::signing::SigningAlgorithm;
use protocol::time::Seconds;
use serde::Serialize;
use serde_json::json;
use store::{Store, StoreError, Won};

use super::{Context, any_algorithm, any_of, client, refuse_unkept};
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
    /// Name the client that an API uses to ask about its tokens (introspection), instead of the one before.
    ///
    /// Example: countersign api set-resource-server https://notes.example notes-api
    SetResourceServer {
        #[arg(value_name = "IDENTIFIER")]
        identifier: String,
        /// The client that may ask from now on.
        #[arg(value_name = "CLIENT_ID", required_unless_present = "none", conflicts_with = "none")]
        client: Option<ClientId>,
        /// No client may ask any longer.
        #[arg(long)]
        none: bool,
    },
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
    /// How its tokens are signed, if they are jwt; one of keys.algorithms.
    #[arg(long, default_value = "ES256", value_parser = any_algorithm())]
    signing_alg: SigningAlgorithm,
    /// How long its tokens live, if they are jwt at most keys.overlap; without it, tokens.access_token_lifetime.
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
            Self::Add(add) => add.run(context, &store, &config).await,
            Self::List => list(context, &store).await,
            Self::SetResourceServer { identifier, client, none: _ } => {
                set_resource_server(context, &store, &identifier, client.as_ref()).await
            }
            Self::Delete { identifier } => delete(context, &store, &identifier).await,
        };
        store.close().await;
        outcome
    }
}

impl Add {
    async fn run(self, context: &Context, store: &Store, config: &Config) -> Result<(), Failure> {
        self.refuse_unverifiable(config)?;
        if let Some(client) = &self.resource_server {
            client::find(store, client).await?;
        }
        let scopes = self.scope.into_iter().map(|(name, description)| ApiScope { name, description });
        let api = Api {
            identifier: self.identifier,
            name: self.name,
            token_format: self.token_format,
            signing_alg: self.signing_alg,
            access_token_lifetime: Seconds(self.lifetime.unwrap_or(config.tokens.access_token_lifetime)),
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

    /// A signed token needs a key that exists and stays published until the token ends. Opaque ones need neither.
    fn refuse_unverifiable(&self, config: &Config) -> Result<(), Failure> {
        match self.token_format {
            TokenFormat::Opaque => return Ok(()),
            TokenFormat::Jwt => refuse_unkept(config, "--signing-alg", self.signing_alg)?,
        }
        let (usual, overlap) = (config.tokens.access_token_lifetime, config.keys.overlap);
        match self.lifetime {
            Some(lifetime) if lifetime > overlap => Err(Failure::Failed(format!(
                "--lifetime: {lifetime} s is longer than keys.overlap ({overlap} s), so a token would outlive its key; set \
                 keys.overlap to at least {lifetime}, or choose a shorter life (tokens.access_token_lifetime is {usual} s)"
            ))),
            _ => Ok(()),
        }
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
        Won::No => Err(unknown(identifier)),
        Won::Yes => {
            let text = format!("{identifier} is deleted");
            context.output.show(&json!({ "identifier": identifier, "deleted": true }), |_| text);
            Ok(())
        }
    }
}

async fn set_resource_server(
    context: &Context,
    store: &Store,
    identifier: &str,
    client: Option<&ClientId>,
) -> Result<(), Failure> {
    if let Some(client) = client {
        client::find(store, client).await?;
    }
    match store::apis::set_resource_server(store, identifier, client).await? {
        Won::No => Err(unknown(identifier)),
        Won::Yes => {
            let shown = json!({ "identifier": identifier, "resource_server": client });
            context.output.show(&shown, |_| match client {
                Some(client) => format!("client {client} may ask about the tokens of {identifier}"),
                None => format!("no client may ask about the tokens of {identifier}"),
            });
            Ok(())
        }
    }
}

pub(super) fn unknown(identifier: &str) -> Failure {
    Failure::Failed(format!("there is no API {identifier}; `countersign api list` shows all"))
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
    if STANDARD.contains(&name.as_str()) {
        return Err(format!("{name} belongs to the issuer itself; choose another name, such as api:{name}"));
    }
    if description.trim().is_empty() {
        return Err("the sentence is empty".to_owned());
    }
    Ok((name, description.to_owned()))
}

fn format(name: String) -> TokenFormat {
    TokenFormat::parse(&name).expect("clap admits the names only")
}
