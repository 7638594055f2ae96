//! An Apache of the test's own: its configuration, its log and its process are in a temporary directory, and nothing of the
//! system's is read but the modules.

use std::fmt::Write as _;
use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use protocol::signing::SigningAlgorithm;
use tempfile::TempDir;

/// Where Debian puts them.
const MODULES: &str = "/usr/lib/apache2/modules";
const PATIENCE: Duration = Duration::from_secs(20);

/// What guards the API.
#[derive(Clone, Copy)]
pub(super) enum Module<'a> {
    /// With the address of the issuer's keys, which this one has for the whole server.
    AuthOpenidc {
        jwks_uri: &'a str,
    },
    Oauth2,
}

/// Serves a page for each algorithm, under its name; until it is dropped.
pub(super) struct Apache {
    child: Child,
    port: u16,
    directory: TempDir,
}

impl Apache {
    /// `authority` is the file of one that it trusts, `protect` gives the settings for the page of an algorithm.
    pub(super) async fn start(
        program: &str,
        module: Module<'_>,
        authority: &Path,
        protect: impl Fn(SigningAlgorithm) -> String,
    ) -> Self {
        let directory = tempfile::tempdir().unwrap();
        // As root it serves as somebody else, who has to get here.
        fs::set_permissions(directory.path(), Permissions::from_mode(0o755)).unwrap();
        fs::write(directory.path().join("authority.pem"), fs::read(authority).unwrap()).unwrap();
        let mut locations = String::new();
        for alg in SigningAlgorithm::ALL {
            fs::write(directory.path().join(alg.name()), "inside").unwrap();
            writeln!(locations, "<Location /{alg}>\n{}\n</Location>", protect(*alg)).unwrap();
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let configuration = directory.path().join("apache.conf");
        let root = directory.path().to_str().unwrap();
        fs::write(&configuration, module.configuration(root, port) + &locations).unwrap();
        // -X: one process, which does not leave us.
        let mut command = Command::new(program);
        command.arg("-X").arg("-f").arg(&configuration).stdin(Stdio::null()).stdout(Stdio::null());
        let mut apache = Self { child: command.spawn().unwrap(), port, directory };
        apache.listens().await;
        apache
    }

    pub(super) fn url(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    async fn listens(&mut self) {
        let began = Instant::now();
        while tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await.is_err() {
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none() && began.elapsed() < PATIENCE, "Apache does not start: {ended:?}\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.directory.path().join("error.log")).unwrap_or_default()
    }
}

impl Module<'_> {
    fn configuration(self, root: &str, port: u16) -> String {
        let own = match self {
            Self::AuthOpenidc { jwks_uri } => format!(
                r#"LoadModule auth_openidc_module {MODULES}/mod_auth_openidc.so
OIDCOAuthVerifyJwksUri {jwks_uri}
OIDCCABundlePath "{root}/authority.pem""#
            ),
            Self::Oauth2 => format!("LoadModule oauth2_module {MODULES}/mod_oauth2.so"),
        };
        format!(
            r##"ServerRoot "{root}"
DefaultRuntimeDir "{root}"
PidFile "{root}/apache.pid"
ErrorLog "{root}/error.log"
DocumentRoot "{root}"
ServerName localhost
Listen 127.0.0.1:{port}
User "#65534"
Group "#65534"
LoadModule mpm_event_module {MODULES}/mod_mpm_event.so
LoadModule authn_core_module {MODULES}/mod_authn_core.so
LoadModule authz_core_module {MODULES}/mod_authz_core.so
LoadModule headers_module {MODULES}/mod_headers.so
{own}
Header set X-Subject "expr=%{{REMOTE_USER}}"
"##
        )
    }
}

impl Drop for Apache {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("{}", self.log());
        }
        // Asked first, so that it gives back its shared memory.
        let asked = Command::new("kill").arg(self.child.id().to_string()).status();
        let began = Instant::now();
        while asked.as_ref().is_ok_and(std::process::ExitStatus::success) && began.elapsed() < PATIENCE {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
