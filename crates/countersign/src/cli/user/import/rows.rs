//! Reads the file of `user import`: each line of htpasswd, each row of CSV, each element of JSON becomes one object with the
//! same members.

use clap::ValueEnum;
use protocol::ids::UserId;
use protocol::secret::SecretString;
use protocol::time::Timestamp;
use protocol::user::{Profile, User};
use serde_json::{Map, Value};

use crate::failure::Failure;
use crate::person::{check_email, check_phone_number, check_username};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum FileFormat {
    Htpasswd,
    Csv,
    Json,
}

/// One person of the file, as it stands there.
pub(super) struct Row {
    /// The line of htpasswd and CSV, the element of JSON, as people count.
    pub(super) at: u64,
    pub(super) members: Result<Map<String, Value>, String>,
}

/// One person, found to be right by themselves.
pub(super) struct NewPerson {
    pub(super) user: User,
    pub(super) hash: Option<SecretString>,
}

/// Fails when the file as a whole cannot be read.
pub(super) fn read(text: &str, format: FileFormat) -> Result<Vec<Row>, Failure> {
    match format {
        FileFormat::Htpasswd => Ok(htpasswd(text)),
        FileFormat::Csv => csv(text),
        FileFormat::Json => json(text),
    }
}

fn htpasswd(text: &str) -> Vec<Row> {
    let people = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
    let row = |(at, line): (u64, &str)| {
        let members = match line.split_once(':') {
            Some((name, hash)) => {
                let hash = hash.split(':').next().unwrap_or_default().trim_end();
                let members = [("username", name), ("password_hash", hash)];
                Ok(members.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect())
            }
            None => Err("this is no line of htpasswd: it has no colon".to_owned()),
        };
        Row { at, members }
    };
    people.map(row).collect()
}

fn csv(text: &str) -> Result<Vec<Row>, Failure> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let columns = reader.headers().map_err(|error| Failure::Failed(format!("the first line: {error}")))?.clone();
    let columns: Vec<_> = columns.iter().map(|column| column.trim_start_matches('\u{feff}').trim()).collect();
    if !columns.iter().any(|column| ["username", "preferred_username"].contains(column)) {
        return Err(Failure::failed("the first line names the columns, and there is no username among them"));
    }
    let mut rows = Vec::new();
    let mut record = csv::StringRecord::new();
    loop {
        let more = reader.read_record(&mut record).map_err(|error| Failure::failed(error.to_string()))?;
        if !more {
            return Ok(rows);
        }
        let at = record.position().map_or(0, csv::Position::line);
        let members = match record.len() == columns.len() {
            true => Ok(cells(&columns, &record)),
            false => Err(format!("it has {} cells, the first line has {}", record.len(), columns.len())),
        };
        rows.push(Row { at, members });
    }
}

const YES_OR_NO: [&str; 3] = ["email_verified", "phone_number_verified", "password_change_required"];

/// An empty cell says nothing. `address.country` is a member of the address; groups are separated by spaces.
fn cells(columns: &[&str], record: &csv::StringRecord) -> Map<String, Value> {
    let mut members = Map::new();
    for (column, cell) in columns.iter().zip(record).filter(|(_, cell)| !cell.is_empty()) {
        let value = match (*column, cell) {
            (column, "true" | "1") if YES_OR_NO.contains(&column) => Value::Bool(true),
            (column, "false" | "0") if YES_OR_NO.contains(&column) => Value::Bool(false),
            ("groups", groups) => groups.split_whitespace().collect(),
            (_, text) => Value::from(text),
        };
        match column.split_once('.') {
            Some((outer, inner)) => {
                let object = members.entry(outer).or_insert_with(|| Value::Object(Map::new()));
                if let Value::Object(object) = object {
                    object.insert(inner.to_owned(), value);
                }
            }
            None => drop(members.insert((*column).to_owned(), value)),
        }
    }
    members
}

/// Reports say what is wrong where; they never have a hash.
fn may_be_a_hash(text: &str) -> bool {
    text.contains(['$', '{'])
}

