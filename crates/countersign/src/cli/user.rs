//! `countersign user …`: the people who may sign in.

mod factors;
mod import;
mod links;

use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};

use auth::config::Config;
use auth::mail::Notice;
use clap::{Args, Subcommand};
use protocol::ids::UserId;
use protocol::secret::SecretString;
use protocol::security_event::SecurityEvent;
use protocol::time::Timestamp;
use protocol::user::{Profile, User, normalize_login};
use serde::Serialize;
use serde_json::json;
use store::{Store, StoreError};

use self::factors::RemoveFactor;
pub(super) use self::factors::{entry, tell};
use self::import::Import;
use self::links::{Invite, ResetLink};
use super::{Context, ask};
use crate::config::Loaded;
use crate::failure::Failure;
use crate::installation::open_store;
use crate::output::{date, table};
use crate::person::{check_email, check_password, check_phone_number, check_username, replace_password, set_password};

const PAGE: i64 = 200;

/// Create and look after the people who may sign in.
#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    Add(Add),
    Import(Import),
    Invite(Invite),
    ResetLink(ResetLink),
    RemoveFactor(RemoveFactor),
    /// List everybody.
    List,
    /// Lock somebody out: sessions end, tokens stop working, signing in is refused.
    Disable {
        #[arg(value_name = "NAME")]
        login: String,
    },
    /// Undo `disable`.
    Enable {
        #[arg(value_name = "NAME")]
        login: String,
    },
    /// Set a new password; sessions end, and so does all access that was granted to applications. Its owner hears of it.
    ///
    /// Example: countersign user password alice --must-change
    Password {
        #[arg(value_name = "NAME")]
        login: String,
        #[command(flatten)]
        choice: PasswordChoice,
        /// The next sign-in with it ends with the choice of another one.
        #[arg(long)]
        must_change: bool,
    },
}

/// Create a person.
///
/// Examples:
///   countersign user add alice --email alice@example.com --name "Alice Moreau" --group staff
///   countersign user add bob --phone-number +15550100 --claims bob.json
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Add {
    /// The name to sign in with; the e-mail address works, too.
    #[arg(value_name = "NAME")]
    username: String,
    #[arg(long)]
    email: Option<String>,
    /// The address is known to be theirs (`email_verified`).
    #[arg(long, requires = "email")]
    email_verified: bool,
    /// With country code, as +1 555 0100.
    #[arg(long, value_name = "NUMBER")]
    phone_number: Option<String>,
    /// The number is known to be theirs (`phone_number_verified`).
    #[arg(long, requires = "phone_number")]
    phone_number_verified: bool,
    /// A JSON file with more about them: nickname, birthdate, locale, address and the like, under the names of OpenID
    /// Connect Core §5.1. Flags override its members.
    #[arg(long, value_name = "FILE")]
    claims: Option<PathBuf>,
    /// The full name.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    #[arg(long, value_name = "NAME")]
    given_name: Option<String>,
    #[arg(long, value_name = "NAME")]
    family_name: Option<String>,
    /// May be repeated.
    #[arg(long)]
    group: Vec<String>,
    #[command(flatten)]
    choice: PasswordChoice,
    /// The first sign-in with the password ends with the choice of another one.
    #[arg(long)]
    must_change: bool,
}

/// Where a password comes from. Without a flag: the person at the terminal is asked; without a terminal, one is made.
#[derive(Debug, Default, Args)]
#[group(multiple = false)]
pub(super) struct PasswordChoice {
    /// Read the password from the first line of standard input.
    #[arg(long)]
    password_stdin: bool,
    /// Make a password and print it once.
    #[arg(long)]
    generate: bool,
}

enum Password {
    Chosen(SecretString),
    /// Not known to anybody yet, so it is shown.
    Made(SecretString),
}

#[derive(Serialize)]
struct Shown {
    id: UserId,
    username: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone_number: Option<String>,
    #[serde(flatten)]
    profile: Profile,
    groups: Vec<String>,
    created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    disabled_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<String>,
}

impl UserCommand {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let Loaded { config, .. } = context.settings()?;
        let store = open_store(&config).await?;
        let now = context.clock.now();
        let outcome = match self {
            Self::Add(add) => add.run(context, &store, &config).await,
            Self::Import(import) => import.run(context, &store, &config).await,
            Self::Invite(invite) => invite.run(context, &store, &config).await,
            Self::ResetLink(reset) => reset.run(context, &store, &config).await,
            Self::RemoveFactor(remove) => remove.run(context, &store, &config).await,
            Self::List => list(context, &store).await,
            Self::Disable { login } => disable(context, &store, &login, now).await,
            Self::Enable { login } => enable(context, &store, &login).await,
            Self::Password { login, choice, must_change } => {
                let user = find(&store, &login).await?;
                let password = choice.get(&config, &user)?;
                replace_password(&store, &config, &user, password.secret(), now).await?;
                if must_change {
                    let _ = store::users::require_password_change(&store, &user.id, now).await?;
                }
                let event = entry(&user, SecurityEvent::PasswordReset, &config, now);
                store::security_events::insert(&store, &event).await?;
                // A password that was made is shown this once, whatever becomes of the mail.
                let shown = Shown::new(user.clone(), &password);
                context.output.show(&shown, |shown| print("has a new password", shown));
                tell(&user, Notice::PasswordReset, (&store, &config), now).await
            }
        };
        store.close().await;
        outcome
    }
}

