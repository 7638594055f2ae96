//! `countersign client …`: the applications that may ask for tokens.

mod logouts;
mod passwords;

use std::io::Read as _;
use std::path::{Path, PathBuf};

use auth::config::Config;
use auth::outbound::Outbound;
use auth::registration;
use clap::{Args, Subcommand};
use protocol::client::{
    ApplicationType, Client, ConsentPolicy, GrantType, PkcePolicy, ScopeClaims, TokenEndpointAuthMethod,
};
use protocol::ids::{ClientId, UserId};
use protocol::login::Level;
use protocol::registration::{ClientMetadata, Problem};
use protocol::secret::SecretString;
use protocol::signing::SigningAlgorithm;
use protocol::time::{Seconds, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value, json};
use store::Store;

use self::logouts::Logouts;
use self::passwords::Passwords;
use super::{Context, any_of, ask};
use crate::config::Loaded;
use crate::failure::Failure;
use crate::installation::{all_clients, expected_algorithms, open_keys, open_store};
use crate::output::{date, table};

/// Register, look at and remove clients (applications).
#[derive(Debug, Subcommand)]
pub(super) enum ClientCommand {
    Add(Box<Add>),
    /// List all clients.
    List,
    /// Show one client as client metadata.
    Show {
        #[arg(value_name = "CLIENT_ID")]
        id: ClientId,
    },
    Rotate(Rotate),
    Logouts(Logouts),
    Passwords(Passwords),
    /// Remove a client; everybody's access through it ends.
    Delete {
        #[arg(value_name = "CLIENT_ID")]
        id: ClientId,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
}

/// Register a client. Flags have the names of RFC 7591; or give all of it as a JSON file.
///
/// Examples:
///   countersign client add --client-name Wiki --redirect-uri https://wiki.example/cb --scope "openid email"
///   countersign client add --client-name Job --grant-type client_credentials --scope notes:read
///   countersign client add --metadata wiki.json
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Add {
    /// A JSON file with client metadata (`-` is standard input). Flags override its members.
    #[arg(long, value_name = "FILE")]
    metadata: Option<PathBuf>,
    /// The identifier; without it one is made.
    #[arg(long, value_name = "ID")]
    client_id: Option<ClientId>,
    /// The name that people read.
    #[arg(long, value_name = "NAME")]
    client_name: Option<String>,
    /// Where answers go; may be repeated.
    #[arg(long, value_name = "URI")]
    redirect_uri: Vec<String>,
    /// Where people land after signing out; may be repeated.
    #[arg(long, value_name = "URI")]
    post_logout_redirect_uri: Vec<String>,
    /// How it gets tokens; authorization_code unless given; may be repeated.
    #[arg(long, value_name = "GRANT", value_parser = any_of(GrantType::ALL.iter().map(|it| it.name())))]
    grant_type: Vec<String>,
    /// What it may ask for, separated by spaces.
    #[arg(long)]
    scope: Option<String>,
    /// How it proves itself; client_secret_basic unless given (none for native applications).
    #[arg(long, value_name = "METHOD", value_parser = any_of(TokenEndpointAuthMethod::ALL.iter().map(|it| it.name())))]
    token_endpoint_auth_method: Option<String>,
    /// Where it runs; web unless given.
    #[arg(long, value_name = "TYPE", value_parser = any_of(ApplicationType::ALL.iter().map(|it| it.name())))]
    application_type: Option<String>,
    /// How its ID tokens are signed; RS256 unless given.
    #[arg(long, value_name = "ALG", value_parser = any_of(SigningAlgorithm::ALL.iter().map(|it| it.name())))]
    id_token_signed_response_alg: Option<String>,
    /// A file with the client's public keys (JWK set), for private_key_jwt.
    #[arg(long, value_name = "FILE")]
    jwks: Option<PathBuf>,
    /// The client's home page.
    #[arg(long, value_name = "URL")]
    client_uri: Option<String>,
    /// Seconds after which people sign in anew for this client.
    #[arg(long, value_name = "SECONDS")]
    default_max_age: Option<i64>,
    /// The least that a sign-in must be for this client, whatever it asks for: 2 demands a second factor. People who have none
    /// add one on the way.
    #[arg(long, value_name = "LEVEL", value_parser = any_of(Level::ALL.iter().map(|it| it.name())))]
    minimum_acr: Option<String>,
    /// Lets the API whose resource server it is ask whether a password that was sent to it (HTTP Basic) is right; such callers may
    /// do at most this, separated by spaces. See `client passwords`.
    #[arg(long, value_name = "SCOPE")]
    password_check_scope: Option<String>,
    /// Whether people are asked before it gets their data; they are unless it is your own (first_party).
    #[arg(long, value_name = "POLICY", value_parser = any_of(ConsentPolicy::ALL.iter().map(|it| it.name())))]
    consent_policy: Option<String>,
    /// PKCE is required; optional is for confidential clients that cannot do it.
    #[arg(long, value_name = "POLICY", value_parser = any_of(PkcePolicy::ALL.iter().map(|it| it.name())))]
    pkce_policy: Option<String>,
    /// Where claims go that a scope asks for; id_token is for clients that never call UserInfo.
    #[arg(long, value_name = "WHERE", value_parser = any_of(ScopeClaims::ALL.iter().map(|it| it.name())))]
    scope_claims: Option<String>,
}

/// Give a client a new secret; the old ones stay valid for a while.
///
/// Example: countersign client rotate wiki --overlap 3600
#[derive(Debug, Args)]
pub(super) struct Rotate {
    #[arg(value_name = "CLIENT_ID")]
    id: ClientId,
    /// How long the old secrets stay valid; 0 ends them at once.
    #[arg(long, value_name = "SECONDS", default_value_t = 86_400, value_parser = clap::value_parser!(i64).range(0..=31_536_000))]
    overlap: i64,
}

/// A client whose secret is shown this once.
#[derive(Serialize)]
struct WithSecret {
    client_id: ClientId,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    old_secrets_end_at: Option<Timestamp>,
    #[serde(flatten)]
    metadata: ClientMetadata,
}

impl ClientCommand {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let Loaded { config, .. } = context.settings()?;
        let store = open_store(&config).await?;
        let outcome = match self {
            Self::Add(add) => add.run(context, &store, &config).await,
            Self::List => list(context, &store).await,
            Self::Show { id } => find(&store, &id).await.map(|client| show(context, &client)),
            Self::Rotate(rotate) => rotate.run(context, &store, &config).await,
            Self::Logouts(logouts) => logouts.run(context, &store).await,
            Self::Passwords(passwords) => passwords.run(context, &store).await,
            Self::Delete { id, yes } => {
                delete(context, &store, &id, if yes { Asking::Never } else { Asking::Person }).await
            }
        };
        store.close().await;
        outcome
    }
}

