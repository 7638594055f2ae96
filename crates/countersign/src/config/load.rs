//! From a file and the environment to a checked `Config`. The only reader of settings and of files with secrets.

use std::fs;
use std::path::{Path, PathBuf};

use auth::config::Config;
use protocol::secret::SecretString;

use super::environment::{Environment, variable};
use super::explain::{Complaint, Complaints, Place};
use super::tree::Tree;

/// Where to look when nobody says where.
const USUAL: [&str; 2] = ["countersign.toml", "/etc/countersign/countersign.toml"];
/// What `countersign dev` keeps; commands find it when nothing else is there, `serve` never.
pub const DEV_DATA: &str = "countersign-data";
pub const FILE_NAME: &str = "countersign.toml";

/// Which file to read.
#[derive(Clone, Debug)]
pub enum Origin {
    /// This one; it has to exist.
    File(PathBuf),
    /// The first that exists of those that a server may use.
    Usual,
    /// As `Usual`, and what `countersign dev` left in the working directory.
    UsualOrDev,
}

/// Checked settings, and the file that they came from.
#[derive(Clone, Debug)]
pub struct Loaded {
    pub config: Config,
    pub file: Option<PathBuf>,
}

impl Origin {
    fn find(&self, environment: &Environment) -> Option<PathBuf> {
        if let Self::File(file) = self {
            return Some(file.clone());
        }
        if let Some(file) = environment.config_file() {
            return Some(PathBuf::from(file));
        }
        let dev = match self {
            Self::UsualOrDev => Some(Path::new(DEV_DATA).join(FILE_NAME)),
            Self::Usual | Self::File(_) => None,
        };
        USUAL.iter().map(PathBuf::from).chain(dev).find(|file| file.exists())
    }
}

/// Reads and checks all settings; reports every fault at once.
pub fn load(origin: &Origin, environment: &Environment) -> Result<Loaded, Complaints> {
    let file = origin.find(environment);
    let text = file.as_deref().map(read_settings).transpose()?.unwrap_or_default();
    let directory = file.as_deref().and_then(Path::parent).unwrap_or(Path::new(""));
    let mut tree = Tree::parse(file.as_deref(), &text)?;
    tree.apply(environment);
    tree.read_secrets(|path| read_secret(&directory.join(path)));
    tree.demand("server", "issuer", how_to_name_the_issuer(file.as_deref()));
    let sections = read_sections(&mut tree);
    tree.finish()?;
    let mut config = sections.expect("without complaints every section was read");
    for problem in config.check() {
        tree.report(problem);
    }
    tree.finish()?;
    anchor(&mut config, directory);
    Ok(Loaded { config, file })
}

fn read_settings(file: &Path) -> Result<String, Complaints> {
    fs::read_to_string(file).map_err(|error| {
        let place = Place::File { file: file.to_owned() };
        Complaint::new(place, None, format!("cannot be read: {error}"), None).into()
    })
}

/// The text of a file without the line break at its end.
fn read_secret(file: &Path) -> Result<String, String> {
    let text = fs::read_to_string(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    let secret = text.trim_end_matches(['\r', '\n']);
    if secret.is_empty() { Err(format!("{} is empty", file.display())) } else { Ok(secret.to_owned()) }
}

fn how_to_name_the_issuer(file: Option<&Path>) -> String {
    match file {
        Some(_) => "write for example issuer = \"https://id.example.com\" below [server]".to_owned(),
        None => format!(
            "no settings file was found ({}); make one with `countersign init`, set {}, or try `countersign dev`",
            USUAL.join(", "),
            variable("server", "issuer")
        ),
    }
}

fn read_sections(tree: &mut Tree<'_>) -> Option<Config> {
    // Every section is read, so that every fault is seen, before any of them may end the reading.
    let server = tree.section("server", &[("issuer", "http://localhost")]);
    let (tls, database, keys) = (tree.section("tls", &[]), tree.section("database", &[]), tree.section("keys", &[]));
    let (tokens, sessions) = (tree.section("tokens", &[]), tree.section("sessions", &[]));
    let (passwords, limits) = (tree.section("passwords", &[]), tree.section("limits", &[]));
    let (accounts, second_factor) = (tree.section("accounts", &[]), tree.section("second_factor", &[]));
    let (mail, api_keys) = (tree.section("mail", &[]), tree.section("api_keys", &[]));
    let (openid, registration) = (tree.section("openid", &[]), tree.section("registration", &[]));
    let (outbound, protocol_log) = (tree.section("outbound", &[]), tree.section("protocol_log", &[]));
    let (seed, branding, log) = (tree.section("seed", &[]), tree.section("branding", &[]), tree.section("log", &[]));
    Some(Config {
        server: server?,
        tls: tls?,
        database: database?,
        keys: keys?,
        openid: openid?,
        registration: registration?,
        tokens: tokens?,
        sessions: sessions?,
        accounts: accounts?,
        api_keys: api_keys?,
        passwords: passwords?,
        second_factor: second_factor?,
        limits: limits?,
        outbound: outbound?,
        mail: mail?,
        protocol_log: protocol_log?,
        seed: seed?,
        branding: branding?,
        log: log?,
    })
}

/// Relative paths start at the directory of the settings file, wherever the program was started.
fn anchor(config: &mut Config, directory: &Path) {
    config.keys.directory = directory.join(&config.keys.directory);
    config.tls.directory = directory.join(&config.tls.directory);
    config.tls.certificate = config.tls.certificate.take().map(|file| directory.join(file));
    config.tls.private_key = config.tls.private_key.take().map(|file| directory.join(file));
    config.seed.clients = config.seed.clients.take().map(|file| directory.join(file));
    config.seed.users = config.seed.users.take().map(|file| directory.join(file));
    config.outbound.extra_ca = config.outbound.extra_ca.take().map(|file| directory.join(file));
    config.mail.ca_file = config.mail.ca_file.take().map(|file| directory.join(file));
    if let Some(file) = sqlite_file(config) {
        let anchored = format!("sqlite:{}", directory.join(file).display());
        config.database.url = SecretString::new(anchored);
    }
}

/// The path in a SQLite URL; `None` for PostgreSQL and for databases in memory.
pub fn sqlite_file(config: &Config) -> Option<&str> {
    let path = config.database.url.expose().strip_prefix("sqlite:")?;
    let path = path.strip_prefix("//").unwrap_or(path);
    (!path.starts_with(":memory:")).then_some(path)
}