impl Add {
    async fn run(mut self, context: &Context, store: &Store, config: &Config) -> Result<(), Failure> {
        let now = context.clock.now();
        let choice = std::mem::take(&mut self.choice);
        let user = self.user(now)?;
        let password = choice.get(config, &user)?;
        store::users::insert(store, &user).await.map_err(|error| match error {
            StoreError::Conflict => Failure::failed("somebody has that name or e-mail address already"),
            other => other.into(),
        })?;
        set_password(store, &config.passwords, &user.id, password.secret(), now).await?;
        context.output.show(&Shown::new(user, &password), |shown| print("is created", shown));
        Ok(())
    }

    fn user(self, now: Timestamp) -> Result<User, Failure> {
        let username = self.username.trim().to_owned();
        let refuse = |flag: &str, reason: &str| Failure::Failed(format!("{flag}{reason}"));
        check_username(&username).map_err(|reason| refuse("", &reason))?;
        self.email.as_deref().map_or(Ok(()), check_email).map_err(|reason| refuse("--email: ", reason))?;
        self.phone_number
            .as_deref()
            .map_or(Ok(()), check_phone_number)
            .map_err(|reason| refuse("--phone-number: ", reason))?;
        let claims = self.claims.as_deref().map(read_claims).transpose()?.unwrap_or_default();
        Ok(User {
            email_verified_at: self.email_verified.then_some(now),
            email: self.email,
            phone_number_verified_at: self.phone_number_verified.then_some(now),
            phone_number: self.phone_number,
            profile: Profile {
                name: self.name.or(claims.name),
                given_name: self.given_name.or(claims.given_name),
                family_name: self.family_name.or(claims.family_name),
                ..claims
            },
            groups: self.group,
            password_change_required_at: self.must_change.then_some(now),
            ..User::new(UserId::from_random(auth::random::id()), username, now)
        })
    }
}

impl PasswordChoice {
    fn get(&self, config: &Config, user: &User) -> Result<Password, Failure> {
        let made = || Password::Made(SecretString::new(auth::random::short()));
        let password = if self.generate {
            made()
        } else if self.password_stdin {
            Password::Chosen(ask::secret_from_stdin()?)
        } else if ask::at_a_terminal() {
            let first = ask::secret("Password (empty to have one made):")?;
            if first.expose().is_empty() {
                made()
            } else if ask::secret("Again:")?.expose() == first.expose() {
                Password::Chosen(first)
            } else {
                return Err(Failure::failed("the two passwords differ"));
            }
        } else {
            made()
        };
        check_password(config, user, password.secret()).map_err(Failure::Failed)?;
        Ok(password)
    }
}

impl Password {
    fn secret(&self) -> &SecretString {
        match self {
            Self::Chosen(secret) | Self::Made(secret) => secret,
        }
    }
}

impl Shown {
    fn new(user: User, password: &Password) -> Self {
        let password = match password {
            Password::Made(secret) => Some(secret.expose().clone()),
            Password::Chosen(_) => None,
        };
        Self { password, ..Self::from(user) }
    }
}

impl From<User> for Shown {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            username: user.username,
            email: user.email,
            phone_number: user.phone_number,
            profile: user.profile,
            groups: user.groups,
            created_at: user.created_at,
            disabled_at: user.disabled_at,
            password: None,
        }
    }
}

fn print(what: &str, shown: &Shown) -> String {
    let name = &shown.username;
    match &shown.password {
        Some(password) => format!("{name} {what}\npassword  {password}   (shown this once)"),
        None => format!("{name} {what}"),
    }
}

async fn list(context: &Context, store: &Store) -> Result<(), Failure> {
    let mut users = Vec::new();
    loop {
        let page = store::users::list(store, users.last().map(|user: &User| user.username.as_str()), PAGE).await?;
        if page.is_empty() {
            break;
        }
        users.extend(page);
    }
    let shown: Vec<_> = users.into_iter().map(Shown::from).collect();
    context.output.show(&shown, |shown| {
        let rows = shown.iter().map(|user| {
            let state = if user.disabled_at.is_some() { "disabled" } else { "active" };
            let email = user.email.clone().unwrap_or_default();
            [user.username.clone(), email, state.to_owned(), date(user.created_at), user.id.to_string()]
        });
        table(["NAME", "EMAIL", "STATE", "SINCE", "ID"], &rows.collect::<Vec<_>>())
    });
    Ok(())
}

async fn disable(context: &Context, store: &Store, login: &str, now: Timestamp) -> Result<(), Failure> {
    let user = find(store, login).await?;
    let _ = store::users::disable(store, &user.id, now).await?;
    let name = user.username;
    context.output.show(&json!({ "username": name, "disabled": true }), |_| format!("{name} is locked out"));
    Ok(())
}

async fn enable(context: &Context, store: &Store, login: &str) -> Result<(), Failure> {
    let user = find(store, login).await?;
    let _ = store::users::enable(store, &user.id).await?;
    let name = user.username;
    context.output.show(&json!({ "username": name, "disabled": false }), |_| format!("{name} may sign in again"));
    Ok(())
}

pub(super) async fn find(store: &Store, login: &str) -> Result<User, Failure> {
    let found = store::users::find_by_login(store, &normalize_login(login)).await?;
    found.ok_or_else(|| Failure::Failed(format!("there is nobody named {login}; `countersign user list` shows all")))
}

/// The error names the member that is not known.
fn read_claims(file: &Path) -> Result<Profile, Failure> {
    let fault = |error: &dyn Display| Failure::Failed(format!("--claims: {}: {error}", file.display()));
    let text = fs::read_to_string(file).map_err(|error| fault(&error))?;
    serde_json::from_str(&text).map_err(|error| fault(&error))
}