impl Add {
    async fn run(self, context: &Context, store: &Store, config: &Config) -> Result<(), Failure> {
        let now = context.clock.now();
        let id = self.client_id.clone().unwrap_or_else(|| ClientId::from_random(auth::random::id()));
        let client = self.metadata()?.check(id, now).map_err(faults)?;
        let unoffered = auth::offered::check(&config.openid, &expected_algorithms(config, now)?, &client);
        if !unoffered.is_empty() {
            return Err(faults(unoffered));
        }
        check_sector(config, &client).await?;
        refuse_id_of_a_person(store, &client.id).await?;
        store::clients::insert(store, &client).await.map_err(|error| match error {
            store::StoreError::Conflict => Failure::Failed(format!("client {} exists already", client.id)),
            other => other.into(),
        })?;
        let secret = if client.has_secret() { Some(add_secret(store, config, &client, now).await?) } else { None };
        context.output.show(&WithSecret::new(&client, secret, None), print_secret);
        Ok(())
    }

    /// The file, with the flags laid over it.
    fn metadata(&self) -> Result<ClientMetadata, Failure> {
        let mut members = self.metadata.as_deref().map(read_object).transpose()?.unwrap_or_default();
        let texts = [
            ("client_name", &self.client_name),
            ("scope", &self.scope),
            ("token_endpoint_auth_method", &self.token_endpoint_auth_method),
            ("application_type", &self.application_type),
            ("id_token_signed_response_alg", &self.id_token_signed_response_alg),
            ("client_uri", &self.client_uri),
            ("minimum_acr", &self.minimum_acr),
            ("password_check_scope", &self.password_check_scope),
            ("consent_policy", &self.consent_policy),
            ("pkce_policy", &self.pkce_policy),
            ("scope_claims", &self.scope_claims),
        ];
        for (name, text) in texts {
            text.as_ref().map(|text| members.insert(name.to_owned(), json!(text)));
        }
        let lists = [
            ("redirect_uris", &self.redirect_uri),
            ("post_logout_redirect_uris", &self.post_logout_redirect_uri),
            ("grant_types", &self.grant_type),
        ];
        for (name, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
            members.insert(name.to_owned(), json!(list));
        }
        if let Some(file) = &self.jwks {
            members.insert("jwks".to_owned(), Value::Object(read_object(file)?));
        }
        if let Some(age) = self.default_max_age {
            members.insert("default_max_age".to_owned(), json!(age));
        }
        serde_json::from_value(Value::Object(members))
            .map_err(|error| Failure::Failed(format!("client metadata: {error}")))
    }
}

