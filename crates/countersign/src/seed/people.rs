//! `seed.users`: people with their claims and a password.

use std::collections::HashSet;
use std::path::Path;

use auth::config::Config;
use protocol::ids::UserId;
use protocol::secret::SecretString;
use protocol::time::Timestamp;
use protocol::user::{Profile, User, normalize_login};
use serde::Deserialize;
use store::Store;

use super::entry::{self, Entry, Origin};
use super::published;
use crate::config::Complaint;
use crate::failure::Failure;
use crate::person::{check_email, check_password, check_phone_number, check_username};

#[derive(Debug)]
pub(super) struct NewPerson {
    pub(super) user: User,
    pub(super) password: Option<SecretString>,
    origin: Origin,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Groups {
    groups: Vec<String>,
}

pub(super) fn read(file: &Path, config: &Config, now: Timestamp, faults: &mut Vec<Complaint>) -> Vec<NewPerson> {
    let mut logins = HashSet::new();
    entry::each(file, "username", faults, |mut entry| {
        let before = entry.faults();
        let new = one(&mut entry, config, now)?;
        if !logins.insert(normalize_login(&new.user.username)) {
            entry.complain("username", "stands in an entry before this one, too");
        }
        if new.user.email.as_deref().is_some_and(|email| !logins.insert(normalize_login(email))) {
            entry.complain("email", "stands in an entry before this one, too");
        }
        (entry.faults() == before).then_some(new)
    })
}

fn one(entry: &mut Entry<'_>, config: &Config, now: Timestamp) -> Option<NewPerson> {
    let username = name(entry);
    let password = entry.secret("password");
    let (email, email_verified_at) = address(entry, ["email", "email_verified"], check_email, now);
    let person = User::new(UserId::from_random(auth::random::id()), username.clone().unwrap_or_default(), now);
    let person = User { email, email_verified_at, ..person };
    if let Some(password) = &password {
        check_password(config, &person, password).unwrap_or_else(|reason| entry.complain("password", reason));
        if let Some(reason) = published(password, config) {
            entry.complain("password", reason);
        }
    }
    let (phone_number, phone_number_verified_at) =
        address(entry, ["phone_number", "phone_number_verified"], check_phone_number, now);
    let groups = entry.part::<Groups>(&["groups"])?.groups;
    // It says when the person was changed here.
    entry.ignore("updated_at");
    let profile: Profile = entry.rest()?;
    let user = User { username: username?, phone_number, phone_number_verified_at, profile, groups, ..person };
    Some(NewPerson { user, password, origin: entry.origin() })
}

/// `preferred_username` is the name to sign in with; the claim may stand there too, if it says the same.
fn name(entry: &mut Entry<'_>) -> Option<String> {
    let username = entry.demand("username")?;
    if let Err(reason) = check_username(&username) {
        entry.complain("username", reason);
    }
    if entry.text("preferred_username").is_some_and(|preferred| preferred != username) {
        entry.complain("preferred_username", "is the username here; leave it out");
    }
    Some(username)
}

/// A way to reach the person, and whether it is known to be theirs.
fn address(
    entry: &mut Entry<'_>,
    [member, verified_member]: [&str; 2],
    check: fn(&str) -> Result<(), &'static str>,
    now: Timestamp,
) -> (Option<String>, Option<Timestamp>) {
    let (text, verified) = (entry.text(member), entry.flag(verified_member));
    match &text {
        Some(text) => check(text).unwrap_or_else(|reason| entry.complain(member, reason)),
        None if verified => entry.complain(verified_member, format!("is true, but there is no {member}")),
        None => {}
    }
    (text, verified.then_some(now))
}

impl NewPerson {
    /// One address belongs to one person.
    pub(super) async fn refuse_address_of_another(&self, store: &Store) -> Result<Option<Complaint>, Failure> {
        let Some(email) = &self.user.email else { return Ok(None) };
        let other = store::users::find_by_login(store, &normalize_login(email)).await?;
        Ok(other.map(|other| self.origin.fault("email", format!("is the address of {} already", other.username))))
    }
}
