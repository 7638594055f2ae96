//! The directory of a demonstration: `countersign.toml`, the databases and the keys. Made once, kept afterwards.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use auth::config::Config;
use protocol::issuer::Issuer;

use crate::config::load::FILE_NAME;
use crate::config::{Complaint, Complaints, Environment, Origin, Place, load};
use crate::failure::Failure;

const USUAL_PORT: u16 = 8080;

/// What the demonstration chooses for itself, so that it meets nobody's real users, keys or tokens.
const CHOSEN: [(&str, &str); 4] =
    [("server", "issuer"), ("server", "listen"), ("database", "url"), ("keys", "directory")];

/// Whether this start made the directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Age {
    New,
    Kept,
}

#[derive(Debug)]
pub struct Data {
    pub directory: PathBuf,
    pub age: Age,
    pub config: Config,
}

/// Three ports in a row, held from the moment they were found free.
#[derive(Debug)]
pub struct Listeners {
    pub issuer: TcpListener,
    pub api: TcpListener,
    pub app: TcpListener,
}

impl Data {
    /// Opens the directory, or makes it for `port`. The issuer stands in tokens and registrations, so a port is for ever.
    pub fn open(directory: &Path, port: Option<u16>, environment: &Environment) -> Result<Self, Failure> {
        refuse_other_choices(environment)?;
        let file = directory.join(FILE_NAME);
        let age = if file.exists() { Age::Kept } else { Age::New };
        if age == Age::New {
            let port = port.unwrap_or(USUAL_PORT);
            let _free = Listeners::bind(port)?; // a port that is taken must not end up in the file
            make(directory, &file, &settings(port))
                .map_err(|error| Failure::Failed(format!("{} cannot be made: {error}", directory.display())))?;
        }
        let config = load(&Origin::File(file), environment)?.config;
        refuse_other_machines(&config)?;
        let kept = config.server.listen.port();
        match port {
            Some(asked) if asked != kept => Err(Failure::Failed(format!(
                "{} was made for {}, and its tokens and registrations say so; start it with --port {kept}, or choose \
                 another directory with --data",
                directory.display(),
                config.server.issuer,
            ))),
            _ => Ok(Self { directory: fs::canonicalize(directory)?, age, config }),
        }
    }

    pub fn port(&self) -> u16 {
        self.config.server.listen.port()
    }

    /// Where the demo API keeps its notes.
    pub fn notes_database(&self) -> String {
        format!("sqlite:{}", self.directory.join("notes.db").display())
    }
}

impl Listeners {
    pub fn bind(port: u16) -> Result<Self, Failure> {
        Ok(Self { issuer: bind(port)?, api: bind(port + 1)?, app: bind(port + 2)? })
    }
}

fn bind(port: u16) -> Result<TcpListener, Failure> {
    TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).map_err(|error| {
        let usable = "three ports in a row are needed: the issuer's, the API's and the demo app's";
        Failure::Failed(format!("port {port} on 127.0.0.1: {error}; choose others with --port ({usable})"))
    })
}

fn settings(port: u16) -> String {
    let issuer = issuer(port);
    format!(
        "# Made by `countersign dev`: for this machine only, with demo accounts. `countersign init` makes a real one.\n\n\
         [server]\nissuer = \"{}\"\nlisten = \"127.0.0.1:{port}\"\n\n\
         [database]\nurl = \"sqlite:countersign.db\"\n\n\
         [keys]\ndirectory = \"keys\"\n\n\
         [mail]\ntransport = \"mailbox\"\nfrom = \"accounts@countersign.test\"\n",
        issuer.as_str()
    )
}

fn make(directory: &Path, file: &Path, settings: &str) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?.write_all(settings.as_bytes())
}

/// `localhost` is a secure context for browsers, whatever the scheme.
fn issuer(port: u16) -> Issuer {
    Issuer::parse(&format!("http://localhost:{port}")).expect("plain http is fine on localhost")
}

fn refuse_other_choices(environment: &Environment) -> Result<(), Failure> {
    let chosen = CHOSEN.iter().filter_map(|(section, key)| environment.variable_for(section, key));
    let complain = |variable: &str| {
        let place = Place::Variable { variable: variable.to_owned() };
        let remedy = "unset the variable, or use `countersign serve`".to_owned();
        Complaint::new(place, None, "`countersign dev` chooses this itself", Some(remedy))
    };
    let complaints: Vec<_> = chosen.chain(environment.config_variable()).map(complain).collect();
    if complaints.is_empty() { Ok(()) } else { Err(Complaints(complaints).into()) }
}

/// Demo accounts are for nobody else, however the settings were changed.
fn refuse_other_machines(config: &Config) -> Result<(), Failure> {
    let only = "`countersign dev` is for this machine only";
    if !config.server.issuer.is_loopback() || config.server.issuer.is_https() {
        return Err(Failure::setting("server.issuer", only, "use http://localhost, or `countersign serve`"));
    }
    if !config.server.listen.ip().is_loopback() {
        return Err(Failure::setting("server.listen", only, "listen on 127.0.0.1, or use `countersign serve`"));
    }
    Ok(())
}
