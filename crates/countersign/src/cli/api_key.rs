//! `countersign api-key …`: the keys of people for their programs. How they look when they are printed stands in `shown.rs`.

mod shown;

use auth::api_keys::{Made, Signing, Wanted, Workshop, id_of};
use auth::config::Config;
use auth::mail::Notice;
use clap::{Args, Subcommand};
use protocol::api_key::ApiKeyId;
use protocol::api_keys::{self as rules, ApiKeyRecord};
use protocol::security_event::SecurityEvent;
use protocol::time::{Seconds, Timestamp};
use protocol::user::User;
use store::{Store, Won};

use self::shown::Shown;
use super::{Context, api, user};
use crate::config::Loaded;
use crate::failure::Failure;
use crate::installation::{open_keys, open_store};
use crate::output::note;

const PAGE: i64 = 200;

/// Make and look after the keys of people for their programs.
#[derive(Debug, Subcommand)]
pub(super) enum ApiKeyCommand {
    Create(Create),
    /// List the keys of a person, or of everybody; never the keys themselves.
    List {
        #[arg(value_name = "USER", required_unless_present = "all", conflicts_with = "all")]
        login: Option<String>,
        /// Of everybody.
        #[arg(long)]
        all: bool,
    },
    /// Make a key that may do the same in the place of another. It is shown this once.
    ///
    /// Example: countersign api-key rotate 4fT0yQ9bKx2mLw7Z --overlap 1d
    Rotate {
        #[arg(value_name = "KEY_ID", value_parser = key_id)]
        id: ApiKeyId,
        /// How long the old one goes on: at most 7d.
        #[arg(long, value_name = "TIME", default_value = "0", value_parser = overlap)]
        overlap: Seconds,
    },
    /// Make a key useless.
    Revoke {
        #[arg(value_name = "KEY_ID", value_parser = key_id)]
        id: ApiKeyId,
    },
    /// Print what there is to know about a key, never the key itself.
    Show {
        #[arg(value_name = "KEY_ID", value_parser = key_id)]
        id: ApiKeyId,
    },
}

/// Make a key. It is shown this once, and its owner hears of it.
///
/// Example: countersign api-key create alice --api https://notes.example --permission notes:read --expires 90d
#[derive(Debug, Args)]
pub(super) struct Create {
    /// Whose key it is.
    #[arg(value_name = "USER")]
    login: String,
    /// The API that it is for.
    #[arg(long, value_name = "IDENTIFIER")]
    api: String,
    /// What it may do there: a scope of the API, or notes:*, *:read, read, *; may be repeated.
    #[arg(long, value_name = "PERMISSION", required = true)]
    permission: Vec<String>,
    /// How long it lives: 90d, 12h, 30m, a number of seconds, or never, as far as api_keys.longest_lifetime allows.
    #[arg(long, value_name = "TIME", default_value = "90d", value_parser = expires)]
    expires: Expires,
    /// Where its user has to be, as 10.0.0.0/8; may be repeated. Without it, anywhere.
    #[arg(long, value_name = "CIDR")]
    network: Vec<String>,
    /// What its owner reads in the list of keys.
    #[arg(long, default_value = "API key")]
    name: String,
    /// Let requests be signed with it; the issuer keeps what they are verified with.
    #[arg(long)]
    allow_signing: bool,
}

#[derive(Clone, Copy, Debug)]
enum Expires {
    After(Seconds),
    Never,
}

/// What every verb needs.
struct Desk<'a> {
    context: &'a Context,
    store: &'a Store,
    config: &'a Config,
    now: Timestamp,
}

impl ApiKeyCommand {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let Loaded { config, .. } = context.settings()?;
        let store = open_store(&config).await?;
        let desk = Desk { context, store: &store, config: &config, now: context.clock.now() };
        let outcome = match self {
            Self::Create(create) => Box::pin(desk.create(create)).await,
            Self::List { login, all: _ } => desk.list(login.as_deref()).await,
            Self::Rotate { id, overlap } => Box::pin(desk.rotate(&id, overlap)).await,
            Self::Revoke { id } => Box::pin(desk.revoke(&id)).await,
            Self::Show { id } => desk.show(&id).await,
        };
        store.close().await;
        outcome
    }
}

