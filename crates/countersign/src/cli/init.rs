//! `countersign init`: writes the settings file of a new installation. Everything else has a default.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use auth::config::IpNetwork;
use clap::{Args, ValueEnum};
use protocol::issuer::Issuer;
use serde::Serialize;

use super::made::Made;
use super::{Context, ask};
use crate::config::load::FILE_NAME;
use crate::config::{self, Complaint, Complaints, Environment, Origin, Place};
use crate::failure::Failure;
use crate::tls::host;

const DATABASE_SECRET: &str = "secrets/database_url";

/// Write the settings file of a new installation.
///
/// Asks for what the flags leave open, if somebody is at the terminal. A database URL with a password goes to a file of its
/// own that only you can read.
///
/// Example: countersign init --issuer https://id.example.com --tls proxy --trusted-proxy 10.0.0.0/8
#[derive(Debug, Args)]
pub(super) struct Init {
    /// The public address of the server: https, without a slash at the end.
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// `sqlite:PATH` or `postgres://user:password@host/name`.
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// Who speaks TLS.
    #[arg(long)]
    tls: Option<WhoSpeaksTls>,
    /// With --tls proxy: the proxy's address or network; may be repeated.
    #[arg(long, value_name = "NETWORK")]
    trusted_proxy: Vec<String>,
    /// With --tls pem: the file with the certificate chain.
    #[arg(long, value_name = "FILE")]
    certificate: Option<PathBuf>,
    /// With --tls pem: the file with the private key.
    #[arg(long, value_name = "FILE")]
    private_key: Option<PathBuf>,
    /// The address and port to listen on; without it, the issuer's port (behind a proxy 127.0.0.1:8080).
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Where to write.
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum WhoSpeaksTls {
    /// A reverse proxy in front of it.
    Proxy,
    /// The server, with certificate files.
    Pem,
    /// The server, with an authority of its own.
    SelfSigned,
}

#[derive(Serialize)]
struct Written {
    settings: PathBuf,
    next: [String; 2],
}

impl Init {
    pub(super) fn run(&self, context: &Context) -> Result<(), Failure> {
        let issuer = self.issuer()?;
        let database = self.database()?;
        let tls = self.tls(&issuer)?;
        let settings = self.out.join(FILE_NAME);
        if settings.exists() {
            return Err(Failure::Failed(format!("{} exists already; it stays as it is", settings.display())));
        }
        let listen = self.listen.unwrap_or_else(|| tls.listen(&issuer));
        let mut made = Made::default();
        made.directory(&self.out, 0o755)?;
        let database = self.keep_database(&database, &mut made)?;
        let text = format!("{}{}{database}", server(&issuer, listen, &tls), tls.section());
        made.file(&settings, &text, 0o644)?;
        config::load(&Origin::File(settings.clone()), &Environment::default()).map_err(without_places)?;
        made.keep();
        let next = ["check", "serve"].map(|verb| format!("countersign {verb} --config {}", settings.display()));
        context.output.show(&Written { settings, next }, |written| {
            format!("{} is written. Next:\n  {}\n  {}", written.settings.display(), written.next[0], written.next[1])
        });
        Ok(())
    }

    fn issuer(&self) -> Result<Issuer, Failure> {
        let written = answer(self.issuer.as_deref(), "--issuer", "Public address (https://id.example.com):")?;
        Issuer::parse(&written).map_err(|reason| Failure::Usage(format!("--issuer: {reason}")))
    }

    fn database(&self) -> Result<String, Failure> {
        match &self.database {
            Some(url) => Ok(url.clone()),
            None if ask::at_a_terminal() => {
                let url = ask::question("Database (empty for the file countersign.db, or postgres://…):")?;
                Ok(if url.is_empty() { default_database() } else { url })
            }
            None => Ok(default_database()),
        }
    }

    fn tls(&self, issuer: &Issuer) -> Result<Tls, Failure> {
        if !issuer.is_https() && self.tls.is_none() {
            return Ok(Tls::None);
        }
        let who = if let Some(who) = self.tls { who } else { ask_who_speaks_tls()? };
        match who {
            WhoSpeaksTls::Proxy => self.proxies().map(Tls::Proxy),
            WhoSpeaksTls::SelfSigned => Ok(Tls::SelfSigned),
            WhoSpeaksTls::Pem => Ok(Tls::Pem {
                certificate: file(self.certificate.as_deref(), "--certificate", "Certificate file:")?,
                private_key: file(self.private_key.as_deref(), "--private-key", "Private key file:")?,
            }),
        }
    }