/// All problems of metadata, one per line.
fn faults(problems: Vec<Problem>) -> Failure {
    let lines: Vec<_> = problems.iter().map(ToString::to_string).collect();
    Failure::Failed(lines.join("\n"))
}

impl Rotate {
    async fn run(self, context: &Context, store: &Store, config: &Config) -> Result<(), Failure> {
        let client = find(store, &self.id).await?;
        if !client.has_secret() {
            let method = client.token_endpoint_auth_method;
            return Err(Failure::Failed(format!("client {} has no secret: it uses {method}", client.id)));
        }
        let now = context.clock.now();
        let end = now + Seconds(self.overlap);
        // The old ones first: if the second step fails, no secret was lost that is not still valid for a while.
        store::clients::expire_secrets(store, &client.id, end).await?;
        let secret = add_secret(store, config, &client, now).await?;
        context.output.show(&WithSecret::new(&client, Some(secret), Some(end)), print_secret);
        Ok(())
    }
}

impl WithSecret {
    fn new(client: &Client, secret: Option<SecretString>, old_secrets_end_at: Option<Timestamp>) -> Self {
        Self {
            client_id: client.id.clone(),
            client_secret: secret.map(|secret| secret.expose().clone()),
            old_secrets_end_at,
            metadata: client.into(),
        }
    }
}

fn print_secret(shown: &WithSecret) -> String {
    let mut lines = vec![format!("client_id      {}", shown.client_id)];
    if let Some(secret) = &shown.client_secret {
        lines.push(format!("client_secret  {secret}   (shown this once)"));
    }
    if let Some(end) = shown.old_secrets_end_at {
        lines.push(format!("older secrets are valid until {}", date(end)));
    }
    lines.join("\n")
}

/// What `client show` prints: the metadata, with the identifier.
fn show(context: &Context, client: &Client) {
    context.output.show(&described(client), |description| {
        serde_json::to_string_pretty(description).expect("client metadata is plain JSON")
    });
}

fn described(client: &Client) -> Value {
    let mut description = json!({ "client_id": client.id, "client_id_issued_at": client.created_at });
    let metadata = serde_json::to_value(ClientMetadata::from(client)).expect("client metadata is plain JSON");
    for (name, value) in metadata.as_object().into_iter().flatten() {
        description[name] = value.clone();
    }
    description["registered_by"] = json!(client.registered_by);
    if let Some(at) = client.expires_unused_at {
        description["expires_unused_at"] = json!(at);
    }
    if let Some(at) = client.disabled_at {
        description["disabled_at"] = json!(at);
    }
    description
}