impl Desk<'_> {
    async fn create(&self, create: Create) -> Result<(), Failure> {
        let owner = user::find(self.store, &create.login).await?;
        let api = store::apis::find(self.store, &create.api).await?.ok_or_else(|| api::unknown(&create.api))?;
        let flag = |name: &str, fault: rules::Fault| Failure::Failed(format!("{name}: {fault}"));
        let permissions = rules::permissions(create.permission.iter().map(String::as_str), &api);
        let networks = rules::networks(create.network.iter().map(String::as_str));
        let asked = match create.expires {
            Expires::After(time) => Some(time),
            Expires::Never => None,
        };
        let wanted = Wanted {
            owner: owner.id.clone(),
            name: rules::name(&create.name).ok_or_else(|| Failure::failed("--name: the name is empty"))?,
            permissions: permissions.map_err(|fault| flag("--permission", fault))?,
            allowed_networks: networks.map_err(|fault| flag("--network", fault))?,
            lifetime: rules::lifetime(asked, self.config.api_keys.longest())
                .map_err(|fault| flag("--expires", fault))?,
            signing: if create.allow_signing { Signing::Allowed } else { Signing::Refused },
            api: api.identifier,
        };
        if !store::api_keys::apis(self.store).await?.contains(&wanted.api) {
            let api = &wanted.api;
            note(format!(
                "nobody can ask about keys of {api} yet; `countersign api set-resource-server {api} CLIENT_ID` names who may"
            ));
        }
        let keys = open_keys(self.config, self.now)?;
        let event = user::entry(&owner, SecurityEvent::ApiKeyCreated, self.config, self.now);
        let made = self.workshop(keys.secrets()).make(wanted, event, self.now).await?;
        let most = rules::PER_PERSON;
        let full = || Failure::Failed(format!("{} has {most} keys already; revoke one first", owner.username));
        self.made(&owner, made.ok_or_else(full)?, Notice::ApiKeyCreated).await
    }

    async fn rotate(&self, id: &ApiKeyId, overlap: Seconds) -> Result<(), Failure> {
        let old = self.find(id).await?;
        let owner = self.owner(&old).await?;
        let keys = open_keys(self.config, self.now)?;
        let event = user::entry(&owner, SecurityEvent::ApiKeyRotated, self.config, self.now);
        let made = self.workshop(keys.secrets()).rotate(&old, overlap, event, self.now).await?;
        let over = || match old.replaced_by.as_ref() {
            Some(next) => Failure::Failed(format!("key {id} was replaced by {next}")),
            None => Failure::Failed(format!("key {id} has ended, or its owner has too many")),
        };
        self.made(&owner, made.ok_or_else(over)?, Notice::ApiKeyRotated).await
    }

    async fn revoke(&self, id: &ApiKeyId) -> Result<(), Failure> {
        let key = self.find(id).await?;
        let owner = self.owner(&key).await?;
        let keys = open_keys(self.config, self.now)?;
        let event = user::entry(&owner, SecurityEvent::ApiKeyRevoked, self.config, self.now);
        match self.workshop(keys.secrets()).revoke(&key, event, self.now).await? {
            Won::No => Err(Failure::Failed(format!("key {id} has ended already"))),
            Won::Yes => {
                user::tell(&owner, Notice::ApiKeyRevoked, (self.store, self.config), self.now).await?;
                let shown = serde_json::json!({ "id": id.as_str(), "revoked": true });
                self.context.output.show(&shown, |_| format!("key {id} is revoked"));
                Ok(())
            }
        }
    }

    async fn show(&self, id: &ApiKeyId) -> Result<(), Failure> {
        let key = self.find(id).await?;
        let owner = self.owner(&key).await?;
        self.context.output.show(&Shown::new(&key, &owner.username, self.now), Shown::in_lines);
        Ok(())
    }

    async fn list(&self, login: Option<&str>) -> Result<(), Failure> {
        let all = match login {
            Some(login) => self.of(&user::find(self.store, login).await?).await?,
            None => self.of_everybody().await?,
        };
        self.context.output.show(&all, |all| shown::table_of(all));
        Ok(())
    }

    async fn of(&self, owner: &User) -> Result<Vec<Shown>, Failure> {
        let keys = store::api_keys::of_user(self.store, &owner.id).await?;
        Ok(keys.iter().map(|key| Shown::new(&key.record, &owner.username, self.now)).collect())
    }

    async fn of_everybody(&self) -> Result<Vec<Shown>, Failure> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let page = store::api_keys::list(self.store, after.as_ref(), PAGE).await?;
            let Some(last) = page.last() else { return Ok(all) };
            after = Some(last.record.id.clone());
            for key in &page {
                // One whose owner was deleted meanwhile is not there any more either.
                if let Some(owner) = store::users::find(self.store, &key.record.user_id).await? {
                    all.push(Shown::new(&key.record, &owner.username, self.now));
                }
            }
        }
    }

    /// What follows from a new key.
    async fn made(&self, owner: &User, made: Made, notice: Notice) -> Result<(), Failure> {
        // The key first: it is shown this once, whatever becomes of the mail.
        let shown = Shown::with_key(&made, &owner.username, self.now);
        self.context.output.show(&shown, Shown::in_lines);
        user::tell(owner, notice, (self.store, self.config), self.now).await
    }

    async fn find(&self, id: &ApiKeyId) -> Result<ApiKeyRecord, Failure> {
        let row = store::api_keys::find(self.store, id).await?;
        row.map(|row| row.record).ok_or_else(|| {
            Failure::Failed(format!("there is no API key {id}; `countersign api-key list --all` shows all"))
        })
    }

    async fn owner(&self, key: &ApiKeyRecord) -> Result<User, Failure> {
        let owner = store::users::find(self.store, &key.user_id).await?;
        owner.ok_or_else(|| Failure::failed("the owner of this key was deleted just now"))
    }

    fn workshop<'a>(&'a self, secrets: &'a jwt::Secrets) -> Workshop<'a> {
        Workshop { store: self.store, secrets, longest: self.config.api_keys.longest() }
    }
}