fn json(text: &str) -> Result<Vec<Row>, Failure> {
    // The message of serde_json has a place, and of the text nothing but a type.
    let elements: Vec<Value> = serde_json::from_str(text)
        .map_err(|error| Failure::Failed(format!("no JSON array: line {}, column {}", error.line(), error.column())))?;
    let row = |(at, element)| match element {
        Value::Object(members) => Row { at, members: Ok(members) },
        _ => Row { at, members: Err("this is no JSON object".to_owned()) },
    };
    Ok((1..).zip(elements).map(row).collect())
}

impl Row {
    /// The name that it is told by, unless a hash got into the wrong column.
    pub(super) fn name(&self) -> Option<&str> {
        let members = self.members.as_ref().ok()?;
        let name = ["username", "preferred_username", "email"].iter().find_map(|name| members.get(*name)?.as_str());
        name.filter(|name| !may_be_a_hash(name))
    }

    pub(super) fn person(self, now: Timestamp) -> Result<NewPerson, String> {
        let mut members = Members(self.members?);
        let hash = members.text("password_hash")?.map(SecretString::new);
        let username = members.text("username")?;
        let preferred = members.text("preferred_username")?;
        if let (Some(username), Some(preferred)) = (&username, &preferred)
            && username != preferred
        {
            return Err("preferred_username: is the username here; leave it out".to_owned());
        }
        let username = username.or(preferred).ok_or("username: is missing")?;
        check_username(&username).map_err(|reason| format!("username: {reason}"))?;
        let [email, phone_number] = [("email", check_email as Check), ("phone_number", check_phone_number)]
            .map(|(name, check)| members.checked(name, check));
        let (email, phone_number) = (email?, phone_number?);
        let email_verified = members.verified("email_verified", email.as_deref())?;
        let phone_number_verified = members.verified("phone_number_verified", phone_number.as_deref())?;
        let must_change = members.yes("password_change_required")?;
        let groups = members.groups()?;
        let profile = members.profile()?;
        let user = User {
            email_verified_at: email_verified.then_some(now),
            email,
            phone_number_verified_at: phone_number_verified.then_some(now),
            phone_number,
            profile,
            groups,
            password_change_required_at: must_change.then_some(now),
            ..User::new(UserId::from_random(auth::random::id()), username, now)
        };
        Ok(NewPerson { user, hash })
    }
}

type Check = fn(&str) -> Result<(), &'static str>;

/// Taken out one by one; what is left is the profile.
struct Members(Map<String, Value>);

impl Members {
    /// The reason never has the value: it may be a hash.
    fn text(&mut self, name: &str) -> Result<Option<String>, String> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(format!("{name}: is no text")),
        }
    }

    fn checked(&mut self, name: &str, check: Check) -> Result<Option<String>, String> {
        let text = self.text(name)?;
        text.as_deref().map_or(Ok(()), check).map_err(|reason| format!("{name}: {reason}"))?;
        Ok(text)
    }

    fn verified(&mut self, name: &str, value: Option<&str>) -> Result<bool, String> {
        match self.yes(name)? {
            true if value.is_none() => Err(format!("{name}: is true, but there is nothing that it could be true of")),
            verified => Ok(verified),
        }
    }

    fn yes(&mut self, name: &str) -> Result<bool, String> {
        match self.0.remove(name) {
            None | Some(Value::Null | Value::Bool(false)) => Ok(false),
            Some(Value::Bool(true)) => Ok(true),
            Some(_) => Err(format!("{name}: is neither true nor false")),
        }
    }

    fn groups(&mut self) -> Result<Vec<String>, String> {
        let groups = self.0.remove("groups").unwrap_or_else(|| Value::Array(Vec::new()));
        serde_json::from_value(groups).map_err(|_| "groups: is no list of texts".to_owned())
    }

    /// Names the first member that is not known; values stay out of the reason.
    fn profile(self) -> Result<Profile, String> {
        let names: Vec<String> = self.0.keys().cloned().collect();
        serde_json::from_value(Value::Object(self.0)).map_err(|error| match error.to_string() {
            unknown if unknown.starts_with("unknown field") && !may_be_a_hash(&unknown) => unknown,
            _ => format!("one of these has a value of the wrong type: {}", names.join(", ")),
        })
    }
}