async fn list(context: &Context, store: &Store) -> Result<(), Failure> {
    let clients = all_clients(store).await?;
    let all: Vec<_> = clients.iter().map(described).collect();
    context.output.show(&all, |_| {
        let rows = clients.iter().map(|client| {
            let grants = client.grant_types.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
            let method = client.token_endpoint_auth_method.to_string();
            [client.id.to_string(), client.name.clone(), method, grants]
        });
        table(["CLIENT_ID", "NAME", "AUTHENTICATION", "GRANTS"], &rows.collect::<Vec<_>>())
    });
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Asking {
    Person,
    Never,
}

async fn delete(context: &Context, store: &Store, id: &ClientId, asking: Asking) -> Result<(), Failure> {
    let client = find(store, id).await?;
    if asking == Asking::Person {
        if !ask::at_a_terminal() {
            return Err(Failure::Usage("nobody is at the terminal to be asked; add --yes".to_owned()));
        }
        if !ask::confirmed(&format!("Delete {} ({}) and end all access through it?", client.id, client.name))? {
            return Err(Failure::failed("nothing was deleted"));
        }
    }
    let _ = store::clients::delete(store, id, context.clock.now()).await?;
    context.output.show(&json!({ "client_id": id, "deleted": true }), |_| format!("client {id} is deleted"));
    Ok(())
}

/// RFC 9700 §4.15: `sub` is a user id or, for a client that acts on its own, its client id, and APIs must be able to tell the
/// two apart. User ids are drawn at random, so nobody comes later who has the id of a client.
async fn refuse_id_of_a_person(store: &Store, id: &ClientId) -> Result<(), Failure> {
    let Ok(same) = UserId::parse(id.as_str()) else { return Ok(()) };
    match store::users::find(store, &same).await? {
        None => Ok(()),
        Some(_) => Err(Failure::Failed(format!(
            "--client-id {id} is the id of a person, so APIs would take the client for them; choose another id"
        ))),
    }
}

pub(super) async fn find(store: &Store, id: &ClientId) -> Result<Client, Failure> {
    let found = store::clients::find(store, id).await?;
    found.ok_or_else(|| Failure::Failed(format!("there is no client {id}; `countersign client list` shows all")))
}

/// The key directory is needed only where the secret itself is kept, encrypted with its master key.
async fn add_secret(store: &Store, config: &Config, client: &Client, now: Timestamp) -> Result<SecretString, Failure> {
    let secret = registration::new_secret(client);
    let kept = if client.token_endpoint_auth_method == TokenEndpointAuthMethod::ClientSecretJwt {
        registration::keep(open_keys(config, now)?.secrets(), client, &secret, now)
    } else {
        registration::keep_hash(&secret, now)
    };
    store::clients::keep_secret(store, &client.id, &kept).await?;
    Ok(secret)
}

/// What dynamic registration does, too; here with the whole reason.
async fn check_sector(config: &Config, client: &Client) -> Result<(), Failure> {
    let outbound = Outbound::new(&config.outbound).map_err(Failure::from)?;
    registration::check_sector(&outbound, client).await.map_err(Failure::failed)
}

fn read_object(file: &Path) -> Result<Map<String, Value>, Failure> {
    let fault = |reason: String| Failure::Failed(format!("{}: {reason}", file.display()));
    let mut text = String::new();
    if file == Path::new("-") {
        std::io::stdin().read_to_string(&mut text)?;
    } else {
        text = std::fs::read_to_string(file).map_err(|error| fault(error.to_string()))?;
    }
    serde_json::from_str(&text).map_err(|error| fault(error.to_string()))
}