fn key_id(text: &str) -> Result<ApiKeyId, &'static str> {
    id_of(text).ok_or("the id of a key has 16 letters and digits; they stand behind cs_key_ in the key")
}

fn expires(text: &str) -> Result<Expires, &'static str> {
    if text == "never" { Ok(Expires::Never) } else { time(text).map(Expires::After) }
}

fn overlap(text: &str) -> Result<Seconds, &'static str> {
    let overlap = time(text)?;
    if overlap <= rules::LONGEST_OVERLAP { Ok(overlap) } else { Err("at most 7d") }
}

/// `90d`, `12h`, `30m`, or seconds.
fn time(text: &str) -> Result<Seconds, &'static str> {
    let unit: fn(i64) -> Seconds = match text.chars().last() {
        Some('d') => Seconds::days,
        Some('h') => Seconds::hours,
        Some('m') => Seconds::minutes,
        _ => Seconds,
    };
    let number = text.trim_end_matches(['d', 'h', 'm']);
    let one_unit = text.len() - number.len() <= 1;
    let plain = one_unit && number.bytes().all(|digit| digit.is_ascii_digit());
    number.parse().ok().filter(|_| plain).map(unit).ok_or("write it as 90d, 12h, 30m, or in seconds")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_days_hours_minutes_and_seconds() {
        assert_eq!(
            [time("90d"), time("12h"), time("30m"), time("45")],
            [Ok(Seconds::days(90)), Ok(Seconds::hours(12)), Ok(Seconds::minutes(30)), Ok(Seconds(45)),]
        );
        for text in ["", "d", "1dd", "1 d", "-1d", "+1d", "1w", "1d2h", "99999999999999999999d"] {
            assert!(time(text).is_err(), "{text}");
        }
        assert!(overlap("7d").is_ok() && overlap("8d").is_err() && overlap("9223372036854775807d").is_err());
    }
}
