//! `countersign user import`: people and their password hashes from elsewhere.
//!
//! The whole file is looked at before anything is written. Rows that are refused stop the import, unless it was asked to
//! leave them out. Each person is written with their hash in one transaction; an import that was cut short is completed by
//! the same command, because whoever is there already is left alone. No hash is printed, logged or put into the report.

mod rows;

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use auth::config::Config;
use auth::passwords::{Format, examine};
use clap::Args;
use protocol::time::Timestamp;
use protocol::user::normalize_login;
use serde::Serialize;
use store::{Store, StoreError};

use self::rows::{FileFormat, NewPerson, Row};
use super::Context;
use crate::failure::Failure;

/// Create people from a file, with the password hashes that another program made.
///
/// Formats:
///   htpasswd  a line `name:hash` for each person
///   csv       the first line names the columns
///   json      an array of objects
///
/// Columns and members: username (or preferred_username), password_hash, email, email_verified, phone_number,
/// phone_number_verified, groups (in CSV separated by spaces), password_change_required (the next sign-in with
/// the password ends with the choice of another one), and the claims of OpenID Connect Core §5.1:
/// name, given_name, family_name, middle_name, nickname, profile, picture, website, gender, birthdate,
/// zoneinfo, locale, address (in CSV address.country and so on). Only username is required; whoever comes
/// without a hash has no password yet.
///
/// Hashes: argon2 (PHC), bcrypt ($2a$ $2b$ $2y$), PBKDF2 (PHC, passlib, Django), scrypt (PHC, passlib, Django),
/// SHA-crypt ($5$ $6$), apr1 ($apr1$). The first sign-in replaces them by argon2id.
///
/// People who are there already are left as they are. If a row is refused, nothing is written, unless
/// --skip-refused leaves such rows out.
///
/// Examples:
///   countersign user import .htpasswd --format htpasswd --dry-run
///   countersign user import people.csv --format csv --report import.json
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(in crate::cli) struct Import {
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[arg(long, value_enum)]
    format: FileFormat,
    /// Look at everything and write nothing.
    #[arg(long)]
    dry_run: bool,
    /// Leave out the rows that are refused, and import the others.
    #[arg(long)]
    skip_refused: bool,
    /// Write what became of each row to a file, as JSON.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    /// With --dry-run: would be.
    Created,
    Skipped,
    Refused,
}