    fn proxies(&self) -> Result<Vec<IpNetwork>, Failure> {
        let written = match self.trusted_proxy.as_slice() {
            [] => vec![answer(None, "--trusted-proxy", "The proxy's address or network (10.0.0.0/8):")?],
            given => given.to_vec(),
        };
        let parse = |text: &String| text.parse().map_err(|reason| Failure::Usage(format!("--trusted-proxy: {reason}")));
        written.iter().map(parse).collect()
    }

    /// A URL with a password goes to a file of its own.
    fn keep_database(&self, url: &str, made: &mut Made) -> Result<String, Failure> {
        let secret = url::Url::parse(url).is_ok_and(|url| url.password().is_some());
        if !secret {
            return Ok(format!("\n[database]\nurl = {}\n", quoted(url)));
        }
        made.directory(&self.out.join("secrets"), 0o700)?;
        made.file(&self.out.join(DATABASE_SECRET), &format!("{url}\n"), 0o600)?;
        Ok(format!("\n[database]\nurl = {{ file = {} }}\n", quoted(DATABASE_SECRET)))
    }
}

enum Tls {
    None,
    Proxy(Vec<IpNetwork>),
    Pem { certificate: PathBuf, private_key: PathBuf },
    SelfSigned,
}

impl Tls {
    /// Where browsers look for the issuer, or where a proxy on this machine does.
    fn listen(&self, issuer: &Issuer) -> SocketAddr {
        let url = url::Url::parse(issuer.as_str()).expect("an issuer is a URL");
        let port = url.port_or_known_default().expect("http and https have one");
        match self {
            Self::None => {
                let ip = host(issuer).parse::<IpAddr>().unwrap_or(Ipv4Addr::LOCALHOST.into());
                SocketAddr::new(ip, port)
            }
            Self::Proxy(_) => SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            Self::Pem { .. } | Self::SelfSigned => SocketAddr::from((Ipv6Addr::UNSPECIFIED, port)),
        }
    }

    fn section(&self) -> String {
        match self {
            Self::None | Self::Proxy(_) => String::new(),
            Self::SelfSigned => "\n[tls]\nmode = \"self-signed\"\n".to_owned(),
            Self::Pem { certificate, private_key } => format!(
                "\n[tls]\nmode = \"pem\"\ncertificate = {}\nprivate_key = {}\n",
                quoted(&certificate.display().to_string()),
                quoted(&private_key.display().to_string()),
            ),
        }
    }
}

fn ask_who_speaks_tls() -> Result<WhoSpeaksTls, Failure> {
    let asked = answer(None, "--tls", "Who speaks TLS (proxy, pem, self-signed):")?;
    WhoSpeaksTls::from_str(&asked, true).map_err(|_| Failure::Usage(format!("--tls: `{asked}` is not known")))
}

/// The lines of a file that is gone again help nobody.
fn without_places(complaints: Complaints) -> Complaints {
    let nowhere = |complaint| Complaint { place: Place::Nowhere {}, ..complaint };
    Complaints(complaints.0.into_iter().map(nowhere).collect())
}

fn server(issuer: &Issuer, listen: SocketAddr, tls: &Tls) -> String {
    let mut text = String::from("# Every setting and its default: docs/configuration.md\n\n[server]\n");
    let _ = writeln!(text, "issuer = {}", quoted(issuer.as_str()));
    let _ = writeln!(text, "listen = \"{listen}\"");
    match tls {
        Tls::Proxy(networks) => {
            let networks = networks.iter().map(|network| quoted(&network.to_string())).collect::<Vec<_>>().join(", ");
            let _ = writeln!(text, "trusted_proxies = [{networks}]");
        }
        Tls::None | Tls::Pem { .. } | Tls::SelfSigned => {}
    }
    text
}

fn default_database() -> String {
    "sqlite:countersign.db".to_owned()
}

/// What a flag says, or the person at the terminal.
fn answer(given: Option<&str>, flag: &str, question: &str) -> Result<String, Failure> {
    match given {
        Some(given) => Ok(given.to_owned()),
        None if ask::at_a_terminal() => ask::question(question),
        None => Err(Failure::Usage(format!("{flag} is needed: nobody is at the terminal to be asked"))),
    }
}

/// A file as an absolute path, because the settings may move elsewhere.
fn file(given: Option<&Path>, flag: &str, question: &str) -> Result<PathBuf, Failure> {
    let given = answer(given.and_then(Path::to_str), flag, question)?;
    Ok(std::path::absolute(given)?)
}

/// A TOML string.
fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}
