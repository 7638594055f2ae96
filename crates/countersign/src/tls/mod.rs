//! TLS, ended by this program itself (1.2 and 1.3, hybrid post-quantum key exchange first): which certificate, and its upkeep.
//!
//! The certificate can be exchanged while connections are open. A task of ours does that: it reads PEM files again when they
//! change (`pem.rs`), or replaces the short-lived certificate of our own authority (`authority.rs`).

pub mod authority;
pub mod pem;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use auth::clock::Clock;
use auth::config::{Config, Problem, TlsKeyType, TlsSource};
use protocol::issuer::Issuer;
use protocol::time::Timestamp;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use self::authority::Authority;
use self::pem::PemFiles;

const LOOK_AT_FILES_EVERY: Duration = Duration::from_secs(2);
const LOOK_AT_AGE_EVERY: Duration = Duration::from_hours(1);

#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("{0}")]
    Setting(Problem),
    #[error("{path}: {reason}")]
    File { path: PathBuf, reason: String },
    #[error("the certificate could not be made: {0}")]
    Making(#[from] rcgen::Error),
    #[error("the certificate cannot be used: {0}")]
    Unusable(#[from] rustls::Error),
}

/// Ready to serve. Its certificate is kept fresh until this is dropped.
pub struct Tls {
    pub server: ServerConfig,
    upkeep: JoinHandle<()>,
}

impl Drop for Tls {
    fn drop(&mut self) {
        self.upkeep.abort();
    }
}

/// What certificates of our own authority are made of.
struct Own {
    authority: Authority,
    names: Vec<String>,
    key_type: TlsKeyType,
}

impl Own {
    fn issue(&self, now: Timestamp) -> Result<CertifiedKey, TlsError> {
        self.authority.issue(&self.names, self.key_type, now)
    }
}

/// The certificate that new connections get.
#[derive(Debug)]
struct Current(ArcSwap<CertifiedKey>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

/// What the settings ask for; `None` when somebody else speaks TLS. Needs a running tokio runtime.
pub fn prepare(config: &Config, clock: &Clock) -> Result<Option<Tls>, TlsError> {
    match config.tls.source().map_err(TlsError::Setting)? {
        TlsSource::Off => Ok(None),
        TlsSource::Pem { certificate, private_key } => {
            let files = PemFiles::new(certificate, private_key);
            let stamp = files.stamp();
            let current = Arc::new(Current(ArcSwap::from_pointee(files.load()?)));
            let upkeep = tokio::spawn(reload(files, stamp, Arc::clone(&current)));
            Ok(Some(Tls { server: server_config(current)?, upkeep }))
        }
        TlsSource::SelfSigned { directory, host_names, key_type } => {
            let authority = Authority::open(directory, clock.now())?;
            let own = Own { authority, names: names(host_names, &config.server.issuer), key_type };
            let current = Arc::new(Current(ArcSwap::from_pointee(own.issue(clock.now())?)));
            let upkeep = tokio::spawn(renew(own, clock.clone(), Arc::clone(&current)));
            Ok(Some(Tls { server: server_config(current)?, upkeep }))
        }
    }
}

/// Whether `prepare` would work, without making anything.
pub fn check(config: &Config, now: Timestamp) -> Result<(), TlsError> {
    match config.tls.source().map_err(TlsError::Setting)? {
        TlsSource::Off => Ok(()),
        TlsSource::Pem { certificate, private_key } => PemFiles::new(certificate, private_key).load().map(drop),
        TlsSource::SelfSigned { directory, host_names, key_type } => match Authority::find(directory)? {
            Some(authority) => authority.issue(&names(host_names, &config.server.issuer), key_type, now).map(drop),
            None => Ok(()), // made at the first start
        },
    }
}

fn server_config(current: Arc<Current>) -> Result<ServerConfig, rustls::Error> {
    let versions = [&rustls::version::TLS13, &rustls::version::TLS12];
    let builder = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&versions)?
        .with_no_client_auth();
    Ok(builder.with_cert_resolver(current))
}

/// The names of the certificate: those asked for, or the host of the issuer.
fn names(asked: &[String], issuer: &Issuer) -> Vec<String> {
    if !asked.is_empty() {
        return asked.to_vec();
    }
    vec![host(issuer)]
}

/// The host of the issuer as it stands in certificates: an IPv6 address without brackets.
pub fn host(issuer: &Issuer) -> String {
    let url = url::Url::parse(issuer.as_str()).expect("an issuer is a URL");
    url.host_str().expect("an issuer has a host").trim_matches(['[', ']']).to_owned()
}

async fn reload(files: PemFiles, mut seen: pem::Stamp, current: Arc<Current>) {
    let mut tick = interval(LOOK_AT_FILES_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let stamp = files.stamp();
        if stamp == seen {
            continue;
        }
        seen = stamp;
        match files.load() {
            Ok(fresh) => {
                current.0.store(Arc::new(fresh));
                tracing::info!("the TLS certificate was read again");
            }
            Err(error) => tracing::error!(%error, "the new TLS certificate cannot be used; the old one stays"),
        }
    }
}

async fn renew(own: Own, clock: Clock, current: Arc<Current>) {
    let mut issued_at = clock.now();
    let mut tick = interval(LOOK_AT_AGE_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let now = clock.now();
        if now.since(issued_at) < authority::RENEW_AFTER {
            continue;
        }
        match own.issue(now) {
            Ok(fresh) => {
                current.0.store(Arc::new(fresh));
                issued_at = now;
                tracing::info!("the TLS certificate was renewed");
            }
            Err(error) => {
                tracing::error!(%error, "the TLS certificate could not be renewed; it is tried again in an hour");
            }
        }
    }
}