/// One line of the report.
#[derive(Debug, Serialize)]
struct Reported {
    row: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    outcome: Outcome,
    /// The format of the hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    hash: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

struct Planned {
    reported: Reported,
    person: Option<NewPerson>,
}

#[derive(Debug, Serialize)]
struct Report {
    dry_run: bool,
    /// Whether anything was written.
    written: bool,
    created: usize,
    skipped: usize,
    refused: usize,
    rows: Vec<Reported>,
}

impl Import {
    pub(super) async fn run(self, context: &Context, store: &Store, config: &Config) -> Result<(), Failure> {
        let now = context.clock.now();
        let text = read(&self.file)?;
        let rows = rows::read(&text, self.format).map_err(|failure| at(&self.file, failure))?;
        let mut plan = Vec::new();
        let mut logins = HashSet::new();
        for row in rows {
            plan.push(examined(row, &mut logins, (store, config), now).await?);
        }
        let refused = plan.iter().filter(|planned| planned.reported.outcome == Outcome::Refused).count();
        let write = !self.dry_run && (refused == 0 || self.skip_refused);
        if write {
            for planned in &mut plan {
                planned.write(store, now).await?;
            }
        }
        let report = Report { written: write, ..Report::new(plan, &self) };
        if let Some(file) = &self.report {
            let text = serde_json::to_string_pretty(&report).map_err(Failure::failed)?;
            fs::write(file, text + "\n").map_err(|error| at(file, error.into()))?;
        }
        context.output.show(&report, Report::text);
        match report.refused > 0 && !self.skip_refused {
            true if self.dry_run => Err(Failure::failed("some rows would be refused")),
            true => Err(Failure::failed("nothing was written, because some rows are refused")),
            false => Ok(()),
        }
    }
}

fn read(file: &Path) -> Result<String, Failure> {
    fs::read_to_string(file).map_err(|error| at(file, error.into()))
}

fn at(file: &Path, failure: Failure) -> Failure {
    Failure::Failed(format!("{}: {failure}", file.display()))
}

/// What is to become of a row.
async fn examined(
    row: Row,
    logins: &mut HashSet<String>,
    (store, config): (&Store, &Config),
    now: Timestamp,
) -> Result<Planned, Failure> {
    let mut reported = Reported {
        row: row.at,
        username: row.name().map(str::to_owned),
        outcome: Outcome::Refused,
        hash: None,
        reason: None,
    };
    let person = match checked(row, logins, config, now) {
        Ok((person, format)) => {
            reported.hash = format;
            person
        }
        Err(reason) => return Ok(Planned { reported: Reported { reason: Some(reason), ..reported }, person: None }),
    };
    let (outcome, reason) = match known(store, &person).await? {
        Known::Nobody => (Outcome::Created, None),
        Known::Themselves => (Outcome::Skipped, Some("somebody of that name is there already".to_owned())),
        Known::Another(name) => (Outcome::Refused, Some(format!("email: is the address of {name} already"))),
    };
    let person = (outcome == Outcome::Created).then_some(person);
    Ok(Planned { reported: Reported { outcome, reason, ..reported }, person })
}

/// What can be said of a row without the database.
fn checked(
    row: Row,
    logins: &mut HashSet<String>,
    config: &Config,
    now: Timestamp,
) -> Result<(NewPerson, Option<&'static str>), String> {
    let person = row.person(now)?;
    let examined = person.hash.as_ref().map(|hash| examine(hash.expose(), &config.passwords)).transpose();
    let format = examined.map_err(|refused| format!("password_hash: {refused}"))?;
    let username = normalize_login(&person.user.username);
    let email = person.user.email.as_deref().map(normalize_login);
    if logins.contains(&username) {
        return Err("username: stands in a row before this one, too".to_owned());
    }
    if email.as_ref().is_some_and(|email| logins.contains(email)) {
        return Err("email: stands in a row before this one, too".to_owned());
    }
    logins.extend([username].into_iter().chain(email));
    Ok((person, format.map(Format::name)))
}

enum Known {
    Nobody,
    Themselves,
    Another(String),
}

async fn known(store: &Store, person: &NewPerson) -> Result<Known, Failure> {
    let user = &person.user;
    if store::users::find_by_login(store, &normalize_login(&user.username)).await?.is_some() {
        return Ok(Known::Themselves);
    }
    let Some(email) = &user.email else { return Ok(Known::Nobody) };
    let other = store::users::find_by_login(store, &normalize_login(email)).await?;
    Ok(other.map_or(Known::Nobody, |other| Known::Another(other.username)))
}

impl Planned {
    async fn write(&mut self, store: &Store, now: Timestamp) -> Result<(), Failure> {
        let Some(NewPerson { user, hash }) = &self.person else { return Ok(()) };
        let written = match hash {
            Some(hash) => store::users::insert_with_password(store, user, hash.expose(), now).await,
            None => store::users::insert(store, user).await,
        };
        match written {
            Err(StoreError::Conflict) => {
                self.reported.outcome = Outcome::Skipped;
                self.reported.reason = Some("somebody else made a person of that name or address just now".to_owned());
                Ok(())
            }
            written => Ok(written?),
        }
    }
}

impl Report {
    fn new(plan: Vec<Planned>, import: &Import) -> Self {
        let rows: Vec<_> = plan.into_iter().map(|planned| planned.reported).collect();
        let count = |outcome| rows.iter().filter(|row| row.outcome == outcome).count();
        let [created, skipped, refused] = [Outcome::Created, Outcome::Skipped, Outcome::Refused].map(count);
        Self { dry_run: import.dry_run, written: false, created, skipped, refused, rows }
    }

    fn text(&self) -> String {
        let would = if self.written { "" } else { "would be " };
        let text: String = self.rows.iter().map(|row| row.text(would) + "\n").collect();
        let Self { created, skipped, refused, .. } = self;
        text + &format!("{would}created: {created}, {would}skipped: {skipped}, refused: {refused}")
    }
}

impl Reported {
    fn text(&self, would: &str) -> String {
        let name = self.username.as_deref().unwrap_or("(no name)");
        let outcome = match self.outcome {
            Outcome::Created => format!("{would}created, {}", self.hash.unwrap_or("without a password")),
            Outcome::Skipped => format!("{would}skipped"),
            Outcome::Refused => "refused".to_owned(),
        };
        let reason = self.reason.as_ref().map_or(String::new(), |reason| format!(": {reason}"));
        format!("row {}, {name}: {outcome}{reason}", self.row)
    }
}
