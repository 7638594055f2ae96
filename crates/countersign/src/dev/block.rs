//! What `countersign dev` prints: where everything is, who may sign in, and what to try first. At most 80 columns.
//!
//! Secrets stand here once, at the start that made them, and in no log. Later starts say how to get new ones.

use std::fmt::Write as _;

use serde::Serialize;

use crate::dev::data::{Age, Data};
use crate::dev::objects::{Addresses, DEMO_PERSON, MACHINE_CLIENT, Made, WEB_CLIENT, api_scope};
use crate::output::Colours;

/// The block as data; `--json` prints it on one line.
#[derive(Debug, Serialize)]
pub struct Block {
    version: &'static str,
    data: String,
    new: bool,
    keys: Vec<&'static str>,
    issuer: String,
    discovery: String,
    api: String,
    app: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    mailbox: Option<String>,
    web_client: WebClient,
    machine_client: MachineClient,
    person: Person,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_command: Option<String>,
    api_command: String,
    page: String,
    api_keys: String,
    #[serde(skip)]
    program: String,
}

#[derive(Debug, Serialize)]
struct WebClient {
    client_id: &'static str,
}

#[derive(Debug, Serialize)]
struct MachineClient {
    client_id: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
    scope: String,
}

#[derive(Debug, Serialize)]
struct Person {
    username: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<String>,
}

impl Block {
    /// `shown_data` is the directory as the person named it, `program` what the person typed to start it.
    pub fn new(data: &Data, addresses: &Addresses, made: Made, shown_data: String, program: String) -> Self {
        let machine_secret = made.machine_secret.map(|secret| secret.expose().clone());
        Self {
            version: env!("CARGO_PKG_VERSION"),
            data: shown_data,
            new: data.age == Age::New,
            keys: data.config.keys.algorithms.iter().map(|alg| alg.name()).collect(),
            issuer: addresses.issuer.clone(),
            discovery: format!("{}/.well-known/openid-configuration", addresses.issuer),
            api: addresses.api.clone(),
            app: addresses.app.clone(),
            mailbox: auth::mail::mailbox_address(&data.config),
            token_command: machine_secret.as_deref().map(|secret| token_command(&addresses.issuer, secret)),
            api_command: format!("curl -s {}/notes \\\n  -H \"Authorization: Bearer $TOKEN\"", addresses.api),
            page: format!("{}/app", addresses.api),
            api_keys: format!("{}/account/api-keys", addresses.issuer),
            web_client: WebClient { client_id: WEB_CLIENT },
            machine_client: MachineClient {
                client_id: MACHINE_CLIENT,
                client_secret: machine_secret,
                scope: api_scope(),
            },
            person: Person {
                username: DEMO_PERSON.username,
                password: made.password.map(|password| password.expose().clone()),
            },
            program,
        }
    }

    pub fn print(&self, colours: Colours) -> String {
        let mut text = self.head(colours);
        text.push_str(&self.accounts(colours));
        match &self.token_command {
            Some(command) => text.push_str(&self.first_steps(command, colours)),
            None => text.push_str(&self.how_to_go_on(colours)),
        }
        text
    }

    fn head(&self, colours: Colours) -> String {
        let title = colours.bold(&format!("countersign {}", self.version));
        let age = if self.new { "new" } else { "kept" };
        let keys = self.keys.join(" + ");
        let mut text = format!("{title}  development: this machine only, demo accounts\n");
        let _ = writeln!(text, "data     {} ({age})", self.data);
        let _ = writeln!(text, "keys     {keys}\n");
        let _ = writeln!(text, "{}   {}", colours.bold("ISSUER"), self.issuer);
        let _ = writeln!(text, "         {}\n", self.discovery);
        text
    }

    fn accounts(&self, colours: Colours) -> String {
        let mut text = String::new();
        let password = match &self.person.password {
            Some(password) => format!("password  {password}"),
            None => String::new(),
        };
        let _ = writeln!(text, "{}     web app   {:<24}client_id {WEB_CLIENT}", colours.bold("DEMO"), self.app);
        let scopes: Vec<&str> = self.machine_client.scope.split(' ').collect();
        for (line, scopes) in scopes.chunks(2).enumerate() {
            let (name, api) = if line == 0 { ("API", self.api.as_str()) } else { ("", "") };
            let _ = writeln!(text, "         {name:<10}{api:<24}{}", scopes.join(" "));
        }
        let _ = writeln!(text, "{}", format!("         person    {:<24}{password}", self.person.username).trim_end());
        if let Some(mailbox) = &self.mailbox {
            let _ = writeln!(text, "         mail      {mailbox}");
        }
        let _ = writeln!(text, "         machine   {MACHINE_CLIENT}");
        if let Some(secret) = &self.machine_client.client_secret {
            let _ = writeln!(text, "                   secret {secret}");
        }
        text.push('\n');
        text
    }

    fn first_steps(&self, command: &str, colours: Colours) -> String {
        let mut text = self.steps(command, colours);
        let _ = write!(text, "{}", colours.faint("Secrets are shown this once. Ctrl-C stops; everything is kept."));
        text
    }

    fn steps(&self, command: &str, colours: Colours) -> String {
        let mut text = format!("{}      1) a token now\n", colours.bold("TRY"));
        for line in command.lines() {
            let _ = writeln!(text, "            {line}");
        }
        let _ =
            writeln!(text, "         2) what is in it    {} token inspect $TOKEN{}", self.program, self.data_option());
        text.push_str(&self.more_steps());
        text
    }

    fn more_steps(&self) -> String {
        let mut text = String::new();
        text.push_str("         3) ask the API with it\n");
        for line in self.api_command.lines() {
            let _ = writeln!(text, "            {line}");
        }
        let _ = writeln!(text, "         4) in the browser   {}  the demo app", self.app);
        let _ = writeln!(text, "                             {}  the API's page", self.page);
        let _ = writeln!(text, "         5) an API key       {}\n", self.api_keys);
        text
    }

    fn how_to_go_on(&self, colours: Colours) -> String {
        let mut text = self.steps(&token_command(&self.issuer, "SECRET"), colours);
        let _ = writeln!(text, "Demo secrets were shown at the first start. New ones:");
        let _ = writeln!(text, "  {} client rotate {MACHINE_CLIENT}{}", self.program, self.data_option());
        let _ =
            write!(text, "  {} user password {} --generate{}", self.program, self.person.username, self.data_option());
        text
    }

    /// Commands find the usual directory by themselves.
    fn data_option(&self) -> String {
        let usual = crate::config::load::DEV_DATA;
        if self.data == format!("./{usual}") { String::new() } else { format!(" --data {}", self.data) }
    }
}

/// Short lines, so that the block stays within 80 columns; a shell takes them as one command.
fn token_command(issuer: &str, secret: &str) -> String {
    format!(
        "TOKEN=$(curl -s {issuer}/token \\\n  -u {MACHINE_CLIENT}:{secret} \\\n  -d grant_type=client_credentials -d scope=notes:read |\n  \
         sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/'); echo $TOKEN"
    )
}
